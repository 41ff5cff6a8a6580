"""The few files of the demo that are kept in the tree, for people and tests to look at.

    sftp_inbound/<partner>/samples/<name>           the first week, cut to its first lines
                                                    and a few lines of each plain feed
    sftp_inbound/<partner>/refused/<code>__<name>   a file for each fault, named for its code

`python -m tembaga.demo.samples` writes them anew.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from tembaga.demo import mishaps
from tembaga.demo.layouts import DISTRIBUTORS
from tembaga.demo.plain_samples import PLAIN_SAMPLES
from tembaga.demo.programme import JANUARY, week_ends, week_of
from tembaga.settings import PROJECT

LINES = 20

_REFUSED: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("banyumili", "E_FILE_EMPTY__SALES_nothing_in_it.csv", mishaps.empty),
    ("banyumili", "E_FILE_ENCODING__SALES_in_windows_1252.csv", mishaps.in_windows_1252),
    ("banyumili", "E_FILE_HEADER__SALES_other_header.csv", mishaps.with_other_header),
    ("banyumili", "E_FILE_NOT_AGREED__stock_2026-03.csv", bytes),
    ("banyumili", "E_FILE_TRUNCATED__SALES_interrupted.csv", mishaps.cut_short),
    ("tapakrimba", "E_FILE_CONTROL_TOTAL__PENJUALAN_kurang.csv", mishaps.with_total_off),
    ("tapakrimba", "E_FILE_HEADER__PENJUALAN_versi_baru.csv", mishaps.with_other_header),
    ("tapakrimba", "E_FILE_TRUNCATED__PENJUALAN_tanpa_total.csv", mishaps.without_total),
    ("sagarabumi", "E_FILE_UNREADABLE__Laporan Penjualan rusak.xlsx", mishaps.broken),
    ("sagarabumi", "E_FILE_EMPTY__Laporan Penjualan kosong.xlsx", mishaps.empty),
)


def samples() -> Iterator[tuple[Path, bytes]]:
    """Path below `sftp_inbound/`, and contents, of each sample."""
    first_week = week_ends(JANUARY)[0]
    for partner, distributor in DISTRIBUTORS.items():
        rows = week_of(distributor, first_week)[:LINES]
        yield Path(partner, "samples", distributor.name_of(first_week)), distributor.write(rows)
    for partner, name, change in _REFUSED:
        distributor = DISTRIBUTORS[partner]
        rows = week_of(distributor, first_week)[:LINES]
        yield Path(partner, "refused", name), change(distributor.write(rows))
    for path, lines in PLAIN_SAMPLES.items():
        yield Path(path), lines.encode()


def write_samples(folder: Path) -> None:
    """Write the samples below `folder`, replacing those that are there."""
    for path, data in samples():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


if __name__ == "__main__":
    write_samples(PROJECT / "sftp_inbound")
