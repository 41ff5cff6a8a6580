"""Export: a batch or a period of the ledger as plain-text accounting, for an auditor's own tools.

    opening balances   what each account held before the span, one transaction for each unit
    transactions       one for each `transaction_no` and day, two postings for each transfer
    closing balances   an assertion for each account: what the ledger holds after the span

hledger, ledger and beancount refuse a file in which a leg does not balance, an amount or an
account was changed, or a transfer is missing or stands twice. None sees a changed date: the
seal does (`tembaga verify`).

Rows are streamed: no more than a few thousand are held here, whatever the span. The engine sorts
them, and spills to the disk what its memory does not hold.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from tembaga.journals import Account, Journal, Span, Transfer
from tembaga.warehouse import has_table

ROWS_AT_ONCE = 4096


class ExportError(Exception):
    """What was asked for cannot be exported; the sentence says why."""


def span(
    connection: Connection, *, batch_no: int | None, from_on: date | None, to_on: date | None
) -> Span:
    """The span that was asked for: a batch, or a period that ends where the books stand.

    Raises:
        ExportError: There is no ledger, no such batch, or not one of the two was asked for.
    """
    has_ledger = has_table(connection, "ledger", "batches")
    stands = (
        connection.scalar(text("select max(as_of) from ledger.batches")) if has_ledger else None
    )
    if stands is None:
        raise ExportError("Nothing was ever posted here: there is no ledger to export.")
    if batch_no is not None and from_on is None and to_on is None:
        return of_batch(connection, batch_no)
    if batch_no is None and from_on is not None:
        return of_period(from_on, to_on or max(from_on, stands))
    raise ExportError("Say what to export: --batch alone, or --from with or without --to.")


def of_batch(connection: Connection, batch_no: int) -> Span:
    """The span of one batch, as the ledger stood when it was posted.

    Raises:
        ExportError: There is no such batch.
    """
    batch = connection.execute(
        text(
            "select batches.as_of, min(transfers.effective_on) as first_on "
            "from ledger.batches as batches "
            "left join ledger.transfers as transfers on batches.batch_no = transfers.batch_no "
            "where batches.batch_no = :batch_no group by batches.as_of"
        ),
        {"batch_no": batch_no},
    ).one_or_none()
    if batch is None:
        last = connection.scalar(text("select coalesce(max(batch_no), 0) from ledger.batches"))
        raise ExportError(f"There is no batch {batch_no}; the last one is {last}.")
    return Span(
        title=f"Batch {batch_no} of the ledger, as of {batch.as_of}",
        opens_on=min(batch.first_on or batch.as_of, batch.as_of),
        closes_on=batch.as_of,
        before="transfers.batch_no < :batch_no",
        within="transfers.batch_no = :batch_no",
        values={"batch_no": batch_no},
        last_batch_no=batch_no,
    )


def of_period(from_on: date, to_on: date) -> Span:
    """The span of the days from one to another, both included, as the ledger stands now.

    Raises:
        ExportError: It ends before it begins.
    """
    if to_on < from_on:
        raise ExportError(f"The period would end on {to_on}, before it begins on {from_on}.")
    return Span(
        title=f"The ledger from {from_on} to {to_on}",
        opens_on=from_on,
        closes_on=to_on,
        before="transfers.effective_on < :from_on",
        within="transfers.effective_on >= :from_on and transfers.effective_on <= :to_on",
        values={"from_on": from_on, "to_on": to_on},
    )


def export(connection: Connection, span: Span, journal: Journal) -> Iterator[str]:
    """The text of a journal, piece by piece."""
    yield from _title(connection, span, journal)
    query = "select distinct unit from ledger.accounts order by unit"
    units = list(connection.scalars(text(query)))
    yield from (journal.unit(unit, span) for unit in units)
    for account in _accounts(connection, span):
        yield journal.account(_name(journal, account.path, account.chart_path), account.unit, span)
    for unit in units:
        yield from _opening(connection, unit, span, journal)
    yield from _transactions(connection, span, journal)
    yield from _closing(connection, span, journal)


@lru_cache(maxsize=65536)
def _name(journal: Journal, path: str, chart_path: str) -> str:
    """The account's name: a party, where the chart has one, is the last part of its path."""
    if "<" not in chart_path:
        return path
    *fixed, party = path.split(":", chart_path.count(":"))
    return ":".join([*fixed, journal.party(party)])


