"""The addresses that Airflow's connections give to the tasks.

    register, warehouse   a PostgreSQL database each
    smtp                  the mail server
    drop_zone             see `tembaga.drop_zone.open_connection`

A setting that is set wins: only what it leaves open is asked of Airflow. So the embedded Airflow,
which is told everything by settings, asks for nothing.
"""

from typing import TYPE_CHECKING

from sqlalchemy import URL

from tembaga.settings import Settings

if TYPE_CHECKING:
    from airflow.sdk import Connection


class ConnectionMissingError(Exception):
    """Airflow has no such connection, and no setting stands in for it."""


def with_connections(settings: Settings) -> Settings:
    """The settings, with the addresses that they leave open taken from Airflow's connections.

    Raises:
        ConnectionMissingError: A database has an address in neither.
    """
    found: dict[str, object] = {}
    if not settings.register_url:
        found["register_url"] = _database("register")
    if settings.warehouse == "postgres" and not settings.warehouse_url:
        found["warehouse_url"] = _database("warehouse")
    if "smtp_host" not in settings.model_fields_set and (smtp := _connection("smtp")):
        found |= {"smtp_host": smtp.host, "smtp_port": smtp.port or settings.smtp_port}
    return settings.model_copy(update=found) if found else settings


def _database(conn_id: str) -> str:
    found = _connection(conn_id)
    if found is None:
        raise ConnectionMissingError(
            f"The {conn_id} has no address. Give Airflow a connection {conn_id!r}, or set "
            f"TEMBAGA_{conn_id.upper()}_URL."
        )
    return URL.create(
        "postgresql+psycopg2",
        username=found.login,
        password=found.password,
        host=found.host,
        port=found.port,
        database=found.schema,
    ).render_as_string(hide_password=False)


def _connection(conn_id: str) -> "Connection | None":
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None
