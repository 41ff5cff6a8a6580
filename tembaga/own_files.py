"""Own files: files among the partners' that we make ourselves, of lines that came before.

    landing/<partner>/<file_no>/
      original/<name>    what is in it, as CSV: lines of other files
      rows.parquet       these lines

Such a file has the name of the partner's file that it belongs to, and a number of its own. It
is loaded, posted, answered and replayed as files of sales are.
"""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from tembaga.landing import folder_of, land, original, sha256_of
from tembaga.register.locks import NUMBERING_LOCK
from tembaga.register.tables import files
from tembaga.settings import Settings

UPTAKES = "uptakes"  # Held lines of a file that are taken up.
WITHDRAWALS = "withdrawals"  # Lines that are missing from a file in place of others, voided.
OF_SALES = ("sales", UPTAKES, WITHDRAWALS)  # The feeds whose lines are sales.


def make_file(
    register: Connection,
    of: Row[Any],
    *,
    feed: str,
    write: Callable[[Path], bytes],
    settings: Settings,
    **facts: Any,
) -> int:
    """Bring a file of ours into the landing and, validated, into the register; its number.

    `write` is given where the rows belong, writes them, and returns what lists them. The register
    keeps it when the caller commits; until then nobody else gives numbers. What a kill left
    under its number is made anew.
    """
    register.execute(select(func.pg_advisory_xact_lock(NUMBERING_LOCK)))
    file_no: int = register.scalars(select(func.coalesce(func.max(files.c.file_no), 0) + 1)).one()
    folder = folder_of(settings.landing, of.partner, file_no)
    if folder.exists():  # Left by a kill before its number was given.
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    listed = write(folder / "rows.parquet")
    path = original(settings.landing, of.partner, file_no, of.name)
    land(io.BytesIO(listed), path, size_bytes=len(listed), is_unchanged=lambda: True)
    register.execute(
        insert(files).values(
            file_no=file_no,
            partner=of.partner,
            feed=feed,
            name=of.name,
            size_bytes=len(listed),
            modified_at=func.now(),
            seen_at=func.now(),
            state="validated",
            sha256=sha256_of(path),
            currency=of.currency,
            **facts,
        )
    )
    return file_no
