"""Paper lines: what the office may write down, feed by feed, and what is wrong with it.

A paper is a CSV file in UTF-8 with the columns of its feed, in any order. It is read strictly,
nothing is guessed, and every line is looked at, so that all that is wrong is said at once.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from tembaga.refusal import FileRefused
from tembaga.vouchers import VoucherCodeError, read_code

POINTS_MAX, MONEY_MAX = 1_000_000_000, 10**15  # Money in minor units of the currency.
EARLIEST, LATEST_EXPIRY = date(1990, 1, 1), date(2199, 12, 31)
TEXT_CHARACTERS_MAX, REASON_CHARACTERS_MAX = 100, 500
SEEN_CHARACTERS_MAX = 60
NAMES_SHOWN_MAX = 10

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True)
class Known:
    """What a line is held against.

    `advocates` is None where nobody is enrolled at all, `two_approve_above` where one always does.
    """

    latest_on: date
    zone: ZoneInfo
    two_approve_above: int | None
    advocates: frozenset[str] | None
    rewards: frozenset[str]
    batch_nos: frozenset[int]
    received_on: date
    merchants: frozenset[str]
    minor_digits: int
    waiting: frozenset[tuple[int, int]] = frozenset()  # Held lines that a person is to look at.


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line: the column, and the value seen there."""

    line_no: int
    code: str
    column: str
    seen: str


def _fault(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, code)


def _text(text: str, *, missing: str, at_most: int = TEXT_CHARACTERS_MAX) -> str:
    if not text:
        raise _fault(missing)
    if len(text) > at_most:
        raise _fault("E_TOO_LONG")
    if any(_is_unseen(character) for character in text):
        raise _fault("E_TEXT")
    return text


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp")


def _optional(text: str) -> str | None:
    return _text(text, missing="") if text else None


def _advocate(text: str, info: ValidationInfo) -> str:
    _text(text, missing="E_ADVOCATE_MISSING")
    advocates = _known(info).advocates
    if advocates is not None and text not in advocates:
        raise _fault("E_ADVOCATE_UNKNOWN")
    return text


def _reward(text: str, info: ValidationInfo) -> str:
    if text not in _known(info).rewards:
        raise _fault("E_REWARD_UNKNOWN")
    return text


def _whole(text: str, *, code: str, largest: int, signed: bool = False) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}" if signed else r"[0-9]{1,18}", text):
        raise _fault(code)
    number = int(text)
    if not 0 < abs(number) <= largest:
        raise _fault(code)
    return number


def _signed_points(text: str) -> int:
    return _whole(text, code="E_POINTS", largest=POINTS_MAX, signed=True)


def _some_points(text: str) -> int | None:
    return _whole(text, code="E_POINTS", largest=POINTS_MAX) if text else None


def _batch_no(text: str, info: ValidationInfo) -> int:
    batch_no = _whole(text, code="E_BATCH_UNKNOWN", largest=2**31 - 1)
    if batch_no not in _known(info).batch_nos:
        raise _fault("E_BATCH_UNKNOWN")
    return batch_no


def _merchant(text: str, info: ValidationInfo) -> str:
    if text not in _known(info).merchants:
        raise _fault("E_MERCHANT_UNKNOWN")
    return text


def _money(text: str, info: ValidationInfo) -> int:
    """An amount in major units, as the minor units that it is exactly."""
    digits = _known(info).minor_digits
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]+)?", text):
        raise _fault("E_MONEY")
    whole, _, part = text.partition(".")
    minor = int(whole + part[:digits].ljust(digits, "0"))
    if part[digits:].strip("0") or minor > MONEY_MAX:
        raise _fault("E_MONEY")
    return minor


def _some_money(text: str, info: ValidationInfo) -> int:
    minor = _money(text, info)
    if not minor:
        raise _fault("E_MONEY")
    return minor


def _day(text: str, latest_on: date) -> date:
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= latest_on:
        raise _fault("E_DATE")
    return day


def _past_day(text: str, info: ValidationInfo) -> date:
    return _day(text, _known(info).latest_on)


