"""What each task of the DAGs does: a step of a stage, with Airflow's connections.

The DAGs only wire these together. What travels with an asset event is made here, from the
register and not from the attempt: one before it may have been killed after its work was done.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tembaga import stages, waiting
from tembaga.installation import Installation
from tembaga.settings import load_settings

Announced = dict[str, Any]  # What travels with an asset event.


def look() -> list[int]:
    """Number the new files; return all that are to be received or validated."""
    with _here() as here:
        return stages.look(here)


def label(file_no: int) -> str:
    """The name under which people know a file."""
    with _here() as here:
        return here.label(file_no)


def receive(file_no: int) -> None:
    """Bring one file into the landing."""
    with _here() as here:
        stages.receive(here, file_no)


def validate(file_no: int) -> None:
    """Hold one file against its agreement and the rules, unless it was refused on arrival."""
    with _here() as here:
        stages.validate(here, file_no)


def load(asked: str | None) -> Announced | None:
    """Load all that has passed; returns what is now to be posted, or None if nothing is."""
    with _here() as here:
        stages.load(here)
        as_of = date.fromisoformat(asked) if asked else here.today()
        files = waiting.to_post(here.engine)
    return {"as_of": as_of.isoformat(), "files": files} if files else None


def acknowledge() -> None:
    """Answer every file that is refused or loaded and was not answered yet."""
    with _here() as here:
        stages.acknowledge(here)


def alarm() -> None:
    """Tell of files that were due and have not come."""
    with _here() as here:
        stages.alarm(here)


def post(as_of: str, *, since: datetime) -> Announced | None:
    """Post all that is loaded; returns the newest batch, or None if there is none `since`."""
    with _here() as here:
        stages.post(here, date.fromisoformat(as_of))
        batch_no = waiting.newest_batch(here.engine, since=since)
    return {"as_of": as_of, "batch_no": batch_no} if batch_no else None


def issue() -> None:
    """Give each open request its voucher, and each merchant its batch."""
    with _here() as here:
        stages.issue(here)


def deliver() -> None:
    """Put the batches into the merchants' folders."""
    with _here() as here:
        stages.deliver(here)


def record(as_of: str) -> Announced:
    """Post the vouchers that have been delivered, if there are any that are not posted."""
    with _here() as here:
        stages.record(here, date.fromisoformat(as_of))
    return {"as_of": as_of}


def prepare(as_of: str) -> int:
    """Make the statements that are due; returns how many."""
    with _here() as here:
        return stages.prepare(here, date.fromisoformat(as_of))


def send() -> int:
    """Mail what lies in the outbox; returns how many were sent."""
    with _here() as here:
        return stages.send(here)


def as_of(asked: str | None, events: Mapping[Any, Iterable[Any]]) -> str:
    """The day for which the books are made.

    It is what the run was asked for; else the latest day that the events bring which started
    it; else today.
    """
    brought = [event.extra["as_of"] for of_asset in events.values() for event in of_asset]
    if asked or brought:
        return asked or max(brought)
    with _here() as here:
        return here.today().isoformat()


def _here() -> Installation:
    """This installation, at the addresses that Airflow's connections name."""
    from tembaga.connections import with_connections
    from tembaga.drop_zone import open_connection

    return Installation(with_connections(load_settings()), open_drop_zone=open_connection)
