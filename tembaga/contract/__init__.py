"""The contract: which tables and columns of the warehouse this version of the program needs.

Its version stands in the warehouse, in `raw.contract`. `steps.py` leads from one version to the
next. Whoever opens the warehouse is turned away unless it has the version that the program
knows: an older one is upgraded by `tembaga migrate`, a newer one is left to the newer program.
"""

from sqlalchemy import Connection, text

VERSION = 2
FIRST_COUNTED = 1  # A warehouse that does not say its version yet has this one.


class ContractError(Exception):
    """The warehouse is not of the version that this program needs; the sentence says what to do."""


def found_version(connection: Connection) -> int | None:
    """The version of the warehouse's contract; None if there are no tables yet."""
    if has_column(connection, "raw", "contract", "version"):
        return int(connection.execute(text("select version from raw.contract")).scalar_one())
    return FIRST_COUNTED if has_column(connection, "raw", "batch", "batch_no") else None


def refuse_newer(connection: Connection, shown: str) -> None:
    """Refuse a warehouse that a newer program has upgraded.

    Raises:
        ContractError: It is one.
    """
    if (found := found_version(connection) or 0) > VERSION:
        raise ContractError(
            f"The warehouse {shown} has contract {found}, and this version of Tembaga knows "
            f"{VERSION}: a newer version has upgraded it. Run that one; nothing was changed."
        )


def require(connection: Connection, shown: str) -> None:
    """Refuse a warehouse that this program cannot work on; one without tables is none yet.

    Raises:
        ContractError: It has an older contract, or a newer one.
    """
    refuse_newer(connection, shown)
    found = found_version(connection)
    if found is not None and found < VERSION:
        raise ContractError(
            f"The warehouse {shown} has contract {found}, and this version of Tembaga needs "
            f"{VERSION}: run `tembaga migrate` first. Nothing was changed."
        )


def has_column(connection: Connection, schema: str, table: str, column: str) -> bool:
    """Whether the warehouse has a table with this column."""
    found = connection.execute(
        text(
            "select count(*) from information_schema.columns where table_schema = :schema "
            "and table_name = :table and column_name = :column"
        ),
        {"schema": schema, "table": table, "column": column},
    )
    return bool(found.scalar_one())
