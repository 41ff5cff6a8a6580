"""Forms: how the bytes of a partner's file become records of text.

What is said here is said for every feed alike; what the records mean is in `tembaga.feeds`.
"""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Part(BaseModel):
    """A part of an agreement: a word that is not known is a mistake, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(Part):
    """How a file is read."""

    files: str = Field(description="Pattern of the names, as `SALES_*.csv`.")
    format: Literal["csv", "xlsx"]
    encoding: Literal["utf-8", "windows-1252"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal["", ".", ",", " "] = ""
    date_format: str = Field("%Y-%m-%d", description="As strptime writes it.")
    max_bytes: int = Field(1024**3, gt=0)
    final_newline: Literal["required", "optional"] = Field(
        "required", description="Required: a file whose last line does not end was cut."
    )

    @model_validator(mode="after")
    def _marks_differ(self) -> "Form":
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("decimal_mark and thousands_mark are the same")
        if self.delimiter in '"\r\n' or (self.format == "csv" and self.delimiter == "."):
            raise ValueError("delimiter cannot be a quotation mark, a line end or a point")
        return self

    @field_validator("date_format")
    @classmethod
    def _is_a_day(cls, form: str) -> str:
        codes = re.findall(r"%-?(.)", form)
        if unknown := sorted(set(codes) - set("YymdBbjHIMSfp%")):
            raise ValueError(f"%{unknown[0]} is no part of a day or time; use %Y, %m, %d, %H, …")
        year, day = {"Y", "y"} & set(codes), {"d", "j"} & set(codes)
        if not (year and day):
            raise ValueError("a day needs a year (%Y or %y) and a day (%d or %j)")
        return form
