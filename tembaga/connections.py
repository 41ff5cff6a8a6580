"""Connections: the addresses that Airflow keeps, for what runs as a task in it.

| connection    | type     | stands for                                            |
| ------------- | -------- | ----------------------------------------------------- |
| `drop_zone`   | sftp     | the settings of the drop zone                         |
| `mail_server` | smtp     | the settings of the mail server, and `mail_from`      |
| `register`    | postgres | `register_url`                                        |
| `warehouse`   | postgres | `warehouse_url`, if the warehouse is on PostgreSQL    |

One that is defined wins over the settings; where there is none, these are used.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sqlalchemy import URL

from tembaga.dbt import SSL_OPTIONS
from tembaga.settings import Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from paramiko import SFTPClient

DROP_ZONE, MAIL_SERVER, REGISTER, WAREHOUSE = "drop_zone", "mail_server", "register", "warehouse"


def settings_here() -> Settings:
    """The settings, with the addresses of the connections that are defined.

    Raises:
        SettingsError: One of them cannot be used.
    """
    found: dict[str, object] = {}
    if mail_server := defined(MAIL_SERVER):
        found |= _mail_server(mail_server)
    if register := defined(REGISTER):
        found["register_url"] = _database(register)
    settings = load_settings(**found)
    if settings.warehouse == "postgres" and (warehouse := defined(WAREHOUSE)):
        settings = load_settings(**found, warehouse_url=_database(warehouse))
    return settings


def drop_zone_here() -> "Callable[[], AbstractContextManager[SFTPClient]] | None":
    """How to open the drop zone by its connection; None if none is defined."""
    from tembaga.drop_zone import open_connection

    return open_connection if defined(DROP_ZONE) else None


def defined(conn_id: str) -> "Connection | None":
    """A connection of Airflow's, or None if there is none of this name."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found: Connection = Connection.get(conn_id)
        return found
    except AirflowNotFoundException:
        return None


def _mail_server(connection: "Connection") -> dict[str, object]:
    """The settings of the mail server, by what Airflow's SMTP hook reads."""
    extra = connection.extra_dejson
    secured = "none" if extra.get("disable_tls") else "starttls"
    security = secured if extra.get("disable_ssl") else "tls"
    said = {
        "smtp_host": connection.host,
        "smtp_port": connection.port or {"tls": 465, "starttls": 587, "none": 25}[security],
        "smtp_security": security,
        "smtp_user": connection.login,
        "smtp_password": connection.password,
        "mail_from": extra.get("from_email"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _database(connection: "Connection") -> str:
    extra, host, port = connection.extra_dejson, connection.host or "", connection.port
    query = {name: str(extra[name]) for name in SSL_OPTIONS if name in extra}
    if host.startswith("/"):  # The folder of a socket has no place before the database's name.
        query |= {"host": host, "port": str(port or 5432)}
        host, port = "", None
    return URL.create(
        "postgresql+psycopg2",
        username=connection.login,
        password=connection.password,
        host=host,
        port=port,
        database=connection.schema,
        query=query,
    ).render_as_string(hide_password=False)
