"""Reads the worked examples, the tables under `tests/spec/examples/`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.property.inputs import (
    Adjustment,
    Cancellation,
    Input,
    Line,
    Merge,
    OpeningBalance,
    Request,
)

FOLDER = Path(__file__).parent / "examples"
E4 = 10_000


@dataclass
class Step:
    """What comes to one example by the day of a batch, and what must come of it."""

    by: date
    items: list[Input] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    reverses: bool = False
    posted: list[tuple[str, int]] = field(default_factory=list)
    stands: list[str] = field(default_factory=list)


@dataclass
class Example:
    """One example; its advocates bear its name, so that it has them for itself."""

    name: str
    title: str
    programme: str
    steps: list[Step] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)


def examples() -> list[Example]:
    """All examples, in the order of their rules."""
    return [
        example
        for path in sorted(FOLDER.glob("S*.md"))
        for example in _read(path.stem.partition("_")[0], path.read_text(encoding="utf-8"))
    ]


def _read(rule: str, text: str) -> Iterator[Example]:
    for letter, section in zip("abcdefgh", text.split("\n## ")[1:], strict=False):
        title = section.partition("\n")[0]
        programme = re.search(r"^Programme: (\w+)$", section, re.MULTILINE)
        example = Example(rule + letter, title, programme[1] if programme else "spec")
        for row in re.findall(r"^\|(.*)\|$", section, re.MULTILINE)[2:]:
            by, comes, posted, stands = (cell.strip() for cell in row.split("|"))
            if by:
                example.steps.append(Step(date.fromisoformat(by)))
            _take_in(example, comes)
            step = example.steps[-1]
            step.posted += [(part.split()[0], int(part.split()[1])) for part in _list(posted)]
            step.stands += _list(stands)
        yield example


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]


def _take_in(example: Example, words: str) -> None:
    verb, *rest = words.split() or [""]
    said = dict(word.split("=") for word in rest if "=" in word)
    given = [word.replace(",", "") for word in rest if "=" not in word]
    step, advocate = example.steps[-1], f"{example.name}.{said.pop('by', 'A')}"
    match verb:
        case "sale" | "return" | "replace" | "void":
            step.items.append(_line(verb, advocate, given, said))
        case "request":
            name, reward, on = given
            at = said.get("at", "")
            step.items.append(
                Request(f"{example.name}/{name}", advocate, reward, date.fromisoformat(on), at)
            )
        case "issue":
            step.issued.append(f"{example.name}/{given[0]}")
        case "cancel":
            name, on, *points = given
            step.items.append(
                Cancellation(
                    f"{example.name}/{name}",
                    date.fromisoformat(on),
                    int(points[0]) if points else None,
                    said.get("cause", "member"),
                )
            )
        case "adjust":
            step.items.append(Adjustment(advocate, int(given[0]), date.fromisoformat(given[1])))
        case "opening":
            points, earned_on, expires_on = given
            last = None if expires_on == "never" else date.fromisoformat(expires_on)
            step.items.append(
                OpeningBalance(advocate, int(points), date.fromisoformat(earned_on), last)
            )
        case "merge":
            one, other = (f"{example.name}.{letter}" for letter in given)
            step.items.append(Merge(one, other))
        case "reverse":
            step.reverses = True
        case "order":
            example.orders[advocate] = given[0]
        case _:
            assert not verb, f"{example.name}: {words}"


def _line(verb: str, advocate: str, given: list[str], said: dict[str, str]) -> Line:
    document, on, rupiah, *_ = given
    group = advocate[:-2]
    sign = -1 if verb == "return" else 1
    # A document is called after its example: no two distributors' invoices are the same.
    return Line(
        advocate,
        f"{advocate[:-2]}-{document}",
        date.fromisoformat(on),
        sign * int(rupiah) * E4,
        sign * int(said.get("quantity", "1")) * E4,
        said.get("sku", "ANY"),
        said.get("line", "1"),
        returns_document=f"{advocate[:-2]}-{said['of']}" if "of" in said else None,
        action=verb if verb in ("replace", "void") else None,
        version=int(said["version"]) if "version" in said else None,
        unit=said.get("unit"),
        tax_basis=said.get("tax"),
        second_advocate=f"{group}.{said['with']}" if "with" in said else None,
    )
