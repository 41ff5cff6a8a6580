"""One large file, from the drop zone to accepted rows and its acknowledgement.

The floor is a bare DuckDB that reads the same CSV with the same types into Parquet: it checks
nothing, keeps no original and answers nobody. Each step runs in a new process, as a task does.

LINES sets the size, 1,000,000 if it does not; 10,000,000 is the record.
"""

import os
from dataclasses import replace
from pathlib import Path

from benchmarks.drop_zone import drop_zone
from benchmarks.lines import Lines, bare_duckdb
from benchmarks.measuring import Measured, Report, in_a_child
from benchmarks.results import compared

PARTNER = "bench"
FILE_NO = 1
STEPS = ("receive", "validate")
TYPES = {
    "document": "varchar",
    "document_date": "date",
    "line_ref": "varchar",
    "advocate": "varchar",
    "outlet": "varchar",
    "sku": "varchar",
    "quantity": "decimal(16, 4)",
    "amount": "decimal(38, 10)",
    "currency": "varchar",
}


def run() -> Report:
    """Measure both."""
    lines = Lines(int(os.environ.get("LINES", "1000000")), days=300)
    with drop_zone([PARTNER]) as zone:
        dropped = zone.inbox(PARTNER) / "SALES_1.csv"
        lines.write_csv(dropped)
        lowest = in_a_child(read_into_parquet, dropped, zone.options["home"] / "floor.parquet")
        took = {"look": zone.run("look")}
        took |= {step: zone.run(step, FILE_NO) for step in STEPS}
        took |= {step: zone.run(step) for step in ("load", "acknowledge")}
    n_lines = int(lowest.result)
    return Report(
        f"Receiving one file of {n_lines:,} lines",
        rows=[
            compared("bare DuckDB, CSV to Parquet (the floor)", n_lines, lowest, base=lowest),
            compared("received and validated", n_lines, _sum(took, ("look", *STEPS)), base=lowest),
            compared("… loaded and answered too", n_lines, _sum(took, tuple(took)), base=lowest),
        ],
        details=[
            (
                "Where the time went",
                [
                    ("step", "seconds", "seconds of a core", "peak memory"),
                    *(_spent(step, m) for step, m in {"the floor": lowest, **took}.items()),
                ],
            )
        ],
        remarks=["The start of a process and the imports of its step are counted in it."],
    )


def read_into_parquet(csv: Path, to: Path) -> int:
    """Read a CSV with its types into Parquet; returns the number of lines."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
    with bare_duckdb() as connection:
        connection.execute("set memory_limit = '500MB'")
        connection.execute(
            f"copy (select * from read_csv('{csv}', header = true, columns = {{{columns}}})) "
            f"to '{to}' (format parquet)"
        )
        found = connection.execute(f"select count(*) from read_parquet('{to}')").fetchone()
    return int(found[0]) if found else 0


def _spent(step: str, m: Measured) -> tuple[str, ...]:
    return step, f"{m.seconds:.2f}", f"{m.cpu_seconds:.2f}", f"{m.peak_bytes / 1e9:.2f} GB"


def _sum(took: dict[str, Measured], steps: tuple[str, ...]) -> Measured:
    """Steps one after the other, as one."""
    chosen = [took[step] for step in steps]
    return replace(
        chosen[0],
        seconds=sum(m.seconds for m in chosen),
        cpu_seconds=sum(m.cpu_seconds for m in chosen),
        peak_bytes=max(m.peak_bytes for m in chosen),
    )
