"""The embedded services of a home, together: started, announced, stopped.

While they run, `services.env` in the home says where; every command on that home reads it.
`services.lock` is held by the process in which they run, and the system lets go of it
however that process ends: what `services.env` says without it is left from a killed run.
"""

import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tembaga.agreements import load_agreements
from tembaga.embedded.loop import LOOPBACK
from tembaga.embedded.mail_catcher import mail_catcher
from tembaga.embedded.postgres import postgres
from tembaga.embedded.sftp_server import (
    HOST_KEY,
    OWN_ACCOUNT,
    add_partner,
    public_key,
    sftp_server,
)
from tembaga.register import open_register
from tembaga.settings import Settings, is_said, load_settings
from tembaga.warehouse import read_warehouse

log = logging.getLogger(__name__)

REGISTER_DATABASES = ("register", "airflow")
WAREHOUSE_DATABASE = "warehouse"
WAIT_SECONDS = 60

_ADDRESSES = {
    "register_url",
    "warehouse_url",
    "drop_zone_host",
    "drop_zone_port",
    "drop_zone_user",
    "drop_zone_host_key",
    "drop_zone_key_file",
    "smtp_host",
    "smtp_port",
}


class ServicesNotReadyError(Exception):
    """Another process runs the services of this home, but they do not answer."""


@contextmanager
def running(settings: Settings) -> Iterator[Settings]:
    """Have the services of the home running until left; gives the settings that reach them.

    If another process runs them, they are used and left as they are, and end when it ends.
    A service whose address the environment gives is not started.

    Raises:
        ServicesNotReadyError: Another process runs them, and they do not answer.
        PostgresNotStartedError: PostgreSQL does not start.
        RegisterUnreachableError: The environment names one that does not answer.
        WarehouseUnreachableError: The same of the warehouse.
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    with (settings.root / "services.lock").open("a") as lock:
        if not _is_ours(lock):
            yield _those_of_another_process(settings)
            return
        settings.services_file.unlink(missing_ok=True)
        with ExitStack() as started:
            addresses = _start(settings, started)
            started.callback(settings.services_file.unlink, missing_ok=True)
            _announce(settings, addresses)
            yield _read_again(settings)


def airflow_url(register_url: str) -> str:
    """The address of Airflow's own database: on the server of the register."""
    return make_url(register_url).set(database="airflow").render_as_string(hide_password=False)


def do_answer(settings: Settings) -> bool:
    """Whether the services that the settings name are there."""
    return (
        _is_listening(settings.drop_zone_host, settings.drop_zone_port)
        and _is_listening(settings.smtp_host, settings.smtp_port)
        and _register_answers(settings.register_url)
    )


def _is_ours(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(settings: Settings, started: ExitStack) -> dict[str, str]:
    _refuse_unreachable(settings)
    addresses: dict[str, str] = {}
    if databases := _databases(settings):
        server = started.enter_context(postgres(settings.root / "postgres", databases=databases))
        named = {"register_url": "register", "warehouse_url": WAREHOUSE_DATABASE}
        addresses |= {name: server.url(db) for name, db in named.items() if db in databases}
    if not is_said("drop_zone_host"):
        port = started.enter_context(sftp_server(settings))
        _open_to_partners(settings)
        addresses |= {
            "drop_zone_host": LOOPBACK,
            "drop_zone_port": str(port),
            "drop_zone_user": OWN_ACCOUNT,
            "drop_zone_host_key": public_key(settings.keys, HOST_KEY),
            "drop_zone_key_file": str(settings.keys / OWN_ACCOUNT),
        }
    if not is_said("smtp_host"):
        catcher = mail_catcher(settings.root / "mail", preferred_port=settings.smtp_port)
        addresses |= {"smtp_host": LOOPBACK, "smtp_port": str(started.enter_context(catcher))}
    return addresses


def _refuse_unreachable(settings: Settings) -> None:
    """Look for the databases that the environment names before anything starts."""
    settings = _read_again(settings)
    if is_said("register_url"):
        open_register(settings.register_url).dispose()
    if settings.warehouse == "postgres" and is_said("warehouse_url"):
        with read_warehouse(settings):
            pass


def _databases(settings: Settings) -> tuple[str, ...]:
    """The databases for which the embedded PostgreSQL is needed."""
    databases: tuple[str, ...] = ()
    if not is_said("register_url"):
        databases += REGISTER_DATABASES
    if settings.warehouse == "postgres" and not is_said("warehouse_url"):
        databases += (WAREHOUSE_DATABASE,)
    return databases


def _open_to_partners(settings: Settings) -> None:
    agreements = load_agreements(settings.agreements, programme=settings.programme)
    for agreement in agreements.values():
        add_partner(settings, agreement.partner, is_merchant=agreement.kind == "merchant")


def _announce(settings: Settings, addresses: dict[str, str]) -> None:
    lines = [f"TEMBAGA_{name.upper()}={_quoted(value)}\n" for name, value in addresses.items()]
    part = settings.services_file.with_name(".services.env.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(lines)
    os.replace(part, settings.services_file)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _read_again(settings: Settings) -> Settings:
    """The same settings, with the addresses that stand in `services.env` now."""
    given = (settings.model_fields_set | {"home"}) - _ADDRESSES
    return load_settings(**{name: getattr(settings, name) for name in given})


def _those_of_another_process(settings: Settings) -> Settings:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up_at:
        if settings.services_file.exists() and do_answer(again := _read_again(settings)):
            return again
        time.sleep(0.2)
    found = _read_again(settings)
    raise ServicesNotReadyError(
        f"Another process runs the services of this home ({settings.root / 'services.lock'}), but "
        f"not all of them answer: the drop zone at {found.drop_zone_host}:{found.drop_zone_port}, "
        f"the mail server at {found.smtp_host}:{found.smtp_port}, the register's PostgreSQL. "
        "Check what TEMBAGA_… variables say of them; or end that process, or wait for it."
    )


def _is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def _register_answers(url: str | None) -> bool:
    if not url:
        return False
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True
