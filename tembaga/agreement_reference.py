"""The fields of an agreement, as a page for people and as a schema for editors.

Both are made from the models, so that they say what is checked; a test keeps what lies in
the tree the same.
"""

import json
from datetime import date
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tembaga.agreement_faults import parts_of
from tembaga.agreements import Agreement

HEAD = ["| field | what it says | values | if it is not there |", "|---|---|---|---|"]
NAMES = {str: "text", int: "number", bool: "true, false", date: "day, as 2026-03-31"}


def as_tables() -> str:
    """Every field of an agreement as Markdown, one table for each part."""
    tables = []
    for part, path in _parts().items():
        title = f"### {path or 'agreement'}\n\n{(part.__doc__ or '').strip().splitlines()[0]}"
        rows = [_row(name, field) for name, field in part.model_fields.items()]
        tables.append("\n".join([title, "", *HEAD, *rows]))
    return "\n\n".join(tables)


def as_schema() -> str:
    """The JSON schema of an agreement, by which editors complete and check it."""
    schema = Agreement.model_json_schema()
    return json.dumps(
        {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=1
    )


def _parts() -> dict[type[BaseModel], str]:
    """The agreement and the parts in it, each kind of part once, with the first of its paths."""
    found: dict[type[BaseModel], str] = {Agreement: ""}
    waiting: list[type[BaseModel]] = [Agreement]
    while waiting:
        holder = waiting.pop(0)
        for name, field in holder.model_fields.items():
            for part in parts_of(field.annotation):
                if part not in found:
                    found[part] = f"{found[holder]}.{name}".lstrip(".")
                    waiting.append(part)
    return found


def _row(name: str, field: FieldInfo) -> str:
    missing = "refused" if field.is_required() else _default(field)
    cells = (f"`{name}`", field.description or "", _values(field.annotation), missing)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    default: Any = field.default
    is_nothing = default is PydanticUndefined or default in (None, "", (), {}, False)
    return "–" if is_nothing or isinstance(default, BaseModel) else f"`{default}`"


def _values(annotation: object) -> str:
    """What may stand there, in words."""
    if annotation is type(None):
        return ""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" if value else "nothing" for value in get_args(annotation))
    if isinstance(annotation, type) and annotation in NAMES:
        return NAMES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "fields"
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    if get_origin(annotation) is tuple:
        return f"list of {_values(arguments[0])}"
    if get_origin(annotation) is dict:
        return f"{_values(arguments[1])} by header"
    words = [_values(argument) for argument in arguments if not hasattr(argument, "metadata")]
    return " or ".join(dict.fromkeys(word for word in words if word))
