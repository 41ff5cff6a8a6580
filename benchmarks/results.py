"""What was measured, as tables of Markdown: printed, and kept under benchmarks/results/."""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measuring import Measured, Report, Took
from tembaga.embedded.postgres import MAJOR_VERSION

RESULTS = Path(__file__).parent / "results"
SLOWEST = 15
SEAL = ("transfer_blocks", "proposed_batches")
COMPARED = ("what", "lines", "seconds", "lines/s", "speed", "peak memory")


def compared(what: str, n_lines: int, measured: Measured, *, base: Measured) -> tuple[str, ...]:
    """A row of the table of what was compared; the speed is a share of the base's."""
    return (
        what,
        f"{n_lines:,}",
        f"{measured.seconds:.2f}",
        f"{n_lines / measured.seconds:,.0f}",
        f"{base.seconds / measured.seconds:.2f}",
        f"{measured.peak_bytes / 1e9:.2f} GB",
    )


def spent(posted: Measured) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Where the time of a posting went: by parts, and by models and laws."""
    nodes = [part for part in posted.parts if part.kind != "command"]
    commands = {part.name: part.seconds for part in posted.parts if part.kind == "command"}
    parse = sum(p.seconds for p in posted.parts if (p.kind, p.name) == ("command", "parse"))
    seal = sum(node.seconds for node in nodes if node.name in SEAL)
    build, publish = commands.get("build", 0.0), commands.get("run-operation", 0.0)
    parts = {
        "building and testing the batch": build,
        "publishing it": publish,
        "reading the dbt project": parse,
        "the rest: start of dbt, register, inputs": posted.seconds - build - publish - parse,
    }
    shares = {
        "models, without the seal": posted.sum_of("model") - seal,
        "seal": seal,
        "laws": posted.sum_of("test"),
    }
    return [
        ("Where the time went", [("part", "seconds", "of all"), *_shares(parts, posted.seconds)]),
        (
            "Within the building (two at a time, so that they add up to more)",
            [("part", "seconds", "of their sum"), *_shares(shares, sum(shares.values()))],
        ),
        (
            f"The {SLOWEST} slowest models and laws",
            [("name", "kind", "seconds"), *_slowest(nodes)],
        ),
    ]


def in_markdown(report: Report) -> str:
    """A report as text."""
    parts = [f"## {report.title}"]
    if report.rows:
        parts.append(_table([COMPARED, *report.rows]))
    parts += report.remarks
    for title, rows in report.details:
        parts += [f"### {title}", _table(rows)]
    return "\n\n".join(parts) + "\n"


def write(report: Report) -> None:
    """Append a report to the file of the day."""
    RESULTS.mkdir(exist_ok=True)
    today = datetime.now(UTC).date()
    path = RESULTS / f"{today}.md"
    before = path.read_text() if path.exists() else f"# Measured on {today}\n\n{_machine()}\n"
    path.write_text(f"{before}\n{in_markdown(report)}")


def _machine() -> str:
    names = ("duckdb", "dbt-core", "dbt-duckdb", "dbt-postgres", "sqlalchemy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB of memory; "
        f"Python {platform.python_version()}, PostgreSQL {MAJOR_VERSION}, {versions}.\n\n"
        "Speed is a share of the first row's. Only ratios of one run can be compared."
    )


def _shares(parts: dict[str, float], whole: float) -> Iterable[tuple[str, ...]]:
    return ((what, f"{s:.2f}", f"{s / whole:.0%}" if whole else "-") for what, s in parts.items())


def _slowest(nodes: list[Took]) -> Iterable[tuple[str, ...]]:
    slowest = sorted(nodes, key=lambda node: -node.seconds)[:SLOWEST]
    return ((node.name, node.kind, f"{node.seconds:.2f}") for node in slowest)


def _table(rows: list[tuple[str, ...]]) -> str:
    """A table that can be read as it stands, too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([head, "|" + "|".join("-" * (w + 2) for w in widths) + "|", *body])
