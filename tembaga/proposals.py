"""Proposals: drafts of agreements, with what this installation knows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError
from sqlalchemy import select

from tembaga.agreement_faults import sentences
from tembaga.agreements import OFFICE, Agreement, AgreementError, Language, load_agreements
from tembaga.proposing import Known, Proposal, ProposalError, Subject, propose
from tembaga.register import RegisterUnreachableError, open_register
from tembaga.register.tables import advocates, outlets
from tembaga.rulepack import load_rulepack
from tembaga.settings import Settings

ACCOUNT = re.compile(r"[a-z][a-z0-9_]{1,40}")


def draft(file: Path, partner: str, *, language: Language, settings: Settings) -> Proposal:
    """Draft the agreement of a new distributor of the programme; nothing is written.

    Raises:
        ProposalError: Nothing can be drafted from the file, or the name cannot be an account's.
        AgreementError: An agreement in the tree cannot be used, so no number is known to be free.
    """
    if not ACCOUNT.fullmatch(partner) or partner == OFFICE:
        raise ProposalError(
            f"{partner!r} cannot be a partner's account: take small letters, digits and _."
        )
    rulepack = load_rulepack(settings.campaigns)
    taken = load_agreements(settings.agreements, programme=settings.programme, drafts_too=True)
    subject = Subject(
        partner=partner,
        number=max((agreement.number for agreement in taken.values()), default=0) + 1,
        programme=settings.programme,
        currency=rulepack.programme.currency,
        language=language,
    )
    products = frozenset(product.sku for product in rulepack.products)
    proposal = propose(file, subject, _known(products, settings))
    try:
        Agreement.model_validate(yaml.safe_load(proposal.text))
    except ValidationError as error:
        raise AgreementError(
            f"The draft does not fit together: {sentences(error, Agreement)}. "
            "The sample may have one column for two of ours."
        ) from error
    return proposal


def keep(proposal: Proposal, folder: Path) -> Path:
    """Write a draft into its partner's folder; one that is there is left as it is.

    Raises:
        ProposalError: There is an agreement already, or the folder cannot be written to.
    """
    path = folder / "agreement.yml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as target:
            target.write(proposal.text)
    except FileExistsError as error:
        raise ProposalError(f"{path} is there already, and is left as it is.") from error
    except OSError as error:
        raise ProposalError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def report(proposal: Proposal) -> Iterator[str]:
    """What was guessed and how sure it is, for people, a line each; what is open comes last."""
    order = {"sure": 0, "likely": 1, "open": 2}
    for guess in sorted(proposal.guesses, key=lambda guess: order[guess.sure]):
        value = "??" if guess.value is None else json.dumps(guess.value, ensure_ascii=False)
        yield f"{guess.sure:6}  {guess.field}: {value}: {guess.evidence}"
    for remark in proposal.remarks:
        yield f"note    {remark}"
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
