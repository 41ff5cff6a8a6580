"""Settings: where this installation keeps its things, and whom it talks to.

Each has an environment variable with the prefix `TEMBAGA_`; `docs/settings.md` lists them.
Services that are embedded write the addresses at which they can be reached to `services.env`
in the home, so that every command on that home finds them; a variable in the environment wins
over the file.

All of them are looked at before anything starts. One that is wrong is a sentence that names it.
"""

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tembaga.setting_words import (
    PREFIX,
    MayBe,
    SettingsError,
    may_be,
    refuse_garbage,
    refuse_misspelt,
    sentences,
    variable,
)

__all__ = ["PROJECT", "Settings", "SettingsError", "load_settings", "refuse_open_key"]

PROJECT = Path(__file__).resolve().parent.parent
POSTGRESQL = ("postgresql://", "postgresql+psycopg2://")


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _postgresql(value: str | None) -> str | None:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if value is None:
        return None
    try:
        is_address = value.startswith(POSTGRESQL) and make_url(value).database
    except (ArgumentError, ValueError):
        is_address = None
    if not is_address:
        raise ValueError("not an address of PostgreSQL")
    return value


Unset = BeforeValidator(_none_if_empty)
Folder = Annotated[Path, MayBe("the path of a folder")]
FolderIfAny = Annotated[Path | None, Unset, MayBe("the path of a folder")]
FileIfAny = Annotated[Path | None, Unset, MayBe("the path of a file")]
TextIfAny = Annotated[str | None, Unset, MayBe("any text")]
Port = Annotated[int, Field(ge=0, le=65_535), MayBe("a whole number from 0 to 65535")]
DatabaseIfAny = Annotated[
    str | None,
    Unset,
    AfterValidator(_postgresql),
    MayBe("`postgresql://user:password@host:5432/database`"),
]


