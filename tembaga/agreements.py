"""Agreements: what each partner is, and what its files look like.

A partner is a folder under `sftp_inbound/` with an `agreement.yml`. Adding a partner needs
no code: all that differs between their files is said there.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

PartnerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Language = Literal["id", "en"]

OFFICE = "office"  # Whose papers we land ourselves (tembaga/papers.py): no partner's name.


class AgreementError(Exception):
    """An agreement that cannot be used; its sentence names the file, the field and the remedy."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """Where one of our columns stands in the partner's file."""

    header: str = Field(min_length=1, description="The header, as the partner writes it.")
    upper: bool = Field(False, description="Write it in capitals: codes in two letter cases.")
    strip_suffix: str = Field("", description="Cut this off the end, as `.0` of a float.")


class ActionColumn(Column):
    """Where a line says that it corrects an earlier one, in the partner's own words (S13)."""

    replace: tuple[str, ...] = Field((), description="Words of a line in place of another.")
    void: tuple[str, ...] = Field((), description="Words of a line that takes another back.")
    new: tuple[str, ...] = Field((), description="Words of an ordinary line, besides none.")

    @model_validator(mode="after")
    def _each_word_once(self) -> "ActionColumn":
        words = [self.as_read(word) for word in (*self.replace, *self.void, *self.new)]
        if not (self.replace or self.void):
            raise ValueError("say which words mean replace or void")
        if len(set(words)) < len(words) or "" in words:
            raise ValueError("a word is empty, or stands there twice; each means one thing")
        return self

    def as_read(self, word: str) -> str:
        """A word as it is when the cell was read."""
        return word.upper() if self.upper else word


class SalesColumns(_Part):
    """The columns of a sales file. `amount` is given, or follows from `unit_price`."""

    document: Column = Field(description="The invoice or credit note, as the distributor names it.")
    document_line: Column | None = Field(None, description="The line's number in its document.")
    document_date: Column
    advocate: Column
    second_advocate: Column | None = Field(
        None, description="Who shares the points of the line, where the campaign has a split (S13)."
    )
    outlet: Column
    sku: Column
    quantity: Column
    unit: Column | None = Field(None, description="Of the quantity; empty: as it is sold.")
    amount: Column | None = Field(None, description="Of the line, in major units.")
    unit_price: Column | None = Field(None, description="amount = quantity x unit_price, exactly.")
    returns_document: Column | None = Field(
        None, description="On a return: the document whose sale it takes back."
    )
    action: ActionColumn | None = None
    version: Column | None = Field(None, description="Of the line: 2 is newer than 1.")

    @model_validator(mode="after")
    def _one_amount(self) -> "SalesColumns":
        if (self.amount is None) == (self.unit_price is None):
            raise ValueError("give either amount or unit_price")
        return self

    @model_validator(mode="after")
    def _each_in_its_own_column(self) -> "SalesColumns":
        given = [self.document, self.document_line, self.document_date, self.quantity]
        given += [self.amount or self.unit_price, self.returns_document]
        given += [self.unit, self.action, self.version]
        headers = [column.header for column in given if column is not None]
        if len(set(headers)) < len(headers):
            raise ValueError("two of our columns stand under the same header")
        return self

    @model_validator(mode="after")
    def _a_correction_names_its_line(self) -> "SalesColumns":
        if (self.action is None) != (self.version is None):
            raise ValueError("action and version go together: a correction has a version")
        if self.action is not None and self.document_line is None:
            raise ValueError("action needs document_line: a correction names the line it corrects")
        return self

    def named(self) -> dict[str, Column]:
        """Our name of each column that the file has, and where it stands there."""
        return {name: column for name, column in self if column is not None}


class ControlTotal(_Part):
    """A last line `<mark>, <lines>, <amount>` by which the file proves that it is whole."""

    mark: str = Field(min_length=1, description="The first cell of that line.")


class Unlisted(_Part):
    """What becomes of a line whose advocate, outlet or product we do not have."""

    advocate: Literal["accept", "hold"] = "hold"
    outlet: Literal["accept", "hold"] = "hold"
    sku: Literal["accept", "reject"] = "reject"


class SalesFeed(_Part):
    """How a distributor's sales files are read."""

    files: str = Field(description="Pattern of the names, as `SALES_*.csv`.")
    format: Literal["csv", "xlsx"]
    encoding: Literal["utf-8", "windows-1252"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal["", ".", ",", " "] = ""
    date_format: str = Field("%Y-%m-%d", description="As strptime writes it.")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    tax: Literal["net", "gross"] = Field("net", description="Amounts without or with VAT (S20).")
    max_bytes: int = Field(1024**3, gt=0)
    final_newline: Literal["required", "optional"] = Field(
        "required", description="Required: a file whose last line does not end was cut."
    )
    control_total: ControlTotal | None = None
    columns: SalesColumns
    other_headers: tuple[str, ...] = Field((), description="Headers that are there and not used.")
    unlisted: Unlisted = Unlisted()
    not_products: tuple[str, ...] = Field(
        (), description="Codes that look like a product and are none: postage, fees. `*` matches."
    )

    @model_validator(mode="after")
    def _marks_differ(self) -> "SalesFeed":
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


class Contact(_Part):
    """Whom to write to when a file does not come or is refused."""

    name: str
    email: str


class Agreement(_Part):
    """One partner: who it is, and what it sends."""

    partner: PartnerName
    number: int = Field(ge=1, le=800, description="Ours; it never changes and is never reused.")
    kind: Literal["distributor", "merchant"]
    name: str
    programme: str
    language: Language
    contact: Contact
    sales: SalesFeed | None = None

    @model_validator(mode="after")
    def _feeds_fit_the_kind(self) -> "Agreement":
        if (self.kind == "distributor") != (self.sales is not None):
            raise ValueError("a distributor has a sales feed, and a merchant has none")
        return self

    def feed_of(self, name: str) -> SalesFeed | None:
        """The feed that a file of this name belongs to, or None if it was not agreed."""
        if self.sales is not None and fnmatchcase(name, self.sales.files):
            return self.sales
        return None


def load_agreements(folder: Path, *, programme: str) -> dict[str, Agreement]:
    """Read the agreements of a programme, by partner, ordered by their numbers.

    Raises:
        AgreementError: One cannot be read, does not fit the schema, lies in another
            partner's folder, or takes a number that is taken.
    """
    found = [_load(path) for path in sorted(folder.glob("*/agreement.yml"))]
    by_number: dict[int, Agreement] = {}
    for agreement in found:
        if agreement.programme != programme:
            continue
        if other := by_number.get(agreement.number):
            raise AgreementError(
                f"{agreement.partner}/agreement.yml: number {agreement.number} is "
                f"{other.partner}'s; choose one that no partner has had"
            )
        by_number[agreement.number] = agreement
    return {by_number[number].partner: by_number[number] for number in sorted(by_number)}


def _load(path: Path) -> Agreement:
    where = f"{path.parent.name}/{path.name}"
    try:
        agreement = Agreement.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AgreementError(f"{where}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'agreement'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise AgreementError(f"{where}: {faults}") from error
    if agreement.partner == OFFICE:
        raise AgreementError(
            f"{where}: partner: {OFFICE} is the folder of our own papers; choose another name"
        )
    if agreement.partner != path.parent.name:
        raise AgreementError(f"{where}: partner must be the folder's name, {path.parent.name!r}")
    return agreement
