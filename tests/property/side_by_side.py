"""The same days for the oracle and for the SQL, side by side.

Advocates come in groups that have nothing to do with each other; `A03.B` is the advocate B of
the group A03. All groups are posted in the same batches, and each has an oracle of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.property.inputs import (
    FEEDS_OF_A_DAY,
    FEEDS_OF_THEIR_OWN,
    Adjustment,
    Cancellation,
    Day,
    Input,
    Judged,
    Line,
    Merge,
    OpeningBalance,
    Place,
    Request,
    Reversal,
    placed,
)
from tests.property.oracle import Books, Transfer
from tests.property.rates import Rules
from tests.spec.bookkeeper import FIRST_LINE, Bookkeeper

NO_DOCUMENT = (None,) * 5
Facts = dict[str, Counter[tuple[Any, ...]]]  # By what they tell of.


@dataclass
class Doings:
    """What comes to a group before the batch of a day, and in it."""

    items: Sequence[Input] = ()
    issued: Sequence[str] = ()

    def of(self, kind: type[Any]) -> list[Any]:
        return [item for item in self.items if isinstance(item, kind)]


@dataclass
class Oracles:
    """One oracle for each group, led through the same batches."""

    books: dict[str, Books]
    orders: dict[str, str] = field(default_factory=dict)
    batch_no: int = 0

    def judge(self, doings: Mapping[str, Doings]) -> dict[str, list[Judged]]:
        """What loading says of the lines of a day."""
        return {
            group: self.books[group].lines.judge(of.of(Line), self.books[group].rules)
            for group, of in doings.items()
        }

    def own_batches(self, as_of: date, doings: Mapping[str, Doings]) -> None:
        """Post the files that are batches of their own, in the order of their numbers."""
        items = [item for of in doings.values() for item in of.items]
        own = [item for item in items if item.feed in FEEDS_OF_THEIR_OWN]
        for file_no in sorted({item.place[0] for item in own}):
            self.batch_no += 1
            for group, books in self.books.items():
                of_group = doings.get(group, Doings())
                in_file = [item for item in of_group.items if item.place[0] == file_no]
                self._own_batch(books, as_of, in_file)

    def day(
        self,
        as_of: date,
        doings: Mapping[str, Doings],
        judged: Mapping[str, Sequence[Judged]],
        open_from: date = date.min,
    ) -> None:
        """Post the batch of a day."""
        self.batch_no += 1
        for group, books in self.books.items():
            of_group = doings.get(group, Doings())
            books.day(
                self.batch_no,
                Day(
                    as_of,
                    lines=judged.get(group, ()),
                    requests=of_group.of(Request),
                    cancellations=of_group.of(Cancellation),
                    adjustments=of_group.of(Adjustment),
                    issued=of_group.issued,
                    orders=sorted(
                        order for order in self.orders.items() if group_of(order[0]) == group
                    ),
                    open_from=open_from,
                ),
            )

    def _own_batch(self, books: Books, as_of: date, items: Sequence[Input]) -> None:
        if any(isinstance(item, Merge) for item in items):
            books.merge(self.batch_no, as_of, [item for item in items if isinstance(item, Merge)])
        elif items and isinstance(items[0], Reversal):
            books.reverse(self.batch_no, as_of, items[0])
        else:
            balances = [item for item in items if isinstance(item, OpeningBalance)]
            books.open(self.batch_no, as_of, balances)


@dataclass
class SideBySide:
    """Days go to the oracles and to the real ledger."""

    bookkeeper: Bookkeeper
    oracles: Oracles
    last_day: date | None = None
    group_at: dict[Place, str] = field(default_factory=dict)

    def day(
        self, as_of: date, doings: Mapping[str, Doings], files_a_feed: int = 2
    ) -> dict[str, list[str]]:
        """Post a day on both sides, and give what differs, by group."""
        first = self.oracles.batch_no + 1
        next_file_no = self.bookkeeper.next_file_no()
        doings, places = placed_in_files(doings, next_file_no, files_a_feed)
        self.group_at |= places
        judged = self.oracles.judge(doings)
        others = [i for of in doings.values() for i in of.items if not isinstance(i, Line)]
        self.bookkeeper.write([*(one for of in judged.values() for one in of), *others])
        if issued := [request_id for of in doings.values() for request_id in of.issued]:
            self.bookkeeper.issues(issued)
        self.oracles.own_batches(self.last_day or as_of, doings)
        self.oracles.day(as_of, doings, judged)
        self.last_day = as_of
        self.bookkeeper.posts(as_of.isoformat())
        ((posted,),) = self.bookkeeper.asks("select max(batch_no) from ledger.batches")
        if posted == self.oracles.batch_no - 1:  # There was nothing to post on the day.
            assert not any(b.transfers(posted + 1) for b in self.oracles.books.values())
            self.oracles.batch_no = posted
        assert posted == self.oracles.batch_no
        return self.differences(range(first, self.oracles.batch_no + 1))

    def found(self, batch_nos: Sequence[int]) -> dict[str, Facts]:
        """What the ledger says of some batches, and of how the books stand after them."""
        found = read(self.bookkeeper, batch_nos)
        for place, fact in declined(self.bookkeeper, batch_nos):
            found[self.group_at[place]]["declined"][(*fact, *place)] += 1
        return found

    def differences(self, batch_nos: Iterable[int]) -> dict[str, list[str]]:
        """What the ledger says otherwise than the oracle, by group."""
        batch_nos = list(batch_nos)
        found, expected = self.found(batch_nos), told(self.oracles, batch_nos)
        return {
            group: differences
            for group in sorted({*found, *expected})
            if (differences := _differences(expected.get(group, {}), found.get(group, {})))
        }


def placed_in_files(
    doings: Mapping[str, Doings], first_file_no: int, files_a_feed: int = 2
) -> tuple[dict[str, Doings], dict[Place, str]]:
    """Put what comes to all groups into common files, and give the group of each line."""
    contents: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
    for nth, (group, of_group) in enumerate(doings.items()):
        for position, item in enumerate(of_group.items):
            which = nth % files_a_feed if item.feed in FEEDS_OF_A_DAY else 0
            contents[item.feed, which].append((group, position))
    items = {group: list(of_group.items) for group, of_group in doings.items()}
    group_at: dict[Place, str] = {}
    for file_no, members in enumerate(contents.values(), first_file_no):
        for line_no, (group, position) in enumerate(members, FIRST_LINE):
            items[group][position] = placed(items[group][position], (file_no, line_no))
            group_at[file_no, line_no] = group
    return {group: Doings(items[group], of.issued) for group, of in doings.items()}, group_at


def group_of(advocate: str) -> str:
    """The group that an advocate belongs to."""
    return advocate.partition(".")[0]


def told(oracles: Oracles, batch_nos: Sequence[int]) -> dict[str, Facts]:
    """What the oracles say of some batches, and of how the books stand after them."""
    return {group: _told(books, batch_nos) for group, books in oracles.books.items()}


def read(bookkeeper: Bookkeeper, batch_nos: Sequence[int]) -> dict[str, Facts]:
    """What the ledger says of the same, but for what it declined."""
    facts: dict[str, Facts] = defaultdict(_no_facts)
    for about, query in QUERIES.items():
        within = ", ".join(str(batch_no) for batch_no in batch_nos) or "0"
        for group, *fact in bookkeeper.asks(query.format(batch_nos=within)):
            facts[group_of(group)][about][tuple(fact)] += 1
    return facts


def declined(
    bookkeeper: Bookkeeper, batch_nos: Sequence[int]
) -> list[tuple[Place, tuple[Any, ...]]]:
    """What the ledger has declined, by file and line."""
    within = ", ".join(str(batch_no) for batch_no in batch_nos) or "0"
    rows = bookkeeper.asks(
        "select batch_no, feed, code, file_no, line_no from ledger.declined "
        f"where batch_no in ({within})"
    )
    return [((file_no, line_no), tuple(fact)) for *fact, file_no, line_no in rows]


def _no_facts() -> Facts:
    return defaultdict(Counter)


def told_apart(differences: Mapping[str, Sequence[str]]) -> str:
    """The differences of all groups, to be read."""
    return "\n".join(
        f"{group}: {difference}" for group, of in differences.items() for difference in of
    )


def _differences(expected: Facts, found: Facts) -> list[str]:
    lines = []
    for about in sorted({*expected, *found}):
        wanted, had = expected.get(about, Counter()), found.get(about, Counter())
        lines += [f"{about}: only the oracle: {_shown(fact)}" for fact in (wanted - had).elements()]
        lines += [f"{about}: only the ledger: {_shown(fact)}" for fact in (had - wanted).elements()]
    return lines


def _shown(fact: tuple[Any, ...]) -> str:
    return " | ".join("-" if part is None else str(part) for part in fact)


def _told(books: Books, batch_nos: Sequence[int]) -> Facts:
    facts = _no_facts()
    for batch_no in batch_nos:
        for transfer in books.transfers(batch_no):
            facts["transfers"][(batch_no, *_flat(transfer))] += 1
        for feed, place, code in books.batches[batch_no].declined:
            facts["declined"][(batch_no, feed, code, *place)] += 1
    for lot in books.lots:
        stands = (lot.pending, lot.available, lot.held, lot.expired, lot.clipped)
        posted = lot.posted if lot.origin == "sale" else 0  # Only sales have a target.
        if posted or any(stands):
            document = lot.document or NO_DOCUMENT
            days = (lot.earned_on, lot.matures_on, lot.expires_on)
            fact = (lot.owner, lot.earner, lot.origin, *document, *days, posted, *stands)
            facts["lots"][fact] += 1
    for advocate, points in books.arrears.items():
        if points:
            facts["arrears"][advocate, points] += 1
    for (document, on, line_ref), by_return in books.lines.taken.items():
        for place, taken in by_return.items():
            part = (*place, document, on, line_ref, taken.quantity_e4, taken.amount_e4)
            facts["takebacks"][part] += 1
    for place, waiting in books.lines.waiting.items():
        facts["open returns"][(*place, waiting.rest_e4)] += 1
    for (earner, period), raw in books.raw.items():
        if raw:
            facts["counters"][earner, period, raw, books.clipped[earner, period]] += 1
    return facts


def _flat(transfer: Transfer) -> tuple[Any, ...]:
    *fields, lot = transfer
    if lot is None:
        return (*fields, None, None, *NO_DOCUMENT, None, None)
    origin, earner, document, earned_on, expires_on = lot
    return (*fields, origin, earner, *(document or NO_DOCUMENT), earned_on, expires_on)


QUERIES = {
    "transfers": """
