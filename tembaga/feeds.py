"""Feeds: what the records of a partner's file mean, column by column."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from tembaga.due import Due
from tembaga.forms import Form, Part
from tembaga.plausible import Plausible


class Column(Part):
    """Where one of our columns stands in the partner's file, or what it says in every line."""

    header: str = Field("", description="The header, as the partner writes it, in any language.")
    constant: str = Field(
        "", description="In place of a header: what every line says, where the file has no column."
    )
    default: str = Field("", description="What an empty cell says.")
    upper: bool = Field(False, description="Write it in capitals: codes in two letter cases.")
    strip_suffix: str = Field("", description="Cut this off the end, as `.0` of a float.")

    @model_validator(mode="after")
    def _has_its_value_from_one_place(self) -> "Column":
        if bool(self.header) == bool(self.constant):
            raise ValueError("give either header or constant")
        if self.constant and self.default:
            raise ValueError("a constant is never empty: it has no default")
        return self


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


class Columns(Part):
    """Where the columns of a feed stand in the partner's file."""

    def named(self) -> dict[str, Column]:
        """Our name of each column that the file has, and where it stands there."""
        return {name: column for name, column in self.given().items() if column.header}

    def given(self) -> dict[str, Column]:
        """Our name of each column that was agreed, in the file or constant."""
        return {name: column for name, column in self if column is not None}

    def may_be_days(self) -> set[str]:
        """The headers under which a cell may be a day: of days, moments and free texts."""
        raise NotImplementedError


class SalesColumns(Columns):
    """The columns of a sales file. `amount` is given, or follows from `unit_price`."""

    document: Column = Field(description="The invoice or credit note, as the distributor names it.")
    document_line: Column | None = Field(None, description="The line's number in its document.")
    document_date: Column = Field(description="Of the document: the business date of the sale.")
    advocate: Column = Field(description="Who is rewarded: the number on the member card.")
    second_advocate: Column | None = Field(
        None, description="Who shares the points of the line, where the campaign has a split (S13)."
    )
    outlet: Column = Field(description="The shop or workshop that bought.")
    sku: Column = Field(description="The product, by the code in the programme's list.")
    quantity: Column = Field(description="How much of it; negative on a return.")
    unit: Column | None = Field(None, description="Of the quantity; empty: as it is sold.")
    amount: Column | None = Field(None, description="Of the line, in major units.")
    unit_price: Column | None = Field(None, description="amount = quantity x unit_price, exactly.")
    returns_document: Column | None = Field(
        None, description="On a return: the document whose sale it takes back."
    )
    action: ActionColumn | None = Field(
        None, description="Whether the line replaces or voids an earlier one (S13)."
    )
    version: Column | None = Field(None, description="Of the line: 2 is newer than 1.")

    def may_be_days(self) -> set[str]:
        """The header of the document's date."""
        return {self.document_date.header}

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
        headers = [column.header for column in given if column is not None and column.header]
        if len(set(headers)) < len(headers):
            raise ValueError("two of our columns stand under the same header")
        return self

    @model_validator(mode="after")
    def _lines_are_told_apart(self) -> "SalesColumns":
        for name in ("document", "document_line", "amount", "unit_price", "action", "version"):
            column = getattr(self, name)
            if column is not None and column.constant:
                raise ValueError(f"{name} differs from line to line: it needs a header")
        return self

    @model_validator(mode="after")
    def _a_correction_names_its_line(self) -> "SalesColumns":
        if (self.action is None) != (self.version is None):
            raise ValueError("action and version go together: a correction has a version")
        if self.action is not None and self.document_line is None:
            raise ValueError("action needs document_line: a correction names the line it corrects")
        return self


class ControlTotal(Part):
    """A last line `<mark>, <lines>, <amount>` by which the file proves that it is whole."""

    mark: str = Field(min_length=1, description="The first cell of that line.")


class Unlisted(Part):
    """What becomes of a line whose advocate, outlet or product we do not have."""

    advocate: Literal["accept", "hold"] = Field("hold", description="One who is not enrolled.")
    outlet: Literal["accept", "hold"] = Field("hold", description="One that is not enrolled.")
    sku: Literal["accept", "reject"] = Field(
        "reject", description="One that is not in the programme's list."
    )


class Feed(Form):
    """How the files of one kind are read, and which columns they have."""

    name: ClassVar[str]
    columns: Columns = Field(description="Which of our columns stands under which header.")
    other_headers: tuple[str, ...] = Field((), description="Headers that are there and not used.")
    due: Due | None = Field(None, description="When a file is missed; none: never.")


class SalesFeed(Feed):
    """How a distributor's sales files are read."""

    name: ClassVar[str] = "sales"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        description="Three capitals, as `IDR`: the programme's own."
    )
    tax: Literal["net", "gross"] = Field("net", description="Amounts without or with VAT (S20).")
    control_total: ControlTotal | None = Field(
        None, description="A last line that proves that the file is whole."
    )
    columns: SalesColumns = Field(description="Which of our columns stands under which header.")
    unlisted: Unlisted = Field(
        Unlisted(), description="What becomes of lines that name somebody or something unknown."
    )
    same_name: Literal["adds", "replaces"] = Field(
        "adds",
        description="What a file is under the name of one that came before: more lines, or all "
        "that count, in place of the earlier (S13).",
    )
    products: Literal["ours", "theirs"] = Field(
        "ours", description="Whose codes stand in sku; theirs come in files of products."
    )
    not_products: tuple[str, ...] = Field(
        (), description="Codes that look like a product and are none: postage, fees. `*` matches."
    )
    plausible: Plausible = Field(Plausible(), description="What makes a line wait for a person.")
