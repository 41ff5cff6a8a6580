"""Letters: put a statement into words, as a mail in HTML and the same in plain text.

The words stand in `templates/words/<language>.yml` under the same keys for every language,
and the templates look them up: `say("headline", day=…)`. Templates place values and never
compute them; how a language writes numbers, money and days is done here.
"""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tembaga.movements import Row
from tembaga.rulepack import MINOR_UNITS, Programme
from tembaga.settings import PROJECT
from tembaga.statement import Statement

TEMPLATES = PROJECT / "templates"

TEXT_WIDTH = 72
FIGURE_WIDTH = 13  # Of the right-hand column of the plain text.

SYMBOLS = {"IDR": "Rp\N{NO-BREAK SPACE}", "GBP": "£"}
MINUS = "\N{MINUS SIGN}"


class WordsError(Exception):
    """A language lacks words that a statement needs; the sentence names file and key."""


@dataclass(frozen=True)
class Letter:
    """A statement in the words of its advocate's language."""

    subject: str
    html: str
    text: str


def write(statement: Statement, programme: Programme) -> Letter:
    """Put a statement into the words of its advocate's language.

    Raises:
        WordsError: There are no words for the language, or for a movement of this rule.
    """
    language = load_language(statement.party.language)
    templates = environment(statement.party.language)
    values = {"statement": statement, "programme": programme}
    return Letter(
        subject=language.say(
            "subject",
            programme=programme.name,
            month=language.month(statement.span.ends_on),
            points=language.number(statement.closing["available"]),
        ),
        html=templates.get_template("statement.html.j2").render(values),
        text=templates.get_template("statement.txt.j2").render(values),
    )


@dataclass(frozen=True)
class Language:
    """The words of a language, and how it writes numbers, money and days."""

    name: str
    words: Mapping[str, str]

    def say(self, key: str, **values: str) -> str:
        """The words under `key`, with the values in their places."""
        try:
            return self.words[key].format(**values)
        except KeyError as error:
            raise WordsError(
                f"templates/words/{self.name}.yml: {key} is missing, or asks for a value "
                f"that it is not given ({error})"
            ) from error

    def number(self, value: int) -> str:
        """A whole number, as 1.234 or 1,234."""
        return self._decimal(value, digits=0, at_least=0)

    def change(self, value: int) -> str:
        """A whole number with its sign."""
        return ("+" if value > 0 else "") + self.number(value)

    def quantity(self, value_e4: int) -> str:
        """A quantity, with as many decimals as it needs."""
        return self._decimal(value_e4, digits=4, at_least=0)

    def money(self, amount: Decimal, currency: str) -> str:
        """Money in its major unit, exact to ten decimals."""
        numerator, denominator = amount.as_integer_ratio()
        return self._money(numerator * 10**10 // denominator, 10, currency)

    def money_e4(self, value_e4: int, currency: str) -> str:
        """Money in ten-thousandths of its major unit."""
        return self._money(value_e4, 4, currency)

    def money_minor(self, value_minor: int, currency: str) -> str:
        """Money in its minor unit."""
        return self._money(value_minor, MINOR_UNITS[currency], currency)

    def day(self, day: date) -> str:
        """A day with month and year in full."""
        month = self.say(f"months.{day.month}")
        return self.say("day", day=str(day.day), month=month, year=str(day.year))

    def short_day(self, day: date) -> str:
        """A day without its year."""
        return f"{day.day} {self.say(f'short_months.{day.month}')}"

    def month(self, day: date) -> str:
        """The month and year of a day."""
        return f"{self.say(f'months.{day.month}')} {day.year}"

    def purpose(self, row: Row) -> str:
        """What a movement was for."""
        reward = self.say("of_reward", reward=row.reward) if row.reward else ""
        return self.say(f"movements.{row.rule}") + reward

    def origin(self, row: Row) -> str:
        """The document that a movement stems from, if it stems from one."""
        if not row.document:
            return ""
        day = self.short_day(row.document_date or row.event_on)
        return self.say("of_document", document=row.document, day=day)

    def _money(self, value: int, digits: int, currency: str) -> str:
        is_round = currency == "IDR" and value % 10**digits == 0  # Nobody prices in sen.
        at_least = 0 if is_round else MINOR_UNITS[currency]
        amount = self._decimal(abs(value), digits=digits, at_least=at_least)
        return (
            (MINUS if value < 0 else "")
            + SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
            + amount
        )

    def _decimal(self, value: int, *, digits: int, at_least: int) -> str:
        whole, rest = divmod(abs(value), 10**digits)
        fraction = f"{rest:0{digits}d}".rstrip("0").ljust(at_least, "0") if digits else ""
        grouped = f"{whole:,}".replace(",", self.say("thousands_mark"))
        decimals = self.say("decimal_mark") + fraction if fraction else ""
        return (MINUS if value < 0 else "") + grouped + decimals


def columns(cells: list[str]) -> str:
    """One line of plain text: the first cell on the left, the others in figure columns."""
    figures = "".join(cell.rjust(FIGURE_WIDTH) for cell in cells[1:])
    return cells[0].ljust(TEXT_WIDTH - len(figures)) + figures


def entry(text: str, figure: str, head: str = "", indent: int = 0) -> str:
    """A line with a figure on the right; text that is too long goes on below itself."""
    start = " " * indent + head
    room = TEXT_WIDTH - FIGURE_WIDTH - len(start)
    first, *rest = textwrap.wrap(text, room) or [""]
    lines = [(start + first).ljust(TEXT_WIDTH - FIGURE_WIDTH) + figure.rjust(FIGURE_WIDTH)]
    return "\n".join(lines + [" " * len(start) + line for line in rest])


def paragraph(text: str, indent: int = 0) -> str:
    """Running text, filled to the width of the page."""
    return textwrap.fill(
        text, TEXT_WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent
    )


@cache
def load_language(name: str) -> Language:
    """Read the words of a language.

    Raises:
        WordsError: There are none.
    """
    path = TEMPLATES / "words" / f"{name}.yml"
    if not path.is_file():
        raise WordsError(f"templates/words/{name}.yml: there are no words in this language")
    return Language(name, dict(_flat(yaml.safe_load(path.read_text(encoding="utf-8")))))


def _flat(words: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in words.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@cache
def environment(name: str) -> Environment:
    """The templates, with a language's words as `say` and its ways of writing as filters."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    language = load_language(name)
    environment.globals["language"] = name
    environment.globals["say"] = language.say
    for write_value in (
        language.number,
        language.change,
        language.quantity,
        language.money,
        language.money_e4,
        language.money_minor,
        language.day,
        language.short_day,
        language.month,
        language.purpose,
        language.origin,
        columns,
        entry,
        paragraph,
    ):
        environment.filters[write_value.__name__] = write_value
    return environment
