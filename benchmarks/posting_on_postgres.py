"""Posting on PostgreSQL, against the floor and against calls of a function, on the same server.

Ledgers that live in PostgreSQL often post by a function, one call for each transfer, which
locks two accounts, writes their new balances and one row, as `pgledger` does. One client calls
such a function here. The floor (benchmarks/floor.py) is the other end: a bare script.

LINES_POSTGRES sets the size, 200,000 if it does not.
"""

import os
from datetime import date

from benchmarks import floor
from benchmarks.lines import Lines, connected
from benchmarks.measuring import Report, in_a_child
from benchmarks.office import office
from benchmarks.results import compared, spent

AS_OF = date(2011, 12, 31)
CALLS = 2_000
ACCOUNTS = 200

FUNCTION = """
create table called_accounts (
    account_no integer primary key,
    balance bigint not null default 0,
    version bigint not null default 0
);
create table called_transfers (
    transfer_no bigint generated always as identity primary key,
    debit_account integer not null references called_accounts,
    credit_account integer not null references called_accounts,
    amount bigint not null check (amount > 0),
    event_on date not null,
    created_at timestamptz not null default now()
);
create table called_entries (
    entry_no bigint generated always as identity primary key,
    transfer_no bigint not null references called_transfers,
    account_no integer not null references called_accounts,
    amount bigint not null,
    balance_before bigint not null,
    balance_after bigint not null,
    version bigint not null
);
create index on called_entries (account_no);
create function post_transfer(debit integer, credit integer, points bigint, day date)
returns bigint language plpgsql as $$
declare
    number bigint;
begin
    perform 1 from called_accounts
    where account_no in (debit, credit) order by account_no for update;
    insert into called_transfers (debit_account, credit_account, amount, event_on)
    values (debit, credit, points, day) returning transfer_no into number;
    with moved as (
        update called_accounts
        set balance = balance + case account_no when debit then -points else points end,
            version = version + 1
        where account_no in (debit, credit)
        returning account_no, balance, version
    )
    insert into called_entries (
        transfer_no, account_no, amount, balance_before, balance_after, version
    )
    select
        number,
        account_no,
        case account_no when debit then -points else points end,
        balance - case account_no when debit then -points else points end,
        balance,
        version
    from moved;
    return number;
end $$;
"""


def run() -> Report:
    """Measure all three."""
    lines = Lines(int(os.environ.get("LINES_POSTGRES", "200000")), days=300)
    with office(engine="postgres") as our:
        url = str(our.settings.warehouse_url)
        csv = our.settings.root / "lines.csv"
        lines.write_csv(csv)
        lowest = in_a_child(floor.on_postgres, csv, url)
        _make_function(url)
        called = in_a_child(_call, url)
        lines.load(our.settings)
        our.expect(1)
        posted = our.post(AS_OF)
    transfers = {
        "the floor": lowest.result / lowest.seconds,
        "tembaga post": posted.result / posted.seconds,
        f"{CALLS:,} calls of a function, one client": CALLS / called.seconds,
    }
    calls_per_second = CALLS / called.seconds
    return Report(
        f"Posting {lines.n_lines:,} lines on PostgreSQL",
        rows=[
            compared("bare script, from CSV (the floor)", lines.n_lines, lowest, base=lowest),
            compared("tembaga post, sealed", lines.n_lines, posted, base=lowest),
        ],
        details=[
            (
                "Transfers a second",
                [
                    ("what", "transfers/s", "times the calls"),
                    *(
                        (what, f"{speed:,.0f}", f"{speed / calls_per_second:.1f}")
                        for what, speed in transfers.items()
                    ),
                ],
            ),
            *spent(posted),
        ],
        remarks=[
            f"{lines.n_documents:,} documents; {posted.result:,} transfers were posted.",
            "The memory is the client's; the server's is not counted.",
        ],
    )


def _make_function(url: str) -> None:
    with connected(url) as connection:
        cursor = connection.cursor()
        cursor.execute(FUNCTION)
        cursor.execute(
            f"insert into called_accounts select n from generate_series(0, {ACCOUNTS}) as t (n)"
        )


def _call(url: str) -> None:
    """Post one transfer with each call, and each in a transaction of its own."""
    connection = connected(url)
    connection.autocommit = True
    cursor = connection.cursor()
    for n in range(CALLS):
        cursor.execute(
            "select post_transfer(0, %s, %s, '2011-01-01')", (1 + n % ACCOUNTS, 1 + n % 500)
        )
    connection.close()
