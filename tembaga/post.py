"""Post: loaded files become one sealed batch of transfers.

    open      give the batch its number, and write down what goes into it
    propose   dbt works out the transfers, from the files, the rules and the state of the books
    audit     dbt tests the laws of the books on what is proposed
    publish   one transaction appends the batch and its seal, or nothing

A batch that breaks a law appends nothing, and what it proposed stays in the warehouse to be
looked at. Posting may be killed at any instant and started again: a batch that was published
is recognised, and one that was not is proposed anew.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from tembaga import dbt, warehouse
from tembaga.agreements import Agreement
from tembaga.register.tables import batches, files, standing_orders, voucher_batches, vouchers
from tembaga.rulepack import Reward, RulePack, RulePackError, load_rulepack
from tembaga.settings import Settings
from tembaga.warehouse import (
    claim_warehouse,
    has_table,
    open_warehouse,
    read_warehouse,
    replace_rows,
)

log = logging.getLogger(__name__)

POSTING_LOCK = 7_214_010  # No other advisory lock of ours has it.
SHOWN_ROWS = 5


class BatchInProgressError(Exception):
    """Another process is posting; the sentence says what to do."""


class LawBrokenError(Exception):
    """A proposed batch breaks laws of the books; the sentence says which, and for what."""


@dataclass(frozen=True)
class Inputs:
    """What goes into a batch, besides the state of the books."""

    batch_no: int
    as_of: date
    file_nos: Sequence[int]
    issued_request_nos: Sequence[int]
    orders: Sequence[tuple[str, str]]
    manifest_sha256: str


def post(
    engine: Engine, as_of: date, *, agreements: dict[str, Agreement], settings: Settings
) -> int | None:
    """Post what is loaded and not posted yet, as of a day, and return the number of the batch.

    The books never go back: an `as_of` before the last batch's is taken as the last batch's.
    Returns None if there was nothing to post; a second call posts nothing.

    Raises:
        BatchInProgressError: Another process is posting.
        LawBrokenError: The batch would break a law; nothing was appended.
        WarehouseInUseError: Another process has the warehouse open.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with engine.connect() as register, _only_one(register), claim_warehouse(settings):
        _recognise_published(register, settings)
        inputs = _open(register, as_of)
        rulepack = load_rulepack(settings.campaigns)
        _record_inputs(register, inputs, rulepack)
        with open_warehouse(settings) as connection:
            _fill_raw(connection, inputs, rulepack, agreements)
        _audit(dbt.build(settings), settings)
        if not _has_batch(settings):
            register.execute(delete(batches).where(batches.c.batch_no == inputs.batch_no))
            register.commit()
            log.info("nothing to post as of %s", inputs.as_of)
            return None
        dbt.run_operation(settings, "publish")
        _recognise_published(register, settings)
        log.info("posted batch %d as of %s", inputs.batch_no, inputs.as_of)
        return inputs.batch_no


@contextmanager
def _only_one(register: Connection) -> Iterator[None]:
    """Hold the lock of posting; it ends with the connection, also when the process dies."""
    if not register.execute(select(func.pg_try_advisory_lock(POSTING_LOCK))).scalar_one():
        raise BatchInProgressError(
            "Another process is posting a batch. Wait for it to end and run this again."
        )
    register.commit()
    try:
        yield
    finally:
        register.rollback()
        register.execute(select(func.pg_advisory_unlock(POSTING_LOCK)))
        register.commit()


def _recognise_published(register: Connection, settings: Settings) -> None:
    """Note in the register that its open batch is in the ledger, or forget the batch."""
    batch_no = register.execute(
        select(batches.c.batch_no).where(batches.c.published_at.is_(None))
    ).scalar_one_or_none()
    if batch_no is None:
        register.rollback()
        return
    published = _published(settings, batch_no)
    if published is None:
        register.execute(delete(batches).where(batches.c.batch_no == batch_no))
    else:
        n_transfers, head, file_nos, request_nos = published
        register.execute(
            update(files).where(files.c.file_no.in_(file_nos)).values(batch_no=batch_no)
        )
        register.execute(
            update(vouchers).where(vouchers.c.request_no.in_(request_nos)).values(batch_no=batch_no)
        )
        register.execute(
            update(batches)
            .where(batches.c.batch_no == batch_no)
            .values(transfers=n_transfers, head=head, published_at=func.now())
        )
    register.commit()


def _published(settings: Settings, batch_no: int) -> tuple[int, str, list[int], list[int]] | None:
    """How many transfers a batch has in the ledger, its head, files and issued requests."""
    with read_warehouse(settings) as connection:
        if not has_table(connection, "ledger", "batches"):
            return None
        batch = connection.execute(
            text("select n_transfers, head from ledger.batches where batch_no = :batch_no"),
            {"batch_no": batch_no},
        ).one_or_none()
        if batch is None:
            return None
        return (
            batch.n_transfers,
            batch.head,
            list(connection.execute(select(warehouse.batch_files.c.file_no)).scalars()),
            list(connection.execute(select(warehouse.issued_requests.c.request_no)).scalars()),
        )


