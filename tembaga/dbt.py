"""dbt, run in this process on the warehouse of this installation."""

import atexit
import gc
import hashlib
import logging
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tembaga.settings import PROJECT, Settings
from tembaga.warehouse import (
    address,
    claim_warehouse,
    in_use,
    is_locked,
    open_warehouse,
    project,
    replace_rows,
)

log = logging.getLogger(__name__)
times = logging.getLogger("tembaga.dbt.times")  # How long each model and command took, at DEBUG.

TOOK = "%s %s took %.3f s"
SSL_OPTIONS = ("sslmode", "sslcert", "sslkey", "sslrootcert")

# What lasts from batch to batch, and what is made for each.
FEEDS = "path:models/staging/feeds"  # Lines that move no points by themselves.
LASTING = ("resource_type:seed", "path:models/ledger", "path:models/marts", FEEDS)
PROPOSED = ("path:models/staging", "path:models/rating", "path:models/posting", "test_type:data")

_read: dict[tuple[str, str], Any] = {}  # The manifest of the project, once it was read.


class DbtError(Exception):
    """dbt could not run a model; the sentence names the model and what the engine said."""


@dataclass(frozen=True)
class FailedTest:
    """A test that found rows, and the table in which it left them."""

    name: str
    n_rows: int
    table: str


def prepare(settings: Settings) -> None:
    """Make the seeds, the ledger's tables and the marts, unless they are those of this project.

    They change with the project alone, so most batches find them as they are.

    Raises:
        DbtError: One could not be built.
    """
    digest = _project_digest()
    with open_warehouse(settings) as connection:
        if connection.scalar(select(project.c.sha256)) == digest:
            return
    _build(settings, "--select", *LASTING, "--exclude-resource-type", "test")
    with open_warehouse(settings) as connection:
        replace_rows(connection, project, [{"sha256": digest}])


def build(settings: Settings) -> list[FailedTest]:
    """Propose the batch and test it against the laws; the tests that failed.

    Raises:
        DbtError: A model could not be built.
    """
    prepare(settings)
    return _build(settings, "--select", *PROPOSED, "--exclude", FEEDS)


def check_feeds(settings: Settings) -> list[FailedTest]:
    """Test what lies in the staging models of the feeds; the tests that failed."""
    prepare(settings)
    return _build(settings, "--select", FEEDS)


def _build(settings: Settings, *selected: str) -> list[FailedTest]:
    results = _invoke(settings, "build", *selected, "--exclude-resource-type", "unit_test")
    broken = [r for r in results if r.status in ("error", "runtime error")]
    if broken:
        raise DbtError("; ".join(f"{r.node.name}: {r.message}" for r in broken))
    failed = [r for r in results if r.status == "fail"]
    log.info("dbt built %d nodes, %d tests failed", len(results), len(failed))
    return [
        FailedTest(r.node.name, int(r.failures or 0), str(r.node.relation_name)) for r in failed
    ]


def run_operation(settings: Settings, macro: str) -> None:
    """Run one macro that changes the warehouse.

    Raises:
        DbtError: It failed; the transaction in which it ran was rolled back.
    """
    _invoke(settings, "run-operation", macro)


