"""Post: what was loaded becomes sealed batches of transfers.

    open      give the batch its number, and write down all that goes into it
    propose   dbt works out the transfers, from the files, the rules and the state of the books
    audit     dbt tests the laws of the books on what is proposed
    publish   one transaction appends the batch and its seal, or nothing

An opening balance, a merge or a reversal is a batch of its own, in the order of the files;
then everything else that waits is the batch of the day.

A batch that breaks a law appends nothing, and what it proposed stays in the warehouse to be
looked at. Posting may be killed at any instant and started again: a batch that was published
is recognised, and one that was not is proposed anew.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, get_args

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, text, update

from tembaga import dbt, papers, warehouse
from tembaga.agreements import Agreement
from tembaga.close import PeriodClosedError, open_from
from tembaga.inputs import (
    InputFile,
    Inputs,
    Kind,
    Partner,
    RulePackChangedError,
    fill_raw,
    keep_rulepack,
    kept_rulepack,
)
from tembaga.register.locks import POSTING_LOCK, BatchInProgressError, only_one_posts
from tembaga.register.tables import batches, files, standing_orders, voucher_batches, vouchers
from tembaga.rulepack import RulePack, load_rulepack
from tembaga.settings import Settings
from tembaga.waiting import is_to_be_posted
from tembaga.warehouse import claim_warehouse, has_table, open_warehouse, read_warehouse

__all__ = [
    "POSTING_LOCK",
    "BatchInProgressError",
    "LawBrokenError",
    "PeriodClosedError",
    "RulePackChangedError",
    "post",
    "propose",
    "publish",
]

log = logging.getLogger(__name__)

SHOWN_ROWS = 5
ALONE = tuple(kind for kind in get_args(Kind) if kind != "day")  # Each file a batch of its own.


class LawBrokenError(Exception):
    """A proposed batch breaks laws of the books; the sentence says which, and for what."""


def post(
    engine: Engine, as_of: date, *, agreements: dict[str, Agreement], settings: Settings
) -> int | None:
    """Post what is loaded and not posted yet, as of a day, in as many batches as it takes.

    The books never go back: an `as_of` before the last batch's is taken as the last batch's.
    Returns the number of the last batch, or None if there was nothing to post; a second call
    posts nothing.

    Raises:
        BatchInProgressError: Another process is posting.
        LawBrokenError: The batch would break a law; nothing of it was appended.
        PeriodClosedError: The day lies in a month that was closed.
        RulePackChangedError: The rule pack was edited meanwhile; nothing was appended.
        WarehouseInUseError: Another process has the warehouse open.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with engine.connect() as register, only_one_posts(register), claim_warehouse(settings):
        _refuse_closed(register, as_of)
        _recognise_published(register, settings)
        papers.finish(engine, settings=settings)
        last_batch_no = None
        is_more = True
        while is_more:
            rulepack = keep_rulepack(settings.campaigns, settings.landing)
            inputs = _open(register, as_of, agreements, rulepack)
            is_posted = _post_batch(register, inputs, settings)
            last_batch_no = inputs.batch_no if is_posted else last_batch_no
            is_more = is_posted and inputs.kind != "day"
        if last_batch_no is None:
            log.info("nothing to post as of %s", as_of)
        return last_batch_no


def propose(inputs: Inputs, rulepack: RulePack, *, settings: Settings) -> bool:
    """Work out a batch and audit it; returns whether there is anything to publish.

    What it needs is in the warehouse or in its arguments; the register is not asked.

    Raises:
        LawBrokenError: It would break a law.
    """
    with open_warehouse(settings) as connection:
        fill_raw(connection, inputs, rulepack)
    _audit(dbt.build(settings), settings)
    return _has_batch(settings)


def publish(settings: Settings) -> None:
    """Append the batch that was proposed: all of it and its seal, or nothing."""
    dbt.run_operation(settings, "publish")


def _post_batch(register: Connection, inputs: Inputs, settings: Settings) -> bool:
    """Propose, audit and publish a batch that is opened; False if it would be empty."""
    rulepack = kept_rulepack(settings.landing, inputs.rulepack_sha256)
    if not propose(inputs, rulepack, settings=settings):
        _forget(register, inputs.batch_no)
        return False
    if load_rulepack(settings.campaigns).sha256 != inputs.rulepack_sha256:
        _forget(register, inputs.batch_no)
        raise RulePackChangedError(
            f"The rule pack {settings.campaigns} was edited while batch {inputs.batch_no} was "
            "made from it; nothing was posted. Run this again to post by the rules as they are "
            "now, or undo the edit first."
        )
    publish(settings)
    _recognise_published(register, settings)
    log.info("posted batch %d (%s) as of %s", inputs.batch_no, inputs.kind, inputs.as_of)
    return True


