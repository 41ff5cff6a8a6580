"""A home with its services running and partners who drop files, to be received."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import Measured, in_a_child
from tembaga import stages
from tembaga.embedded.services import running
from tembaga.embedded.sftp_server import drop_zone_folder
from tembaga.installation import Installation
from tembaga.settings import load_settings
from tembaga.upgrade import upgrade

PROGRAMME = "online_retail"
COLUMNS = (
    "document", "document_line", "document_date", "advocate", "outlet", "sku", "quantity", "amount",
)  # fmt: skip
HEADERS = {"document_line": "line_ref"}


@dataclass(frozen=True)
class DropZone:
    """The home: its settings as a process of its own reads them."""

    options: dict[str, Any]

    def inbox(self, partner: str) -> Path:
        """Where a partner's files lie before they are taken."""
        return drop_zone_folder(load_settings(**self.options)) / partner / "inbox"

    def run(self, stage: str, *args: object) -> Measured:
        """Run a stage in a process of its own, as a task does."""
        return in_a_child(_run, self.options, stage, args)


@contextmanager
def drop_zone(partners: Sequence[str]) -> Iterator[DropZone]:
    """A home in which nothing was received yet; it is removed in the end."""
    home = Path(tempfile.mkdtemp(prefix="tembaga-bench-"))
    try:
        for number, partner in enumerate(partners, start=1):
            _agree(home / "agreements" / partner / "agreement.yml", partner, number)
        options: dict[str, Any] = {
            "home": home,
            "programme": PROGRAMME,
            "agreements_folder": home / "agreements",
            "settle_seconds": 0.1,
            "drop_zone_port": 0,
            "smtp_port": 0,
        }
        with running(load_settings(**options)) as settings:
            upgrade(settings)
            # The addresses of the services are read from the home.
            options = {k: v for k, v in options.items() if not k.endswith("_port")}
            yield DropZone(options)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _agree(path: Path, partner: str, number: int) -> None:
    path.parent.mkdir(parents=True)
    agreement = {
        "partner": partner,
        "number": number,
        "kind": "distributor",
        "name": partner,
        "programme": PROGRAMME,
        "language": "en",
        "contact": {"name": "Nobody", "email": "nobody@tembaga.example"},
        "feeds": {
            "sales": {
                "files": "SALES_*.csv",
                "format": "csv",
                "currency": "GBP",
                "max_bytes": 4 * 1024**3,
                "columns": {name: {"header": HEADERS.get(name, name)} for name in COLUMNS},
                "other_headers": ["currency"],
                "unlisted": {"advocate": "accept", "outlet": "accept", "sku": "accept"},
            }
        },
    }
    path.write_text(yaml.safe_dump(agreement), encoding="utf-8")


def _run(options: dict[str, Any], stage: str, args: tuple[object, ...]) -> Any:
    with Installation(load_settings(**options)) as here:
        return getattr(stages, stage)(here, *args)
