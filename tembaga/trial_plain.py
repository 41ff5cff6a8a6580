"""Trial plain: the trial of a file of a plain feed, and what is not asked of it."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from tembaga.agreements import Agreement
from tembaga.judging_plain import Finding, write_findings
from tembaga.known import OF_THE_ENROLLED
from tembaga.load_plain import read_rows
from tembaga.outcomes import Figures
from tembaga.plain_feeds import PlainFeed
from tembaga.plain_rows import Sender
from tembaga.register.enrolments import find_faults
from tembaga.rulepack import MINOR_UNITS, RulePack
from tembaga.settings import Settings
from tembaga.validate import examine_plain

HELD_AGAINST = ("outlets", "advocates", "activities")  # The register, when they are loaded.
UNTAKEN = 2**31 - 1  # The number of a file that has none yet: it comes after all others.
BEFORE = {
    "requests": "Whether the file, or requests of it, came before was not checked, nor whether "
    "there are points enough.",
    "activities": "Whether the file, or activities of it, came before was not checked.",
    "claims": "Whether the file came before was not checked, nor what is payable of each voucher.",
}


def not_asked_of(
    feed: PlainFeed, register: Engine | None, settings: Settings
) -> tuple[Engine | None, list[str]]:
    """The register, if it has answers about the lines of a feed, and what is not asked."""
    remarks = [BEFORE.get(feed.name, "Whether the file came before was not checked.")]
    if feed.has_secrets:
        has_key = (settings.keys / "vouchers").exists()
        if register is None or not has_key:
            why = "no register runs on this home" if register is None else "none was ever issued"
            remarks.insert(0, f"Whether vouchers are known was not checked: {why}.")
        return (register if has_key else None), remarks
    if feed.name in (*OF_THE_ENROLLED, *HELD_AGAINST):
        if register is None:
            kinds = "Who" if feed.name in OF_THE_ENROLLED else "Who or what"
            remarks.insert(
                0, f"{kinds} is enrolled was not checked: no register runs on this home."
            )
        elif feed.name in HELD_AGAINST:
            remarks.append("Files that come before this one may enrol outlets and advocates.")
    return register, remarks


def examine_untaken(
    file: Path,
    feed: PlainFeed,
    *,
    agreement: Agreement,
    seen_on: date,
    register: Engine | None,
    rulepack: RulePack,
    workspace: Path,
    settings: Settings,
) -> Mapping[str, Figures]:
    """Judge every line of a file that was not received; the figures by outcome.

    Outlets, advocates and activities are held against who is enrolled now, as loading would.

    Raises:
        FileRefused: The file is not what was agreed.
    """
    sender = Sender(
        file_no=UNTAKEN,
        partner=agreement.partner,
        partner_no=agreement.number,
        received_on=seen_on,
        zone=rulepack.programme.time_zone,
        minor_digits=MINOR_UNITS[rulepack.programme.currency],
    )
    figures = examine_plain(
        file,
        feed,
        sender=sender,
        register=register,
        rulepack=rulepack,
        workspace=workspace,
        settings=settings,
    )
    if register is None or feed.name not in HELD_AGAINST:
        return figures
    rows = read_rows(workspace / "rows.parquet")
    with register.connect() as connection:
        faults = find_faults(connection, feed.name, rows, partner=agreement.partner)
    write_findings([Finding(*fault) for fault in faults], workspace / "findings.parquet")
    return _moved(figures, len(faults))


def _moved(figures: Mapping[str, Figures], rejected: int) -> Mapping[str, Figures]:
    """The figures when so many of the accepted lines are rejected after all."""
    accepted, others = figures["accepted"], figures["rejected"]
    return dict(figures) | {
        "accepted": dataclasses.replace(accepted, lines=accepted.lines - rejected),
        "rejected": dataclasses.replace(others, lines=others.lines + rejected),
    }
