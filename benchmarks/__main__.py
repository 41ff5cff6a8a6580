"""Measure, side by side in one run: `make bench`.

Each benchmark prints what was measured, against what, and the ratio. Figures of different
machines or of different runs are not comparable; ratios of one run are.
"""

import os
import sys

from benchmarks import posting

if __name__ == "__main__":
    posting.run(int(os.environ.get("LINES", "1000000")))
    sys.exit(0)
