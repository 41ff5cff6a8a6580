"""The lines of a distributor, as the oracle keeps them: which stand, and what was taken back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.property.inputs import Judged, Line, Place
from tests.property.rates import Document, Rules

Key = tuple[str, date, str]
Subject = tuple[Document, str]  # A document, and an advocate that its lines name.


@dataclass
class Waiting:
    """A return, and how much of it has found its sale."""

    line: Line
    matched_e4: int = 0

    @property
    def quantity_e4(self) -> int:
        return -self.line.quantity_e4

    @property
    def rest_e4(self) -> int:
        return self.quantity_e4 - self.matched_e4

    def worth_of_first(self, quantity_e4: int) -> int:
        return -self.line.amount_e4 * quantity_e4 // self.quantity_e4


@dataclass
class Taken:
    """A part of a sold line that a return has taken back."""

    quantity_e4: int
    amount_e4: int


class Lines:
    """Lines are judged when they are loaded, and accepted and matched when they are posted."""

    def __init__(self) -> None:
        self.standing: dict[Key, Line] = {}
        self.taken: dict[Key, dict[Place, Taken]] = defaultdict(dict)
        self.waiting: dict[Place, Waiting] = {}
        self._contents: dict[Key, set[tuple[object, ...]]] = defaultdict(set)
        self._last: dict[Key, Line] = {}
        self._sold: dict[tuple[str, str, str, str], dict[Key, None]] = defaultdict(dict)
        self._of_subject: dict[Subject, dict[Key, None]] = defaultdict(dict)
        self._touched: dict[Subject, date] = {}

    def judge(self, lines: Iterable[Line], rules: Rules) -> list[Judged]:
        """What loading says of new lines, in the order of their places (S13).

        A second claimant is found earlier, by validation: such a line is as if it never came.
        """
        return [
            Judged(line, "held", "E_DOUBLE_CLAIM")
            if rules.is_double_claim(line)
            else self._judge(line)
            for line in sorted(lines, key=lambda line: line.place)
        ]

    def accept(self, judged: Sequence[Judged], rules: Rules) -> dict[Subject, date]:
        """Take in what was accepted, match returns, and give the subjects that this touched.

        With each stands the latest day of the lines that touched it.
        """
        self._touched = {}
        accepted = [one.line for one in judged if _counts(one)]
        for line in sorted(accepted, key=lambda line: (line.version or 1, line.place)):
            self._replace(line, rules)
        for waiting in sorted(self.waiting.values(), key=_turn):
            self._match(waiting, rules)
        return self._touched

    def exact_points(self, subject: Subject, rules: Rules) -> Fraction:
        """The exact points of what is sold and not taken back, of all who claim it."""
        return sum((self._points(key, rules) for key in self._of_subject[subject]), Fraction(0))

    def _judge(self, line: Line) -> Judged:
        known, last = self._contents[line.key], self._last.get(line.key)
        content = (*line.__dict__.values(),)[:-1]  # All but its place.
        if content in known:
            return Judged(line, "duplicate", "DUPLICATE")
        if last is None and line.action:
            return Judged(line, "held", "E_NOTHING_TO_CORRECT")
        if last is not None and (not line.action or (line.version or 1) <= (last.version or 1)):
            return Judged(line, "held", "E_CONFLICT")
        taken = self._taken_e4(line.key)
        if last is not None and (_stands_for(line) < taken or (taken and _is_other(line, last))):
            return Judged(line, "held", "E_BELOW_RETURNS")
        known.add(content)
        self._last[line.key] = line
        replaces = last.place if last is not None else None
        if line.quantity_e4 < 0 and line.action != "void" and not self._names_a_sale(line):
            return Judged(line, "held", "RETURN_UNMATCHED", replaces)
        return Judged(line, replaces=replaces)

    def _names_a_sale(self, line: Line) -> bool:
        return any(
            (sold.advocate, sold.sku) == (line.advocate, line.sku)
            and sold.quantity_e4 > 0
            and sold.on <= line.on
            and line.returns_document in (None, sold.document)
            and line.second_advocate in (None, sold.second_advocate)
            for sold in self._last.values()
        )

    def _replace(self, line: Line, rules: Rules) -> None:
        old = self.standing.get(line.key)
        if old is not None and old.action != "void":
            self._undo(old, line.on, rules)
        self.standing[line.key] = line
        if line.action == "void":
            return
        if line.quantity_e4 < 0:
            self.waiting[line.place] = Waiting(line)
        else:
            self._sold[_alike(line)][line.key] = None
            for subject in _subjects(line, rules):
                self._of_subject[subject][line.key] = None
            self._touch(line, line.on, rules)

    def _undo(self, old: Line, on: date, rules: Rules) -> None:
        if old.quantity_e4 >= 0:
            del self._sold[_alike(old)][old.key]
            for subject in _subjects(old, rules):
                del self._of_subject[subject][old.key]
            self._touch(old, on, rules)
            return
        self.waiting.pop(old.place, None)
        for key, taken in self.taken.items():
            if taken.pop(old.place, None):
                self._touch(self.standing[key], on, rules)

    def _match(self, waiting: Waiting, rules: Rules) -> None:
        line = waiting.line
        for key in sorted(self._candidates(line, rules), key=_newest_first):
            sold = self.standing[key]
            quantity = min(waiting.rest_e4, sold.quantity_e4 - self._taken_e4(key))
            if quantity <= 0:
                continue
            before = waiting.worth_of_first(waiting.matched_e4)
            waiting.matched_e4 += quantity
            amount = waiting.worth_of_first(waiting.matched_e4) - before
            left = max(sold.amount_e4 - self._taken_amount_e4(key), 0)
            taken = self.taken[key].setdefault(line.place, Taken(0, 0))
            taken.quantity_e4 += quantity
            taken.amount_e4 += min(amount, left)
            self._touch(sold, line.on, rules)
        if not waiting.rest_e4:
            del self.waiting[line.place]

    def _candidates(self, line: Line, rules: Rules) -> list[Key]:
        earliest = line.on - timedelta(days=rules.match_days)
        return [
            key
            for key in self._sold[_alike(line)]
            if key[1] <= line.on
            and line.second_advocate in (None, self.standing[key].second_advocate)
            and (
                key[0] == line.returns_document
                if line.returns_document is not None
                else key[1] >= earliest
            )
        ]

    def _points(self, key: Key, rules: Rules) -> Fraction:
        sold = self.standing[key]
        return rules.points(
            sold,
            sold.quantity_e4 - self._taken_e4(key),
            max(sold.amount_e4 - self._taken_amount_e4(key), 0),
        )

    def _taken_e4(self, key: Key) -> int:
        return sum(taken.quantity_e4 for taken in self.taken[key].values())

    def _taken_amount_e4(self, key: Key) -> int:
        return sum(taken.amount_e4 for taken in self.taken[key].values())

    def _touch(self, sold: Line, on: date, rules: Rules) -> None:
        for subject in _subjects(sold, rules):
            self._touched[subject] = max(on, self._touched.get(subject, on))


def _subjects(line: Line, rules: Rules) -> list[Subject]:
    """Whoever earns by a line: its advocate, or both who claim it together."""
    document = rules.document_of(line)
    earners = [line.advocate, line.second_advocate]
    return [(document, earner) for earner in earners if earner is not None]


def _counts(judged: Judged) -> bool:
    return judged.outcome == "accepted" or judged.code == "RETURN_UNMATCHED"


def _stands_for(line: Line) -> int:
    return 0 if line.action == "void" else max(line.quantity_e4, 0)


def _is_other(line: Line, last: Line) -> bool:
    return line.action != "void" and (
        _alike(line) != _alike(last) or line.second_advocate != last.second_advocate
    )


def _alike(line: Line) -> tuple[str, str, str, str]:
    return line.advocate, line.sku, line.unit or "", line.tax_basis or "net"


def _turn(waiting: Waiting) -> tuple[object, ...]:
    line = waiting.line
    return (
        line.returns_document is None,
        line.on,
        line.document.encode(),
        line.line_ref.encode(),
        line.place,
    )


def _newest_first(key: Key) -> tuple[object, ...]:
    document, on, line_ref = key
    return (-on.toordinal(), _backwards(document), _backwards(line_ref))


def _backwards(text: str) -> tuple[int, ...]:
    """Bytes that sort the other way round; a longer text comes before what it begins with."""
    return (*(-byte for byte in text.encode()), 1)
