"""Faults of an agreement in sentences: which field, what is wrong, and what is wanted there."""

import difflib
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

PLACEHOLDER = "??"  # What begins so was not known when the agreement was drafted.

WANTED = {
    "string_type": "write a text, in quotation marks if it looks like something else",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "tuple_type": "write a list, as [one, other]",
    "dict_type": "write fields below it, as `name: value`",
    "model_type": "write fields below it, as `name: value`",
    "model_attributes_type": "write fields below it, as `name: value`",
}
NEEDS_MARKS = (
    "a value that begins with one of % @ & * ! | > { [ , # or holds `: ` stands in quotation marks"
)


class YamlError(Exception):
    """A text that is no YAML, or says one field twice; the sentence names the line."""


class _Reader(yaml.SafeLoader):
    """YAML in which a field stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise YamlError(f"line {key.start_mark.line + 1}: {key.value} stands there twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises:
        YamlError: It cannot be read.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Reader)  # noqa: S506 - a safe one.
    except OSError as error:
        raise YamlError(str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise YamlError("it is not UTF-8; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"{line}{error.problem}; {NEEDS_MARKS}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError(str(error).split("\n")[0]) from error


def sentences(error: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong with an agreement, each field in its turn."""
    return "; ".join(dict.fromkeys(_sentence(fault, model) for fault in error.errors()))


def placeholders(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Each field of an agreement that a draft has left open, and what it says there."""
    if isinstance(value, BaseModel):
        value = dict(value)
    if isinstance(value, str) and value.startswith(PLACEHOLDER):
        yield at, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from placeholders(part, f"{at}.{name}" if at else str(name))
    elif isinstance(value, (list, tuple)):
        for nth, part in enumerate(value):
            yield from placeholders(part, f"{at}.{nth}")


def parts_of(annotation: object) -> Iterator[type[BaseModel]]:
    """The parts of an agreement that a field of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from parts_of(argument)


def _sentence(fault: ErrorDetails, model: type[BaseModel]) -> str:
    path, kind = fault["loc"], fault["type"]
    where = ".".join(str(part) for part in path) or "agreement"
    field, siblings = _field(model, path)
    means = f" ({field.description.rstrip('.')})" if field and field.description else ""
    if kind == "extra_forbidden":
        return f"{where}: {_unknown(str(path[-1]), siblings)}"
    if kind == "missing":
        return f"{where}: is missing{means}"
    if kind == "literal_error":
        wanted = str(fault.get("ctx", {}).get("expected", "")).replace(" or ", ", ")
        return f"{where}: {fault['input']!r} is none of {wanted}{means}"
    if kind == "value_error":
        return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
    said = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{where}: {WANTED.get(kind, said)}; it says {_shown(fault['input'])}{means}"


def _unknown(name: str, siblings: Iterable[str]) -> str:
    known = list(siblings)
    if near := difflib.get_close_matches(name, known, n=1):
        return f"is no field; did you mean {near[0]}?"
    return f"is no field here; there are {', '.join(sorted(known))}"


def _field(
    model: type[BaseModel], path: tuple[int | str, ...]
) -> tuple[FieldInfo | None, Iterable[str]]:
    """The field at a path, if it is known, and the fields beside it."""
    field: FieldInfo | None = None
    models = [model]
    for part in path:
        siblings = {name: found for kind in models for name, found in kind.model_fields.items()}
        field = siblings.get(str(part))
        if field is None and not isinstance(part, int):
            return None, siblings
        models = list(parts_of(field.annotation)) if field is not None else models
    return field, {}


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "fields" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else repr(value)[:60]
