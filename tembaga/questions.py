"""Questions that people ask of the ledger: what is there, and where does it come from?

    balance         what an advocate has, and when it falls due
    explain         every movement of an advocate, down to file and line
    trial_balance   every kind of account; debits and credits are the same

Each may be asked as of a day (what is effective by then) and as it was known at a batch (what
was posted by then), both together. All is added up from the transfers; nothing is taken from
balances that are kept. The warehouse and the landing are enough: no service need run.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from tembaga import question_queries as queries
from tembaga.journals import major
from tembaga.warehouse import has_table

ACCOUNTS = ("pending", "available", "held", "arrears")
NO_POINTS = "no_points"  # Stands where a rule does, over lines that left the points as they were.


class QuestionError(Exception):
    """A question without an answer; the sentence says why."""


@dataclass(frozen=True)
class Point:
    """From where the ledger is seen: a day, and what was known at a batch."""

    on: date
    batch_no: int
    words: str

    @property
    def values(self) -> dict[str, object]:
        return {"on_day": self.on, "batch_no": self.batch_no}


@dataclass(frozen=True)
class Answer:
    """A table that answers a question."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    details: frozenset[int] = field(default_factory=frozenset)  # Rows that belong to one above.


class Movement(NamedTuple):
    """What one transfer did to the accounts of an advocate, and what it was for."""

    transfer_no: int | None
    batch_no: int
    rule: str
    event_on: date
    effective_on: date
    pending: int
    available: int
    held: int
    arrears: int
    lot_no: int | None = None
    subject_no: int | None = None
    approval_no: int | None = None
    debtor: str | None = None
    creditor: str | None = None
    partner: str | None = None
    document: str | None = None
    document_date: date | None = None
    request_no: int | None = None
    reward: str | None = None


class Source(NamedTuple):
    """A line of a file behind a movement; `key` says which movements of its batch it is behind."""

    batch_no: int
    key: str
    advocate: str
    on: date
    file_no: int
    line_no: int
    what: str
    points: int
    reason: str | None


def point(connection: Connection, *, on: date | None, as_known_at: int | None) -> Point:
    """From where to look: without a day or a batch, all that was posted.

    Raises:
        QuestionError: Nothing was ever posted, or not that batch.
    """
    if not has_table(connection, "ledger", "batches"):
        raise QuestionError("Nothing was ever posted here: there is no ledger to ask.")
    last: int | None = connection.scalar(text("select max(batch_no) from ledger.batches"))
    if last is None:
        raise QuestionError("Nothing was ever posted here: the ledger has no batch.")
    batch_no = last if as_known_at is None else as_known_at
    if not 1 <= batch_no <= last:
        raise QuestionError(f"There is no batch {batch_no}; the last one is {last}.")
    as_of = connection.scalar(
        text("select as_of from ledger.batches where batch_no = :batch_no"), {"batch_no": batch_no}
    )
    words = f"as known at batch {batch_no} (as of {as_of})"
    if on is not None:
        words = f"on {on}, {words}"
    return Point(on or date.max, batch_no, words)


def balance(connection: Connection, advocate: str, seen: Point) -> Answer:
    """What stands on each account of an advocate, and when it falls due.

    The rows after the accounts say which points mature and which expire on which day; the
    `available` of all lots is the account's.

    Raises:
        QuestionError: Nobody of that name is in the ledger.
    """
    accounts = _accounts_of(connection, advocate)
    values = {**seen.values, "accounts": list(accounts.values())}
    rows: list[Sequence[object]] = []
    found = dict(_rows(connection, queries.BALANCES, values))
    rows += [(kind, None, found.get(accounts.get(kind), 0)) for kind in ACCOUNTS]
    for kind, what, day in (
        ("pending", "matures", "matures_on"),
        ("available", "expires", "expires_on"),
    ):
        if kind in accounts:
            query = queries.DUE.format(day=day)
            due = _rows(connection, query, {**seen.values, "accounts": [accounts[kind]]})
            rows += [(what, falls_on, points) for falls_on, points in due]
    title = f"{advocate}, {seen.words}{_Owners(connection, seen).in_words(advocate)}"
    return Answer(title, ("account", "day", "points"), rows)