def _expiry(text: str, info: ValidationInfo) -> date | None:
    if not text:
        return None
    day = _day(text, LATEST_EXPIRY)
    if (earned_on := info.data.get("earned_on")) and day < earned_on:
        raise _fault("E_OPENING_EXPIRED")
    return day


def _instant(text: str, info: ValidationInfo) -> datetime:
    if not INSTANT.fullmatch(text):
        raise _fault("E_DATE")
    _day(text[:10], LATEST_EXPIRY)  # Far from where a time zone would lead out of the calendar.
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _fault("E_DATE") from None
    _day(instant.astimezone(_known(info).zone).date().isoformat(), _known(info).latest_on)
    return instant.astimezone(UTC)


def _person(name: str) -> str:
    """A name by which two people are told apart: neither letter case nor blanks matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _approver(text: str, info: ValidationInfo) -> str:
    _text(text, missing="E_APPROVER_MISSING")
    if _person(text) == _person(info.data.get("maker", "")):
        raise _fault("E_APPROVER_IS_MAKER")
    return text


def _second_approver(text: str, info: ValidationInfo) -> str | None:
    second = _optional(text)
    if second is None:
        limit = _known(info).two_approve_above
        if limit is not None and abs(info.data.get("points", 0)) > limit:
            raise _fault("E_SECOND_APPROVER")
        return None
    if _person(second) == _person(info.data.get("maker", "")):
        raise _fault("E_APPROVER_IS_MAKER")
    if _person(second) == _person(info.data.get("approver", "")):
        raise _fault("E_SECOND_APPROVER")
    return second


def _file_no(text: str) -> int:
    return _whole(text, code="E_NOT_WAITING", largest=2**31 - 1)


def _waiting_line(text: str, info: ValidationInfo) -> int:
    line_no = _whole(text, code="E_NOT_WAITING", largest=2**31 - 1)
    if (info.data.get("of_file_no"), line_no) not in _known(info).waiting:
        raise _fault("E_NOT_WAITING")
    return line_no


def _decision(text: str) -> str:
    if text not in ("release", "reject"):
        raise _fault("E_DECISION")
    return text


def _cause(text: str) -> str:
    if text not in ("member", "merchant_fault"):
        raise _fault("E_CAUSE")
    return text


def _known(info: ValidationInfo) -> Known:
    known: Known = info.context  # type: ignore[assignment]  # `read` always gives it.
    return known


Advocate = Annotated[str, BeforeValidator(_advocate)]
PastDay = Annotated[date, BeforeValidator(_past_day)]
Merchant = Annotated[str, BeforeValidator(_merchant)]
SomeMoney = Annotated[int, BeforeValidator(_some_money)]
SignedPoints = Annotated[int, BeforeValidator(_signed_points)]


class Line(BaseModel):
    """One line of a paper. A value is text when it comes, and what it says when it has passed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def row(self, known: Known) -> dict[str, Any]:
        """Its columns in the raw table."""
        return self.model_dump()


class Request(Line):
    """A wish for one reward."""

    request_id: Annotated[str, BeforeValidator(partial(_text, missing="E_REQUEST_MISSING"))]
    advocate: Advocate
    reward: Annotated[str, BeforeValidator(_reward)]
    requested_at: Annotated[datetime, BeforeValidator(_instant)]

    def row(self, known: Known) -> dict[str, Any]:
        """The instant in UTC, and its day where the programme runs."""
        return self.model_dump() | {
            "requested_at": self.requested_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requested_on": self.requested_at.astimezone(known.zone).date(),
        }


class Cancellation(Line):
    """A request that is taken back, wholly or in part."""

    request_no: Annotated[int, BeforeValidator(partial(_whole, code="E_REQUEST_NO", largest=2**62))]
    points: Annotated[int | None, BeforeValidator(_some_points)]
    cause: Annotated[str, BeforeValidator(_cause)]
    cancelled_on: PastDay


