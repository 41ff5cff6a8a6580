"""Settings: where this installation keeps its things, and whom it talks to.

Each has an environment variable with the prefix `TEMBAGA_`. Services that are embedded
write the addresses at which they can be reached to `services.env` in the home, so that
every command on that home finds them; a variable in the environment wins over the file.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The settings of one installation, read once when a command or a task starts."""

    model_config = SettingsConfigDict(env_prefix="TEMBAGA_", extra="ignore", frozen=True)

    home: Path = Field(Path("var"), description="Everything the program writes lies under it.")
    programme: str = Field("demo", description="The folder under `campaigns/` that is run.")

    campaigns_folder: Path = Field(
        PROJECT / "campaigns", description="One folder a programme: what managers edit."
    )
    agreements_folder: Path = Field(
        PROJECT / "sftp_inbound", description="One folder a partner, with its agreement."
    )

    register_url: str | None = Field(
        None, description="SQLAlchemy address of the register; empty: the embedded PostgreSQL."
    )
    warehouse: Literal["duckdb", "postgres"] = Field(
        "duckdb", description="The engine of the warehouse: a DuckDB file, or PostgreSQL."
    )
    warehouse_url: str | None = Field(
        None,
        description="SQLAlchemy address of the warehouse's PostgreSQL; empty: the embedded one.",
    )
    warehouse_memory: str = Field(
        "1500MB",
        pattern=r"^\d+ ?[KMGT]i?B$",
        description="What DuckDB may use of it; the rest goes to files beside the warehouse's.",
    )
    drop_zone_host: str = Field("127.0.0.1", description="The SFTP server of the partners.")
    drop_zone_port: int = Field(2222, description="Its port.")
    drop_zone_user: str = Field("tembaga", description="The account that sees all partners.")
    drop_zone_host_key: str | None = Field(
        None, description="Its public key, as in `ssh-ed25519 AAAA…`; any other is refused."
    )
    drop_zone_key_file: Path | None = Field(None, description="The private key that opens it.")
    drop_zone_accounts: Path | None = Field(
        None,
        description="Where its OpenSSH server reads the partners' accounts; empty: it is embedded.",
    )
    smtp_host: str = Field("127.0.0.1", description="The mail server.")
    smtp_port: int = Field(2525, description="Its port.")
    mail_from: str = Field(
        "Tembaga <statements@tembaga.example>", description="The sender of the statements."
    )

    settle_seconds: float = Field(
        30.0, ge=0, description="A file is taken when two looks so far apart see it unchanged."
    )
    max_file_bytes: int = Field(
        4 * 1024**3, gt=0, description="A larger file is refused without being downloaded."
    )
    receive_schedule: str | None = Field(
        "*/15 * * * *", description="When Airflow looks for files; empty: only when asked."
    )

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def landing(self) -> Path:
        """Every file as it came, and its rows."""
        return self.root / "landing"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file of the warehouse, if that is its engine."""
        return self.root / "warehouse.duckdb"

    @property
    def keys(self) -> Path:
        """Keys of this installation: readable by its owner only."""
        return self.root / "keys"

    @property
    def services_file(self) -> Path:
        """Addresses of the embedded services while they run."""
        return self.root / "services.env"

    @property
    def campaigns(self) -> Path:
        """The rule pack of the programme: what its manager edits."""
        return self.campaigns_folder / self.programme

    @property
    def agreements(self) -> Path:
        """One folder a partner, each with its `agreement.yml`."""
        return self.agreements_folder


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and from the home's `services.env`.

    `overrides` win over both. Reading them again sees what has changed since.
    """
    home = Path(str(overrides.get("home") or os.environ.get("TEMBAGA_HOME") or "var"))
    return Settings(_env_file=home.expanduser() / "services.env", **overrides)  # type: ignore[arg-type]  # The model checks what is given.
