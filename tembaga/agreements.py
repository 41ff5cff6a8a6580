"""Agreements: what each partner is, and what its files look like.

A partner is a folder under `sftp_inbound/` with an `agreement.yml`. Adding a partner needs
no code: all that differs between their files is said there.
"""

from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from tembaga.feeds import SalesFeed
from tembaga.forms import Part
from tembaga.patterns import may_overlap
from tembaga.plain_feeds import (
    AdvocatesFeed,
    ClaimsFeed,
    OpeningBalancesFeed,
    OutletsFeed,
    PlainFeed,
    ProductsFeed,
    RequestsFeed,
    VoucherStatusFeed,
)

PartnerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Language = Literal["id", "en"]

# Which kind of partner may send what, unless its agreement says more.
MAY_SEND = {
    "distributor": ("sales", "outlets", "advocates", "requests", "products"),
    "merchant": ("claims", "voucher_status"),
}
OFFICE = "office"  # Whose papers we land ourselves (tembaga/papers.py): no partner's name.


class AgreementError(Exception):
    """An agreement that cannot be used; its sentence names the file, the field and the remedy."""


class Contact(Part):
    """Whom to write to when a file does not come or is refused."""

    name: str
    email: str


class Feeds(Part):
    """What a partner sends, feed by feed."""

    sales: SalesFeed | None = None
    outlets: OutletsFeed | None = None
    advocates: AdvocatesFeed | None = None
    requests: RequestsFeed | None = None
    claims: ClaimsFeed | None = None
    voucher_status: VoucherStatusFeed | None = None
    products: ProductsFeed | None = None
    opening_balances: OpeningBalancesFeed | None = None

    def agreed(self) -> list[SalesFeed | PlainFeed]:
        """The feeds that there are."""
        return [feed for _, feed in self if feed is not None]

    @model_validator(mode="after")
    def _a_name_fits_one_pattern(self) -> "Feeds":
        for one, other in combinations(self.agreed(), 2):
            if may_overlap(one.files, other.files):
                raise ValueError(
                    f"a file could be named for {one.name} and for {other.name}: "
                    f"{one.files} and {other.files}"
                )
        return self


class Agreement(Part):
    """One partner: who it is, and what it sends."""

    partner: PartnerName
    number: int = Field(ge=1, le=800, description="Ours; it never changes and is never reused.")
    kind: Literal["distributor", "merchant"]
    name: str
    programme: str
    language: Language
    contact: Contact
    feeds: Feeds = Feeds()
    may_also_send: tuple[Literal["opening_balances"], ...] = Field(
        (), description="What its kind does not send: points that it says are owed already."
    )

    @model_validator(mode="after")
    def _feeds_fit_the_kind(self) -> "Agreement":
        if (self.kind == "distributor") != (self.feeds.sales is not None):
            raise ValueError("a distributor has a sales feed, and a merchant has none")
        for feed in self.feeds.agreed():
            if feed.name not in (*MAY_SEND[self.kind], *self.may_also_send):
                raise ValueError(f"a {self.kind} does not send {feed.name}")
        return self

    def feed_of(self, name: str) -> SalesFeed | PlainFeed | None:
        """The feed that a file of this name belongs to, or None if it was not agreed."""
        fits = (feed for feed in self.feeds.agreed() if fnmatchcase(name, feed.files))
        return next(fits, None)


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
