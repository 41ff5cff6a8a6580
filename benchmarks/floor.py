"""The floor: the least that must be done, as a bare script by hand on either engine.

Read the CSV, type it, drop repeated lines, sum up by document and advocate, floor to points,
and write balanced transfers between numbered accounts. No lots, no laws, no seal, no state.
"""

from pathlib import Path

from benchmarks.lines import bare_duckdb, connected

TYPED = """
create temp table floor_lines as
select distinct on (document, line_ref)
    document,
    cast(document_date as date) as document_date,
    advocate,
    sku,
    cast(cast(quantity as decimal(18, 4)) * 10000 as bigint) as quantity_e4,
    cast(cast(amount as decimal(18, 4)) * 10000 as bigint) as amount_e4
from {source}
"""

ADVOCATES = """
create table floor_advocates as
select advocate, cast(1000 + row_number() over (order by advocate) as integer) as advocate_no
from (select distinct advocate from floor_lines) as named
"""

TRANSFERS = """
create table floor_transfers as
select
    row_number() over (order by summed.document, summed.advocate) as transfer_no,
    11 as debit_account,
    8 * floor_advocates.advocate_no + 1 as credit_account,
    cast(floor(summed.amount_e4 / 10000) as bigint) as amount,
    summed.event_on
from (
    select document, advocate, sum(amount_e4) as amount_e4, min(document_date) as event_on
    from floor_lines
    group by document, advocate
) as summed
inner join floor_advocates on summed.advocate = floor_advocates.advocate
where summed.amount_e4 >= 10000
"""


def on_duckdb(csv: Path, database: Path) -> int:
    """Run the script on a DuckDB file; returns the number of transfers."""
    with bare_duckdb(database) as connection:
        source = f"read_csv('{csv}', header = true, all_varchar = true)"
        for statement in (TYPED.format(source=source), ADVOCATES, TRANSFERS):
            connection.execute(statement)
        found = connection.execute("select count(*) from floor_transfers").fetchone()
    return int(found[0]) if found else 0


def on_postgres(csv: Path, url: str) -> int:
    """Run the script on PostgreSQL; returns the number of transfers."""
    texts = "document, document_date, line_ref, advocate, outlet, sku, quantity, amount, currency"
    with connected(url) as connection, csv.open("rb") as file:
        cursor = connection.cursor()
        cursor.execute(f"create temp table sent ({texts.replace(',', ' text,')} text)")
        cursor.copy_expert("copy sent from stdin with (format csv, header)", file)
        for statement in ("analyze sent", TYPED.format(source="sent"), ADVOCATES, TRANSFERS):
            cursor.execute(statement)
        cursor.execute("select count(*) from floor_transfers")
        return int(cursor.fetchone()[0])  # type: ignore[index]  # A count is one row.
