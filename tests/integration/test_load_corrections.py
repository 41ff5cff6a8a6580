"""Loading takes corrections: lines that replace or void an earlier one (S13)."""

from datetime import date
from hashlib import md5
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from tembaga.load_rows import Arrival, load_rows
from tembaga.settings import Settings
from tembaga.warehouse import open_warehouse, read_warehouse

LINE = {
    "line_no": 0,
    "document": "INV-1",
    "document_date": date(2026, 1, 5),
    "line_ref": "1",
    "advocate": "ADV-1",
    "outlet": "SHOP",
    "sku": "OIL",
    "quantity_e4": 100_000,
    "amount_e4": 1_000_000,
    "returns_document": None,
    "line_key": 0,
    "content_key": 0,
    "unit": None,
    "tax_basis": None,
    "action": None,
    "version": None,
    "second_advocate": None,
}
TYPES = ", ".join(
    f"{name} {kind}"
    for names, kind in (
        (("document", "line_ref", "advocate", "outlet", "sku", "returns_document"), "varchar"),
        (("unit", "tax_basis", "action", "second_advocate"), "varchar"),
        (("line_no", "quantity_e4", "amount_e4", "line_key", "content_key", "version"), "bigint"),
        (("document_date",), "date"),
    )
    for name in names
)


def key(*parts: object) -> int:
    """A number of 60 bits."""
    return int(md5(repr(parts).encode(), usedforsecurity=False).hexdigest()[:15], 16)


def line(quantity: int = 10, *, v: int | None = None, **facts: object) -> dict[str, object]:
    """A sale of ten, or a line that differs from it; `v` makes it a correction."""
    if v is not None:
        facts = {"action": "replace", "version": v} | facts
    said = LINE | {"quantity_e4": quantity * 10_000, "amount_e4": quantity * 100_000} | facts
    name = (said["document"], said["document_date"], said["line_ref"])
    content = [said[of] for of in ("advocate", "outlet", "sku", "quantity_e4", "returns_document")]
    content += [said["second_advocate"]] if said["second_advocate"] else []
    return said | {"line_key": key(*name), "content_key": key(*content)}


def voids(v: int, **facts: object) -> dict[str, object]:
    """A line that takes the sale of ten out."""
    return line(v=v, action="void", **facts)


def returns(quantity: int, **facts: object) -> dict[str, object]:
    """A return of that product."""
    day = {"document": "RET-1", "document_date": date(2026, 1, 9)}
    return line(-quantity, **(day | facts))


def write(path: Path, lines: list[dict[str, object]]) -> None:
    """Write rows as validation does; columns that no line uses are left out."""
    columns = [
        name
        for name in LINE
        if name not in ("unit", "tax_basis", "action", "version", "second_advocate")
        or any(each[name] is not None for each in lines)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"create table rows ({TYPES})")
        for line_no, each in enumerate(lines, start=2):
            values = each | {"line_no": line_no}
            marks = ", ".join(f"${name}" for name in values)
            connection.execute(f"insert into rows ({', '.join(values)}) values ({marks})", values)
        connection.execute(
            f"copy (select {', '.join(columns)} from rows) to '{path}' (format parquet)"
        )


