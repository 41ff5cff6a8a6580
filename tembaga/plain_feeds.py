"""Plain feeds: those whose lines each say one thing, column by column.

A column is described once, here: its name, the kind of its cells, and whether one may be empty.
Typing, the rules about empty and unreadable cells, and the guide follow from that. A column
`… | None` need not be in the file at all.
"""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from tembaga.feeds import Column, Columns, Feed
from tembaga.kinds import (
    ANY_DAY,
    CODE,
    DAY,
    EMAIL,
    INSTANT,
    MONEY,
    PHONE,
    POINTS,
    SECRET,
    TEXT,
    WORD,
    Cell,
)

HEADERS = "Which of our columns stands under which header."

Code = Annotated[Column, Cell(CODE), Field(description="A code, of at most 100 characters.")]
Text = Annotated[Column, Cell(TEXT), Field(description="A text, of at most 200 characters.")]
Day = Annotated[Column, Cell(DAY), Field(description="A day that has come.")]


class WordColumn(Column):
    """A column that holds one of a few words of ours, or the partner's words for them."""

    words: dict[str, tuple[str, ...]] = Field(
        {}, description="The partner's words for each of ours; without, ours stand there."
    )


class PlainColumns(Columns):
    """The columns of a plain feed, and of what kind their cells are."""

    @classmethod
    def cells(cls) -> dict[str, Cell]:
        """What the cells of each column are, whether the file has it or not."""
        return {
            name: next(cell for cell in field.metadata if isinstance(cell, Cell))
            for name, field in cls.model_fields.items()
        }

    def may_be_days(self) -> set[str]:
        """The headers of days, moments and texts."""
        kinds = (DAY, ANY_DAY, INSTANT, TEXT)
        cells = self.cells()
        return {column.header for name, column in self.named().items() if cells[name].kind in kinds}

    @model_validator(mode="after")
    def _each_in_its_own_column(self) -> "PlainColumns":
        headers = [column.header for column in self.named().values()]
        if len(set(headers)) < len(headers):
            raise ValueError("two of our columns stand under the same header")
        return self

    @model_validator(mode="after")
    def _each_word_once(self) -> "PlainColumns":
        for name, column in self.given().items():
            if not isinstance(column, WordColumn) or not column.words:
                continue
            ours = self.cells()[name].words
            if unknown := sorted(set(column.words) - set(ours)):
                raise ValueError(f"{name}: {unknown[0]} is none of {', '.join(ours)}")
            said = [word for words in column.words.values() for word in words]
            if len(set(said)) < len(said) or "" in said:
                raise ValueError(f"{name}: a word is empty, or stands there twice")
        return self


class PlainFeed(Feed):
    """How the files of a plain feed are read.

    `key` names what no two lines of a file may say differently. Of a feed that `is_whole` all
    lines of a file are accepted, or none.
    """

    key: ClassVar[tuple[str, ...]] = ()
    is_whole: ClassVar[bool] = False
    columns: PlainColumns = Field(description=HEADERS)

    @property
    def has_money(self) -> bool:
        """Whether its lines say amounts of money."""
        return "amount" in self.columns.cells()

    @property
    def has_secrets(self) -> bool:
        """Whether voucher codes stand in the file: they are never repeated to anybody."""
        return any(cell.kind is SECRET for cell in self.columns.cells().values())


class OutletColumns(PlainColumns):
    """The columns of a file of outlets."""

    outlet: Code
    name: Text
    address: Text
    city: Text
    province: Text


class OutletsFeed(PlainFeed):
    """Outlets that are enrolled, or have changed."""

    name: ClassVar[str] = "outlets"
    key: ClassVar[tuple[str, ...]] = ("outlet",)
    columns: OutletColumns = Field(description=HEADERS)


class AdvocateColumns(PlainColumns):
    """The columns of a file of advocates. On a change, an empty cell leaves what is known."""

    advocate: Code
    action: Annotated[
        WordColumn, Cell(WORD, words=("join", "change", "leave")), Field(description="What is new.")
    ]
    action_on: Day
    name: Annotated[
        Column, Cell(TEXT, may_be_empty=True), Field(description="What the advocate is called.")
    ]
    email: Annotated[
        Column, Cell(EMAIL, may_be_empty=True), Field(description="Where statements go.")
    ]
    phone: Annotated[
        Column,
        Cell(PHONE, may_be_empty=True),
        Field(description="Where vouchers go that are sent to it."),
    ]
    outlet: Annotated[
        Column, Cell(CODE, may_be_empty=True), Field(description="Where the advocate works.")
    ]
    language: Annotated[
        WordColumn | None,
        Cell(WORD, may_be_empty=True, words=("id", "en")),
        Field(description="Of statements; empty: `id`."),
    ] = None
    consent_on: Annotated[
        Column, Cell(DAY, may_be_empty=True), Field(description="When the advocate consented.")
    ]
    consent_wording: Annotated[
        Column,
        Cell(CODE, may_be_empty=True),
        Field(description="The version of the words that were agreed to."),
    ]
    consent_proof: Annotated[
        Column, Cell(TEXT, may_be_empty=True), Field(description="Where the proof of it lies.")
    ]


