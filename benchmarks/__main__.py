"""Measure, side by side in one run: `make bench`.

    python -m benchmarks                  all, in sizes that take some minutes
    python -m benchmarks long_history     one of them
    python -m benchmarks --write          and keep the figures under benchmarks/results/

Each module says which environment variable sets its size. Figures of different machines or of
different runs are not comparable; ratios of one run are.
"""

import argparse

from benchmarks import (
    long_history,
    posting_on_duckdb,
    posting_on_postgres,
    receiving_a_large_file,
    receiving_many_files,
    results,
)

BENCHMARKS = {
    "receiving_a_large_file": receiving_a_large_file,
    "receiving_many_files": receiving_many_files,
    "posting_on_duckdb": posting_on_duckdb,
    "posting_on_postgres": posting_on_postgres,
    "long_history": long_history,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--write", action="store_true", help="keep the figures")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in wanted.names or BENCHMARKS:
        report = BENCHMARKS[name].run()
        print(results.in_markdown(report), flush=True)
        if wanted.write:
            results.write(report)
