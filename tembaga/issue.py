"""Issue: requests that hold points become vouchers, delivered to their merchants.

    issue     each open request gets a voucher, and each merchant a batch of them
    deliver   the batch goes to the merchant's folder as a file

What was delivered is posted by the next batch: the points are used, the face is owed.
Each step finds out what is left to do, so any of them may be run again.

The codes are not kept: they follow from the voucher's number and the installation's key, and
so the same batch gives the same file whenever it is made.
"""

import csv
import hashlib
import io
import logging
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from paramiko import SFTPClient
from sqlalchemy import Column, Connection, Engine, Row, func, insert, select, text, update

from tembaga.agreements import Agreement
from tembaga.drop_zone import deliver as deliver_file
from tembaga.formulas import harmless
from tembaga.register.tables import advocates, batches, outlets, voucher_batches, vouchers
from tembaga.rulepack import MINOR_UNITS
from tembaga.settings import Settings, refuse_open_key
from tembaga.vouchers import code_hmac, voucher_code
from tembaga.warehouse import has_table, read_warehouse

log = logging.getLogger(__name__)

ISSUING_LOCK = 7_214_011  # No other advisory lock of ours has it.
PHONE = re.compile(r"\+?[\d ()-]+")
COLUMNS = ("code", "reward", "face", "currency", "usable_until", "deliver_to", "request_no")

OPEN_REQUESTS = """
select
    request_no, batch_no, advocate, merchant, reward, face_minor, currency, requested_on,
    usable_days, deliver_to
from marts.open_requests
order by batch_no, merchant, request_no
"""


@dataclass(frozen=True)
class Voucher:
    """A voucher as its advocate uses it."""

    voucher_no: int
    reward: str
    merchant: str
    code: str
    face_minor: int
    currency: str
    usable_until: date
    deliver_to: str


def issue(engine: Engine, *, settings: Settings) -> int:
    """Make a voucher for each request that has none, and return how many were made.

    All of them are made or none. A second call makes none.
    """
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "marts", "open_requests"):
            return 0
        requests = warehouse.execute(text(OPEN_REQUESTS)).all()
    key = voucher_key(settings)
    with engine.begin() as register:
        register.execute(select(func.pg_advisory_xact_lock(ISSUING_LOCK)))
        known: set[int] = set(register.scalars(select(vouchers.c.request_no)))
        unknown = [request for request in requests if request.request_no not in known]
        for (batch_no, merchant), group in groupby(unknown, lambda r: (r.batch_no, r.merchant)):
            _issue_batch(register, batch_no, merchant, list(group), key)
    log.info("issued %d vouchers", len(unknown))
    return len(unknown)


def deliver(
    sftp: SFTPClient,
    engine: Engine,
    *,
    agreements: dict[str, Agreement],
    settings: Settings,
    now: datetime,
) -> int:
    """Put each voucher batch that was not delivered yet into its merchant's folder.

    Returns how many were delivered. A batch whose delivery is repeated is the same file.
    One of a merchant with whom there is no agreement any more waits until there is one.
    """
    with engine.connect() as register:
        waiting = register.execute(
            select(voucher_batches, batches.c.head)
            .join(batches, batches.c.batch_no == voucher_batches.c.batch_no)
            .where(
                voucher_batches.c.delivered_at.is_(None),
                voucher_batches.c.merchant.in_(list(agreements)),
                batches.c.published_at.is_not(None),
            )
            .order_by(voucher_batches.c.voucher_batch_no)
        ).all()
    for batch in waiting:
        with engine.begin() as register:
            content = _batch_file(register, batch, settings)
            folder = f"/{batch.merchant}/vouchers"
            deliver_file(sftp, folder, file_name(batch.voucher_batch_no), content)
            register.execute(
                update(voucher_batches)
                .where(voucher_batches.c.voucher_batch_no == batch.voucher_batch_no)
                .values(sha256=hashlib.sha256(content).hexdigest(), delivered_at=now)
            )
        log.info("delivered voucher batch %d", batch.voucher_batch_no)
    return len(waiting)


