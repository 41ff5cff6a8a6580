"""Data docs: what validation found in every file, as a site to look at.

    <home>/data_docs/index.html      every file, with the totals that the register has
                     validations/…   what Great Expectations found in it, rule by rule
                     expectations/…  the suites, as they were asked

Great Expectations' own pages ask other servers for styles and scripts. Here they stand alone:
these references are taken out, a few styles are put in, and the first page is ours.
"""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from sqlalchemy import Engine, Row, select

from tembaga.landing import folder_of
from tembaga.letters import environment, load_language
from tembaga.own_files import WITHDRAWALS
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.suites import Rule  # noqa: F401 - Great Expectations must know it to show it.

log = logging.getLogger(__name__)

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
ELSEWHERE = re.compile(
    r'<link[^>]*href="https?://[^>]*>|<script[^>]*src="https?://[^>]*>\s*</script>'
    r'|<img[^>]*src="https?://[^>]*>',
    re.DOTALL,
)


@dataclass(frozen=True)
class Shown:
    """A file of the register, and the pages about it: the name of each suite and its path."""

    file: Row[Any]
    pages: Sequence[tuple[str, str, bool]]

    @property
    def figures(self) -> list[tuple[int | None, Decimal | None]]:
        """Lines and money: what came in, and what became of it."""
        facts = self.file._mapping
        return [(facts[f"lines_{name}"], facts[f"amount_{name}"]) for name in OUTCOMES]


def build(engine: Engine, *, settings: Settings) -> Path:
    """Build the site anew from what lies in the landing and the register; where it begins.

    The site is replaced as a whole; a second call makes the same.
    """
    with engine.connect() as register:
        received = register.execute(
            select(files)
            .where(files.c.lines_in.is_not(None), files.c.feed != WITHDRAWALS)
            .order_by(files.c.file_no)
        ).all()
    settings.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".data_docs-", dir=settings.root) as folder:
        site = Path(folder) / "data_docs"
        site.mkdir()
        shown = list(_shown(received, site, settings))
        (site / "index.html").write_text(_index(shown), encoding="utf-8")
        target = settings.root / "data_docs"
        shutil.rmtree(target, ignore_errors=True)
        site.rename(target)
    log.info("%d files are shown", len(shown))
    return target / "index.html"


def _shown(received: Sequence[Row[Any]], site: Path, settings: Settings) -> Iterator[Shown]:
    """Put what was found in each file into a store of Great Expectations, and render it."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # So documented.
    for name in list(context.variables.data_docs_sites or {}):
        context.delete_data_docs_site(name)
    context.add_data_docs_site("tembaga", _site(site))  # type: ignore[arg-type] # A plain dict does.
    found: dict[int, list[tuple[str, str, bool]]] = {}
    for file in received:
        path = folder_of(settings.landing, file.partner, file.file_no) / "validation.json"
        if path.exists():
            results = json.loads(path.read_text(encoding="utf-8"))
            found[file.file_no] = [
                _keep(context, file, f"part-{nth}", result)
                for nth, result in enumerate(results, start=1)
            ]
    context.build_data_docs()
    for page in site.rglob("*.html"):
        page.write_text(_alone(page.read_text(encoding="utf-8")), encoding="utf-8")
    for file in received:
        yield Shown(file, found.get(file.file_no, []))


def _site(site: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(site),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _keep(context: Any, file: Row[Any], part: str, found: dict[str, Any]) -> tuple[str, str, bool]:
    """Put one result into the store; its suite, where its page will be, and whether all held."""
    suite = str(found["suite_name"])
    name = f"{file.partner}.{suite}"
    run = RunIdentifier(run_name=f"{file.file_no:08d}", run_time=file.seen_at)
    rules = [_in_words(result["expectation_config"]) for result in found["results"]]
    results = [
        ExpectationValidationResult(**result | {"expectation_config": rule})
        for result, rule in zip(found["results"], rules, strict=True)
    ]
    context.suites.add_or_update(gx.ExpectationSuite(name=name, expectations=rules))
    kept = ExpectationSuiteValidationResult(
        success=found["success"],
        results=results,
        suite_name=name,
        statistics=found["statistics"],
        meta={"run_id": run, "batch_spec": _totals(file)},
    )
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name),
        run_id=run,
        batch_identifier=part,
    )
    context.validation_results_store.set(key, kept)
    parts: tuple[str, ...] = key.to_tuple()  # type: ignore[no-untyped-call] # Theirs.
    return suite, "/".join(("validations", *parts)) + ".html", found["success"]


def _in_words(rule: dict[str, Any]) -> ExpectationConfiguration:
    """A rule that says what its code is and why it is asked, and not how."""
    notes = rule.get("notes") or ""
    description = f"{rule['meta']['code']}: {notes if isinstance(notes, str) else ' '.join(notes)}"
    return ExpectationConfiguration(**rule | {"description": description})


def _totals(file: Row[Any]) -> dict[str, str]:
    """The file, and its figures as the register has them."""
    facts = file._mapping
    money = load_language("en").money
    said = {"partner": file.partner, "file": file.name, "file_no": str(file.file_no)}
    return said | {
        name: f"{facts[f'lines_{name}']} lines, {money(facts[f'amount_{name}'], file.currency)}"
        for name in OUTCOMES
        if facts[f"amount_{name}"] is not None
    }


def _alone(page: str) -> str:
    """The page without what it would fetch from elsewhere, and with styles of its own."""
    return ELSEWHERE.sub("", page).replace("</head>", f"<style>{STYLES}</style></head>", 1)


def _index(shown: Sequence[Shown]) -> str:
    sums = [
        (
            sum(each.figures[nth][0] or 0 for each in shown),
            sum((each.figures[nth][1] or Decimal(0) for each in shown), Decimal(0)),
        )
        for nth in range(len(OUTCOMES))
    ]
    template = environment("en").get_template("data_docs.html.j2")
    return template.render(files=shown, sums=sums, outcomes=OUTCOMES)


STYLES = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; margin: 0 auto; max-width: 75rem; }
body { padding: 1rem; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; }
td, th { border-bottom: 1px solid #ddd; } .collapse { display: block; }
.fa-check-circle::before { content: "✓"; color: #2e7d32; }
.fa-times::before, .fa-times-circle::before { content: "✗"; color: #b3261e; }
.navbar, .ge-walkthrough, .modal, footer, button { display: none; }
"""
