"""The steps of the six stages, each with what it needs of an installation.

    receive ─ validate ─ load ─ post ─ issue ─ send

Each takes up all that waits for it, and finds out what was done before: whatever was stopped
half-way is finished by the next call. The DAGs run them as tasks, the command line one after
the other. A stage is imported when it runs, so that a task which only copies a file does not
load dbt and Great Expectations.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tembaga import waiting
from tembaga.installation import Installation

if TYPE_CHECKING:
    from paramiko import SFTPClient

log = logging.getLogger(__name__)

Say = Callable[[str], None]

MANY = 25  # Files from which on it is worth starting processes for them.
SAID_EVERY = 50  # Files, after which it is said how far they are.


class FilesFailedError(Exception):
    """Some files could not be received or validated; the sentence names them."""


class DayAheadError(Exception):
    """Books were asked for a day that has not come; the sentence says what to do."""


def look(here: Installation) -> list[int]:
    """Number the files that have come to rest; all that are to be received or validated."""
    from tembaga import receive

    with here.drop_zone() as sftp:
        seen = receive.look(
            sftp, here.engine, here.agreements, settings=here.settings, now=here.now()
        )
    return sorted({*seen, *waiting.to_validate(here.engine)})


def receive(here: Installation, file_no: int) -> None:
    """Bring one file into the landing."""
    with here.drop_zone() as sftp:
        _receive(here, file_no, sftp)


def _receive(here: Installation, file_no: int, sftp: "SFTPClient") -> None:
    from tembaga import receive

    receive.receive(sftp, here.engine, file_no, settings=here.settings)


def validate(here: Installation, file_no: int) -> None:
    """Hold one file against its agreement and the rules, unless it was refused on arrival."""
    from tembaga import validate

    if file_no in waiting.to_validate(here.engine):
        agreement = here.agreement_of(file_no)
        validate.validate(here.engine, file_no, agreement=agreement, settings=here.settings)


def load(here: Installation) -> list[int]:
    """Load every validated file; the files that were loaded."""
    from tembaga import load

    return load.load(here.engine, agreements=here.agreements, settings=here.settings)


def acknowledge(here: Installation) -> int:
    """Answer every file that is refused or loaded and was not answered; how many."""
    files = waiting.to_answer(here.engine, partners=here.agreements)
    return _acknowledge_each(here, files) if files else 0


def _acknowledge_each(here: Installation, files: Sequence[int]) -> int:
    from tembaga import acknowledge

    with here.drop_zone() as sftp:
        acknowledge.acknowledge(
            sftp,
            here.engine,
            files,
            agreements=here.agreements,
            settings=here.settings,
            now=here.now(),
        )
    return len(files)


def alarm(here: Installation) -> int:
    """Tell partners and operator of files that were due and have not come; how many mails."""
    from tembaga import missing

    agreements, settings, now = here.agreements, here.settings, here.now()
    missing.find(here.engine, agreements=agreements, settings=settings, now=now)
    return missing.tell(here.engine, agreements=agreements, settings=settings, now=now)


def post(here: Installation, as_of: date) -> int | None:
    """Post all that is loaded; the number of the last batch, or None if nothing was new.

    Raises:
        DayAheadError: The day has not come anywhere yet, and the books never go back.
    """
    from tembaga import post

    if as_of > here.today() + timedelta(days=1):
        raise DayAheadError(
            f"The books cannot be made for {as_of}: that day has not come. They never go back, "
            "so nothing could be posted before it. Give the day that was meant."
        )
    return post.post(here.engine, as_of, agreements=here.agreements, settings=here.settings)


def issue(here: Installation) -> int:
    """Give each open request its voucher, and each merchant its batch; how many vouchers."""
    from tembaga import issue

    return issue.issue(here.engine, settings=here.settings)


def deliver(here: Installation) -> int:
    """Put the batches that wait into the merchants' folders; how many."""
    from tembaga import issue

    with here.drop_zone() as sftp:
        return issue.deliver(
            sftp,
            here.engine,
            agreements=here.agreements,
            settings=here.settings,
            now=here.now(),
        )


def record(here: Installation, as_of: date) -> int | None:
    """Post the vouchers that were delivered; the number of the batch, or None if none were.

    Where that day lies in a month that was closed meanwhile, they are booked on the first open
    day.
    """
    if not waiting.to_record(here.engine):
        return None
    return post(here, max(as_of, waiting.first_open_day(here.engine) or as_of))


def prepare(here: Installation, as_of: date) -> int:
    """Make the statements that are due; how many."""
    from tembaga import send

    return send.prepare(here.engine, as_of, settings=here.settings)


def send(here: Installation) -> int:
    """Mail what lies in the outbox; how many were sent."""
    from tembaga import send

    return send.send(here.engine, settings=here.settings, now=here.now())