def explain(connection: Connection, advocate: str, seen: Point, *, landing: Path) -> Answer:
    """Every movement of an advocate with the balances after it, and the lines behind it.

    A line stands under the first movement that it had a part in; lines that moved nothing
    have a movement of their own, so that nobody asks where an invoice has gone.

    Raises:
        QuestionError: Nobody of that name is in the ledger.
    """
    accounts = _accounts_of(connection, advocate)
    sources = _Sources(connection, advocate, seen)
    told = [(m, sources.of(m)) for m in _movements(connection, accounts, seen)]
    told += sources.left()
    told.sort(key=lambda pair: (pair[0].effective_on, pair[0].transfer_no or 0))
    names, balances = _FileNames(landing), dict.fromkeys(ACCOUNTS, 0)
    rows: list[Sequence[object]] = []
    details: set[int] = set()
    for movement, lines in told:
        for kind in ACCOUNTS:
            balances[kind] += getattr(movement, kind)
        rows.append(_told(movement, balances, advocate))
        details.update(range(len(rows), len(rows) + len(lines)))
        rows += [_told_line(line, names[line.file_no]) for line in lines]
    title = f"{advocate}, {seen.words}{_Owners(connection, seen).in_words(advocate)}"
    return Answer(title, EXPLAINED, rows, frozenset(details))


def trial_balance(connection: Connection, seen: Point) -> Answer:
    """The balance of each kind of account, and the sums: they are the same on both sides."""
    rows: list[Sequence[object]] = []
    sums: dict[str, list[int]] = {}
    for path, unit, debit, credit in _rows(connection, queries.TRIAL_BALANCE, seen.values):
        rows.append((path.replace("<u>", unit), unit, major(debit, unit), major(credit, unit)))
        total = sums.setdefault(unit, [0, 0])
        total[0] += debit
        total[1] += credit
    rows += [("all accounts", unit, *(major(s, unit) for s in both)) for unit, both in sums.items()]
    return Answer(f"Trial balance {seen.words}", ("account", "unit", "debit", "credit"), rows)


EXPLAINED = (
    "effective_on",
    "event_on",
    "batch_no",
    "transfer_no",
    "rule",
    "about",
    "file",
    "line_no",
    "points",
    *(f"{what}{kind}" for what in ("", "after_") for kind in ACCOUNTS),
)


class _FileNames:
    """Names of files by their numbers, out of the landing: each is looked for once."""

    def __init__(self, landing: Path) -> None:
        self.landing = landing
        self.known: dict[int, str] = {}

    def __getitem__(self, file_no: int) -> str:
        if file_no not in self.known:
            found = self.landing.glob(f"*/{file_no:08d}/original/*")
            names = (f"{path.parts[-4]}/{path.name}" for path in found)
            self.known[file_no] = next(names, f"file {file_no}")
        return self.known[file_no]


class _Sources:
    """The lines of files that an advocate's movements stem from; each is told once."""

    def __init__(self, connection: Connection, advocate: str, seen: Point) -> None:
        self.lines: dict[tuple[int, str], list[Source]] = defaultdict(list)
        owners = _Owners(connection, seen)
        values = {**seen.values, "names": sorted({advocate, *owners.merged_into(advocate)})}
        for line in map(Source._make, _rows(connection, queries.SOURCES, values)):
            is_own = owners.at(line.advocate, line.batch_no) == advocate or line.key in (
                "merge",
                "reverse",
            )
            if is_own and line.on <= seen.on:
                self.lines[line.batch_no, line.key].append(line)

    def of(self, movement: Movement) -> list[Source]:
        """Take the lines that a movement stems from, unless one before has told of them."""
        keys = [movement.rule]
        if movement.subject_no is not None:
            keys.append(f"subject {movement.subject_no}")
        if movement.approval_no is not None:
            keys.append(f"approval {movement.approval_no}")
        if movement.request_no is not None:
            keys.append(
                f"request {movement.request_no}"
                if movement.rule == "request"
                else f"cancellation {movement.request_no} {movement.event_on}"
            )
        if movement.rule == "opening":
            keys.append(f"opening {movement.event_on} {movement.available - movement.arrears}")
        return [line for key in keys for line in self.lines.pop((movement.batch_no, key), [])]

    def left(self) -> list[tuple[Movement, list[Source]]]:
        """The lines that moved nothing, each group with a movement to stand under."""
        return [(_nothing_moved(lines[0]), lines) for lines in self.lines.values()]


