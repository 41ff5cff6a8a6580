"""Withdrawing: lines that are missing from a file in place of others do not count any more.

    what stands by the superseded files
      - what the file has ──▶ withdrawals, a file of ours that voids it, as if it had come

A line stands if it was accepted, or is a return that waits for its sale, and nothing replaced
it. It is missing if no file that is not superseded has it, and if none of the lines of this file
may be it. Missing lines are looked for once the file is loaded, and once only.
"""

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, func, select, text

from tembaga import parquet
from tembaga.landing import folder_of
from tembaga.own_files import WITHDRAWALS, make_file
from tembaga.reading import quoted
from tembaga.register.tables import files
from tembaga.replacing import same_name
from tembaga.settings import Settings
from tembaga.warehouse import make_scratch, open_warehouse

log = logging.getLogger(__name__)

ACCEPTED = "({0}.outcome = 'accepted' or {0}.code = 'RETURN_UNMATCHED')"

# The names of the lines of a superseded file that may be missing: each stands by a superseded one.
MISSING = """
select
    row_number() over (order by stands.file_no, stands.line_no) as line_no,
    stands.document, stands.document_date, stands.line_ref, stands.advocate, stands.outlet,
    stands.sku, stands.quantity_e4, stands.amount_e4, stands.returns_document, stands.unit,
    stands.tax_basis, 'void' as action, coalesce(stands.version, 1) + 1 as version,
    stands.second_advocate, stands.line_key, stands.content_key, 'withdraw' as decision,
    stands.file_no as withdrawn_file_no, stands.line_no as withdrawn_line_no
from raw.sales as stands
left join raw.replacements as replacements
    on stands.file_no = replacements.replaces_file_no
    and stands.line_no = replacements.replaces_line_no
where
    stands.file_no in ({superseded})
    and {stands_accepted}
    and coalesce(stands.action, '') <> 'void'
    and replacements.file_no is null
    and exists (
        select 1
        from raw.sales as earlier
        where
            earlier.file_no in ({replaced})
            and ({earlier_accepted} or earlier.outcome = 'duplicate')
            and {same_name_earlier}
    )
    and not exists (
        select 1
        from raw.sales as others
        where
            others.file_no not in ({superseded})
            and (
                others.file_no = {file_no}
                or others.outcome = 'duplicate'
                or ({others_accepted} and coalesce(others.action, '') <> 'void')
            )
            and {same_name_others}
    )
    and not exists (
        select 1
        from withdrawing_held as held
        where
            held.line_key = stands.line_key
            and held.document = stands.document
            and held.document_date = stands.document_date
            and held.line_ref = stands.line_ref
    )
"""

COLUMNS = {
    "line_no": "integer",
    **dict.fromkeys(("document", "line_ref", "advocate", "outlet", "sku"), "varchar"),
    "document_date": "date",
    **dict.fromkeys(("quantity_e4", "amount_e4", "line_key", "content_key"), "bigint"),
    **dict.fromkeys(("returns_document", "unit", "tax_basis", "action"), "varchar"),
    "version": "integer",
    **dict.fromkeys(("second_advocate", "decision"), "varchar"),
    **dict.fromkeys(("withdrawn_file_no", "withdrawn_line_no"), "integer"),
}

HIDDEN = """
select count(*)
from read_parquet({rejects})
where outcome <> 'duplicate' and line_no not in (select line_no from read_parquet({held}))
"""


def withdraw(register: Connection, *, settings: Settings) -> list[int]:
    """Make withdrawals for each loaded file that lines are missing from; the numbers of these.

    They are validated files, to be loaded like all others. A second call makes none. The caller
    sees to it that nobody loads at the same time.
    """
    due = register.execute(
        select(files)
        .where(
            files.c.feed == "sales",
            files.c.state == "loaded",
            files.c.replaces_file_nos.is_not(None),
            files.c.withdrawn_at.is_(None),
        )
        .order_by(files.c.file_no)
    ).all()
    numbers = []
    if due:
        with open_warehouse(settings) as warehouse:
            numbers = [_withdraw(register, warehouse, file, settings) for file in due]
    register.rollback()
    return [number for number in numbers if number is not None]


