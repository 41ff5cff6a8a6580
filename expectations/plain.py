"""What every line of a plain feed must be, whatever it is about.

The table has one row a line, made by `tembaga.plain_lines`. What its columns must hold follows
from their kinds; the modules of the feeds add what is said of one feed alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import great_expectations as gx

from expectations.rules import SPOILT_NOTES, is_spoilt, line_rule, rule
from tembaga.kinds import CODE, FIRST_DAY, LAST_DAY, TEXT, Cell
from tembaga.plain_feeds import PlainFeed
from tembaga.suites import Rule


@dataclass(frozen=True)
class Facts:
    """What rules go by: the last day that something may have happened on, and the programme's.

    `minor_digits` are those of its currency; `two_approve_above` is None where one always does.
    """

    latest_on: date
    minor_digits: int = 0
    two_approve_above: int | None = None


def plain_suite(feed: PlainFeed, own: Iterable[Rule] = (), *, facts: Facts) -> gx.ExpectationSuite:
    """The rules of a plain feed: those of its columns, its `own`, and those of repeats."""
    return gx.ExpectationSuite(
        name=feed.name,
        expectations=[
            *_rules_of_all(feed),
            *(
                rule
                for name, cell in feed.columns.cells().items()
                if name in feed.columns.given()
                for rule in _rules_of(name, cell, facts.latest_on)
            ),
            *own,
            *(_repeats(feed) if feed.key else ()),
        ],
    )


def where(code: str, field: str, failing: str, *, notes: str, seen: str | None = None) -> Rule:
    """The rule that no line is `failing`; what is said is what stands in its field."""
    return line_rule(code, field, f"fits and ({failing})", seen=seen or _text(field), notes=notes)


def _text(field: str) -> str:
    return f"{field}_text" if field else "cast(null as varchar)"


def _rules_of_all(feed: PlainFeed) -> Iterable[Rule]:
    yield rule(
        "E_FILE_EMPTY",
        "",
        "select found_lines from (select count(*) as found_lines from {batch}) "
        "where found_lines = 0",
        notes="A header alone is an export that went wrong.",
    )
    yield line_rule(
        "E_COLUMNS",
        "",
        "not fits",
        seen="cells",
        notes="A cell too few or too many shifts all that follow; no value is guessed.",
    )


def _rules_of(name: str, cell: Cell, latest_on: date) -> Iterable[Rule]:
    if not cell.may_be_empty:
        yield where(
            "E_MISSING",
            name,
            f"{name}_text is null",
            notes="Without it the line does not say enough to be acted upon.",
        )
    if cell.kind.code == "E_VOUCHER_CODE":
        return  # Judged by who knows the vouchers.
    if cell.kind in (CODE, TEXT):
        yield where("E_SPOILT", name, is_spoilt(f"{name}_text"), notes=SPOILT_NOTES)
    unreadable = f"{name} is null and {name}_text is not null"
    if cell.kind.type == "date":
        last = LAST_DAY if cell.kind.may_be_ahead else latest_on
        unreadable += f" or {name} not between date '{FIRST_DAY}' and date '{last}'"
    if cell.kind.type == "timestamp":
        unreadable += f" or cast({name} as date) not between date '{FIRST_DAY}' and '{latest_on}'"
    yield where(
        cell.kind.code,
        name,
        unreadable,
        notes="Read strictly in the form agreed: what was guessed might be wrong.",
    )
    yield where(
        "E_TOO_LONG",
        name,
        f"length({name}_text) > {cell.kind.length}",
        seen=f"left({name}_text, 40)",
        notes="No such value of anybody's is so long: a cell that swallowed others.",
    )


def _repeats(feed: PlainFeed) -> Iterable[Rule]:
    named = [name for name in feed.columns.cells() if name in feed.columns.given()]
    key = ", ".join(feed.key)
    known = " and ".join(f"{name} is not null" for name in feed.key)
    content = f"hash({', '.join(f'{name}_text' for name in named)})"
    seen = _text(feed.key[0])
    differ = f"min({content}) over same <> max({content}) over same"
    window = f"window same as (partition by {key})"
    yield rule(
        "E_TWICE",
        feed.key[0],
        f"select line_no, {seen} as seen from {{batch}} where fits and {known} "
        f"{window} qualify {differ}",
        notes="Two lines of one file about the same thing: we cannot know which is meant.",
    )
    yield rule(
        "DUPLICATE",
        feed.key[0],
        f"select line_no, {seen} as seen from {{batch}} where fits and {known} {window} "
        f"qualify not ({differ}) and row_number() over (partition by {key} order by line_no) > 1",
        notes="The same line written twice counts once; the first stands.",
    )
