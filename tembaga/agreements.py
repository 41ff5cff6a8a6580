"""Agreements: what each partner is, and what its files look like.

A partner is a folder under `sftp_inbound/` with an `agreement.yml`. Adding a partner needs
no code: all that differs between their files is said there.
"""

import base64
import binascii
import logging
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from tembaga.agreement_faults import YamlError, placeholders, read_yaml, sentences
from tembaga.feeds import SalesFeed
from tembaga.forms import Part
from tembaga.patterns import may_overlap
from tembaga.plain_feeds import (
    ActivitiesFeed,
    AdvocatesFeed,
    ClaimsFeed,
    OpeningBalancesFeed,
    OutletsFeed,
    PlainFeed,
    ProductsFeed,
    RequestsFeed,
    VoucherStatusFeed,
)

log = logging.getLogger(__name__)

PartnerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Language = Literal["id", "en"]

# Which kind of partner may send what, unless its agreement says more.
MAY_SEND = {
    "distributor": ("sales", "outlets", "advocates", "requests", "products", "activities"),
    "merchant": ("claims", "voucher_status"),
}
KEY_KINDS = (
    "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
)  # fmt: skip
OFFICE = "office"  # Whose papers we land ourselves (tembaga/papers.py): no partner's name.


class AgreementError(Exception):
    """An agreement that cannot be used; its sentence names the file, the field and the remedy."""


class Contact(Part):
    """Whom to write to when a file does not come or is refused."""

    name: str = Field(description="A person, or a desk.")
    email: str = Field(description="Where they read mail.")
    phone: str = Field("", description="With the country's code, as `+62 22 555 0100`.")


class Feeds(Part):
    """What a partner sends, feed by feed."""

    sales: SalesFeed | None = Field(None, description="Invoice lines, from a distributor.")
    outlets: OutletsFeed | None = Field(None, description="Outlets, from a distributor.")
    advocates: AdvocatesFeed | None = Field(
        None, description="Who joins, changes or leaves, from a distributor."
    )
    activities: ActivitiesFeed | None = Field(
        None, description="What advocates did beside selling, from a distributor."
    )
    requests: RequestsFeed | None = Field(None, description="Redemptions, from a distributor.")
    claims: ClaimsFeed | None = Field(None, description="Used vouchers, from a merchant.")
    voucher_status: VoucherStatusFeed | None = Field(
        None, description="What became of vouchers, from a merchant."
    )
    products: ProductsFeed | None = Field(None, description="A distributor's own codes.")
    opening_balances: OpeningBalancesFeed | None = Field(
        None, description="Points from before, where `may_also_send` says so."
    )

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

    partner: PartnerName = Field(
        description="The folder's name and the account's: small letters, digits and `_`."
    )
    number: int = Field(ge=1, le=800, description="Ours; it never changes and is never reused.")
    kind: Literal["distributor", "merchant"] = Field(
        description="A distributor sells the products; with a merchant vouchers are spent."
    )
    name: str = Field(description="As it stands in answers.")
    principal: str = Field("", description="Whose products it sells, if that is not plain.")
    programme: str = Field(description="The folder under `campaigns/` that it takes part in.")
    language: Language = Field(description="Of our answers: `id` or `en`.")
    contact: Contact = Field(description="Whom to write to when a file does not come.")
    other_contacts: tuple[Contact, ...] = Field((), description="Whom to write to besides.")
    public_keys: tuple[str, ...] = Field(
        (), description="Its public SSH keys, as `ssh-ed25519 AAAA…`; never a private one."
    )
    feeds: Feeds = Field(Feeds(), description="What it sends.")
    may_also_send: tuple[Literal["opening_balances"], ...] = Field(
        (), description="What its kind does not send: points that it says are owed already."
    )

    @field_validator("public_keys")
    @classmethod
    def _are_public_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            _check_public_key(key)
        return keys

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


def load_agreements(
    folder: Path, *, programme: str, drafts_too: bool = False
) -> dict[str, Agreement]:
    """Read the agreements of a programme, by partner, ordered by their numbers.

    A draft with fields left open is no agreement yet: it is left out, unless it is asked for,
    and holds up nobody else.

    Raises:
        AgreementError: One cannot be read, does not fit the schema, lies in another partner's
            folder, or takes a number that is taken.
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
        still_open = [field for field, _ in placeholders(agreement)]
        if still_open and not drafts_too:
            log.warning(
                "%s/agreement.yml is left out: still to be filled in: %s",
                agreement.partner,
                ", ".join(still_open),
            )
            continue
        by_number[agreement.number] = agreement
    return {by_number[number].partner: by_number[number] for number in sorted(by_number)}


def read_agreement(path: Path) -> Agreement:
    """Read one agreement, wherever it lies; what a draft has left open may stand in it.

    Raises:
        AgreementError: It cannot be read, or does not fit the schema.
    """
    where = f"{path.resolve().parent.name}/{path.name}"
    try:
        agreement = Agreement.model_validate(read_yaml(path))
    except YamlError as error:
        raise AgreementError(f"{where}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        raise AgreementError(f"{where}: {sentences(error, Agreement)}") from error
    if agreement.partner == OFFICE:
        raise AgreementError(
            f"{where}: partner: {OFFICE} is the folder of our own papers; choose another name"
        )
    return agreement


def _load(path: Path) -> Agreement:
    where = f"{path.parent.name}/{path.name}"
    agreement = read_agreement(path)
    if agreement.partner != path.parent.name:
        raise AgreementError(f"{where}: partner must be the folder's name, {path.parent.name!r}")
    return agreement


def _check_public_key(key: str) -> None:
    """A key names its own kind a second time within its bytes."""
    kind, _, rest = key.partition(" ")
    if "PRIVATE KEY" in key:
        raise ValueError("this is a private key; ask the partner for a new pair, and its .pub file")
    if kind not in KEY_KINDS:
        raise ValueError(f"{kind[:40]!r} begins no public key; write it as `ssh-ed25519 AAAA…`")
    try:
        within = base64.b64decode(rest.split()[0], validate=True)
    except (binascii.Error, IndexError) as error:
        raise ValueError(f"the key {key[:30]}… is damaged; copy the whole line") from error
    if within[4 : 4 + len(kind)] != kind.encode():
        raise ValueError(f"the key {key[:30]}… is damaged; copy the whole line")
