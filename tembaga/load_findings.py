"""Findings: what loading said of lines that validation had accepted, or that had been held.

It stands in `findings.parquet` beside a file's rows, for its answer, and in the figures of its
register entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

from tembaga import parquet
from tembaga.load_rows import Arrival, listed
from tembaga.register.tables import files

# Of a file of ours every line is told; of another file, those that were not accepted.
FINDINGS = """
select
    told.told_by as file_no,
    told.line_no,
    told.outcome,
    coalesce(told.code, 'TAKEN_UP') as code,
    case
        when aside.code is not null then aside.field
        when told.code = 'RETURN_UNMATCHED' and told.returns_document is not null
            then 'returns_document'
        else 'document'
    end as field,
    case
        when aside.code is not null then aside.seen
        when told.code = 'RETURN_UNMATCHED' and told.returns_document is not null
            then told.returns_document
        when told.told_by in ({withdrawals}) and position('#' in told.line_ref) = 0
            then concat(told.document, ' / ', told.line_ref)
        else told.document
    end as seen,
    told.amount_e4
from (
    select sales.*, sales.file_no as told_by
    from raw.sales as sales
    where sales.code is not null and sales.file_no in ({file_nos})
    union all
    select sales.*, uptakes.file_no as told_by
    from raw.uptakes as uptakes
    inner join raw.sales as sales
        on uptakes.of_file_no = sales.file_no
        and uptakes.of_line_no = sales.line_no
    where uptakes.file_no in ({file_nos})
) as told
left join loading_aside as aside
    on told.file_no = aside.file_no
    and told.line_no = aside.line_no
"""

FOUND = {
    "file_no": "integer",
    "line_no": "integer",
    "outcome": "varchar",
    "code": "varchar",
    "field": "varchar",
    "seen": "varchar",
    "amount_e4": "bigint",
}

FINDINGS_OF_A_FILE = """
select
    line_no,
    outcome,
    code,
    field,
    seen,
    cast(amount_e4 * cast(0.0001 as decimal(5, 4)) as decimal(38, 10)) as amount
from found
where file_no = {file_no}
order by line_no
"""

OUTCOMES = """
select
    file_no,
    outcome,
    count(*) as n_lines,
    sum(amount_e4) as amount_e4
from raw.sales
where file_no in ({file_nos}) and outcome <> 'accepted'
group by file_no, outcome
"""


# What became of lines that had been held, by the file that they came in.
TAKEN_UP = """
select
    sales.file_no,
    sales.outcome,
    count(*) as n_lines,
    sum(sales.amount_e4) as amount_e4
from raw.uptakes as uptakes
inner join raw.sales as sales
    on uptakes.of_file_no = sales.file_no
    and uptakes.of_line_no = sales.line_no
where uptakes.file_no in ({file_nos}) and sales.outcome <> 'held'
group by sales.file_no, sales.outcome
"""


@dataclass(frozen=True)
class Changed:
    """Lines and money by file and outcome: what was accepted before, and what had been held."""

    accepted: Sequence[Row[Any]]
    held: Sequence[Row[Any]]


def write_findings(
    warehouse: Connection, arrivals: Sequence[Arrival], *, withdrawals: Sequence[int]
) -> None:
    """Write the findings of each of these files that were just loaded; some are withdrawals."""
    parquet.write(
        warehouse,
        FINDINGS.format(
            file_nos=listed(arrivals), withdrawals=", ".join(map(str, withdrawals)) or "null"
        ),
        FOUND,
        {
            arrival.rows.with_name("findings.parquet"): FINDINGS_OF_A_FILE.format(
                file_no=arrival.file_no
            )
            for arrival in arrivals
        },
    )


def find_changed(warehouse: Connection, arrivals: Sequence[Arrival]) -> Changed:
    """What became something else by loading these files."""
    file_nos = listed(arrivals)
    return Changed(
        accepted=warehouse.execute(text(OUTCOMES.format(file_nos=file_nos))).all(),
        held=warehouse.execute(text(TAKEN_UP.format(file_nos=file_nos))).all(),
    )


def record_changed(register: Connection, changed: Changed) -> None:
    """Move these lines, and their money, to what they are from what they were before."""
    for row in changed.accepted:
        _move(register, row, "accepted")
    for row in changed.held:
        _move(register, row, "held")


def _move(register: Connection, row: Row[Any], before: str) -> None:
    """Count lines of a file, and their money, as their outcome and not as what they were before."""
    amount = Decimal(row.amount_e4).scaleb(-4)
    register.execute(
        files.update()
        .where(files.c.file_no == row.file_no)
        .values(
            {
                f"lines_{row.outcome}": files.c[f"lines_{row.outcome}"] + row.n_lines,
                f"amount_{row.outcome}": files.c[f"amount_{row.outcome}"] + amount,
                f"lines_{before}": files.c[f"lines_{before}"] - row.n_lines,
                f"amount_{before}": files.c[f"amount_{before}"] - amount,
            }
        )
    )
