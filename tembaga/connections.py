"""The addresses that Airflow's connections give to the tasks.

    register, warehouse   a PostgreSQL database each
    smtp                  the mail server, as whom, and how it is secured
    drop_zone             see `tembaga.drop_zone.open_connection`

A setting that is set wins: only what it leaves open is asked of Airflow. So the embedded Airflow,
which is told everything by settings, asks for nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL

from tembaga.dbt import SSL_OPTIONS
from tembaga.settings import Settings, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Connection

PORTS = {"tls": 465, "starttls": 587, "none": 25}


class ConnectionMissingError(Exception):
    """Airflow has no such connection, and no setting stands in for it."""


def with_connections(settings: Settings) -> Settings:
    """The settings, with the addresses that they leave open taken from Airflow's connections.

    Raises:
        ConnectionMissingError: A database has an address in neither.
        SettingsError: What a connection says cannot be used.
    """
    found: dict[str, object] = {}
    if not settings.register_url:
        found["register_url"] = _database("register")
    if settings.warehouse == "postgres" and not settings.warehouse_url:
        found["warehouse_url"] = _database("warehouse")
    if "smtp_host" not in settings.model_fields_set and (smtp := _connection("smtp")):
        found |= _mail_server(smtp)
    if not found:
        return settings
    return load_settings(
        **{name: getattr(settings, name) for name in settings.model_fields_set} | found
    )


def drop_zone_key() -> Path | None:
    """The file of our private key, as the connection to the drop zone names it."""
    found = _connection("drop_zone")
    named = found.extra_dejson.get("key_file") if found else None
    return Path(named) if named else None


def _database(conn_id: str) -> str:
    found = _connection(conn_id)
    if found is None:
        raise ConnectionMissingError(
            f"The {conn_id} has no address. Give Airflow a connection {conn_id!r}, or set "
            f"TEMBAGA_{conn_id.upper()}_URL."
        )
    extra, host, port = found.extra_dejson, found.host or "", found.port
    query = {name: str(extra[name]) for name in SSL_OPTIONS if name in extra}
    if host.startswith("/"):  # The folder of a socket has no place before the database's name.
        query |= {"host": host, "port": str(port or 5432)}
        host, port = "", None
    return URL.create(
        "postgresql+psycopg2",
        username=found.login,
        password=found.password,
        host=host,
        port=port,
        database=found.schema,
        query=query,
    ).render_as_string(hide_password=False)


def _mail_server(found: "Connection") -> dict[str, object]:
    """The settings of the mail server, by what Airflow's own hook reads.

    Where it does not say how it is secured, one without a password is not.
    """
    extra = found.extra_dejson
    if "disable_ssl" not in extra and "disable_tls" not in extra:
        security = "tls" if found.password else "none"
    elif not extra.get("disable_ssl"):
        security = "tls"
    else:
        security = "none" if extra.get("disable_tls") else "starttls"
    said = {
        "smtp_host": found.host,
        "smtp_port": found.port or PORTS[security],
        "smtp_security": security,
        "smtp_user": found.login or None,
        "smtp_password": found.password or None,
        "mail_from": extra.get("from_email"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _connection(conn_id: str) -> "Connection | None":
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found: Connection = Connection.get(conn_id)
    except AirflowNotFoundException:
        return None
    return found