def _open(register: Connection, as_of: date) -> Inputs:
    last = register.execute(
        select(func.coalesce(func.max(batches.c.batch_no), 0), func.max(batches.c.as_of))
    ).one()
    loaded = register.execute(
        select(files.c.file_no, files.c.sha256)
        .where(files.c.state == "loaded", files.c.batch_no.is_(None))
        .order_by(files.c.file_no)
    ).all()
    issued_nos: list[int] = list(
        register.scalars(
            select(vouchers.c.request_no)
            .join(voucher_batches)
            .where(vouchers.c.batch_no.is_(None), voucher_batches.c.delivered_at.is_not(None))
            .order_by(vouchers.c.request_no)
        )
    )
    orders = sorted(
        (row.advocate, row.reward)
        for row in register.execute(select(standing_orders.c.advocate, standing_orders.c.reward))
    )
    manifest = [f"file|{sha256}" for sha256 in sorted(row.sha256 for row in loaded)]
    manifest += [f"issued|{request_no}" for request_no in issued_nos]
    manifest += [f"order|{reward}|{advocate}" for advocate, reward in orders]
    return Inputs(
        batch_no=last[0] + 1,
        as_of=max(as_of, last[1] or as_of),
        file_nos=[row.file_no for row in loaded],
        issued_request_nos=issued_nos,
        orders=orders,
        manifest_sha256=hashlib.sha256("\n".join(manifest).encode()).hexdigest(),
    )


def _record_inputs(register: Connection, inputs: Inputs, rulepack: RulePack) -> None:
    register.execute(
        insert(batches).values(
            batch_no=inputs.batch_no,
            as_of=inputs.as_of,
            manifest_sha256=inputs.manifest_sha256,
            rulepack_sha256=rulepack.sha256,
            opened_at=func.now(),
        )
    )
    register.commit()


def _fill_raw(
    connection: Connection,
    inputs: Inputs,
    rulepack: RulePack,
    agreements: dict[str, Agreement],
) -> None:
    """Put the batch's inputs where the models read them."""
    rows: dict[object, list[dict[str, object]]] = {
        warehouse.batch: [
            {
                "batch_no": inputs.batch_no,
                "as_of": inputs.as_of,
                "manifest_sha256": inputs.manifest_sha256,
                "rulepack_sha256": rulepack.sha256,
            }
        ],
        warehouse.batch_files: [{"file_no": file_no} for file_no in inputs.file_nos],
        warehouse.issued_requests: [{"request_no": no} for no in inputs.issued_request_nos],
        warehouse.standing_orders: [
            {"advocate": advocate, "reward": reward} for advocate, reward in inputs.orders
        ],
        **_rule_rows(rulepack, agreements),
    }
    _keep_partners(connection, agreements)
    for table, table_rows in rows.items():
        replace_rows(connection, table, table_rows)  # type: ignore[arg-type]  # Keys are tables.


def _keep_partners(connection: Connection, agreements: dict[str, Agreement]) -> None:
    """Bring the partners up to date; one who has left stays, for the ledger names it."""
    partners = warehouse.partners
    numbers = [agreement.number for agreement in agreements.values()]
    connection.execute(partners.delete().where(partners.c.partner_no.in_(numbers)))
    connection.execute(
        partners.insert(),
        [
            {"partner_no": a.number, "partner": a.partner, "kind": a.kind, "name": a.name}
            for a in agreements.values()
        ],
    )


def _merchant_no(reward: Reward, agreements: dict[str, Agreement]) -> int:
    merchant = agreements.get(reward.merchant)
    if merchant is None or merchant.kind != "merchant":
        raise RulePackError(
            f"catalogue.yml: {reward.reward}: {reward.merchant} is no merchant of the programme; "
            f"add sftp_inbound/{reward.merchant}/agreement.yml, or take the reward out"
        )
    return merchant.number


def _rule_rows(
    rulepack: RulePack, agreements: dict[str, Agreement]
) -> dict[object, list[dict[str, object]]]:
    return {
        warehouse.programme: [rulepack.programme_row()],
        warehouse.products: rulepack.product_rows(),
        warehouse.versions: rulepack.version_rows(),
        warehouse.rates: rulepack.rate_rows(),
        warehouse.taxes: rulepack.tax_rows(),
        warehouse.caps: rulepack.cap_rows(),
        warehouse.rewards: [
            {
                "reward": reward.reward,
                "partner_no": _merchant_no(reward, agreements),
                "name_id": reward.name.id,
                "name_en": reward.name.en,
                "points": reward.points,
                "face_minor": reward.face_minor,
                "currency": reward.currency,
                "usable_days": reward.usable_days,
                "deliver_to": reward.deliver_to,
            }
            for reward in rulepack.catalogue.rewards
        ],
    }


def _audit(failed: list[dbt.FailedTest], settings: Settings) -> None:
    if not failed:
        return
    sentences = []
    with read_warehouse(settings) as connection:
        for test in failed:
            rows = connection.execute(text(f"select * from {test.table} limit {SHOWN_ROWS}"))
            shown = "; ".join(str(dict(row._mapping)) for row in rows)
            sentences.append(f"law broken: {test.name} (rows: {test.n_rows}): {shown}")
    raise LawBrokenError(
        "Nothing was posted. " + ". ".join(sentences) + ". See docs/runbooks/post_ledger.md."
    )


def _has_batch(settings: Settings) -> bool:
    with read_warehouse(settings) as connection:
        found = connection.execute(text("select count(*) from posting.proposed_batches"))
        return bool(found.scalar_one())
