"""Suites: run Great Expectations on the tables of one file, in this process.

Importing it takes some seconds, a run some hundredths of one: import it once for many files.
Its context, and a source for each name of a table, are made once as well; a source lends
itself the connection to the file that is judged just now.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, ClassVar

# Nothing waits for a network that is not there. Read when Great Expectations is imported.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import duckdb
import duckdb_engine
import great_expectations as gx
import sqlalchemy
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from sqlalchemy.dialects import registry
from sqlalchemy.pool import NullPool

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

    _made: ExpectationConfiguration | None = PrivateAttr(default=None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """As its parent makes it, but once: a run asks for it some thirty times.

        A rule does not change after it was written down.
        """
        if self._made is None:
            self._made = super().configuration
        return self._made

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
        found = metrics[self.metric_dependencies[0]]
        return {"success": found == 0, "result": {"observed_value": found}}


class LineRule(Rule):
    """No line is `failing`, which is the condition of the query.

    Great Expectations counts what all such rules of a suite find in one pass over the lines.
    """

    failing: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("failing_lines.count",)
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query", "failing")


class FailingLines(TableMetricProvider):
    """How many lines are failing: an aggregate, which is asked for together with the others."""

    metric_name = "failing_lines.count"
    value_keys = ("failing",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - the decorator makes it a method of the class.
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_others: object,
    ) -> tuple[sqlalchemy.ColumnElement[int], dict[str, Any], dict[str, Any]]:
        table, domain, accessor = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        failing = metric_value_kwargs["failing"].format(batch=f"({table})")
        counted: sqlalchemy.ColumnElement[int] = sqlalchemy.literal_column(
            f"count(case when {failing} then 1 end)"
        )
        return counted, domain, accessor


class FilePlane(duckdb_engine.Dialect):
    """DuckDB as Great Expectations needs it: the connection to the file that is judged just now.

    It fetches rows after it has given its connection back; a rollback in between empties
    DuckDB's result. Nothing here needs a transaction, so there is none.
    """

    supports_statement_cache = False  # As of its parent; said anew, or SQLAlchemy warns.

    @classmethod
    def get_pool_class(cls, _url: sqlalchemy.URL) -> type[sqlalchemy.Pool]:
        """None: each time the connection is asked for anew."""
        return NullPool

    def connect(self, **_settings: Any) -> Any:
        """The connection that was lent."""
        return _Borrowed(_lent.get())

    def do_begin(self, connection: Any) -> None:
        """Nothing."""

    def do_commit(self, connection: Any) -> None:
        """Nothing."""

    def do_rollback(self, connection: Any) -> None:
        """Nothing."""


class _Borrowed(duckdb_engine.ConnectionWrapper):
    def close(self) -> None:
        """Who lent it closes it."""


registry.register(DIALECT, __name__, FilePlane.__name__)

_lent: ContextVar[duckdb.DuckDBPyConnection] = ContextVar("lent")


def run_suite(
    suite: gx.ExpectationSuite, *, connection: duckdb.DuckDBPyConnection, table: str
) -> tuple[dict[str, Any], list[tuple[Rule, int]]]:
    """Ask every rule of the suite about a table of a DuckDB database.

    Returns:
        What was found, as JSON holds it, the same for the same table; and the rules that are
        not met, in the order of the suite, each with how many lines it found.

    Raises:
        RuleError: A rule could not be asked.
    """
    with _lending(connection):
        found = _batch(table).validate(suite, result_format="BASIC").to_json_dict()  # type: ignore[no-untyped-call] # Theirs.
    counted: dict[str, int] = {}
    for result in found["results"]:
        asked = result["expectation_config"]
        if result["exception_info"].get("raised_exception", True):  # Else by metric: it was raised.
            raise RuleError(f"{asked}: {result['exception_info']}")
        counted[_name(asked["kwargs"])] = result["result"]["observed_value"]
    rules = [rule for rule in suite.expectations if isinstance(rule, Rule)]
    del found["meta"]  # It holds the time of day.
    return found, [(rule, n) for rule in rules if (n := counted[_name(rule.configuration.kwargs)])]


def _name(asked: Mapping[str, Any]) -> str:
    return str(asked["unexpected_rows_query"])


@contextmanager
def _lending(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    lent = _lent.set(connection)
    try:
        yield
    finally:
        _lent.reset(lent)


@cache
def _context() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # So documented.
    return context


@cache
def _batch(table: str) -> Batch:
    """A table of this name, of whichever file. There must be one the first time."""
    source = _context().data_sources.add_sql(name=table, connection_string=f"{DIALECT}://")
    asset = source.add_table_asset(name=table, table_name=table)
    return asset.add_batch_definition_whole_table(table).get_batch()  # type: ignore[no-any-return] # Theirs.
