"""How a line is measured, how old it may be, and what it corrects: agreed, and never guessed."""

from pathlib import Path
from typing import Any

import pytest
from desk import HEADERS, LINE, Desk, Judged, agreement
from pandas import isna
from sqlalchemy import Engine

from tembaga.settings import load_settings

PROGRAMME = """
name: Spec
principal: Spec
brand: Spec
currency: IDR
pending_days: 14
expiry_months: 12
contact: {name: Spec, email: spec@tembaga.example}
vat: [{from: 2026-02-15, rate: 0.11}]
"""
BASE = """
campaign: base
number: 1
title: {id: Poin dasar, en: Base points}
versions:
  - version: 1
    from: 2026-01-01
    until: 2026-02-28
    split: {advocate: 70, second_advocate: 30}
    rates:
      - {any: true, points: 1, per_amount: 10000}
      - {group: oil, points: 5, per_quantity: 1, unit: L}
  - version: 2
    from: 2026-03-01
    rates:
      - {any: true, points: 1, per_amount: 10000, basis: gross}
      - {sku: BIG, points: 1, per_quantity: 1}
"""
PRODUCTS = "sku,name,group\nOIL,Oil,oil\nBIG,Big,big\n"
UNITS = "sku,unit,contains,of,from\nOIL,carton,12,bottle,2026-01-10\nOIL,bottle,4/5,L,2026-01-10\n"

ALSO = {
    "unit": {"header": "uom"},
    "action": {
        "header": "action",
        "upper": True,
        "new": ["n"],
        "replace": ["R", "ganti"],
        "void": ["V"],
    },
    "version": {"header": "rev", "strip_suffix": ".0"},
    "second_advocate": {"header": "also"},
}
PLAIN = LINE | {
    "date": "2026-02-20",
    "product": "X",
    "uom": "",
    "action": "",
    "rev": "",
    "also": "",
}
VOID = {"action": "V", "rev": "2"}

# What differs from a plain line of a file that was seen on 2 March, and the codes that answer it.
FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({}, set()),
    ({"date": "2026-01-16"}, set()),
    ({"date": "2026-01-15"}, {"E_TOO_OLD"}),
    ({"date": "2026-01-15", "qty": "-2", "amount": "-100.50"}, set()),
    ({"date": "2026-01-15"} | VOID, set()),
    ({"date": "2026-01-15", "action": "R", "rev": "2"}, {"E_TOO_OLD"}),
    ({"date": "1999-12-31"}, {"E_DATE"}),
    ({"product": "OIL", "uom": "carton"}, set()),
    ({"product": "OIL", "uom": "L"}, set()),
    ({"product": "OIL", "uom": ""}, {"E_UNIT"}),
    ({"product": "OIL", "uom": "pallet"}, {"E_UNIT"}),
    ({"product": "OIL", "uom": "Carton"}, {"E_UNIT"}),
    ({"product": "OIL", "uom": "pallet"} | VOID, set()),
    ({"product": "OIL", "uom": "pallet", "qty": "-2", "amount": "-100.50"}, {"E_UNIT"}),
    ({"product": "X", "uom": "pallet"}, set()),
    ({"product": "OIL", "uom": "pallet", "date": "2026-03-01"}, set()),
    ({"product": "BIG", "uom": "pallet", "date": "2026-03-01"}, {"E_UNIT"}),
    ({"product": "BIG", "uom": "pallet", "date": "2026-02-28"}, set()),
    ({"uom": "X" * 101}, {"E_TOO_LONG"}),
    ({"action": "N"}, set()),
    ({"action": "r", "rev": "2"}, set()),
    ({"action": "Ganti", "rev": "07.0"}, set()),
    ({"action": "R"}, {"E_VERSION"}),
    ({"action": "V", "rev": "1"}, {"E_VERSION"}),
    ({"action": "X"}, {"E_ACTION"}),
    ({"action": "X", "rev": "2"}, {"E_ACTION"}),
    ({"rev": "1"}, set()),
    ({"rev": "0"}, {"E_VERSION"}),
    ({"rev": "1.5"}, {"E_VERSION"}),
    ({"rev": "-2"}, {"E_VERSION"}),
    ({"rev": "9999999999"}, {"E_VERSION"}),
    ({"also": "A-2"}, set()),
    ({"also": "A-1"}, {"E_DOUBLE_CLAIM"}),
    ({"also": "A-2", "date": "2026-03-01"}, {"E_DOUBLE_CLAIM"}),
    ({"also": "A-2", "date": "2026-03-01", "action": "R", "rev": "2"}, {"E_DOUBLE_CLAIM"}),
    ({"also": "A-2", "date": "2026-03-01"} | VOID, set()),
    ({"also": "A-2", "date": "2026-03-01", "qty": "-2", "amount": "-100.50"}, set()),
    ({"also": "X" * 101}, {"E_TOO_LONG"}),
]


@pytest.fixture
def desk(register: Engine, tmp_path: Path) -> Desk:
    pack = tmp_path / "campaigns" / "spec"
    pack.mkdir(parents=True)
    for name, contents in (
        ("programme.yml", PROGRAMME),
        ("base.yml", BASE),
        ("products.csv", PRODUCTS),
        ("units.csv", UNITS),
    ):
        (pack / name).write_text(contents, encoding="utf-8")
    settings = load_settings(home=tmp_path / "home", programme="spec", campaigns_folder=pack.parent)
    return Desk(register, settings)


