"""Posting on DuckDB, from loaded rows to the sealed batch, against the floor on the same lines.

The floor (benchmarks/floor.py) is what a bare script could do at best, so the ratio says what
the books cost: lots and their maturity, the laws, the seal and the state. The floor reads a
CSV; posting finds its rows loaded. Posting begins in a new process, as a task does.

LINES sets the size, 1,000,000 if it does not; 10,000,000 is the record.
"""

import os
from datetime import date

from benchmarks import floor
from benchmarks.lines import Lines
from benchmarks.measuring import Measured, Report, in_a_child
from benchmarks.office import office
from benchmarks.results import compared, spent

AS_OF = date(2011, 12, 31)


def run() -> Report:
    """Measure both."""
    lines = Lines(int(os.environ.get("LINES", "1000000")), days=300)
    with office() as our:
        root = our.settings.root
        lines.write_csv(root / "lines.csv")
        lowest = in_a_child(floor.on_duckdb, root / "lines.csv", root / "floor.duckdb")
        (root / "lines.csv").unlink()
        (root / "floor.duckdb").unlink()
        lines.load(our.settings)
        our.expect(1)
        posted: Measured = our.post(AS_OF)
    return Report(
        f"Posting {lines.n_lines:,} lines on DuckDB",
        rows=[
            compared("bare script, from CSV (the floor)", lines.n_lines, lowest, base=lowest),
            compared("tembaga post, sealed", lines.n_lines, posted, base=lowest),
        ],
        details=spent(posted),
        remarks=[f"{lines.n_documents:,} documents; {posted.result:,} transfers were posted."],
    )