def _title(connection: Connection, span: Span, journal: Journal) -> Iterator[str]:
    yield f"{journal.comment} {span.title}\n"
    batches = connection.execute(
        text("select batch_no, as_of, n_transfers, head from ledger.batches order by batch_no")
    )
    for number, as_of, n_transfers, head in batches:
        said = f"batch {number}, as of {as_of}, transfers {n_transfers}, head {head}"
        yield f"{journal.comment} {said}\n"
        if number == span.last_batch_no:
            break
    yield f"\n{journal.preamble()}"


def _opening(connection: Connection, unit: str, span: Span, journal: Journal) -> Iterator[str]:
    is_empty = True
    for account in _accounts(connection, span):
        if account.unit == unit and account.opening:
            if is_empty:
                yield journal.opening(unit, span)
                is_empty = False
            name = _name(journal, account.path, account.chart_path)
            yield journal.posting(name, account.opening, unit)


def _transactions(connection: Connection, span: Span, journal: Journal) -> Iterator[str]:
    rows = _rows(connection, TRANSFERS.format(within=span.within), span.values)
    transfers = map(Transfer._make, rows)
    for _, group in groupby(transfers, key=lambda t: (t.effective_on, t.transaction_no)):
        for nth, transfer in enumerate(group):
            if nth == 0:
                yield journal.transaction(transfer)
            debit = _name(journal, transfer.debit_path, transfer.debit_chart_path)
            credit = _name(journal, transfer.credit_path, transfer.credit_chart_path)
            yield journal.posted(transfer, debit, transfer.amount)
            yield journal.posted(transfer, credit, -transfer.amount)


def _closing(connection: Connection, span: Span, journal: Journal) -> Iterator[str]:
    is_empty = True
    for account in _accounts(connection, span):
        if is_empty:
            yield journal.closing(span)
            is_empty = False
        name = _name(journal, account.path, account.chart_path)
        yield journal.asserted(name, account.closing, account.unit, span)


def _accounts(connection: Connection, span: Span) -> Iterator[Account]:
    query = ACCOUNTS.format(before=span.before, within=span.within)
    return map(Account._make, _rows(connection, query, span.values))


def _rows(connection: Connection, query: str, values: dict[str, object]) -> Iterator[Any]:
    """The rows of a query, streamed."""
    options = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    found = connection.execute(text(query), values, execution_options=options)
    for part in found.partitions(ROWS_AT_ONCE):
        yield from part


ACCOUNTS = """
with

sides as (

    select debit_account as account_no, unit, amount, {before} as is_before
    from ledger.transfers as transfers
    where ({before}) or ({within})
    union all
    select credit_account as account_no, unit, -amount as amount, {before} as is_before
    from ledger.transfers as transfers
    where ({before}) or ({within})

),

added_up as (

    select
        account_no,
        unit,
        cast(sum(case when is_before then amount else 0 end) as bigint) as opening,
        cast(sum(amount) as bigint) as closing
    from sides
    group by account_no, unit

)

select
    accounts.path,
    chart.path as chart_path,
    added_up.unit,
    added_up.opening,
    added_up.closing
from added_up
inner join ledger.accounts as accounts on added_up.account_no = accounts.account_no
inner join rules.chart_of_accounts as chart on accounts.account_kind = chart.account_kind
order by added_up.account_no, added_up.unit
"""

TRANSFERS = """
select
    transfers.transfer_no,
    transfers.transaction_no,
    transfers.batch_no,
    transfers.rule,
    transfers.unit,
    transfers.amount,
    transfers.event_on,
    transfers.effective_on,
    transfers.lot_no,
    debited.path,
    debited_chart.path,
    credited.path,
    credited_chart.path
from ledger.transfers as transfers
inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
inner join rules.chart_of_accounts as debited_chart
    on debited.account_kind = debited_chart.account_kind
inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
inner join rules.chart_of_accounts as credited_chart
    on credited.account_kind = credited_chart.account_kind
where {within}
order by transfers.effective_on, transfers.transaction_no, transfers.transfer_no
"""