class AdvocatesFeed(PlainFeed):
    """Advocates who join, change or leave, with their consent and where its proof is."""

    name: ClassVar[str] = "advocates"
    key: ClassVar[tuple[str, ...]] = ("advocate",)
    columns: AdvocateColumns = Field(description=HEADERS)


class RequestColumns(PlainColumns):
    """The columns of a file of requests."""

    request_id: Code
    advocate: Code
    reward: Code
    requested_at: Annotated[
        Column, Cell(INSTANT), Field(description="An instant with its time zone.")
    ]


class RequestsFeed(PlainFeed):
    """Rewards that advocates have asked the distributor for."""

    name: ClassVar[str] = "requests"
    key: ClassVar[tuple[str, ...]] = ("request_id",)
    columns: RequestColumns = Field(description=HEADERS)


class ClaimColumns(PlainColumns):
    """The columns of a file of claims."""

    code: Annotated[Column, Cell(SECRET)] = Field(description="The voucher code.")
    used_on: Day
    amount: Annotated[Column, Cell(MONEY)] = Field(description="The money that is claimed.")


class ClaimsFeed(PlainFeed):
    """Vouchers that a merchant has taken and wants to be paid for."""

    name: ClassVar[str] = "claims"
    columns: ClaimColumns = Field(description=HEADERS)


class VoucherStatusColumns(PlainColumns):
    """The columns of a file of voucher status."""

    code: Annotated[Column, Cell(SECRET)] = Field(description="The voucher code.")
    status: Annotated[
        WordColumn,
        Cell(WORD, words=("fulfilled", "rejected", "used")),
        Field(description="What became of it."),
    ]
    status_on: Day
    reason: Annotated[
        Column, Cell(TEXT, may_be_empty=True), Field(description="Why it was rejected.")
    ]


class VoucherStatusFeed(PlainFeed):
    """What became of vouchers at the merchant; a rejected one gives its points back (S9)."""

    name: ClassVar[str] = "voucher_status"
    key: ClassVar[tuple[str, ...]] = ("code",)
    columns: VoucherStatusColumns = Field(description=HEADERS)


class ProductColumns(PlainColumns):
    """The columns of a file of products."""

    product: Code
    sku: Code
    valid_from: Annotated[
        Column, Cell(ANY_DAY), Field(description="The first day of that meaning.")
    ]


class ProductsFeed(PlainFeed):
    """The distributor's own codes of products, and which of the programme's they are."""

    name: ClassVar[str] = "products"
    key: ClassVar[tuple[str, ...]] = ("product", "valid_from")
    columns: ProductColumns = Field(description=HEADERS)


class OpeningBalanceColumns(PlainColumns):
    """The columns of a file of opening balances."""

    advocate: Code
    points: Annotated[Column, Cell(POINTS)] = Field(description="A whole number; negative: owed.")
    earned_on: Day
    expires_on: Annotated[
        Column, Cell(ANY_DAY, may_be_empty=True), Field(description="The last day; empty: none.")
    ]


class OpeningBalancesFeed(PlainFeed):
    """Lots that advocates bring along from before, or what they owe: one batch, or none."""

    name: ClassVar[str] = "opening_balances"
    is_whole: ClassVar[bool] = True
    columns: OpeningBalanceColumns = Field(description=HEADERS)


class ActivityColumns(PlainColumns):
    """The columns of a file of activities."""

    activity_id: Code
    advocate: Code
    activity: Annotated[
        WordColumn,
        Cell(WORD, words=("planogram_photo", "training", "referral")),
        Field(description="What was done."),
    ]
    done_on: Day
    outlet: Annotated[
        Column | None,
        Cell(CODE, may_be_empty=True),
        Field(description="Where it was done, if at an outlet."),
    ] = None
    referred_advocate: Annotated[
        Column | None,
        Cell(CODE, may_be_empty=True),
        Field(description="Of a referral: who was won."),
    ] = None
    proof: Annotated[Column, Cell(TEXT), Field(description="Where the proof of it lies.")]


class ActivitiesFeed(PlainFeed):
    """What advocates have done beside selling: photos of planograms, trainings, referrals."""

    name: ClassVar[str] = "activities"
    key: ClassVar[tuple[str, ...]] = ("activity_id",)
    columns: ActivityColumns = Field(description=HEADERS)


PLAIN_FEEDS: tuple[type[PlainFeed], ...] = (
    OutletsFeed,
    AdvocatesFeed,
    RequestsFeed,
    ClaimsFeed,
    VoucherStatusFeed,
    ProductsFeed,
    OpeningBalancesFeed,
    ActivitiesFeed,
)
# They change the register, or are kept, and move no points.
NOT_POSTED = ("outlets", "advocates", "products", "activities")