def _refuse_closed(register: Connection, as_of: date) -> None:
    first_open = open_from(register)
    register.rollback()
    if first_open is not None and as_of < first_open:
        raise PeriodClosedError(
            f"{as_of:%Y-%m} is closed: nothing is posted into it any more. "
            f"Give a day from {first_open} on."
        )


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
        _forget(register, batch_no)
        return
    n_transfers, head, file_nos, request_nos = published
    register.execute(update(files).where(files.c.file_no.in_(file_nos)).values(batch_no=batch_no))
    register.execute(
        update(vouchers).where(vouchers.c.request_no.in_(request_nos)).values(batch_no=batch_no)
    )
    register.execute(
        update(batches)
        .where(batches.c.batch_no == batch_no)
        .values(transfers=n_transfers, head=head, published_at=func.now())
    )
    register.commit()


def _forget(register: Connection, batch_no: int) -> None:
    """Take an open batch out of the register; its number is given again."""
    register.execute(
        delete(batches).where(batches.c.batch_no == batch_no, batches.c.published_at.is_(None))
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


def _open(
    register: Connection, as_of: date, agreements: dict[str, Agreement], rulepack: RulePack
) -> Inputs:
    """Open the next batch: the oldest file that is posted alone, or all that is not."""
    last_batch_no: int = register.scalars(
        select(func.coalesce(func.max(batches.c.batch_no), 0))
    ).one()
    last_as_of: date | None = register.scalar(select(func.max(batches.c.as_of)))
    first_open = open_from(register)
    waiting = _waiting(register)
    kind, batch_files = _next(waiting)
    days = [day for day in (last_as_of, first_open) if day is not None]
    if kind == "day" or last_as_of is None:
        days.append(as_of)
    inputs = Inputs(
        batch_no=last_batch_no + 1,
        kind=kind,
        as_of=max(days),
        open_from=first_open,
        files=tuple(InputFile.model_validate(dict(file._mapping)) for file in batch_files),
        issued=_issued(register) if kind == "day" else (),
        orders=_orders(register) if kind == "day" else (),
        partners=tuple(_partners(agreements.values())),
        rulepack_sha256=rulepack.sha256,
    )
    register.execute(
        insert(batches).values(
            batch_no=inputs.batch_no,
            as_of=inputs.as_of,
            manifest_sha256=inputs.manifest_sha256,
            rulepack_sha256=inputs.rulepack_sha256,
            opened_at=func.now(),
            inputs=inputs.model_dump(mode="json"),
        )
    )
    register.commit()
    return inputs


def _waiting(register: Connection) -> Sequence[Row[Any]]:
    columns = [files.c[name] for name in InputFile.model_fields]
    return register.execute(
        select(*columns).where(*is_to_be_posted()).order_by(files.c.file_no)
    ).all()


def _next(waiting: Sequence[Row[Any]]) -> tuple[Kind, Sequence[Row[Any]]]:
    alone = next((file for file in waiting if file.feed in ALONE), None)
    return ("day", waiting) if alone is None else (alone.feed, [alone])


def _issued(register: Connection) -> tuple[int, ...]:
    """The requests whose vouchers their merchants have, and that no batch has booked."""
    return tuple(
        register.scalars(
            select(vouchers.c.request_no)
            .join(voucher_batches)
            .where(vouchers.c.batch_no.is_(None), voucher_batches.c.delivered_at.is_not(None))
            .order_by(vouchers.c.request_no)
        )
    )


def _orders(register: Connection) -> tuple[tuple[str, str], ...]:
    wanted = register.execute(select(standing_orders.c.advocate, standing_orders.c.reward))
    return tuple(sorted((row.advocate, row.reward) for row in wanted))


def _partners(agreements: Iterable[Agreement]) -> Iterable[Partner]:
    return (
        Partner(partner_no=a.number, partner=a.partner, kind=a.kind, name=a.name)
        for a in agreements
    )


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
