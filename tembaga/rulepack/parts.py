"""What the files of a rule pack have in common: how they are read, and what is said of faults."""

import csv
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Whole = Annotated[int, Field(gt=0)]
Points = Annotated[int, Field(gt=0, le=1_000_000_000)]

EXACT = re.compile(r"(\d{1,9})(?:\.(\d{1,9})|/(\d{1,9}))?")


class RulePackError(Exception):
    """A file of the rule pack that cannot be used; the sentence names file, field and remedy."""


class Part(BaseModel):
    """A part of a YAML file: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Part)


class Words(Part):
    """The same words in Indonesian and in English."""

    id: str
    en: str


def exact(written: str) -> Fraction:
    """The number that `12`, `0.8` or `4/5` writes, exactly.

    Raises:
        ValueError: It is written otherwise.
    """
    if not (found := EXACT.fullmatch(written)) or (found[3] and not int(found[3])):
        raise ValueError(f"{written!r} is no exact number; write it as 12, 0.8 or 4/5")
    return Fraction(written)


def read_part(kind: type[P], path: Path) -> P:
    """Read a YAML file of a rule pack.

    Raises:
        RulePackError: It is missing, is not YAML, or does not fit its schema.
    """
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RulePackError(f"{where(path)}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or path.stem}: {fault['msg']}"
            for fault in error.errors()
        )
        raise RulePackError(f"{where(path)}: {faults}") from error


def read_table(path: Path, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file of a rule pack, each with its line's number.

    Raises:
        RulePackError: It is not UTF-8 CSV with these columns, or a row is not as wide.
    """
    named = f"{', '.join(columns[:-1])} and {columns[-1]}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restkey="", restval=None)
            if missing := set(columns) - set(rows.fieldnames or ()):
                raise RulePackError(
                    f"{where(path)}: cannot be read as UTF-8 CSV with the columns {named}: "
                    f"{sorted(missing)[0]} is missing"
                )
            for row in rows:
                if "" in row or None in row.values():
                    raise RulePackError(
                        f"{where(path)}: line {rows.line_num}: not as many cells as the header"
                    )
                yield rows.line_num, {name: row[name].strip() for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RulePackError(
            f"{where(path)}: cannot be read as UTF-8 CSV with the columns {named}: {error}"
        ) from error


def where(path: Path) -> str:
    """The name of a file in a sentence."""
    return f"{path.parent.name}/{path.name}"
