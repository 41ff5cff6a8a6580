"""A home with a register and a warehouse, ready to post."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from benchmarks.measuring import Measured, in_a_child
from tembaga import dbt, post
from tembaga.agreements import load_agreements
from tembaga.embedded.postgres import postgres
from tembaga.register import migrate, open_register
from tembaga.register.tables import batches, files
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import read_warehouse

PROGRAMME = "online_retail"
FAR_AWAY = "0" * 64  # A digest that nobody looks at.


@dataclass(frozen=True)
class Office:
    """The home: its settings as a process of its own reads them, and where its register is."""

    options: dict[str, Any]
    register_url: str

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return load_settings(**self.options)

    def expect(self, file_no: int, *, batch_no: int | None = None) -> None:
        """Note a file in the register: loaded, and posted by a batch if one is named."""
        register, now = open_register(self.register_url), datetime.now(UTC)
        row = {"partner": PROGRAMME, "name": f"{file_no}.csv", "size_bytes": 0, "state": "loaded"}
        with register.begin() as connection:
            if batch_no is not None:
                connection.execute(
                    insert(batches).values(
                        batch_no=batch_no,
                        as_of=date(2011, 12, 31),
                        manifest_sha256=FAR_AWAY,
                        rulepack_sha256=FAR_AWAY,
                        opened_at=now,
                        published_at=now,
                    )
                )
            connection.execute(
                insert(files).values(
                    file_no=file_no,
                    batch_no=batch_no,
                    modified_at=now,
                    seen_at=now,
                    sha256=f"{file_no:064}",
                    **row,
                )
            )
        register.dispose()

    def post(self, as_of: date) -> Measured:
        """Post all that waits, in a process of its own; the result is the number of transfers."""
        return in_a_child(_post, self.options, self.register_url, as_of)


@contextmanager
def office(*, engine: str = "duckdb") -> Iterator[Office]:
    """An empty home with the ledger's tables in its warehouse; it is removed in the end."""
    home = Path(tempfile.mkdtemp(prefix="tembaga-bench-"))
    try:
        with postgres(home / "postgres", databases=("register", "warehouse")) as server:
            register = open_register(server.url("register"))
            migrate(register)
            register.dispose()
            options: dict[str, Any] = {"home": home, "programme": PROGRAMME, "warehouse": engine}
            if engine == "postgres":
                options["warehouse_url"] = server.url("warehouse")
            in_a_child(_prepare, options)
            yield Office(options, server.url("register"))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _prepare(options: dict[str, Any]) -> None:
    dbt.prepare(load_settings(**options))


def _post(options: dict[str, Any], register_url: str, as_of: date) -> int:
    settings = load_settings(**options)
    register = open_register(register_url)
    agreements = load_agreements(settings.agreements, programme=PROGRAMME)
    post.post(register, as_of, agreements=agreements, settings=settings)
    register.dispose()
    with read_warehouse(settings) as connection:
        last = "select n_transfers from ledger.batches order by batch_no desc limit 1"
        return int(connection.scalar(text(last)) or 0)
