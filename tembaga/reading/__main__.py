"""What runs inside the box (`tembaga.reading.box`); nobody else calls it."""

import sys

from tembaga.reading.box import work

sys.exit(work())
