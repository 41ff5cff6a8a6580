"""The demo where its services run already: accounts at the drop zone, and the Airflow there is.

Embedded, a partner has an account as soon as it has an agreement; at an OpenSSH drop zone it is
let in, and the server takes a moment to see it.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import httpx

from tembaga import accounts
from tembaga.agreements import load_agreements
from tembaga.demo.month import FIRST_DAG, Say, Watched
from tembaga.demo.programme import UNKNOWN_SENDER
from tembaga.drop_zone import DropZoneUnreachable, open_address
from tembaga.embedded.airflow_api import AirflowApi
from tembaga.embedded.airflow_environment import USER
from tembaga.embedded.airflow_rest import AirflowRefusedError
from tembaga.embedded.sftp_server import add_partner, ensure_key, public_key
from tembaga.settings import Settings

WAIT_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.5


class NotReadyForTheDemoError(Exception):
    """The demo cannot begin; the sentence says what it waited for, or what is to be changed."""


def let_partners_in(settings: Settings) -> None:
    """Give every partner of the demo an account and a key of our own making.

    One of them has an account, and no agreement.
    """
    if settings.drop_zone_accounts is None:
        add_partner(settings, UNKNOWN_SENDER)
        return
    agreements = load_agreements(settings.agreements, programme=settings.programme).values()
    merchants = {agreement.partner: agreement.kind == "merchant" for agreement in agreements}
    for partner, is_merchant in {**merchants, UNKNOWN_SENDER: False}.items():
        ensure_key(settings.keys, partner)
        accounts.let_in(
            partner,
            [public_key(settings.keys, partner)],
            is_merchant=is_merchant,
            settings=settings,
        )
    for partner in (*merchants, UNKNOWN_SENDER):
        _until(f"the drop zone lets {partner} in", partial(_gets_in, partner, settings))


@contextmanager
def running_airflow(url: str, settings: Settings, *, say: Say) -> Iterator[Watched]:
    """The Airflow at an address, as soon as it answers and has read the DAGs.

    Raises:
        NotReadyForTheDemoError: It does not, or it looks for files by the clock.
    """
    if settings.receive_schedule:
        raise NotReadyForTheDemoError(
            "Airflow looks for files by the clock, and would book the demo's on another day. "
            "Leave TEMBAGA_RECEIVE_SCHEDULE empty in .env and start the services again."
        )
    password = os.environ.get("AIRFLOW_PASSWORD", "")
    with AirflowApi(url, user=USER, password=password) as api:
        _until(f"the Airflow at {url} has read the DAGs", lambda: FIRST_DAG in _dag_ids(api))
        say(f"Airflow runs at {url}.")
        yield Watched(api, settings.root / "airflow" / "logs", is_patient=True)


def _dag_ids(api: AirflowApi) -> list[str]:
    try:
        return api.dag_ids()
    except (AirflowRefusedError, httpx.HTTPError):
        return []


def _gets_in(partner: str, settings: Settings) -> bool:
    account = {"drop_zone_user": partner, "drop_zone_key_file": settings.keys / partner}
    try:
        with open_address(settings.model_copy(update=account)):
            return True
    except DropZoneUnreachable:
        return False


def _until(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise NotReadyForTheDemoError(f"After {WAIT_SECONDS:.0f} s it is not so that {what}.")
        time.sleep(LOOK_AGAIN_SECONDS)
