"""Posting, against a bare hand-written script on the same engine.

The floor de-duplicates the lines, sums them up for each document, floors the points and writes
balanced transfers: no lots, no laws, no seal, no state. Posting does all of that.
"""

import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from sqlalchemy import insert, text

from tembaga import post
from tembaga.agreements import load_agreements
from tembaga.embedded.postgres import postgres
from tembaga.register import migrate, open_register
from tembaga.register.tables import files
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import open_warehouse

AS_OF = date(2011, 12, 31)

# About three lines to a document, as in real sales files; no randomness, the same on every run.
LINES = """
insert into raw.sales (
    file_no, line_no, partner_no, document, document_date, line_ref, advocate, outlet, sku,
    quantity_e4, amount_e4, currency, returns_document, line_key, content_key, outcome, code
)
select
    1 as file_no,
    2 + n as line_no,
    1 as partner_no,
    concat('INV-', n // 3) as document,
    date '2011-01-01' + cast(n // 3 % 300 as integer) as document_date,
    cast(n % 3 as varchar) as line_ref,
    concat('ADV-', hash(n // 3) % 20000) as advocate,
    'OUTLET' as outlet,
    concat('SKU-', n % 500) as sku,
    10000 as quantity_e4,
    cast(1 + hash(n) % 500000 as bigint) as amount_e4,
    'GBP' as currency,
    null as returns_document,
    n as line_key,
    n as content_key,
    'accepted' as outcome,
    null as code
from range({lines}) as numbers (n)
"""

FLOOR = """
create or replace table floor_transfers as
with lines as (
    select distinct on (partner_no, line_key)
        partner_no, document, advocate, amount_e4, document_date
    from raw.sales
)
select
    row_number() over (order by document, advocate) as transfer_no,
    1 as debit_account,
    advocate as credit_account,
    cast(sum(amount_e4) // 10000 as bigint) as amount,
    min(document_date) as event_on
from lines
group by partner_no, document, advocate
"""


def run(lines: int) -> None:
    """Post `lines` sales lines and run the floor on them, and print both and the ratio."""
    home = Path(tempfile.mkdtemp(prefix="tembaga-bench-"))
    try:
        settings = load_settings(home=home, programme="online_retail")
        floor = _measure_floor(settings, lines)
        posting, transfers = _measure_posting(settings)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"posting {lines:,} lines to {transfers:,} transfers, sealed")
    print(f"  bare DuckDB script  {floor:8.2f} s  {lines / floor:12,.0f} lines/s")
    print(f"  tembaga post        {posting:8.2f} s  {lines / posting:12,.0f} lines/s")
    print(f"  ratio               {floor / posting:8.2f}    of the floor's speed")


def _measure_floor(settings: Settings, lines: int) -> float:
    with open_warehouse(settings) as connection:
        connection.execute(text(LINES.format(lines=lines)))
    with duckdb.connect(str(settings.warehouse_file)) as connection:
        began = time.perf_counter()
        connection.execute(FLOOR)
        took = time.perf_counter() - began
        connection.execute("drop table floor_transfers")
    return took


def _measure_posting(settings: Settings) -> tuple[float, int]:
    agreements = load_agreements(settings.agreements, programme="online_retail")
    with postgres(settings.root / "postgres", databases=("register",)) as server:
        engine = open_register(server.url("register"))
        migrate(engine)
        now = datetime.now(UTC)
        row = {"partner": "online_retail", "name": "bench.csv", "size_bytes": 0, "state": "loaded"}
        with engine.begin() as register:
            register.execute(
                insert(files).values(
                    file_no=1, modified_at=now, seen_at=now, sha256="0" * 64, **row
                )
            )
        began = time.perf_counter()
        post.post(engine, AS_OF, agreements=agreements, settings=settings)
        took = time.perf_counter() - began
        engine.dispose()
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        found = connection.execute("select count(*) from ledger.transfers").fetchone()
    return took, int(found[0]) if found else 0