def hides_lines(folder: Path) -> bool:
    """Whether a file has lines that validation did not take and whose names are not known.

    Each of them may be one that seems to be missing.
    """
    with duckdb.connect() as connection:
        paths = {name: quoted(str(folder / f"{name}.parquet")) for name in ("rejects", "held")}
        ((hidden,),) = connection.execute(HIDDEN.format(**paths)).fetchall()
    return bool(hidden)


def _withdraw(
    register: Connection, warehouse: Connection, file: Row[Any], settings: Settings
) -> int | None:
    """Make the withdrawals of one file, if anything is missing from it, and note that."""
    folder = folder_of(settings.landing, file.partner, file.file_no)
    number = None
    if not hides_lines(folder):
        n_lines, amount = _find_missing(register, warehouse, file, folder)
        if n_lines:
            number = make_file(
                register,
                file,
                feed=WITHDRAWALS,
                write=lambda rows: _write(warehouse, rows, file.file_no),
                settings=settings,
                withdraws_for_file_no=file.file_no,
                **_figures(n_lines, amount),
            )
            log.info("%d lines are missing from file %d", n_lines, file.file_no)
    register.execute(
        files.update().where(files.c.file_no == file.file_no).values(withdrawn_at=func.now())
    )
    register.commit()
    return number


def _find_missing(
    register: Connection, warehouse: Connection, file: Row[Any], folder: Path
) -> tuple[int, Any]:
    """Make the table `withdrawing`; how many lines it has, and their money in ten-thousandths."""
    later = select(func.unnest(files.c.replaces_file_nos).label("file_no")).where(
        files.c.partner == file.partner, files.c.state == "loaded", files.c.feed == "sales"
    )
    held = parquet.read([folder / "held.parquet"])
    parquet.read_into(
        warehouse,
        "withdrawing_held",
        f"select line_key, document, document_date, line_ref from {held}",
    )
    missing = MISSING.format(
        file_no=file.file_no,
        replaced=", ".join(map(str, file.replaces_file_nos)),
        superseded=", ".join(map(str, sorted(set(register.scalars(later))))),
        stands_accepted=ACCEPTED.format("stands"),
        earlier_accepted=ACCEPTED.format("earlier"),
        others_accepted=ACCEPTED.format("others"),
        same_name_earlier=same_name("earlier", "stands"),
        same_name_others=same_name("others", "stands"),
    )
    make_scratch(warehouse, "withdrawing", f"as {missing}")
    found = warehouse.execute(text("select count(*), sum(amount_e4) from withdrawing")).one()
    return found[0], found[1]


def _write(warehouse: Connection, rows: Path, for_file_no: int) -> bytes:
    """Write the rows of withdrawals; returns what they void, for whoever looks into the landing."""
    chosen = ", ".join(COLUMNS)
    parquet.write(
        warehouse,
        f"select {chosen} from withdrawing",
        COLUMNS,
        {rows: f"select {chosen} from found order by line_no"},
    )
    with duckdb.connect() as connection:
        found = connection.execute(
            "select withdrawn_file_no, withdrawn_line_no "
            f"from read_parquet({quoted(str(rows))}) order by line_no"
        ).fetchall()
    lines = ("file_no,line_no,missing_from_file_no", *(f"{f},{n},{for_file_no}" for f, n in found))
    return "".join(f"{line}\n" for line in lines).encode()


def _figures(n_lines: int, amount_e4: Any) -> dict[str, Any]:
    """The figures of withdrawals before they are loaded: all of them are accepted."""
    amount = Decimal(amount_e4).scaleb(-4)
    nothing = ("duplicate", "held", "rejected")
    return {
        **{f"lines_{outcome}": n_lines for outcome in ("in", "accepted")},
        **{f"amount_{outcome}": amount for outcome in ("in", "accepted")},
        **{f"lines_{outcome}": 0 for outcome in nothing},
        **{f"amount_{outcome}": Decimal(0) for outcome in nothing},
    }