with of_lot as (
    select lots.lot_no, lots.earner_no
    from ledger.lots as lots
),
lots_named as (
    select
        lots.lot_no,
        lots.origin,
        earners.advocate as earner,
        documents.partner_no,
        documents.document,
        documents.document_date,
        documents.first_advocate,
        documents.second_advocate,
        lots.earned_on,
        case when lots.origin <> 'sale' then lots.expires_on end as expires_on
    from ledger.lots as lots
    inner join ledger.advocates as earners on lots.earner_no = earners.advocate_no
    left join ledger.documents as documents on lots.document_no = documents.document_no
),
named as (
    select
        transfers.*,
        debits.path as debit_path,
        credits.path as credit_path,
        coalesce(debits.advocate_no, credits.advocate_no, of_lot.earner_no) as advocate_no
    from ledger.transfers as transfers
    inner join ledger.accounts as debits on transfers.debit_account = debits.account_no
    inner join ledger.accounts as credits on transfers.credit_account = credits.account_no
    left join of_lot on coalesce(transfers.lot_no, transfers.subject_no) = of_lot.lot_no
    where transfers.batch_no in ({batch_nos})
),
belonging as (
    select transaction_no, min(advocate_no) as advocate_no
    from named
    group by transaction_no
)
select
    advocates.advocate, named.batch_no, named.rule, named.unit, named.debit_path,
    named.credit_path, named.amount, named.event_on, named.effective_on, lots_named.origin,
    lots_named.earner, lots_named.partner_no, lots_named.document, lots_named.document_date,
    lots_named.first_advocate, lots_named.second_advocate, lots_named.earned_on,
    lots_named.expires_on
