"""Proposals: drafts of agreements, with what this installation knows."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy import select

from tembaga.agreement_faults import read_yaml, sentences
from tembaga.agreements import (
    MAY_SEND,
    OFFICE,
    Agreement,
    AgreementError,
    Language,
    load_agreements,
    read_agreement,
)
from tembaga.proposing import FEEDS, Guess, Known, Proposal, ProposalError, Subject, propose
from tembaga.register import RegisterUnreachableError, open_register
from tembaga.register.tables import advocates, outlets
from tembaga.rulepack import load_rulepack
from tembaga.settings import Settings

ACCOUNT = re.compile(r"[a-z][a-z0-9_]{1,40}")


@dataclass(frozen=True)
class Drafted:
    """A proposal, and the agreement that the partner has already, if it has one."""

    proposal: Proposal
    there: Path | None

    @property
    def text(self) -> str:
        """What is to be written: the agreement, or the feed to be added to the one there."""
        return self.proposal.text if self.there is None else self.proposal.section

    @property
    def guesses(self) -> Sequence[Guess]:
        """What was found out."""
        return self.proposal.guesses

    @property
    def remarks(self) -> Sequence[str]:
        """What else is to be known."""
        return self.proposal.remarks


def draft(
    file: Path,
    partner: str,
    *,
    language: Language,
    settings: Settings,
    feed: str | None = None,
    there: Path | None = None,
) -> Drafted:
    """Draft the agreement of a partner of the programme, or a feed of it; nothing is written.

    Args:
        feed: The feed that the file is of, if it is not to be found out.
        there: The folder of its agreement, if that is not the one with the partner's name.

    Raises:
        ProposalError: Nothing can be drafted from the file, or the name cannot be an account's.
        AgreementError: An agreement in the tree cannot be used, so no number is known to be free;
            or the feed does not fit what the partner has agreed to.
    """
    if not ACCOUNT.fullmatch(partner) or partner == OFFICE:
        raise ProposalError(
            f"{partner!r} cannot be a partner's account: take small letters, digits and _."
        )
    if feed is not None and feed not in FEEDS:
        raise ProposalError(f"{feed!r} is no feed; there are {', '.join(FEEDS)}.")
    rulepack = load_rulepack(settings.campaigns)
    taken = load_agreements(settings.agreements, programme=settings.programme, drafts_too=True)
    path = (there or settings.agreements / partner) / "agreement.yml"
    agreed = read_agreement(path) if path.exists() else None
    subject = Subject(
        partner=partner,
        number=max((agreement.number for agreement in taken.values()), default=0) + 1,
        programme=settings.programme,
        currency=rulepack.programme.currency,
        language=language,
    )
    if agreed is not None:
        subject = replace(subject, feeds=(*MAY_SEND[agreed.kind], *agreed.may_also_send))
    products = frozenset(product.sku for product in rulepack.products)
    proposal = propose(file, subject, _known(products, settings), feed)
    if agreed is None:
        _check(proposal, yaml.safe_load(proposal.text))
        return Drafted(proposal, None)
    return Drafted(_added(proposal, read_yaml(path), partner), path)


def _added(proposal: Proposal, agreed: dict[str, Any], partner: str) -> Proposal:
    """The proposal for an agreement that is there: its section fits into that."""
    feeds = agreed.get("feeds") or {}
    section = yaml.safe_load(f"feeds:\n{proposal.section}")["feeds"]
    _check(proposal, agreed | {"feeds": feeds | section})
    remarks = list(proposal.remarks)
    if proposal.feed in feeds:
        remarks.append(f"{partner} has a feed {proposal.feed} already: this is another for it.")
    text = proposal.section if feeds else f"feeds:\n{proposal.section}"
    return replace(proposal, section=text, remarks=remarks)


def _check(proposal: Proposal, agreement: dict[str, Any]) -> None:
    try:
        Agreement.model_validate(agreement)
    except ValidationError as error:
        raise AgreementError(
            f"The draft does not fit together: {sentences(error, Agreement)}. It was taken for "
            f"a file of {proposal.feed}; the sample may have one column for two of ours."
        ) from error


def keep(drafted: Drafted, folder: Path) -> Path:
    """Write a draft into its partner's folder; one that is there is left as it is.

    Raises:
        ProposalError: There is an agreement already, or the folder cannot be written to.
    """
    path = folder / "agreement.yml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as target:
            target.write(drafted.text)
    except FileExistsError as error:
        raise ProposalError(f"{path} is there already, and is left as it is.") from error
    except OSError as error:
        raise ProposalError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def report(proposal: Drafted) -> Iterator[str]:
    """What was guessed and how sure it is, for people, a line each; what is open comes last."""
    order = {"sure": 0, "likely": 1, "open": 2}
    for guess in sorted(proposal.guesses, key=lambda guess: order[guess.sure]):
        value = "??" if guess.value is None else json.dumps(guess.value, ensure_ascii=False)
        yield f"{guess.sure:6}  {guess.field}: {value}: {guess.evidence}"
    for remark in proposal.remarks:
        yield f"note    {remark}"
    if proposal.there is None:
        yield "open    name, contact, public_keys: no file says them"


def _known(products: frozenset[str], settings: Settings) -> Known:
    """The codes that are known here; without a running register, only the products."""
    try:
        register = open_register(settings.register_url)
    except RegisterUnreachableError:
        return Known(products=products)
    try:
        with register.connect() as connection:
            return Known(
                products=products,
                outlets=frozenset(connection.scalars(select(outlets.c.outlet))),
                advocates=frozenset(connection.scalars(select(advocates.c.advocate))),
            )
    finally:
        register.dispose()