class Loader:
    """Loads files of lines into a warehouse, several at a time."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.arrivals: list[Arrival] = []

    def loads(self, *contents: list[dict[str, object]], replaces: tuple[int, ...] = ()) -> None:
        """Load the files of these contents together, in place of these."""
        since = len(self.arrivals)
        for content in contents:
            file_no = len(self.arrivals) + 1
            path = self.folder / str(file_no) / "rows.parquet"
            write(path, content)
            self.arrivals.append(Arrival(file_no, 1, "IDR", path, len(content), replaces=replaces))
        self.loads_again(since)

    def loads_again(self, since: int = 0) -> None:
        """Load the files after this number once more."""
        with open_warehouse(self.settings) as warehouse:
            load_rows(warehouse, self.arrivals[since:])

    def asks(self, query: str) -> list[tuple]:
        """Rows of the warehouse."""
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]

    def codes(self) -> list[str | None]:
        """The code of each line, in order of files and lines."""
        return [
            code for (code,) in self.asks("select code from raw.sales order by file_no, line_no")
        ]

    def replaced(self) -> list[tuple]:
        """Each correction and what it replaces, as file and line."""
        return self.asks(
            "select file_no, line_no, replaces_file_no, replaces_line_no from raw.replacements "
            "order by 1, 2"
        )


@pytest.fixture
def loader(settings: Settings, warehouse: dict[str, str], tmp_path: Path) -> Loader:
    """A loader on each engine of the warehouse in turn."""
    return Loader(settings.model_copy(update=warehouse), tmp_path / "files")


def test_a_replacement_points_to_the_line_that_stood(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=2)])

    assert loader.codes() == [None, None]
    assert loader.replaced() == [(2, 2, 1, 2)]
    assert loader.asks("select outcome, action, version from raw.sales where file_no = 2") == [
        ("accepted", "replace", 2)
    ]


def test_what_was_replaced_comes_again_without_effect(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=2)])
    loader.loads([line(10)], [line(8, v=2)], [line(8)])

    assert loader.codes()[2:] == ["DUPLICATE"] * 3
    assert loader.replaced() == [(2, 2, 1, 2)]


def test_a_replacement_is_replaced_and_the_first_figures_may_come_back(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=2)])
    loader.loads([line(10, v=3)])

    assert loader.codes() == [None, None, None]
    assert loader.replaced() == [(2, 2, 1, 2), (3, 2, 2, 2)]


def test_a_line_and_its_corrections_may_come_in_one_run_in_any_order(loader: Loader):
    loader.loads([line(7, v=3)], [line(8, v=2), line(10)])

    assert loader.codes() == [None, None, None]
    assert loader.replaced() == [(1, 2, 2, 2), (2, 2, 2, 3)]


def test_a_void_with_the_figures_of_the_sale_is_no_duplicate(loader: Loader):
    loader.loads([line(10)])
    loader.loads([voids(2)])
    loader.loads([voids(2)], [line(5, v=3)])

    assert loader.codes() == [None, None, "DUPLICATE", None]
    assert loader.replaced() == [(2, 2, 1, 2), (4, 2, 2, 2)]


def test_a_file_in_place_of_another_corrects_its_lines(loader: Loader):
    loader.loads([line(10), line(10, line_ref="2")])
    loader.loads([line(8), line(10, line_ref="2"), line(5, line_ref="3")], replaces=(1,))
    loader.loads_again(1)

    assert loader.codes() == [None, None, None, "DUPLICATE", None]
    assert loader.replaced() == [(2, 2, 1, 2)]


def test_a_line_that_its_own_file_corrects_is_left_to_that(loader: Loader):
    history = [line(10), line(8, v=2)]
    loader.loads(history)
    loader.loads(history, replaces=(1,))
    loader.loads([*history, line(7, v=3)], replaces=(1, 2))

    assert loader.codes() == [None, None, *["DUPLICATE"] * 4, None]
    assert loader.replaced() == [(1, 3, 1, 2), (3, 4, 1, 3)]


def test_a_file_without_the_void_of_the_one_that_it_replaces_has_the_line_again(loader: Loader):
    loader.loads([line(10), voids(2)])
    loader.loads([line(10)], replaces=(1,))

    assert loader.codes() == [None, None, None]
    assert loader.replaced() == [(1, 3, 1, 2), (2, 2, 1, 3)]


def test_a_correction_in_a_file_of_another_name_stands(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=2)])
    loader.loads([line(10)], replaces=(1,))
    loader.loads([line(9)], replaces=(1, 3))

    assert loader.codes() == [None, None, "DUPLICATE", "E_CONFLICT"]


@pytest.mark.parametrize(
    ("contents", "codes"),
    [
        ([line(8)], ["E_CONFLICT"]),
        ([line(8, v=1)], ["E_CONFLICT"]),
        ([line(8, action="replace")], ["E_CONFLICT"]),
        ([line(8, version=2)], ["E_CONFLICT"]),
        ([line(8, v=2), line(9, v=2)], [None, "E_CONFLICT"]),
        ([line(8, v=2), line(8, v=2)], [None, "DUPLICATE"]),
        ([line(8, v=2), line(8, v=2, action="void")], [None, "E_CONFLICT"]),
        ([line(8, v=2), line(10), line(9)], [None, "DUPLICATE", "E_CONFLICT"]),
    ],
)
def test_what_is_no_correction_is_held(loader: Loader, contents: list, codes: list):
    loader.loads([line(10)])
    loader.loads(contents)

    assert loader.codes()[1:] == codes


def test_a_correction_below_the_version_that_stands_is_held(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=3)])
    loader.loads([line(9, v=2)])

    assert loader.codes() == [None, None, "E_CONFLICT"]


@pytest.mark.parametrize(
    "unseen",
    [
        line(8, v=2, document="INV-2"),
        line(8, v=2, line_ref="2"),
        line(8, v=2, document_date=date(2026, 1, 6)),
        voids(2, document="INV-2"),
    ],
)
def test_a_correction_of_a_line_never_seen_is_held(loader: Loader, unseen: dict):
    loader.loads([line(10)])
    loader.loads([unseen])

    assert loader.codes() == [None, "E_NOTHING_TO_CORRECT"]
    assert loader.replaced() == []


def test_lines_of_two_partners_do_not_meet(loader: Loader):
    loader.loads([line(10)])
    path = loader.folder / "other" / "rows.parquet"
    write(path, [line(8), line(7, v=2)])
    with open_warehouse(loader.settings) as warehouse:
        load_rows(warehouse, [Arrival(2, 2, "IDR", path, 2)])

    assert loader.codes() == [None, None, None]
    assert loader.replaced() == [(2, 3, 2, 2)]


def test_a_key_that_two_lines_share_by_chance_does_not_confuse_them(loader: Loader):
    shared = {"line_key": 5}
    loader.loads([line(10) | shared])
    loader.loads([line(8, document="INV-2") | shared, line(9, v=2) | shared])

    assert loader.codes() == [None, None, None]
    assert loader.replaced() == [(2, 3, 1, 2)]


def takes_back(loader: Loader, quantity: int) -> None:
    """As if posting had matched a return with the sale of ten."""
    columns = ("batch_no", "file_no", "line_no", "of_file_no", "of_line_no")
    bigints = ", ".join(f"{name} bigint" for name in (*columns, "quantity_e4", "amount_e4"))
    with open_warehouse(loader.settings) as warehouse:
        warehouse.execute(text("create schema if not exists ledger"))
        warehouse.execute(text(f"create table if not exists ledger.takebacks ({bigints})"))
        warehouse.execute(
            text(f"insert into ledger.takebacks values (1, 9, 9, 1, 2, {quantity * 10_000}, 1)")
        )


@pytest.mark.parametrize(
    ("correction", "code"),
    [
        (line(5, v=2), None),
        (line(4, v=2), "E_BELOW_RETURNS"),
        (voids(2), "E_BELOW_RETURNS"),
        (line(9, v=2, advocate="ADV-2"), "E_BELOW_RETURNS"),
        (line(9, v=2, sku="GREASE"), "E_BELOW_RETURNS"),
        (line(9, v=2, unit="CTN"), "E_BELOW_RETURNS"),
        (line(9, v=2, tax_basis="gross"), "E_BELOW_RETURNS"),
        (line(9, v=2, tax_basis="net"), None),
        (line(4), "E_CONFLICT"),
    ],
)
def test_a_correction_leaves_what_returns_took_back(loader: Loader, correction: dict, code: str):
    loader.loads([line(10)])
    takes_back(loader, 3)
    takes_back(loader, 2)
    loader.loads([correction])

    assert loader.codes() == [None, code]


def test_what_returns_took_back_counts_after_a_replacement_too(loader: Loader):
    loader.loads([line(10)])
    takes_back(loader, 5)
    loader.loads([line(8, v=2)])
    loader.loads([line(4, v=3)], [line(5, v=4)])

    assert loader.codes() == [None, None, "E_BELOW_RETURNS", None]
    assert loader.replaced() == [(2, 2, 1, 2), (4, 2, 2, 2)]


@pytest.mark.parametrize(
    ("sale", "found"),
    [
        (line(10), True),
        (line(10, document_date=date(2025, 10, 11)), True),
        (line(10, document_date=date(2025, 10, 10)), False),
        (line(10, document_date=date(2026, 1, 10)), False),
        (line(10, advocate="ADV-2"), False),
        (line(10, sku="GREASE"), False),
        (line(10, unit="CTN"), False),
        (line(10, tax_basis="gross"), False),
    ],
)
def test_a_return_without_a_document_looks_back_for_its_product(
    loader: Loader, sale: dict, found: bool
):
    loader.loads([sale], [returns(4)])

    assert loader.codes() == [None, None if found else "RETURN_UNMATCHED"]


def test_a_return_finds_no_line_that_was_replaced_or_is_void(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(8, v=2, advocate="ADV-2")], [returns(4)])
    loader.loads([voids(3, advocate="ADV-2")], [returns(4, document="RET-2", advocate="ADV-2")])

    assert loader.codes() == [None, None, "RETURN_UNMATCHED", None, "RETURN_UNMATCHED"]


def test_a_waiting_return_is_corrected_and_not_counted_twice(loader: Loader):
    loader.loads([returns(4)])
    loader.loads([returns(4)], [returns(3, v=2)])

    assert loader.codes() == ["RETURN_UNMATCHED", "DUPLICATE", None]
    assert loader.replaced() == [(3, 2, 1, 2)]


def test_loading_again_changes_nothing(loader: Loader):
    loader.loads([line(10), returns(3)], [line(8, v=2), line(8), line(9, v=2)])
    before = (loader.codes(), loader.replaced())
    loader.loads_again()
    assert (loader.codes(), loader.replaced()) == before

    loader.loads_again(since=1)
    assert (loader.codes(), loader.replaced()) == before


def test_text_of_every_kind_arrives_as_it_was(loader: Loader):
    odd = 'a "b", \\N \n\\.\n; é 日 \\'
    loader.loads([line(10, outlet=odd, sku="", unit="")])

    assert loader.asks("select outlet, sku, unit, tax_basis from raw.sales") == [
        (odd, "", "", None)
    ]


def test_a_second_claimant_of_a_sale_is_held(loader: Loader):
    loader.loads([line(10)])
    loader.loads([line(10, advocate="ADV-2")])
    loader.loads([line(9, advocate="ADV-2")], [line(10, v=2, advocate="ADV-2")])

    assert loader.codes() == [None, "E_DOUBLE_CLAIM", "E_CONFLICT", None]


def test_a_sale_that_others_claim_together_is_a_double_claim(loader: Loader):
    loader.loads([line(10, second_advocate="ADV-2")])
    loader.loads(
        [line(10)],
        [line(10, second_advocate="ADV-3"), line(10, second_advocate="ADV-2")],
        [line(9, second_advocate="ADV-3"), line(8, v=2)],
    )

    assert loader.codes() == [
        None, "E_DOUBLE_CLAIM", "E_DOUBLE_CLAIM", "DUPLICATE", "E_CONFLICT", None,
    ]  # fmt: skip


def test_a_return_that_names_a_second_advocate_looks_for_a_sale_of_both(loader: Loader):
    loader.loads([line(10, second_advocate="ADV-2")])
    loader.loads(
        [
            returns(1, line_ref="1"),
            returns(1, line_ref="2", second_advocate="ADV-2"),
            returns(1, line_ref="3", second_advocate="ADV-3"),
            returns(1, line_ref="4", second_advocate="ADV-2", returns_document="INV-1"),
            returns(1, line_ref="5", second_advocate="ADV-3", returns_document="INV-1"),
        ]
    )

    assert loader.codes() == [None, None, None, "RETURN_UNMATCHED", None, "RETURN_UNMATCHED"]