def _invoke(settings: Settings, command: str, *args: str) -> list[Any]:
    """Run a dbt command and return the results of its nodes."""
    from dbt.cli.main import dbtRunner

    _keep_quiet()
    os.environ.update(environment(settings))
    work = settings.root / "dbt"
    options = ["--project-dir", str(PROJECT / "dbt"), "--profiles-dir", str(PROJECT / "dbt")]
    options += ["--target-path", str(work), "--log-path", str(work), "--quiet", "--no-use-colors"]
    options += ["--no-write-json", "--cache-selected-only", "--log-level-file", "info"]
    try:
        with claim_warehouse(settings):
            began = time.perf_counter()
            manifest = _manifest(settings, options)
            if command == "build":  # It marks what it has compiled; the next must not see it.
                manifest = manifest.deepcopy()
            _log_time("command", "parse", began)
            began = time.perf_counter()
            result = dbtRunner(manifest=manifest).invoke([command, *args, *options])
            _log_time("command", command, began)
    finally:
        _let_go_of_the_warehouse()
    if result.exception is not None:
        if is_locked(result.exception):
            raise in_use(settings) from result.exception
        raise DbtError(str(result.exception)) from result.exception
    nodes = list(getattr(result.result, "results", None) or [])
    for node in nodes if command == "build" else ():
        times.debug(TOOK, node.node.resource_type, node.node.name, node.execution_time)
    if not result.success and (command != "build" or not nodes):
        said = "; ".join(str(node.message) for node in nodes if node.message)
        raise DbtError(f"dbt {command}: {said or 'failed'}; see {work / 'dbt.log'}")
    return nodes


@cache
def _keep_quiet() -> None:
    """Let dbt make nothing of the events that it would not log: a sixth of a small batch."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    class Quiet(EventManager):
        def fire_event(
            self,
            e: Any,
            level: Any = None,
            node: Any = None,
            force_warn_or_error_handling: bool = False,
        ) -> None:
            if (level or e.level_tag()) != EventLevel.DEBUG or force_warn_or_error_handling:
                super().fire_event(e, level, node, force_warn_or_error_handling)

    ctx_set_event_manager(Quiet())


def _log_time(kind: str, name: str, began: float) -> None:
    times.debug(TOOK, kind, name, time.perf_counter() - began)


@cache
def _project_digest() -> str:
    """The digest of dbt's project: its models, macros, seeds and their descriptions."""
    digest = hashlib.sha256()
    for path in sorted(path for path in (PROJECT / "dbt").rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def environment(settings: Settings) -> dict[str, str]:
    """The variables that `dbt/profiles.yml` reads: which engine, and where it is."""
    where = address(settings)
    variables = {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "TEMBAGA_DBT_ENGINE": settings.warehouse,
    }
    if settings.warehouse == "duckdb":
        return variables | {
            "TEMBAGA_DBT_PATH": str(where.database),
            "TEMBAGA_DBT_MEMORY": settings.warehouse_memory,
        }
    in_query = {name: str(value) for name, value in where.query.items()}
    parts = {
        "HOST": where.host or in_query.get("host", "localhost"),
        "PORT": str(where.port or in_query.get("port", 5432)),
        "USER": where.username or in_query.get("user", ""),
        "DATABASE": where.database or "",
        **{name.upper(): in_query.get(name, "") for name in SSL_OPTIONS},
    }
    return (
        variables
        | {f"TEMBAGA_DBT_{name}": value for name, value in parts.items()}
        | {"DBT_ENV_SECRET_WAREHOUSE_PASSWORD": where.password or ""}  # Never in a log of dbt's.
    )


def _manifest(settings: Settings, options: list[str]) -> Any:
    """The project, read once for all commands of this process.

    It differs by the engine and the name of its database, and in nothing else.
    """
    from dbt.cli.main import dbtRunner

    where = address(settings)
    key = (settings.warehouse, Path(where.database or "").name)
    if key not in _read:
        result = dbtRunner().invoke(["parse", *options])
        if not result.success:
            raise DbtError(f"dbt cannot read its project: {result.exception}")
        _read[key] = result.result
        gc.freeze()  # It stays: it need not be looked through for garbage ever again,
        atexit.register(gc.unfreeze)  # but at the end, or DuckDB would tell of leaks.
    return _read[key]


def _let_go_of_the_warehouse() -> None:
    """Close what dbt keeps open until the process ends: nobody else could read meanwhile."""
    from dbt.adapters.factory import FACTORY

    FACTORY.cleanup_connections()  # type: ignore[no-untyped-call]  # dbt has no types.
    for adapter in FACTORY.adapters.values():
        if close_all := getattr(adapter.connections, "close_all_connections", None):
            close_all()
    FACTORY.adapters.clear()
