"""The steps from one version of the contract to the next, on both engines.

A step runs in one transaction with the note of its version: all of it, or nothing.
It changes tables where they are; transfers, and so heads, stay as they were sealed.
Tables of the ledger that are new and empty need no step: dbt makes them.
"""

from collections.abc import Callable

from sqlalchemy import Connection, text

from tembaga.contract import ContractError, has_column

Step = Callable[[Connection], None]


def _two_may_share_and_claims_end(connection: Connection) -> None:
    """To 2: two advocates may share a line (S13); vouchers that nobody claims may be booked.

    What was posted before named one advocate a line, under versions without a split.
    """
    _add(connection, "raw", "sales", "second_advocate text")
    _add(connection, "raw", "programme", "claim_grace_days integer")
    for share, whole in (("first_share", 1), ("second_share", 0), ("share_divisor", 1)):
        _add(connection, "raw", "versions", f"{share} bigint", default=str(whole))
    if not has_column(connection, "ledger", "documents", "document_no"):
        return
    for advocate in ("first_advocate", "second_advocate"):
        _add(connection, "ledger", "documents", f"{advocate} text", default="''")
    _run(
        connection,
        "create table if not exists ledger.splits ("
        "campaign_no integer not null, version_no integer not null, "
        "first_share bigint not null, second_share bigint not null, "
        "share_divisor bigint not null, batch_no integer not null)",
        "insert into ledger.splits "
        "select campaign_no, version_no, 1, 0, 1, min(batch_no) from ledger.rates as used "
        "where not exists (select 1 from ledger.splits as kept where "
        "kept.campaign_no = used.campaign_no and kept.version_no = used.version_no) "
        "group by campaign_no, version_no order by min(batch_no), campaign_no, version_no",
    )


STEPS: dict[int, Step] = {2: _two_may_share_and_claims_end}


def refuse_too_old(connection: Connection, shown: str) -> None:
    """Refuse a warehouse from before the first version that can be upgraded.

    Raises:
        ContractError: It is one.
    """
    if has_column(connection, "ledger", "batches", "batch_no") and not has_column(
        connection, "ledger", "batches", "kind"
    ):
        raise ContractError(
            f"The warehouse {shown} is older than the first one that can be upgraded: its batches "
            "do not say what they were made from. Leave it as it is, and begin a new home."
        )


def _add(
    connection: Connection, schema: str, table: str, column: str, *, default: str | None = None
) -> None:
    """Add a column unless it is there; with a default, all rows have it and none is null."""
    name = column.split()[0]
    if has_column(connection, schema, table, name):
        return
    relation = f"{schema}.{table}"
    if default is None:
        _run(connection, f"alter table {relation} add column {column}")
        return
    _run(
        connection,
        f"alter table {relation} add column {column} default {default}",
        f"alter table {relation} alter column {name} set not null",
        f"alter table {relation} alter column {name} drop default",
    )


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))
