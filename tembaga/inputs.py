"""Inputs: all that a batch is made from, besides the state of the books.

Posting writes them into the register before anything else happens, and keeps a copy of the
rule pack in the landing. So a replay can put the very same into an empty warehouse.

    landing/rulepacks/<sha256>/    the rule pack's files, as they were read
"""

import hashlib
import shutil
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from tembaga import warehouse
from tembaga.landing import workspace
from tembaga.rulepack import Reward, RulePack, RulePackError, load_rulepack
from tembaga.warehouse import replace_rows

Kind = Literal["day", "opening_balances", "merges", "reversals"]

KEPT_SUFFIXES = (".yml", ".csv")


class RulePackChangedError(Exception):
    """The rule pack was edited while a batch was made from it; nothing was posted."""


class RulePackLostError(Exception):
    """The kept copy of a rule pack is gone or damaged; the sentence says which."""


class _Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Partner(_Fact):
    """A partner, as the ledger names it."""

    partner_no: int
    partner: str
    kind: str
    name: str


class InputFile(_Fact):
    """A file of the batch. What is only known of sales is null for a paper of the office."""

    file_no: int
    partner: str
    name: str
    feed: str
    sha256: str
    rows_sha256: str | None
    currency: str | None
    load_no: int | None
    loaded_after_batch_no: int | None
    plausible: dict[str, Any] | None = None
    replaces_file_nos: tuple[int, ...] | None = None


class Inputs(_Fact):
    """What goes into a batch."""

    batch_no: int
    kind: Kind
    as_of: date
    open_from: date | None
    files: tuple[InputFile, ...]
    issued: tuple[int, ...]
    orders: tuple[tuple[str, str], ...]
    partners: tuple[Partner, ...]
    rulepack_sha256: str

    @property
    def manifest_sha256(self) -> str:
        """The digest of what was put in: two batches from the same have the same."""
        lines = [f"kind|{self.kind}", f"open_from|{self.open_from or '-'}"]
        lines += [f"file|{sha256}" for sha256 in sorted(file.sha256 for file in self.files)]
        lines += [f"issued|{request_no}" for request_no in self.issued]
        lines += [f"order|{reward}|{advocate}" for advocate, reward in self.orders]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def keep_rulepack(campaigns: Path, landing: Path) -> RulePack:
    """Read the rule pack and keep a copy of its files; returns what the copy says.

    A pack that is kept already is not written again.

    Raises:
        RulePackError: The pack cannot be used.
        RulePackChangedError: It was edited meanwhile.
    """
    sha256 = load_rulepack(campaigns).sha256
    kept = _folder(landing, sha256)
    if not kept.exists():
        _copy(campaigns, kept, sha256)
    return kept_rulepack(landing, sha256)


def kept_rulepack(landing: Path, sha256: str) -> RulePack:
    """Read the kept copy of a rule pack.

    Raises:
        RulePackLostError: It is not there, or not as it was kept.
    """
    folder = _folder(landing, sha256)
    try:
        rulepack = load_rulepack(folder)
    except RulePackError as error:
        raise RulePackLostError(
            f"The rule pack kept at {folder} cannot be read: {error}. Put it back from a backup."
        ) from error
    if rulepack.sha256 != sha256:
        raise RulePackLostError(
            f"The rule pack kept at {folder} was changed: its digest is {rulepack.sha256}. "
            "Put it back from a backup."
        )
    return rulepack


def fill_raw(connection: Connection, inputs: Inputs, rulepack: RulePack) -> None:
    """Put the batch's inputs where the models read them. A second call changes nothing."""
    rows: dict[Any, list[dict[str, Any]]] = {
        warehouse.batch: [
            {
                "batch_no": inputs.batch_no,
                "as_of": inputs.as_of,
                "manifest_sha256": inputs.manifest_sha256,
                "rulepack_sha256": inputs.rulepack_sha256,
                "kind": inputs.kind,
                "open_from": inputs.open_from,
            }
        ],
        warehouse.batch_files: [{"file_no": file.file_no} for file in inputs.files],
        warehouse.issued_requests: [{"request_no": number} for number in inputs.issued],
        warehouse.standing_orders: [
            {"advocate": advocate, "reward": reward} for advocate, reward in inputs.orders
        ],
        warehouse.programme: [rulepack.programme_row()],
        warehouse.products: rulepack.product_rows(),
        warehouse.versions: rulepack.version_rows(),
        warehouse.rates: rulepack.rate_rows(),
        warehouse.taxes: rulepack.tax_rows(),
        warehouse.caps: rulepack.cap_rows(),
        warehouse.cohorts: rulepack.programme.cohort_rows(),
        warehouse.rewards: _reward_rows(rulepack, inputs),
    }
    _keep_partners(connection, inputs)
    for table, table_rows in rows.items():
        replace_rows(connection, table, table_rows)
    warehouse.take_stock(connection)


def _folder(landing: Path, sha256: str) -> Path:
    return landing / "rulepacks" / sha256


def _copy(campaigns: Path, kept: Path, sha256: str) -> None:
    """Copy the pack's files, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with workspace(kept.parent, "kept") as folder:
        copy = folder / sha256
        copy.mkdir()
        for path in sorted(campaigns.iterdir()):
            if path.suffix in KEPT_SUFFIXES and path.is_file():
                shutil.copyfile(path, copy / path.name)
        if load_rulepack(copy).sha256 != sha256:
            raise RulePackChangedError(
                f"The rule pack {campaigns} was edited while it was read; nothing was posted. "
                "Finish editing and run this again."
            )
        copy.rename(kept)


def _keep_partners(connection: Connection, inputs: Inputs) -> None:
    """Bring the partners up to date; one who has left stays, for the ledger names it."""
    if not inputs.partners:
        return
    partners = warehouse.partners
    numbers = [partner.partner_no for partner in inputs.partners]
    connection.execute(partners.delete().where(partners.c.partner_no.in_(numbers)))
    connection.execute(partners.insert(), [partner.model_dump() for partner in inputs.partners])


def _reward_rows(rulepack: RulePack, inputs: Inputs) -> list[dict[str, Any]]:
    merchants = {p.partner: p.partner_no for p in inputs.partners if p.kind == "merchant"}
    return [
        {
            "reward": reward.reward,
            "partner_no": _merchant_no(reward, merchants),
            "name_id": reward.name.id,
            "name_en": reward.name.en,
            "points": reward.points,
            "face_minor": reward.face_minor,
            "currency": reward.currency,
            "usable_days": reward.usable_days,
            "deliver_to": reward.deliver_to,
        }
        for reward in rulepack.catalogue.rewards
    ]


def _merchant_no(reward: Reward, merchants: dict[str, int]) -> int:
    if reward.merchant not in merchants:
        raise RulePackError(
            f"catalogue.yml: {reward.reward}: {reward.merchant} is no merchant of the programme; "
            f"add sftp_inbound/{reward.merchant}/agreement.yml, or take the reward out"
        )
    return merchants[reward.merchant]