def receive_files(here: Installation, say: Say) -> None:
    """Receive, validate, load and answer what lies in the inboxes, as the DAG of that name."""
    files = look(here)
    say(f"files to receive: {len(files)}")
    failed = _receive_all(here, files, say) if files else []
    say(f"files loaded: {len(load(here))}")
    say(f"files answered: {_acknowledge_all(here)}")
    if told := alarm(here):
        say(f"mails about missing files: {told}")
    if failed:
        raise FilesFailedError(
            f"These files failed and are taken up again by the next run: {'; '.join(failed)}. "
            "The others went on."
        )


def _receive_all(here: Installation, files: Sequence[int], say: Say) -> list[str]:
    """Receive and validate files, side by side if they are many; which ones failed, and why."""
    from tembaga.side_by_side import side_by_side

    by_partner = _by_partner(here, files)
    processes = _receivers(here, by_partner)
    if processes == 1:
        return _receive_each(here, files, say)
    failed, n_done = [], 0
    for n_files, found in side_by_side(_receive_share, by_partner, here=here, processes=processes):
        failed += found
        told, n_done = n_done // SAID_EVERY, n_done + n_files
        if n_done // SAID_EVERY > told:
            say(f"received and validated: {n_done} of {len(files)}")
    return failed


def _by_partner(here: Installation, files: Sequence[int]) -> list[list[int]]:
    """The files of each partner in their order, most files first.

    They are not parted: what a file says again is known by what an earlier one of its partner
    said (S13).
    """
    of_partner: dict[str, list[int]] = {}
    partners = here.partners_of(files)
    for file_no in files:
        of_partner.setdefault(partners[file_no], []).append(file_no)
    return sorted(of_partner.values(), key=len, reverse=True)


def _receivers(here: Installation, by_partner: Sequence[Sequence[int]]) -> int:
    """How many processes take part: one, if there are few files."""
    if sum(map(len, by_partner)) < MANY:
        return 1
    return min(here.settings.receivers, len(by_partner))


def _receive_share(here: Installation, files: list[int]) -> tuple[int, list[str]]:
    """As `_receive_each`, in a process beside the one that says something; how many they were."""
    return len(files), _receive_each(here, files, lambda _: None)


def _receive_each(here: Installation, files: Sequence[int], say: Say) -> list[str]:
    """Receive and validate files over one connection; which ones failed, and why."""
    from tembaga.drop_zone import is_lost

    failed = []
    with here.drop_zone() as sftp:
        for nth, file_no in enumerate(files, start=1):
            try:
                _receive(here, file_no, sftp)
                validate(here, file_no)
            except Exception as error:  # A file that fails holds up no other.
                if is_lost(sftp, error):
                    raise  # No other file would fare better.
                log.exception("file %d failed", file_no)
                failed.append(f"{here.label(file_no)} ({error})")
            if nth % SAID_EVERY == 0:
                say(f"received and validated: {nth} of {len(files)}")
    return failed


def _acknowledge_all(here: Installation) -> int:
    """As `acknowledge`, side by side if they are many."""
    from tembaga.side_by_side import side_by_side

    files = waiting.to_answer(here.engine, partners=here.agreements)
    by_partner = _by_partner(here, files)
    processes = _receivers(here, by_partner)
    if processes == 1:
        return acknowledge(here)
    return sum(side_by_side(_acknowledge_each, by_partner, here=here, processes=processes))


def post_ledger(here: Installation, as_of: date, say: Say) -> None:
    """Post what is loaded, as of a day, as the DAG of that name."""
    before = waiting.last_batch_no(here.engine)
    post(here, as_of)
    posted = waiting.batches_after(here.engine, before)
    for batch in posted:
        say(
            f"batch {batch.batch_no} ({batch.inputs['kind'] if batch.inputs else 'day'}) "
            f"posted as of {batch.as_of}: {batch.transfers:,} transfers, head {batch.head}"
        )
    if posted and (declined := _declined_after(here, before)):
        say(f"lines of papers that were declined: {declined}; `tembaga declined` says why")
    if not posted:
        say("nothing to post")


def _declined_after(here: Installation, batch_no: int) -> int:
    from tembaga.undone import declined_after
    from tembaga.warehouse import read_warehouse

    with read_warehouse(here.settings) as warehouse:
        return declined_after(warehouse, batch_no)


def issue_vouchers(here: Installation, as_of: date, say: Say) -> None:
    """Make, deliver and post the vouchers of open requests, as the DAG of that name."""
    say(f"vouchers issued: {issue(here)}, in batches: {deliver(here)}")
    record(here, as_of)


def send_statements(here: Installation, as_of: date, say: Say) -> None:
    """Make and mail the statements that are due, as the DAG of that name."""
    say(f"statements made: {prepare(here, as_of)}")
    say(f"statements mailed: {send(here)}")


def run(here: Installation, say: Say) -> None:
    """Run all of them; the books are made for the day of the newest sale in the warehouse."""
    from tembaga.load import newest_sale

    receive_files(here, say)
    as_of = newest_sale(here.settings)
    if as_of is None:
        say("nothing was ever loaded")
        return
    post_ledger(here, as_of, say)
    issue_vouchers(here, as_of, say)
    send_statements(here, as_of, say)
