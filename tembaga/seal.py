"""The seal, recomputed in plain Python: what an auditor with another tool would do.

    transfers ─ canonical text ─▶ blocks of 4,096 ─ SHA-256 ─▶ root ─┐
    the batch: number, day, totals, inputs, rules, previous head ────┴─ SHA-256 ─▶ head

A transfer is one line of text: its columns in a fixed order, integers in decimal, days as
YYYY-MM-DD, null as `-`, parted by `|`. The lines of a block are parted by a line feed, and so
are the digests of the blocks. The models of dbt seal a batch when it is posted; nothing here
uses them, so that the same head out of both proves something.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, text

BLOCK = 4096
FIRST = "-"  # Stands for the head before the first batch, and for every null.

TRANSFER = (
    "transfer_no",
    "transaction_no",
    "batch_no",
    "rule",
    "unit",
    "debit_account",
    "credit_account",
    "amount",
    "event_on",
    "effective_on",
    "lot_no",
    "subject_no",
    "campaign_no",
    "reverses_transfer_no",
    "approval_no",
)
BATCH = (
    "batch_no",
    "as_of",
    "n_transfers",
    "totals",
    "root",
    "manifest_sha256",
    "rulepack_sha256",
    "previous_head",
    "head",
)
UNIT, AMOUNT = TRANSFER.index("unit"), TRANSFER.index("amount")


@dataclass(frozen=True)
class Proof:
    """What the transfers of a batch prove."""

    n_transfers: int
    totals: str
    root: str


def canonical(transfer: Sequence[object]) -> str:
    """The text of a transfer, given its columns in the order of `TRANSFER`."""
    return "|".join("-" if value is None else str(value) for value in transfer)


def prove(transfers: Iterable[Sequence[Any]]) -> Proof:
    """Digest the transfers of a batch, given in the order of their numbers.

    One block at a time is in memory.
    """
    lines = iter(transfers)
    digests, totals, n_transfers = sha256(), dict[str, int](), 0
    while block := list(islice(lines, BLOCK)):
        if n_transfers:
            digests.update(b"\n")
        digests.update(_digest("\n".join(map(canonical, block))).encode())
        for transfer in block:
            unit = transfer[UNIT]
            totals[unit] = totals.get(unit, 0) + transfer[AMOUNT]
        n_transfers += len(block)
    by_unit = sorted(totals.items(), key=lambda total: total[0].encode())
    in_words = ",".join(f"{unit}={amount}" for unit, amount in by_unit)
    return Proof(n_transfers, in_words or FIRST, digests.hexdigest())


def head_of(batch: RowMapping | Mapping[str, Any], proof: Proof, *, previous_head: str) -> str:
    """The head of a batch: the digest that binds it and all before it."""
    return _digest(
        "|".join(
            str(part)
            for part in (
                batch["batch_no"],
                previous_head,
                batch["as_of"],
                proof.n_transfers,
                proof.totals,
                proof.root,
                batch["manifest_sha256"],
                batch["rulepack_sha256"],
            )
        )
    )


def broken_seals(connection: Connection, registered: Mapping[int, str | None]) -> Iterator[str]:
    """Recompute the seal of every batch, and say of each that is broken where it is.

    Args:
        connection: The warehouse.
        registered: The heads that the register has kept, by batch.
    """
    columns = ", ".join(BATCH)
    batches = connection.execute(
        text(f"select {columns} from ledger.batches order by batch_no")
    ).mappings()
    previous_head, seen = FIRST, set[int]()
    for batch in batches.all():
        number = batch["batch_no"]
        proof = prove(transfers_of(connection, number))
        head = head_of(batch, proof, previous_head=previous_head)
        said = Proof(batch["n_transfers"], batch["totals"], batch["root"])
        if proof != said:
            yield f"batch {number}: its transfers are not those that were sealed"
        if batch["previous_head"] != previous_head:
            yield f"batch {number}: it does not follow the head of the batch before it"
        if head != batch["head"]:
            yield f"batch {number}: its head is {batch['head']}, its contents give {head}"
        if registered.get(number) != batch["head"]:
            yield f"batch {number}: the register keeps another head ({registered.get(number)})"
        previous_head = batch["head"]
        seen.add(number)
    for number in sorted(set(registered) - seen):
        yield f"batch {number}: the register knows it, the ledger does not"
    for number in sorted(_batches_of_transfers(connection) - seen):
        yield f"batch {number}: it has transfers, and no seal"


def transfers_of(connection: Connection, batch_no: int) -> Iterator[Sequence[Any]]:
    """The transfers of a batch in the order of their numbers, streamed."""
    columns = ", ".join(TRANSFER)
    query = (
        f"select {columns} from ledger.transfers where batch_no = :batch_no order by transfer_no"
    )
    found = connection.execute(
        text(query),
        {"batch_no": batch_no},
        execution_options={"stream_results": True, "yield_per": BLOCK},
    )
    for part in found.partitions(BLOCK):
        yield from part


def _batches_of_transfers(connection: Connection) -> set[int]:
    return set(connection.scalars(text("select distinct batch_no from ledger.transfers")))


def _digest(canonical_text: str) -> str:
    return sha256(canonical_text.encode()).hexdigest()