class Adjustment(Line):
    """Points given or taken by hand, with who asked for it and who approved it."""

    advocate: Advocate
    points: SignedPoints
    adjusted_on: PastDay
    reason: Annotated[
        str,
        BeforeValidator(partial(_text, missing="E_REASON_MISSING", at_most=REASON_CHARACTERS_MAX)),
    ]
    maker: Annotated[str, BeforeValidator(partial(_text, missing="E_MAKER_MISSING"))]
    approver: Annotated[str, BeforeValidator(_approver)]
    second_approver: Annotated[str | None, BeforeValidator(_second_approver)]

    def row(self, known: Known) -> dict[str, Any]:
        """Who approved it stands in the register, under the number that is given there."""
        return self.model_dump(include={"advocate", "points", "adjusted_on"})


class OpeningBalance(Line):
    """A lot that an advocate brings along, or what they owe."""

    advocate: Advocate
    points: SignedPoints
    earned_on: PastDay
    expires_on: Annotated[date | None, BeforeValidator(_expiry)]


class Merge(Line):
    """Two numbers of one person: all of the first goes to the second."""

    advocate: Advocate
    into_advocate: Advocate


class Reversal(Line):
    """A batch that is taken back as a whole."""

    batch_no: Annotated[int, BeforeValidator(_batch_no)]


class Release(Line):
    """What a person says of a held line, and who approved it."""

    of_file_no: Annotated[int, BeforeValidator(_file_no)]
    of_line_no: Annotated[int, BeforeValidator(_waiting_line)]
    decision: Annotated[str, BeforeValidator(_decision)]
    reason: Annotated[
        str,
        BeforeValidator(partial(_text, missing="E_REASON_MISSING", at_most=REASON_CHARACTERS_MAX)),
    ]
    maker: Annotated[str, BeforeValidator(partial(_text, missing="E_MAKER_MISSING"))]
    approver: Annotated[str, BeforeValidator(_approver)]

    @property
    def line(self) -> str:
        """The held line, as people write it."""
        return f"{self.of_file_no}/{self.of_line_no}"

    def row(self, known: Known) -> dict[str, Any]:
        """Who said it, and why, stands in the register."""
        return self.model_dump(include={"of_file_no", "of_line_no", "decision"})


class Claim(Line):
    """A voucher that a merchant has taken and wants to be paid for."""

    merchant: Merchant
    code: Annotated[str, BeforeValidator(partial(_text, missing="E_CODE_MISSING"))]
    used_on: PastDay
    amount: SomeMoney

    def row(self, known: Known) -> dict[str, Any]:
        """Without the code: whoever knows it may use the voucher. Its request stands for it."""
        return {
            "merchant": self.merchant,
            "used_on": self.used_on,
            "amount_minor": self.amount,
            "received_on": known.received_on,
        }


class Payment(Line):
    """Money that a merchant was paid for used vouchers, and the discount on it."""

    merchant: Merchant
    amount: SomeMoney
    discount: Annotated[int, BeforeValidator(_money)]
    paid_on: PastDay
    reference: Annotated[str, BeforeValidator(partial(_text, missing="E_REFERENCE_MISSING"))]

    def row(self, known: Known) -> dict[str, Any]:
        """The money in minor units."""
        return {
            "merchant": self.merchant,
            "amount_minor": self.amount,
            "discount_minor": self.discount,
            "paid_on": self.paid_on,
            "reference": self.reference,
        }


LINES: dict[str, type[Line]] = {
    "requests": Request,
    "cancellations": Cancellation,
    "adjustments": Adjustment,
    "opening_balances": OpeningBalance,
    "merges": Merge,
    "reversals": Reversal,
    "releases": Release,
    "claims": Claim,
    "payments": Payment,
}


@dataclass(frozen=True)
class Paper:
    """The lines that passed by their numbers, what is wrong with the others, and how many."""

    lines: dict[int, Line]
    faults: list[Fault]
    n_lines: int


def read(data: bytes, feed: str, known: Known) -> Paper:
    """Read a paper and look at each of its lines.

    Raises:
        FileRefused: It is no UTF-8 CSV with the feed's columns, or holds no line.
    """
    records = _records(data)
    columns = _header(next(records, (1, [])), feed)
    lines: dict[int, Line] = {}
    faults: list[Fault] = []
    n_lines = 0
    for line_no, cells in records:
        n_lines += 1
        if len(cells) != len(columns):
            faults.append(Fault(line_no, "E_COLUMNS", columns[0], _shown(",".join(cells))))
            continue
        found = _line(LINES[feed], line_no, dict(zip(columns, cells, strict=True)), known)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            lines[line_no] = found
    if not n_lines:
        raise FileRefused("E_FILE_EMPTY")
    faults += _against_each_other(lines)
    if feed == "claims":
        faults = [_without_code(fault) for fault in faults]
    return Paper(lines, sorted(faults, key=lambda fault: fault.line_no), n_lines)


