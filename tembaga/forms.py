"""Forms: how the bytes of a partner's file become records of text.

What is said here is said for every feed alike; what the records mean is in `tembaga.feeds`.
"""

import re
from collections import Counter
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

# The parts of a day and time in a form of strptime: how many digits each has, or a word.
DIGITS = {
    "%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%I": 2, "%M": 2, "%S": 2, "%f": 6,
}  # fmt: skip
WORDS = ("%B", "%b", "%p")
YEARS, MONTHS, HOURS = ("%Y", "%y"), ("%m", "%B", "%b"), ("%H", "%I")
_PART = re.compile(r"%-[dmyjHIMS]|%.?|[^%]+")


def parts_of(date_format: str) -> list[str]:
    """The parts of a form of strptime, and what stands between them; `%-d` is `%d`."""
    return [
        part.replace("%-", "%") if len(part) > 2 and part.startswith("%") else part
        for part in _PART.findall(date_format)
    ]


class Part(BaseModel):
    """A part of an agreement: a word that is not known is a mistake, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Part):
    """Where a cell stands in a line of fixed width, in characters."""

    start: int = Field(ge=1, description="Its first character; that of the line is 1.")
    width: int = Field(ge=1, le=1000, description="How many characters it has.")

    @property
    def end(self) -> int:
        """The last of its characters."""
        return self.start + self.width - 1


class Form(Part):
    """How a file is read. All of it is agreed, and nothing is guessed when a file comes."""

    files: str = Field(description="Pattern of the names, as `SALES_*.csv`.")
    format: Literal["csv", "fixed", "xlsx", "xls", "jsonl", "parquet"] = Field(
        description="`csv` is any delimited text, `fixed` lines of fixed width."
    )
    packing: Literal["none", "gz", "zip"] = Field("none", description="`zip` holds one file.")
    encryption: Literal["none", "pgp"] = Field("none", description="Of the packed file.")
    encoding: Literal["utf-8", "utf-16", "windows-1252"] = Field(
        "utf-8", description="Of a text; `utf-8` with or without a byte order mark."
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        ",", description='Between the cells of a `csv`; a tab is written `"\\t"`.'
    )
    header_row: int = Field(
        1, ge=0, le=100, description="Where the header stands; 0: none, columns are `1`, `2`, …"
    )
    sheet: Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)] = Field(
        1, description="Of a workbook: the sheet's number from 1 on, or its name."
    )
    spans: dict[str, Span] = Field(
        {}, description="Of a line of fixed width: where the cell under each header stands."
    )
    decimal_mark: Literal[".", ","] = Field(".", description="Before the decimals of a number.")
    thousands_mark: Literal["", ".", ",", " "] = Field(
        "", description="Between groups of three digits; a number may also be without it."
    )
    date_format: str = Field(
        "%Y-%m-%d", description="As strptime writes it: `%d/%m/%Y` is 31/01/2026."
    )
    max_bytes: int = Field(1024**3, gt=0, description="A larger file is refused.")
    final_newline: Literal["required", "optional"] = Field(
        "required", description="Required: a file whose last line does not end was cut."
    )

    def __hash__(self) -> int:
        return hash((self.files, self.format))  # `spans` has no hash, and two forms seldom differ.

    @model_validator(mode="after")
    def _marks_differ(self) -> "Form":
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("decimal_mark and thousands_mark are the same")
        if self.delimiter in '"\r\n' or (self.format == "csv" and self.delimiter == "."):
            raise ValueError("delimiter cannot be a quotation mark, a line end or a point")
        return self

    @model_validator(mode="after")
    def _spans_are_those_of_lines(self) -> "Form":
        if (self.format == "fixed") != bool(self.spans):
            raise ValueError("spans are given if the format is fixed, and only then")
        spans = sorted(self.spans.values(), key=lambda span: span.start)
        if any(before.end >= span.start for before, span in pairwise(spans)):
            raise ValueError("two spans share a character")
        return self

    @model_validator(mode="after")
    def _header_fits_the_format(self) -> "Form":
        if self.header_row != 1 and self.format in ("jsonl", "parquet"):
            raise ValueError("header_row: jsonl and parquet name their columns themselves")
        if self.header_row == 0 and self.format in ("xlsx", "xls"):
            raise ValueError("header_row: a workbook has a header")
        if self.format == "jsonl" and self.encoding != "utf-8":
            raise ValueError("encoding: jsonl is always utf-8")
        return self

    @field_validator("date_format")
    @classmethod
    def _is_a_day(cls, form: str) -> str:
        parts = Counter(part for part in parts_of(form) if part.startswith("%"))
        if unknown := [part for part in parts if part not in (*DIGITS, *WORDS)]:
            raise ValueError(f"{unknown[0]} is no part of a day or time; use %Y, %m, %d, %H, …")
        if twice := [part for part, times in parts.items() if times > 1]:
            raise ValueError(f"{twice[0]} stands there twice")
        years, months, hours = (
            [part for part in choice if part in parts] for choice in (YEARS, MONTHS, HOURS)
        )
        if len(years) != 1:
            raise ValueError("a day needs one year: %Y or %y")
        days = (len(months), "%d" in parts, "%j" in parts)
        if days not in ((1, True, False), (0, False, True)):
            raise ValueError(
                "a day needs one month (%m, %b or %B; %M is minutes) and %d, or %j alone"
            )
        if len(hours) > 1 or ("%M" in parts and not hours):
            raise ValueError("minutes (%M; months are %m) need one hour: %H or %I")
        return form
