"""A batch of 100,000 lines on an empty ledger, and the same batch on one with a long history.

A batch shall cost what it weighs, not what the history weighs. The lines are those of a day:
eight in ten are of new documents, one is a late line of a document of the last 15 days, and one
is a return of a line of those days. On the history a day's lots fall due as well.

The history is a year, in one batch, written into the tables by SQL: every document has earned,
what was earned until two weeks before its end has matured, and what was earned until two months
before its end was redeemed. It has its rows in `raw.sales`; `award_lines` is left empty, for
posting does not read it. Its seal is none.

HISTORY sets the number of its transfers, 2,000,000 if it does not (50,000,000 is the record);
BATCH the lines of the batch, 100,000 if it does not.
"""

import os
from datetime import timedelta
from typing import Any

from benchmarks.lines import (
    AMOUNT_E4,
    COLUMNS,
    FIRST_DAY,
    QUANTITY_E4,
    Lines,
    bare_duckdb,
    put_rows,
)
from benchmarks.measuring import Measured, Report, in_a_child
from benchmarks.office import FAR_AWAY, Office, office
from benchmarks.results import compared, spent
from tembaga.rulepack import load_rulepack
from tembaga.settings import load_settings

DAYS = 365
RECENT_DAYS = 15
PENDING_DAYS = 14  # As campaigns/online_retail/programme.yml says.
SPENT_DAYS = 60
AS_OF = FIRST_DAY + timedelta(days=DAYS)
TRANSFERS_OF_A_DOCUMENT = 1 + (DAYS - PENDING_DAYS) / DAYS + 3 * (DAYS - SPENT_DAYS) / DAYS

