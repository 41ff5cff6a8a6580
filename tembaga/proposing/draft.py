"""The draft: an agreement as text, with the evidence of each guess beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tembaga.agreement_faults import PLACEHOLDER
from tembaga.agreements import Language
from tembaga.proposing.guess import Guess

EVIDENCE_MAX = 160
FORM = (
    "files", "format", "packing", "encoding", "delimiter", "header_row", "decimal_mark",
    "thousands_mark", "date_format", "final_newline",
)  # fmt: skip
PLAINEST = {"packing": "none", "thousands_mark": "", "header_row": 1, "final_newline": "required"}


@dataclass(frozen=True)
class Subject:
    """What is known of a partner without its file."""

    partner: str
    number: int
    programme: str
    currency: str
    language: Language


def write_draft(subject: Subject, guesses: Sequence[Guess]) -> str:
    """The agreement as YAML. What is open stands in it as a placeholder, and can be read."""
    by_field = {guess.field: guess for guess in guesses}
    return "\n".join([*_head(subject), *_feed(subject, by_field)]) + "\n"


def _head(subject: Subject) -> Iterator[str]:
    yield "# yaml-language-server: $schema=../agreement.schema.json"
    yield "# A draft from one sample. Read every remark; fill in what begins with ??."
    yield f"partner: {subject.partner}"
    yield f"number: {subject.number}  # No partner may have had it; it never changes."
    yield "kind: distributor"
    yield f"name: {_text(f'{PLACEHOLDER} as it stands in answers')}"
    yield f"programme: {subject.programme}"
    yield f"language: {_text(subject.language)}"
    open_name, open_mail = (_text(f"{PLACEHOLDER} {what}") for what in ("a person", "their mail"))
    yield f"contact: {{name: {open_name}, email: {open_mail}}}"
    yield "public_keys: []  # Its public SSH key, as ssh-ed25519 AAAA…"


def _feed(subject: Subject, guesses: dict[str, Guess]) -> Iterator[str]:
    yield "feeds:"
    yield "  sales:"
    for name in FORM:
        if name in guesses and guesses[name].value != PLAINEST.get(name):
            yield f"    {name}: {_value(guesses[name])}"
    yield f"    currency: {subject.currency}  # The programme's."
    yield f"    tax: {_value(guesses['tax'])}"
    if "control_total" in guesses:
        yield f"    control_total: {_value(guesses['control_total'])}"
    yield "    columns:"
    for field, guess in guesses.items():
        if field.startswith("columns."):
            yield f"      {field.removeprefix('columns.')}: {_value(guess)}"
    yield f"    other_headers: {_value(guesses['other_headers'])}"
    if guesses["not_products"].value:
        yield f"    not_products: {_value(guesses['not_products'])}"


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
