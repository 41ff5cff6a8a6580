"""The words about settings: what one may be, and what is wrong with one that is not.

A value that may hold a password is never part of them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

PREFIX = "TEMBAGA_"
OF_DBT = f"{PREFIX}DBT_"  # What `tembaga/dbt.py` tells dbt's profile; no settings of ours.
ALIKE = 0.9  # Of two names; from here on one is taken for a slip of the other.
SHOWN_CHARACTERS = 60


class SettingsError(Exception):
    """Settings that cannot be used; a sentence for each, one a line."""


@dataclass(frozen=True)
class MayBe:
    """What a setting may be, in words."""

    words: str


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name}".upper()


def may_be(field: FieldInfo) -> str:
    """What a setting may be: its words, or the values that there are."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.annotation))
    [words] = [part.words for part in field.metadata if isinstance(part, MayBe)]
    return words


def sentences(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """A sentence for each setting that is wrong: which, what it is, and what it may be."""
    return "\n".join(
        dict.fromkeys(_sentence(each, fields) for each in error.errors(include_url=False))
    )


def refuse_misspelt(fields: Mapping[str, FieldInfo]) -> None:
    """Refuse a variable that is no setting, and looks like one.

    Raises:
        SettingsError: There is one; it names the setting that may be meant.
    """
    for name in sorted(os.environ):
        said = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or name.startswith(OF_DBT) or said in fields:
            continue
        if meant := get_close_matches(said, fields, n=1, cutoff=ALIKE):
            raise SettingsError(
                f"{name} is no setting; if {variable(meant[0])} is meant, call it that."
            )


def refuse_garbage(path: Path) -> None:
    """Refuse a file of settings that holds anything but settings.

    Raises:
        SettingsError: It does, or cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            broken = [part.original.line for part in parse_stream(file) if part.error]
    except (FileNotFoundError, NotADirectoryError):  # None, or the home is none: said later.
        return
    except (OSError, UnicodeDecodeError):
        broken = [1]
    if broken:
        raise SettingsError(
            f"{path} is not as the embedded services write it (line {broken[0]}): end what runs "
            "on this home, remove the file, and run this again."
        )


def _sentence(error: Any, fields: Mapping[str, FieldInfo]) -> str:
    if not error["loc"]:
        return str(error["msg"])  # It was written here.
    name = str(error["loc"][0])
    field = fields[name]
    what = (field.description or "").partition(";")[0]
    return (
        f"{variable(name)} is {_shown(error['input'], field)}; it is {what}, "
        f"and may be {may_be(field).replace('`', '')}."
    )


def _shown(value: object, field: FieldInfo) -> str:
    is_secret = not field.repr or SecretStr in get_args(field.annotation)
    if is_secret:
        return "not what it has to be (it is not shown, as it may hold a password)"
    said = repr(str(value))
    return said if len(said) <= SHOWN_CHARACTERS else f"{said[:SHOWN_CHARACTERS]}…'"
