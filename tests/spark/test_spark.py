"""Spark proposes the same batches as DuckDB, to the last head (docs/decisions/0023-spark.md).

PySpark and dbt-spark are not among the requirements: where they are missing, the end of the run
says so. The trial takes half an hour; `--log-cli-level=info` tells what came of each batch.
"""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tembaga import post as posting
from tembaga.settings import Settings, load_settings
from tests.integration.posted import post_everything
from tests.property.test_engines_give_the_same_heads import post_random_lines
from tests.spark.trial import VARIABLES, SparkTrial
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

WHERE = "docs/decisions/0023-spark.md"
pytest.importorskip("pyspark", reason=f"PySpark is not installed: see {WHERE}")
pytest.importorskip("dbt.adapters.spark", reason=f"dbt-spark is not installed: see {WHERE}")

log = logging.getLogger(__name__)


def every_rule(register: Engine, home: Path) -> None:
    """Each posting rule is used, by few rows."""
    post_everything(register, home)


def random_lines(register: Engine, home: Path) -> None:
    """Names whose bytes stand in another order than their letters, and returns that compete."""
    settings = load_settings(home=home, programme="spec", campaigns_folder=CAMPAIGNS)
    post_random_lines(Bookkeeper(register, settings))


@pytest.mark.parametrize(("history", "n_batches"), [(every_rule, 10), (random_lines, 3)])
def test_spark_proposes_the_same_batches_as_duckdb(
    history: Callable[[Engine, Path], None],
    n_batches: int,
    register: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    copies = _kept_before_publishing(tmp_path, monkeypatch)
    history(register, tmp_path / "home")
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # So that what the trial sets ends with the test.
    trial = SparkTrial(tmp_path / "spark")
    trial.prepare()
    outcomes = []
    for batch_no, copy in enumerate(copies, 1):
        outcomes.append(trial.propose(batch_no, copy))
        log.info("%s", outcomes[-1])

    assert [outcome.said for outcome in outcomes] == [[]] * n_batches
    assert [outcome.differences for outcome in outcomes] == [[]] * n_batches
    assert all(outcome.head for outcome in outcomes)


def _kept_before_publishing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Keep the warehouse's file of each batch from now on, as it is before it is published."""
    copies: list[Path] = []
    publish = posting.publish

    def keep_and_publish(settings: Settings) -> None:
        copies.append(folder / f"batch_{len(copies) + 1:02}.duckdb")
        shutil.copy(settings.warehouse_file, copies[-1])
        publish(settings)

    monkeypatch.setattr(posting, "publish", keep_and_publish)
    return copies