class _Owners:
    """Whose an advocate's points are, by the merges that are known and not taken back."""

    def __init__(self, connection: Connection, seen: Point) -> None:
        self.seen = seen
        self.merges: dict[str, list[tuple[str, int, int | None]]] = defaultdict(list)
        for name, *merge in _rows(connection, queries.MERGES, seen.values):
            self.merges[name].append((merge[0], merge[1], merge[2]))

    def at(self, advocate: str, batch_no: int) -> str:
        """Who owns what an advocate earned, after a batch."""
        for into, merged_in, parted_in in self.merges.get(advocate, ()):
            if merged_in <= batch_no and (parted_in is None or batch_no < parted_in):
                return self.at(into, batch_no)
        return advocate

    def merged_into(self, advocate: str) -> set[str]:
        """Everybody whose points were this advocate's at some time."""
        givers = {n for n, merges in self.merges.items() if any(m[0] == advocate for m in merges)}
        return givers.union(*map(self.merged_into, givers))

    def in_words(self, advocate: str) -> str:
        """A clause for an advocate who is merged into another one, or took others over."""
        owner = self.at(advocate, self.seen.batch_no)
        if owner != advocate:
            return f"; merged into {owner}: see there"
        others = sorted(
            name
            for name in self.merged_into(advocate)
            if self.at(name, self.seen.batch_no) == advocate
        )
        return f"; with {', '.join(others)}, merged into it" if others else ""


def _accounts_of(connection: Connection, advocate: str) -> dict[str, int]:
    """The numbers of an advocate's accounts, by kind."""
    known = _rows(connection, queries.ADVOCATE, {"advocate": advocate})
    accounts = {kind: account_no for account_no, kind in known if account_no is not None}
    if not accounts and not connection.scalar(text(queries.IS_KNOWN), {"advocate": advocate}):
        raise QuestionError(
            f"{advocate} is not in the ledger: nothing was ever posted for an advocate of that "
            "name. Names are written as on the card, capitals included."
        )
    return accounts


def _movements(connection: Connection, accounts: dict[str, int], seen: Point) -> Iterable[Movement]:
    numbers = {f"{kind}_no": accounts.get(kind, -1) for kind in ACCOUNTS}
    values = {**seen.values, **numbers, "accounts": list(accounts.values())}
    return map(Movement._make, _rows(connection, queries.MOVEMENTS, values)) if accounts else ()


def _nothing_moved(line: Source) -> Movement:
    """Stand in for the movement that lines would have made: netted, too small, or declined."""
    return Movement(None, line.batch_no, NO_POINTS, line.on, line.on, 0, 0, 0, 0)


def _told(movement: Movement, balances: dict[str, int], advocate: str) -> Sequence[object]:
    return (
        movement.effective_on,
        movement.event_on,
        movement.batch_no,
        movement.transfer_no,
        movement.rule,
        _about(movement, advocate),
        *(None, None, None),
        *(getattr(movement, kind) for kind in ACCOUNTS),
        *balances.values(),
    )


def _told_line(line: Source, name: str) -> Sequence[object]:
    about = f"{line.what} ({line.reason})" if line.reason else line.what
    where = (name, line.line_no, line.points)
    return (None, line.on, line.batch_no, None, None, about, *where, *[None] * 2 * len(ACCOUNTS))


def _about(movement: Movement, advocate: str) -> str:
    """What a movement was for, in a few words."""
    words = []
    if movement.request_no is not None:
        words.append(f"request {movement.request_no}: {movement.reward}")
    elif movement.document is not None:
        words.append(f"{movement.document} of {movement.partner}, {movement.document_date}")
    if movement.approval_no is not None:
        words.append(f"approval {movement.approval_no}")
    if movement.lot_no is not None:
        words.append(f"lot {movement.lot_no}")
    for other, way in ((movement.debtor, "from"), (movement.creditor, "into")):
        if other not in (None, advocate):
            words.append(f"{way} {other}")
    return "; ".join(words)


def _rows(connection: Connection, query: str, values: dict[str, Any]) -> list[Any]:
    statement = text(query)
    for name in ("accounts", "names"):
        if f":{name}" in query:
            statement = statement.bindparams(bindparam(name, expanding=True))
    asked = {name: value for name, value in values.items() if f":{name}" in query}
    return list(connection.execute(statement, asked).all())
