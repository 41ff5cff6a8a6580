"""The data docs show every file with the register's totals, and ask no other server."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from desk import Desk, agreement, text
from sqlalchemy import Engine

from tembaga import data_docs
from tembaga.settings import Settings


@pytest.fixture
def desk(register: Engine, settings: Settings) -> Desk:
    return Desk(register, settings)


def test_the_site_shows_the_totals_of_the_register_and_stands_alone(desk: Desk):
    desk.judge(text({}, {"line": "2", "qty": "x"}, {"line": "3", "amount": "50"}), name="one.csv")
    desk.judge(text({"invoice": "F-2"}), agreement(), name="<two>.csv")

    index = data_docs.build(desk.register, settings=desk.settings)

    page = index.read_text(encoding="utf-8")
    rows = [_cells(row) for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)]
    assert [row[:7] for row in rows[1:]] == [
        ["1", "north one.csv", "3 Rp 251", "2 Rp 150.50", "0 Rp 0", "0 Rp 0", "1 Rp 100.50"],
        ["2", "north <two>.csv", "1 Rp 100.50", "1 Rp 100.50", "0 Rp 0", "0 Rp 0", "0 Rp 0"],
        ["", "All files", "4", "3", "0", "0", "1"],
    ]
    linked = [unquote(href) for href in re.findall(r'href="([^"]+)"', page)]
    assert len(linked) == 4
    pages = [(index.parent / path).read_text(encoding="utf-8") for path in linked]
    assert "E_QUANTITY: Strictly in the agreed form" in pages[0]
    assert "2 lines, Rp" in pages[0]
    assert (index.parent / "expectations" / "north" / "sales.html").exists()
    assert "one.csv" in pages[0]
    everything = [path.read_text(encoding="utf-8") for path in index.parent.rglob("*.html")]
    assert not any("<two>" in one for one in everything)
    assert not any(re.search(r'(?:src|rel="stylesheet" href)="https?:', one) for one in everything)


def test_a_second_build_makes_the_same(desk: Desk):
    desk.judge(text({}))

    first, second = (
        _tree(data_docs.build(desk.register, settings=desk.settings).parent) for _ in range(2)
    )

    assert second.keys() == first.keys()
    assert second["index.html"] == first["index.html"]


def _cells(row: str) -> list[str]:
    cells = re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, re.DOTALL)
    plain = (re.sub(r"<.*?>", " ", cell) for cell in cells)
    unescaped = (cell.replace("&lt;", "<").replace("&gt;", ">") for cell in plain)
    return [" ".join(cell.split()) for cell in unescaped]


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