def _records(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The records with their numbers, as a spreadsheet shows them; empty ones are left out."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_no = data.count(b"\n", 0, error.start) + 1
        raise FileRefused("E_FILE_ENCODING", line_no=line_no) from error
    if "\0" in text:  # As in UTF-16 without its mark.
        raise FileRefused("E_FILE_ENCODING", line_no=text.count("\n", 0, text.index("\0")) + 1)
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for line_no, cells in enumerate(records, start=1):
            if cells:
                yield line_no, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise FileRefused("E_FILE_UNREADABLE", line_no=records.line_num) from error


def _header(record: tuple[int, list[str]], feed: str) -> list[str]:
    columns = list(LINES[feed].model_fields)
    _, cells = record
    if not cells:
        raise FileRefused("E_FILE_EMPTY")
    missing, unexpected = set(columns) - set(cells), set(cells) - set(columns)
    repeated = {cell for cell, times in Counter(cells).items() if times > 1}
    if missing or unexpected or repeated:
        raise FileRefused(
            "E_FILE_HEADER",
            feed=feed,
            missing=_listed(missing),
            unexpected=_listed(unexpected),
            repeated=_listed(repeated),
            columns=", ".join(columns),
        )
    return cells


def _line(kind: type[Line], line_no: int, cells: dict[str, str], known: Known) -> Line | Fault:
    try:
        return kind.model_validate(cells, context=known)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return Fault(line_no, first["type"], str(first["loc"][0]), _shown(str(first["input"])))


def _without_code(fault: Fault) -> Fault:
    """A fault of a claim, to be kept and shown: nothing that may be a code is in it."""
    if fault.code == "E_COLUMNS" or fault.column == "code" or _may_be_code(fault.seen):
        return replace(fault, seen="…")
    return fault


def _may_be_code(text: str) -> bool:
    try:
        read_code(text)
    except VoucherCodeError:
        return False
    return True


def _against_each_other(lines: dict[int, Line]) -> list[Fault]:
    """What is wrong with a line because of another line of the paper."""
    faults: list[Fault] = []
    seen: set[object] = set()
    going = {line.advocate for line in lines.values() if isinstance(line, Merge)}
    for line_no, line in lines.items():
        code, column = _key(line)
        if not code:
            return []
        value = getattr(line, column)
        if value in seen:
            faults.append(Fault(line_no, code, column, str(value)))
        elif isinstance(line, Merge) and line.into_advocate in going:
            faults.append(Fault(line_no, code, "into_advocate", line.into_advocate))
        seen.add(value)
    return faults


def _key(line: Line) -> tuple[str, str]:
    """What no two lines of a paper may have in common, and the code of it; nothing for most."""
    if isinstance(line, Request):
        return "E_REQUEST_TWICE", "request_id"
    if isinstance(line, Merge):
        return "E_MERGED", "advocate"
    if isinstance(line, Reversal):
        return "E_REVERSAL_TWICE", "batch_no"
    if isinstance(line, Release):
        return "E_RELEASE_TWICE", "line"
    if isinstance(line, Payment):
        return "E_PAYMENT_TWICE", "reference"
    return "", ""


def _shown(text: str) -> str:
    """A value as it is repeated in a sentence: on one line, and not too long."""
    cut = text[:SEEN_CHARACTERS_MAX]
    seen = "".join("�" if _is_unseen(character) else character for character in cut)
    return seen + "…" * (len(text) > SEEN_CHARACTERS_MAX)


def _listed(names: set[str]) -> str:
    shown = [
        "“…”" if _may_be_code(name) else f"“{_shown(name)}”"
        for name in sorted(names)[:NAMES_SHOWN_MAX]
    ]
    return ", ".join(shown + ["…"] * (len(names) > NAMES_SHOWN_MAX)) or "–"
