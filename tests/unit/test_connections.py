"""Tasks take from Airflow's connections what the settings leave open, and nothing else."""

from pathlib import Path

import pytest

from tembaga.connections import ConnectionMissingError, with_connections
from tembaga.settings import load_settings


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgres://{0}:p%40ss%2Fw@db.example:5433/{0}_db"
    for name in ("register", "warehouse"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", url.format(name))
    monkeypatch.setenv("AIRFLOW_CONN_SMTP", "smtp://mail.example:2626")


def test_what_is_left_open_comes_from_the_connections(tmp_path: Path) -> None:
    found = with_connections(load_settings(home=tmp_path, warehouse="postgres"))

    address = "postgresql+psycopg2://{0}:p%40ss%2Fw@db.example:5433/{0}_db"
    assert found.register_url == address.format("register")
    assert found.warehouse_url == address.format("warehouse")
    assert (found.smtp_host, found.smtp_port) == ("mail.example", 2626)


def test_a_setting_wins_over_a_connection(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        warehouse="postgres",
        register_url="postgresql://mine/r",
        warehouse_url="postgresql://mine/w",
        smtp_host="mine",
    )

    assert with_connections(settings) == settings


def test_duckdb_needs_no_connection(tmp_path: Path) -> None:
    assert with_connections(load_settings(home=tmp_path)).warehouse_url is None


def test_an_address_in_neither_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE")

    with pytest.raises(ConnectionMissingError, match="TEMBAGA_WAREHOUSE_URL"):
        with_connections(load_settings(home=tmp_path, warehouse="postgres"))


def test_without_a_mail_connection_the_setting_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SMTP")

    assert with_connections(load_settings(home=tmp_path)).smtp_host == "127.0.0.1"
