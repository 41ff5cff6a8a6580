"""Spark proposes a batch that DuckDB has proposed, from the same rows; what differs is told.

A batch is a copy of the warehouse's file, made when it was proposed and before it was published:
what was read lies in `raw` and `ledger`, what came of it in `staging`, `rating` and `posting`.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tembaga.settings import PROJECT

VARIABLES = ("DBT_SEND_ANONYMOUS_USAGE_STATS", "TEMBAGA_DBT_ENGINE", "TEMBAGA_DBT_PATH")
LASTING = ("resource_type:seed", "path:models/ledger")
MADE = ("staging", "rating", "posting", "marts")

# Of a few rows, to compile a query takes longer than to run it.
FOR_SMALL_TABLES = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


@dataclass
class Outcome:
    """What Spark made of a batch, beside what DuckDB had made of it."""

    batch_no: int
    seconds: float
    nodes: Counter[str] = field(default_factory=Counter)  # By what became of them.
    said: list[str] = field(default_factory=list)  # Of nodes that failed.
    tables: int = 0
    rows: int = 0
    transfers: int = 0
    head: str = ""
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        nodes = ", ".join(f"{n} {status}" for status, n in sorted(self.nodes.items()))
        return (
            f"batch {self.batch_no}: {nodes} in {self.seconds:.0f} s; {self.rows} rows in "
            f"{self.tables} tables, {len(self.differences)} differ; "
            f"{self.transfers} transfers, head {self.head}"
        )


@dataclass
class SparkTrial:
    """A warehouse on Spark in local mode, in a folder of its own and in this process."""

    folder: Path

    def prepare(self) -> None:
        """Make the seeds and the empty tables of the ledger."""
        results = self._build(*LASTING, "--exclude-resource-type", "test")
        broken = [f"{one.node.name}: {one.message}" for one in results if one.status != "success"]
        assert not broken, broken
        for name, value in FOR_SMALL_TABLES.items():
            self._spark.conf.set(name, value)

    def propose(self, batch_no: int, copy: Path) -> Outcome:
        """Propose a batch on Spark, and compare all that it made."""
        with duckdb.connect(str(copy), read_only=True) as warehouse:
            self._take_over(warehouse)
            began = time.perf_counter()
            results = self._build(*(f"path:models/{layer}" for layer in MADE), "test_type:data")
            outcome = Outcome(batch_no, time.perf_counter() - began)
            for result in results:
                outcome.nodes[str(result.status)] += 1
                if str(result.status) not in ("success", "pass"):
                    outcome.said.append(f"{result.node.name}: {result.message}")
            if not outcome.said:
                self._compare(warehouse, outcome)
        return outcome

    def _take_over(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        """Give Spark the rows that the batch was made from."""
        self._spark.sql("create schema if not exists raw")
        for schema, table in _tables(warehouse, ("raw", "ledger")):
            name, path = f"{schema}.{table}", self.folder / "rows" / f"{schema}.{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            warehouse.execute(f"copy (select * from {name}) to '{path}' (format parquet)")
            if schema == "raw":
                self._spark.sql(f"drop table if exists {name}")
                self._spark.sql(f"create table {name} using parquet as {_read(path)}")
            else:
                columns = ", ".join(self._spark.table(name).columns)
                self._spark.sql(f"insert overwrite {name} {_read(path, columns)}")

    def _compare(self, warehouse: duckdb.DuckDBPyConnection, outcome: Outcome) -> None:
        for schema, table in _tables(warehouse, MADE):
            found = warehouse.execute(f"select * from {schema}.{table}")
            columns = [column[0] for column in found.description or ()]
            expected = Counter(map(_plain, found.fetchall()))
            made = self._spark.sql(f"select {', '.join(columns)} from {schema}.{table}").collect()
            got = Counter(map(_plain, made))
            outcome.tables += 1
            outcome.rows += got.total()
            for who, rows in (("DuckDB", expected - got), ("Spark", got - expected)):
                for row in rows:
                    outcome.differences.append(f"{schema}.{table}: only {who}: {row}")
        [[outcome.transfers, outcome.head]] = self._spark.sql(
            "select n_transfers, head from posting.proposed_batches"
        ).collect()

    @property
    def _spark(self) -> Any:
        """The session that dbt has begun in this process."""
        from pyspark.sql import SparkSession

        return SparkSession.builder.getOrCreate()

    def _build(self, *selected: str) -> list[Any]:
        from dbt.cli.main import dbtRunner

        os.environ |= dict(zip(VARIABLES, ("false", "spark", str(self.folder)), strict=True))
        dbt, logs = str(PROJECT / "dbt"), str(self.folder / "dbt")
        options = ["--project-dir", dbt, "--profiles-dir", dbt, "--target-path", logs]
        options += ["--log-path", logs, "--quiet", "--no-use-colors"]
        options += ["--exclude-resource-type", "unit_test", "--select", *selected]
        result = dbtRunner().invoke(["build", *options])
        if result.exception is not None:
            raise result.exception
        return list(result.result.results)


def _tables(
    warehouse: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    rows = warehouse.execute(
        "select table_schema, table_name from information_schema.tables "
        "where list_contains(?, table_schema) order by 1, 2",
        [list(schemas)],
    )
    yield from rows.fetchall()


def _read(path: Path, columns: str = "*") -> str:
    return f"select {columns} from parquet.`{path}`"


def _plain(row: Any) -> tuple[Any, ...]:
    """A row in the words of both: a decimal without a fraction is a whole number."""
    return tuple(int(value) if isinstance(value, Decimal) else value for value in row)