HISTORY = """
create temp table docs as
select
    n * 3 // 10 as d,
    {day} as day,
    cast(1001 + n * 3 // 10 % {advocates} as integer) as a,
    cast(sum({amount}) as bigint) as amount_e4,
    cast(sum({amount}) * {multiplier} // {divisor} as bigint) as points
from range({lines}) t(n) group by all;

insert into raw.sales ({columns}) {rows};

insert into ledger.advocates by name
select cast(1001 + n as integer) as advocate_no, concat('ADV-', n) as advocate, 1 as batch_no
from range({advocates}) t(n);

insert into ledger.documents by name
select
    d + 1 as document_no, 1 as partner_no, concat('INV-', d) as document, day as document_date,
    '' as first_advocate, '' as second_advocate, 1 as batch_no
from docs order by d;

insert into ledger.lots by name
select
    d + 1 as lot_no, a as advocate_no, a as earner_no, d + 1 as document_no, 1 as campaign_no,
    1 as version_no, {divisor} as divisor, amount_e4 * {multiplier} as weight, points as posted,
    0 as clipped, day as earned_on, day + {pending_days} as matures_on,
    case when d < {matured} then
        last_day(cast(day + {pending_days} + interval 24 months as date))
    end as expires_on,
    case when d < {matured} then 0 else points end as pending,
    case when d >= {spent} and d < {matured} then points else 0 end as available,
    0 as held, 0 as expired, 'sale' as origin
from docs order by d;

insert into ledger.transfers by name
select 1 as batch_no, 'PTS' as unit, 1 as leg, *
from (
    select
        d + 1 as transfer_no, d + 1 as transaction_no, 'earn' as rule, 11 as debit_account,
        8 * a + 1 as credit_account, points as amount, day as event_on, day as effective_on,
        d + 1 as lot_no, d + 1 as subject_no, 1 as campaign_no
    from docs
    union all
    select
        {documents} + d + 1, {documents} + d + 1, 'mature', 8 * a + 1, 8 * a + 2, points,
        day + {pending_days}, day + {pending_days}, d + 1, null, null
    from docs where d < {matured}
    union all
    select
        {documents} + {matured} + d + 1, {documents} + {matured} + d + 1, 'request',
        8 * a + 2, 8 * a + 3, points, day + 45, day + 45, d + 1, null, null
    from docs where d < {spent}
) order by transfer_no;

insert into ledger.transfers by name
select
    1 as batch_no, 'issue' as rule, leg,
    case leg when 1 then 'PTS' else 'GBP' end as unit,
    {documents} + {matured} + {spent} + 2 * d + leg as transfer_no,
    {documents} + {matured} + {spent} + d + 1 as transaction_no,
    case leg when 1 then 8 * a + 3 else 22 end as debit_account,
    case leg when 1 then 21 else 1017 end as credit_account,
    points as amount, day + 46 as event_on, day + 46 as effective_on,
    case leg when 1 then d + 1 end as lot_no
from docs cross join range(1, 3) as legs (leg)
where d < {spent} order by transfer_no;

insert into ledger.requests by name
select
    d + 1 as request_no, 1 as batch_no, {documents} + {matured} + d + 1 as transaction_no,
    a as advocate_no, 2 as partner_no, 'VOUCHER' as reward, points, points as face_minor,
    'GBP' as currency, 90 as usable_days, 'code' as deliver_to, day + 45 as requested_on
from docs where d < {spent};

insert into ledger.issues by name
select
    d + 1 as request_no, 1 as batch_no,
    {documents} + {matured} + {spent} + d + 1 as transaction_no
from docs where d < {spent};

insert into ledger.balances by name
select
    account_no, min(unit) as unit, cast(sum(debits) as bigint) as debits,
    cast(sum(credits) as bigint) as credits, date '{last_day}' as moved_on
from (
    select debit_account as account_no, unit, amount as debits, 0 as credits
    from ledger.transfers
    union all
    select credit_account, unit, 0, amount from ledger.transfers
) group by account_no;

insert into ledger.accounts by name
select
    account_no, concat(path, account_no) as path, balances.unit, normal_side, account_kind,
    case when scope = 'advocate' then account_no // 8 end as advocate_no,
    case when scope = 'merchant' then 2 end as partner_no,
    1 as batch_no
from ledger.balances as balances
inner join rules.chart_of_accounts as chart on
    scope = case
        when account_no < 1000 then 'programme' when account_no < 8000 then 'merchant'
        else 'advocate'
    end
    and code = case when account_no < 1000 then account_no else account_no % 8 end;

insert into ledger.files values (1, 1);

insert into ledger.batches by name
select
    1 as batch_no, date '{last_day}' as as_of, 'day' as kind, date '1900-01-01' as open_from,
    count(*) as n_transfers, max(transfer_no) as last_transfer_no,
    max(transaction_no) as last_transaction_no,
    '{digest}' as totals, '{digest}' as root, '{digest}' as manifest_sha256,
    '{digest}' as rulepack_sha256, '-' as previous_head, '{digest}' as head
from ledger.transfers;
"""

# `r` is a document of the last days of the history, `m` its first line.
BATCH = """
select
    2 as file_no,
    2 + n as line_no,
    1 as partner_no,
    case kind when 'return' then concat('CR-', n) when 'late' then concat('INV-', r)
        else concat('INV-', {documents} + n * 3 // 10) end as document,
    case kind when 'late' then {day_of_r} else date '{as_of}' end as document_date,
    concat('B-', n) as line_ref,
    concat('ADV-', case kind when 'new' then {documents} + n * 3 // 10 else r end % {advocates})
        as advocate,
    'OUTLET' as outlet,
    concat('SKU-', case kind when 'return' then m else n end % 500) as sku,
    case kind when 'return' then -{quantity_of_m} else {quantity_of_n} end as quantity_e4,
    case kind when 'return' then -{amount_of_m} else {amount_of_n} end as amount_e4,
    'GBP' as currency,
    {lines} + n as line_key,
    {lines} + n as content_key,
    'accepted' as outcome,
    case kind when 'return' then concat('INV-', r) end as returns_document
from (
    select n, kind, r, (10 * r + 2) // 3 as m
    from (
        select
            n,
            case n % 10 when 0 then 'return' when 1 then 'late' else 'new' end as kind,
            {first_recent} + (n // 10 * 7919 + n % 10 * {recent} // 2) % {recent} as r
        from range({batch}) t(n)
    )
)
"""