from named
inner join belonging on named.transaction_no = belonging.transaction_no
left join ledger.advocates as advocates
    on coalesce(named.advocate_no, belonging.advocate_no) = advocates.advocate_no
left join lots_named on named.lot_no = lots_named.lot_no
""",
    "lots": """
select
    owners.advocate, owners.advocate as owner, earners.advocate as earner, lots.origin,
    documents.partner_no, documents.document, documents.document_date, documents.first_advocate,
    documents.second_advocate, lots.earned_on, lots.matures_on, lots.expires_on, lots.posted,
    lots.pending, lots.available, lots.held,
    lots.expired, lots.clipped
from ledger.lots as lots
inner join ledger.advocates as owners on lots.advocate_no = owners.advocate_no
inner join ledger.advocates as earners on lots.earner_no = earners.advocate_no
left join ledger.documents as documents on lots.document_no = documents.document_no
where
    lots.posted <> 0 or lots.pending <> 0 or lots.available <> 0 or lots.held <> 0
    or lots.expired <> 0 or lots.clipped <> 0
""",
    "arrears": """
select
    advocates.advocate, advocates.advocate as owner,
    cast(balances.debits - balances.credits as bigint) as points
from ledger.balances as balances
inner join ledger.accounts as accounts on balances.account_no = accounts.account_no
inner join ledger.advocates as advocates on accounts.advocate_no = advocates.advocate_no
where accounts.account_kind = 'arrears' and balances.debits <> balances.credits
""",
    "takebacks": """
select
    sold.advocate, takebacks.file_no, takebacks.line_no, sold.document, sold.document_date,
    sold.line_ref, cast(sum(takebacks.quantity_e4) as bigint) as quantity_e4,
    cast(sum(takebacks.amount_e4) as bigint) as amount_e4
from ledger.takebacks as takebacks
inner join raw.sales as sold
    on takebacks.of_file_no = sold.file_no
    and takebacks.of_line_no = sold.line_no
group by
    sold.advocate, takebacks.file_no, takebacks.line_no, sold.document, sold.document_date,
    sold.line_ref
having sum(takebacks.quantity_e4) <> 0 or sum(takebacks.amount_e4) <> 0
""",
    "open returns": """
select
    sales.advocate, open_returns.file_no, open_returns.line_no, open_returns.quantity_e4
from ledger.open_returns as open_returns
inner join raw.sales as sales
    on open_returns.file_no = sales.file_no
    and open_returns.line_no = sales.line_no
where open_returns.quantity_e4 <> 0
""",
    "counters": """
select
    advocates.advocate, advocates.advocate as earner, counters.period_from, counters.raw,
    counters.clipped
from ledger.counters as counters
inner join ledger.advocates as advocates on counters.advocate_no = advocates.advocate_no
where counters.raw <> 0
""",
}


def oracles_of(groups: Iterable[str], rules: Rules, orders: dict[str, str]) -> Oracles:
    """An oracle for each group, under the same rules."""
    return Oracles({group: Books(rules) for group in groups}, orders)
