"""The draft: an agreement as text, with the evidence of each guess beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tembaga.agreement_faults import PLACEHOLDER
from tembaga.agreements import MAY_SEND, Language
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.proposing.columns import REQUIRED
from tembaga.proposing.guess import Guess

EVIDENCE_MAX = 160
SALES = "sales"
FEEDS = (SALES, *(feed.name for feed in PLAIN_FEEDS))
FORM = (
    "files", "format", "packing", "encoding", "delimiter", "header_row", "decimal_mark",
    "thousands_mark", "date_format", "final_newline",
)  # fmt: skip
PLAINEST = {"packing": "none", "thousands_mark": "", "header_row": 1, "final_newline": "required"}


@dataclass(frozen=True)
class Subject:
    """What is known of a partner without its file; `feeds` are those that it may send."""

    partner: str
    number: int
    programme: str
    currency: str
    language: Language
    feeds: tuple[str, ...] = FEEDS


def write_draft(subject: Subject, feed: str, guesses: Sequence[Guess]) -> str:
    """The agreement as YAML. What is open stands in it as a placeholder, and can be read."""
    kind = "merchant" if feed in MAY_SEND["merchant"] else "distributor"
    lines = [*_head(subject, kind), *_may_also_send(feed), "feeds:"]
    if kind == "distributor" and feed != SALES:
        lines += _sales_to_come(subject)
    return "\n".join([*lines, *_feed(subject, feed, guesses)]) + "\n"


def write_section(subject: Subject, feed: str, guesses: Sequence[Guess]) -> str:
    """The part of an agreement that says one feed, indented as it stands under `feeds:`."""
    return "\n".join(_feed(subject, feed, guesses)) + "\n"


def _head(subject: Subject, kind: str) -> Iterator[str]:
    yield "# yaml-language-server: $schema=../agreement.schema.json"
    yield "# A draft from one sample. Read every remark; fill in what begins with ??."
    yield f"partner: {subject.partner}"
    yield f"number: {subject.number}  # No partner may have had it; it never changes."
    yield f"kind: {kind}"
    yield f"name: {_text(f'{PLACEHOLDER} as it stands in answers')}"
    yield f"programme: {subject.programme}"
    yield f"language: {_text(subject.language)}"
    open_name, open_mail = (_text(f"{PLACEHOLDER} {what}") for what in ("a person", "their mail"))
    yield f"contact: {{name: {open_name}, email: {open_mail}}}"
    yield "public_keys: []  # Its public SSH key, as ssh-ed25519 AAAA…"


def _may_also_send(feed: str) -> Iterator[str]:
    if feed not in {name for names in MAY_SEND.values() for name in names}:
        yield f"may_also_send: [{feed}]  # Ask whether we owe what it says."


def _sales_to_come(subject: Subject) -> Iterator[str]:
    """A distributor sends sales, too: what nobody has seen yet is open."""
    yield "  sales:  # Draft it from a file of sales, and put that here in its place."
    yield f"    files: {_text(f'{PLACEHOLDER} files of sales')}"
    yield "    format: csv"
    yield f"    currency: {subject.currency}  # The programme's."
    yield "    columns:"
    for name in REQUIRED:
        header = _text(f"{PLACEHOLDER} {name}")
        yield f"      {name}: {{header: {header}}}"


def _feed(subject: Subject, feed: str, guesses: Sequence[Guess]) -> Iterator[str]:
    by_field = {guess.field: guess for guess in guesses}
    yield f"  {feed}:"
    for name in FORM:
        if name in by_field and by_field[name].value != PLAINEST.get(name):
            yield f"    {name}: {_value(by_field[name])}"
    if feed == SALES:
        yield f"    currency: {subject.currency}  # The programme's."
    for name in ("tax", "control_total"):
        if name in by_field:
            yield f"    {name}: {_value(by_field[name])}"
    yield "    columns:"
    for field, guess in by_field.items():
        if field.startswith("columns."):
            yield f"      {field.removeprefix('columns.')}: {_value(guess)}"
    for name in ("other_headers", "not_products"):
        if name in by_field and (by_field[name].value or name == "other_headers"):
            yield f"    {name}: {_value(by_field[name])}"


def _value(guess: Guess) -> str:
    value = guess.value
    if value is None:
        value = {"header": f"{PLACEHOLDER} {guess.field.rpartition('.')[2]}"}
    evidence = " ".join(guess.evidence.split())[:EVIDENCE_MAX]
    return f"{_text(value)}  # {guess.sure}: {evidence}"


def _text(value: object) -> str:
    """A value as YAML reads it again: JSON is YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_text(part)}" for name, part in value.items()) + "}"
    return json.dumps(value, ensure_ascii=not str(value).isprintable())