def run() -> Report:
    """Measure the batch on both ledgers."""
    n_batch = int(os.environ.get("BATCH", "100000"))
    n_history = int(os.environ.get("HISTORY", "2000000"))
    n_documents = max(DAYS, int(n_history / TRANSFERS_OF_A_DOCUMENT))
    history = Lines((10 * n_documents + 2) // 3, days=DAYS)
    with office() as our:
        on_empty = _post(our, history, n_batch)
    with office() as our:
        n_transfers = in_a_child(_write_history, our.options, history).result
        our.expect(1, batch_no=1)
        on_history = _post(our, history, n_batch)
    work = [
        sum(p.seconds for p in posted.parts if _is_work(p)) for posted in (on_empty, on_history)
    ]
    return Report(
        f"A batch of {n_batch:,} lines on {n_transfers:,} transfers",
        rows=[
            compared("on an empty ledger", n_batch, on_empty, base=on_empty),
            compared(f"on {n_transfers:,} transfers", n_batch, on_history, base=on_empty),
        ],
        details=spent(on_history),
        remarks=[
            f"It took {on_history.seconds / on_empty.seconds:.2f} times as long; its models, laws "
            f"and publishing alone {work[1] / work[0]:.2f} times "
            f"({work[0]:.2f} s, {work[1]:.2f} s).",
            f"The batch posted {on_empty.result:,} transfers on the empty ledger and "
            f"{on_history.result:,} on the history, whose documents have "
            f"{history.n_lines:,} lines.",
        ],
    )


def _is_work(part: Any) -> bool:
    return part.kind in ("model", "test") or part.name == "run-operation"


def _post(our: Office, history: Lines, n_batch: int) -> Measured:
    first_recent = _documents_before(history, DAYS - RECENT_DAYS)
    query = BATCH.format(
        batch=n_batch,
        documents=history.n_documents,
        lines=history.n_lines,
        advocates=history.n_advocates,
        first_recent=first_recent,
        recent=history.n_documents - first_recent,
        day_of_r=history.day_of("r"),
        as_of=AS_OF,
        quantity_of_m=QUANTITY_E4.format(n="m"),
        quantity_of_n=QUANTITY_E4.format(n="n"),
        amount_of_m=AMOUNT_E4.format(n="m"),
        amount_of_n=AMOUNT_E4.format(n="n"),
    )
    put_rows(our.settings, query, columns=f"{COLUMNS}, returns_document")
    our.expect(2)
    return our.post(AS_OF)


def _documents_before(history: Lines, day: int) -> int:
    """How many documents are of the first days."""
    return -(-day * history.n_documents // DAYS)


def _write_history(options: dict[str, Any], history: Lines) -> int:
    """Write the history; returns the number of its transfers."""
    settings = load_settings(**options)
    rulepack = load_rulepack(settings.campaigns)
    script = HISTORY.format(
        lines=history.n_lines,
        documents=history.n_documents,
        advocates=history.n_advocates,
        day=history.day_of("(n * 3 // 10)"),
        columns=COLUMNS,
        rows=history.rows(repeated=False),
        amount=AMOUNT_E4.format(n="n"),
        multiplier=rulepack.rate_rows()[0]["multiplier"],
        divisor=rulepack.version_rows()[0]["divisor"],
        pending_days=PENDING_DAYS,
        matured=_documents_before(history, DAYS - PENDING_DAYS),
        spent=_documents_before(history, DAYS - SPENT_DAYS),
        last_day=AS_OF - timedelta(days=1),
        digest=FAR_AWAY,
    )
    with bare_duckdb(settings.warehouse_file) as connection:
        connection.execute(script)
        found = connection.execute("select count(*) from ledger.transfers").fetchone()
    return int(found[0]) if found else 0
