"""Suites: run Great Expectations on the tables of one file, in this process.

Importing it takes some seconds, a run some hundredths of one: import it once for many files.
"""

import logging
import os
from typing import Any, ClassVar

# Nothing waits for a network that is not there. Read when Great Expectations is imported.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import duckdb
import duckdb_engine
import great_expectations as gx
from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)
from sqlalchemy.dialects import registry

DIALECT = "tembaga_file_plane"

logging.getLogger("great_expectations").setLevel(logging.WARNING)  # It tells of every context.


class RuleError(Exception):
    """A rule could not be asked. It is a fault of ours, and says nothing about the file."""


class Rule(UnexpectedRowsExpectation):
    """The query finds nothing. What it finds otherwise is an answer to the partner.

    Its parent counts what is found and fetches the first rows as well; we only count, because
    the same query writes all of them to the rejects.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    @property
    def code(self) -> str:
        """One of `expectations/codes.py`."""
        return str((self.meta or {})["code"])

    @property
    def field(self) -> str:
        """Our name of the column at fault; empty if it is the line or the file as a whole."""
        return str((self.meta or {})["field"])

    def on(self, table: str) -> str:
        """The query, asked of a table."""
        return str(self.unexpected_rows_query).format(batch=table)

    def _validate(
        self, metrics: dict[str, Any], *_others: object, **_named: object
    ) -> dict[str, Any]:
        found = metrics["unexpected_rows_query.row_count"]
        return {"success": found == 0, "result": {"observed_value": found}}


class FilePlane(duckdb_engine.Dialect):
    """DuckDB as Great Expectations needs it.

    It fetches rows after it has given its connection back; a rollback in between empties
    DuckDB's result. Nothing here needs a transaction, so there is none.
    """

    supports_statement_cache = False  # As of its parent; said anew, or SQLAlchemy warns.

    def connect(self, *, database: str, **_settings: Any) -> Any:
        """Open the file with no settings of its own, so that it is shared in this process."""
        return duckdb_engine.ConnectionWrapper(duckdb.connect(database))

    def do_begin(self, connection: Any) -> None:
        """Nothing."""

    def do_commit(self, connection: Any) -> None:
        """Nothing."""

    def do_rollback(self, connection: Any) -> None:
        """Nothing."""


registry.register(DIALECT, __name__, FilePlane.__name__)


def run_suite(
    suite: gx.ExpectationSuite, *, database: str, table: str
) -> tuple[dict[str, Any], list[Rule]]:
    """Ask every rule of the suite about a table of a DuckDB database.

    Returns:
        What was found, as JSON holds it, the same for the same table; and the rules that are
        not met, in the order of the suite.

    Raises:
        RuleError: A rule could not be asked.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # So documented.
    source = context.data_sources.add_sql(name=table, connection_string=f"{DIALECT}:///{database}")
    asset = source.add_table_asset(name=table, table_name=table)
    batch = asset.add_batch_definition_whole_table(table).get_batch()
    found = batch.validate(suite, result_format="BASIC").to_json_dict()  # type: ignore[no-untyped-call] # Theirs.
    for engine in (source.get_engine(), source.get_execution_engine().engine):
        engine.dispose()  # Or the file stays open until Python collects its garbage.
    for result in found["results"]:
        if result["exception_info"].get("raised_exception", True):  # Else by metric: it was raised.
            raise RuleError(f"{result['expectation_config']}: {result['exception_info']}")
    failed = {
        result["expectation_config"]["meta"]["code"]
        for result in found["results"]
        if not result["success"]
    }
    rules = [rule for rule in suite.expectations if isinstance(rule, Rule)]
    del found["meta"]  # It holds the time of day.
    return found, [rule for rule in rules if rule.code in failed]