class Settings(BaseSettings):
    """The settings of one installation, read once when a command or a task starts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    home: Folder = Field(Path("var"), description="the home; what the program writes lies under it")
    programme: Annotated[str, MayBe("the name of a folder")] = Field(
        "demo", pattern=r"^[^/\\.][^/\\]*$", description="the folder under `campaigns/` that is run"
    )
    landing_folder: FolderIfAny = Field(
        None,
        description="the landing, on a volume that all workers share; empty: `landing` in the home",
    )
    keys_folder: FolderIfAny = Field(
        None, description="where keys lie, readable by their owner only; empty: `keys` in the home"
    )
    campaigns_folder: Folder = Field(
        PROJECT / "campaigns", description="what managers edit; one folder a programme"
    )
    agreements_folder: Folder = Field(
        PROJECT / "sftp_inbound", description="the agreements; one folder a partner"
    )

    register_url: DatabaseIfAny = Field(
        None, repr=False, description="the register's database; empty: the embedded PostgreSQL"
    )
    warehouse: Literal["duckdb", "postgres"] = Field(
        "duckdb", description="the engine of the warehouse; DuckDB is one file for one machine"
    )
    warehouse_url: DatabaseIfAny = Field(
        None,
        repr=False,
        description="the warehouse's database on PostgreSQL; empty: the embedded one",
    )
    warehouse_memory: Annotated[str, MayBe("a number with its unit, as `1500MB` or `2GiB`")] = (
        Field(
            "1500MB",
            pattern=r"^\d+ ?[KMGT]i?B$",
            description="what DuckDB may use; the rest goes to files beside the warehouse's",
        )
    )

    drop_zone_host: Annotated[str, MayBe("a host's name or address")] = Field(
        "127.0.0.1", min_length=1, description="the SFTP server of the partners"
    )
    drop_zone_port: Port = Field(2222, description="the port of the drop zone")
    drop_zone_user: Annotated[str, MayBe("a user's name")] = Field(
        "tembaga", min_length=1, description="the account there that sees all partners"
    )
    drop_zone_host_key: Annotated[
        str | None, Unset, MayBe("a public key, as `ssh-ed25519 AAAA…`")
    ] = Field(
        None,
        pattern=r"^[a-z0-9@.-]+ AAAA[A-Za-z0-9+/=]+( .*)?$",
        description="the server's public key; one that shows another is refused",
    )
    drop_zone_key_file: FileIfAny = Field(
        None, description="the private key that opens the drop zone, readable by its owner only"
    )
    drop_zone_accounts: FolderIfAny = Field(
        None,
        description="where an OpenSSH drop zone reads the partners' accounts; empty: it is "
        "the embedded one",
    )

    smtp_host: Annotated[str, MayBe("a host's name or address")] = Field(
        "127.0.0.1", min_length=1, description="the mail server"
    )
    smtp_port: Port = Field(2525, description="the port of the mail server")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="how mail is kept from others on its way to the server"
    )
    smtp_user: TextIfAny = Field(
        None, description="our account at the mail server; empty: it asks for none"
    )
    smtp_password: Annotated[SecretStr | None, Unset, MayBe("any text")] = Field(
        None, description="the password of that account"
    )
    mail_from: Annotated[str, MayBe("`Name <address@example.org>`")] = Field(
        "Tembaga <statements@tembaga.example>",
        pattern=r"^[^@<>]*<?[^@<>\s]+@[^@<>\s]+>?$",
        description="the sender of the statements",
    )

    settle_seconds: Annotated[float, MayBe("a number of seconds, 0 or more")] = Field(
        30.0,
        ge=0,
        allow_inf_nan=False,
        description="how far apart two looks at a file are that must see it unchanged",
    )
    max_file_bytes: Annotated[int, MayBe("a whole number of bytes, 1 or more")] = Field(
        4 * 1024**3, gt=0, description="the size above which a file is not downloaded"
    )
    receivers: Annotated[int, Field(ge=1), MayBe("a whole number, 1 or more")] = Field(
        2, description="how many processes receive many files side by side, on the command line"
    )
    receive_schedule: Annotated[str | None, Unset, MayBe("five fields of cron, or `@hourly`")] = (
        Field(
            "*/15 * * * *",
            pattern=r"^(@(hourly|daily|weekly|monthly)|[\d*/,A-Za-z-]+( [\d*/,A-Za-z#?-]+){4})$",
            description="when Airflow looks for files; empty: only when asked",
        )
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.root.exists() and not self.root.is_dir():
            raise _wrong(f"{variable('home')} is {self.root}, which is a file and not a folder.")
        if self.warehouse_url and self.warehouse == "duckdb" and is_said("warehouse_url"):
            raise _wrong(
                f"{variable('warehouse_url')} is set while {variable('warehouse')} is duckdb: "
                "make that postgres, or take the address away."
            )
        if self.smtp_user and not self.smtp_password:
            raise _wrong(f"{variable('smtp_user')} is set without {variable('smtp_password')}.")
        if (key := self.drop_zone_key_file) is not None:
            if is_said("drop_zone_key_file") and not key.is_file():
                raise _wrong(f"{variable('drop_zone_key_file')} is {key}, and there is no file.")
            try:
                refuse_open_key(key)
            except SettingsError as error:
                raise _wrong(str(error)) from error
        return self

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def landing(self) -> Path:
        """Every file as it came, and its rows."""
        return _absolute(self.landing_folder) if self.landing_folder else self.root / "landing"

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file of the warehouse, if that is its engine."""
        return self.root / "warehouse.duckdb"

    @property
    def keys(self) -> Path:
        """Keys of this installation: readable by its owner only."""
        return _absolute(self.keys_folder) if self.keys_folder else self.root / "keys"

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

    Raises:
        SettingsError: One cannot be what it is; a sentence for each says what it may be.
    """
    refuse_misspelt(Settings.model_fields)
    home = Path(str(overrides.get("home") or os.environ.get(variable("home")) or "var"))
    services_file = home.expanduser() / "services.env"
    refuse_garbage(services_file)
    try:
        return Settings(_env_file=services_file, **overrides)  # type: ignore[arg-type]  # The model checks what is given.
    except ValidationError as error:
        raise SettingsError(sentences(error, Settings.model_fields)) from None  # It holds secrets.


def is_said(name: str) -> bool:
    """Whether the environment itself says a setting."""
    return bool(os.environ.get(variable(name)))


def refuse_open_key(path: Path) -> None:
    """Refuse a private key that others than its owner may read or change.

    Raises:
        SettingsError: They may; the sentence says how to close it.
    """
    if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(
            f"The key {path} may be read by others than its owner: run `chmod 600 {path}`, "
            "and consider whether somebody has read it."
        )


def settings_table() -> str:
    """All settings as a table in Markdown."""
    rows = ["| variable | what it is | may be | default |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        what = f"{(field.description or '')[:1].upper()}{(field.description or '')[1:]}"
        cells = (f"`{variable(name)}`", what, may_be(field), _default(field.default))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def _default(value: object) -> str:
    if isinstance(value, Path) and value.is_relative_to(PROJECT):
        value = f"{value.relative_to(PROJECT)}/"
    return "" if value is None else f"`{value}`"


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{sentence}", {"sentence": sentence})


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()