def codes_of(
    engine: Engine, advocate: str, first_batch_no: int, last_batch_no: int, *, settings: Settings
) -> list[Voucher]:
    """The vouchers of an advocate whose issue these batches posted, with their codes."""
    key = voucher_key(settings)
    with engine.connect() as register:
        rows = register.execute(
            select(vouchers, voucher_batches.c.merchant, voucher_batches.c.currency)
            .join(voucher_batches)
            .where(
                vouchers.c.advocate == advocate,
                vouchers.c.batch_no.between(first_batch_no, last_batch_no),
            )
            .order_by(vouchers.c.voucher_no)
        ).all()
    return [
        Voucher(
            voucher_no=row.voucher_no,
            reward=row.reward,
            merchant=row.merchant,
            code=voucher_code(row.voucher_no, key),
            face_minor=row.face_minor,
            currency=row.currency,
            usable_until=row.usable_until,
            deliver_to=row.deliver_to,
        )
        for row in rows
    ]


def file_name(voucher_batch_no: int) -> str:
    """What the file of a voucher batch is called in the merchant's folder."""
    return f"vouchers_{voucher_batch_no:06d}.csv"


def voucher_key(settings: Settings) -> bytes:
    """The secret that voucher codes follow from; made when it is first asked for.

    Raises:
        SettingsError: Others than its owner may read it.
    """
    path = settings.keys / "vouchers"
    if not path.exists():
        _write_key(path)
    refuse_open_key(path)
    return path.read_bytes()


def _write_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    try:
        os.link(part, path)  # Unlike a rename, a link never replaces a key that is in use.
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _issue_batch(
    register: Connection, batch_no: int, merchant: str, requests: Sequence[Row[Any]], key: bytes
) -> None:
    voucher_batch_no = _next(register, voucher_batches.c.voucher_batch_no)
    first_voucher_no = _next(register, vouchers.c.voucher_no)
    register.execute(
        insert(voucher_batches).values(
            voucher_batch_no=voucher_batch_no,
            merchant=merchant,
            batch_no=batch_no,
            vouchers=len(requests),
            face_minor=sum(request.face_minor for request in requests),
            currency=requests[0].currency,
        )
    )
    register.execute(
        insert(vouchers),
        [
            {
                "voucher_no": voucher_no,
                "request_no": request.request_no,
                "voucher_batch_no": voucher_batch_no,
                "advocate": request.advocate,
                "reward": request.reward,
                "face_minor": request.face_minor,
                "code_hmac": code_hmac(voucher_code(voucher_no, key), key),
                "usable_until": request.requested_on + timedelta(days=request.usable_days),
                "deliver_to": request.deliver_to,
            }
            for voucher_no, request in enumerate(requests, first_voucher_no)
        ],
    )


def _next(register: Connection, column: Column[Any]) -> int:
    return int(register.scalars(select(func.coalesce(func.max(column), 0))).one()) + 1


def _batch_file(register: Connection, batch: Row[Any], settings: Settings) -> bytes:
    """The merchant's file: what it is, a line a voucher, and totals to check it by."""
    key = voucher_key(settings)
    rows = register.execute(
        select(vouchers, advocates.c.phone, outlets.c.name, outlets.c.address, outlets.c.city)
        .select_from(vouchers)
        .outerjoin(advocates, advocates.c.advocate == vouchers.c.advocate)
        .outerjoin(outlets, outlets.c.outlet == advocates.c.outlet)
        .where(vouchers.c.voucher_batch_no == batch.voucher_batch_no)
        .order_by(vouchers.c.voucher_no)
    ).all()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["voucher batch", batch.voucher_batch_no])
    writer.writerow(["ledger batch", batch.batch_no])
    writer.writerow(["ledger head", batch.head])
    writer.writerow(["vouchers", batch.vouchers])
    writer.writerow(["face", _major(batch.face_minor, batch.currency), batch.currency])
    writer.writerow([])
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(
            [
                voucher_code(row.voucher_no, key),
                row.reward,
                _major(row.face_minor, batch.currency),
                batch.currency,
                row.usable_until.isoformat(),
                _destination(row),
                row.request_no,
            ]
        )
    return file.getvalue().encode()


def _destination(row: Row[Any]) -> str:
    if row.deliver_to == "phone":
        phone = row.phone or ""
        return phone if PHONE.fullmatch(phone) else harmless(phone)
    if row.deliver_to == "outlet":
        return harmless(", ".join(part for part in (row.name, row.address, row.city) if part))
    return ""


def _major(minor: int, currency: str) -> str:
    """An amount in major units, with the currency's decimals, exactly."""
    digits = MINOR_UNITS[currency]
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)