def judge(desk: Desk, *lines: dict[str, str], **feed: Any) -> Judged:
    columns = {name: {"header": header} for name, header in HEADERS.items()} | ALSO
    rows = [list(PLAIN), *(list((PLAIN | line).values()) for line in lines)]
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    return desk.judge(data, agreement(columns=columns, **feed))


def test_every_fault_of_a_measure_or_correction_is_answered_by_its_code(desk: Desk):
    judged = judge(desk, *({"invoice": f"F-{n}"} | fault for n, (fault, _) in enumerate(FAULTS)))

    found = [(fault, judged.codes.get(n, set())) for n, (fault, _) in enumerate(FAULTS, start=2)]
    assert found == FAULTS


@pytest.mark.parametrize(
    ("tax", "line", "codes"),
    [
        ("gross", {"date": "2026-02-15"}, set()),
        ("gross", {"date": "2026-02-14"}, {"E_TAX"}),
        ("gross", {"date": "2026-02-14"} | VOID, set()),
        ("gross", {"date": "2026-02-14", "product": "OIL", "uom": "L"}, set()),
        ("net", {"date": "2026-02-14"}, set()),
        ("net", {"date": "2026-03-01"}, set()),
    ],
)
def test_an_amount_whose_vat_is_not_known_is_held(desk: Desk, tax, line, codes):
    assert judge(desk, line, tax=tax).codes.get(2, set()) == codes


def test_what_is_held_is_told_by_column_and_value(desk: Desk):
    judged = judge(
        desk,
        {"product": "OIL", "uom": "pallet"},
        {"line": "2", "date": "2026-02-14"},
        {"line": "3", "action": "X"},
        {"line": "4", "rev": "x"},
        {"line": "5", "date": "2026-01-01", "product": "OIL", "uom": "L"},
        tax="gross",
    )

    assert [(reject["field"], reject["seen"]) for reject in judged.rejects] == [
        ("unit", "pallet"),
        ("amount", "100.50"),
        ("action", "X"),
        ("version", "x"),
        ("document_date", "2026-01-01"),
    ]
    assert (judged.file.lines_held, judged.file.lines_rejected) == (2, 3)


def test_how_a_line_is_measured_and_what_it_corrects_is_kept(desk: Desk):
    measured = {"product": "OIL", "uom": "carton"}
    first, second = judge(desk, {}, measured | {"line": "2"} | VOID, tax="gross").rows

    names = ("unit", "tax_basis", "action", "version")
    assert [second[name] for name in names] == ["carton", "gross", "void", 2]
    assert {name for name in names if isna(first[name])} == {"unit", "action", "version"}


def test_a_line_and_its_corrections_in_one_file_are_different_statements(desk: Desk):
    corrected = {"action": "R", "rev": "2", "qty": "1", "amount": "50"}
    judged = judge(
        desk,
        {},
        corrected,
        corrected | {"rev": "3", "amount": "60"},
        {"rev": "1"},
        corrected,
        corrected | VOID,
        corrected | {"rev": "4", "amount": "70"},
        corrected | {"rev": "4", "amount": "80"},
    )

    assert [row["line_no"] for row in judged.rows] == [2, 3, 4, 7]
    assert judged.codes == {
        5: {"DUPLICATE"},
        6: {"DUPLICATE"},
        8: {"E_CONFLICT"},
        9: {"E_CONFLICT"},
    }


def test_a_line_keeps_the_key_of_its_content_whatever_else_may_be_agreed(desk: Desk):
    columns = {name: {"header": header} for name, header in HEADERS.items()}
    data = (",".join(LINE) + "\n" + ",".join(LINE.values()) + "\n").encode()
    (plain,) = desk.judge(data, agreement(columns=columns)).rows
    same = {"date": "2026-03-01", "product": "RJW-M101"}
    differing = [
        {},
        {"rev": "1", "action": "n"},
        {"uom": "L"},
        {"uom": "gross"},
        {"also": "L", "date": "2026-02-20"},
    ]
    lines = [same | {"line": str(n)} | line for n, line in enumerate(differing)]
    net = judge(desk, *lines).rows
    gross = judge(desk, *(line | {"invoice": "F-2"} for line in lines), tax="gross").rows
    keys = [row["content_key"] for row in (*net, *gross)]

    assert plain["content_key"] == keys[0] == keys[1] == 234_428_364_271_047_029
    assert len(set(keys)) == 8


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": None}, "action and version go together"),
        ({"action": None}, "action and version go together"),
        ({"document_line": None}, "action needs document_line"),
        ({"action": {"header": "action"}}, "say which words mean replace or void"),
        ({"action": {"header": "action", "void": ["V"], "new": ["V"]}}, "stands there twice"),
        ({"action": {"header": "action", "void": [""]}}, "a word is empty"),
        ({"unit": {"header": "qty"}}, "under the same header"),
    ],
)
def test_columns_that_contradict_each_other_cannot_be_agreed(changes, says):
    columns = {name: {"header": header} for name, header in HEADERS.items()} | ALSO | changes

    with pytest.raises(ValueError, match=says):
        agreement(columns={name: column for name, column in columns.items() if column})
