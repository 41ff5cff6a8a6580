"""Many small files of many partners: all received, validated, loaded and answered.

FILES sets how many there are, 100 if it does not; 1,000 of 1,000 lines from 50 partners is
the record. It is one process; Airflow's own start and its tasks are not counted.
"""

import os

from benchmarks.drop_zone import drop_zone
from benchmarks.lines import Lines
from benchmarks.measuring import Report
from benchmarks.results import compared

N_PARTNERS = 50
LINES_OF_A_FILE = 1000


def run() -> Report:
    """Measure it."""
    n_files = int(os.environ.get("FILES", "100"))
    partners = [f"bench_{number:02}" for number in range(N_PARTNERS)]
    with drop_zone(partners) as zone:
        for number in range(n_files):
            partner = partners[number % N_PARTNERS]
            path = zone.inbox(partner) / f"SALES_{number // N_PARTNERS}.csv"
            Lines(LINES_OF_A_FILE, days=30, series=f"INV-{number}").write_csv(path)
        took = zone.run("receive_files", print)
    n_lines = n_files * LINES_OF_A_FILE
    return Report(
        f"Receiving {n_files:,} files of {LINES_OF_A_FILE:,} lines from {N_PARTNERS} partners",
        rows=[compared("received, validated, loaded, answered", n_lines, took, base=took)],
        remarks=[
            f"{n_files / took.seconds:.1f} files/s. "
            f"The process computed for {took.cpu_seconds:.1f} s; drop zone and register are others."
        ],
    )
