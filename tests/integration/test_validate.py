"""A file is read exactly as it was agreed, and every line of it has an outcome and a reason."""

import hashlib
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from desk import HEADERS, LINE, NOW, Desk, agreement, text
from sqlalchemy import Engine, insert, update

from tembaga.landing import folder_of
from tembaga.register.tables import advocates, files, outlets
from tembaga.settings import Settings
from tembaga.suites import RuleError, run_suite
from tembaga.validate import RESULTS, validate

HELD = {"unlisted": {"advocate": "hold", "outlet": "hold", "sku": "reject"}}

# What differs from an ordinary line, and the codes that answer it.
FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({}, set()),
    ({"invoice": " "}, {"E_DOCUMENT_MISSING"}),
    ({"date": ""}, {"E_DATE"}),
    ({"date": "01/03/2026"}, {"E_DATE"}),
    ({"date": "2026-02-30"}, {"E_DATE"}),
    ({"date": "26-03-01"}, {"E_DATE"}),
    ({"date": "2026-03-03"}, set()),  # The file was seen on the 2nd.
    ({"date": "2026-03-04"}, {"E_DATE"}),
    ({"qty": ""}, {"E_QUANTITY"}),
    ({"qty": "two"}, {"E_QUANTITY"}),
    ({"qty": "1e3"}, {"E_QUANTITY"}),
    ({"qty": "+1"}, {"E_QUANTITY"}),
    ({"qty": "4.12401E+43"}, {"E_QUANTITY"}),
    ({"qty": "0.00005"}, {"E_QUANTITY"}),
    ({"qty": "1000000000"}, {"E_QUANTITY"}),
    ({"qty": "0.5000000"}, set()),
    ({"qty": "-2", "amount": "-100.50"}, set()),
    ({"qty": "-2", "amount": "-100.50", "returns": "F-0"}, set()),
    ({"amount": ""}, {"E_AMOUNT"}),
    ({"amount": "Rp 5"}, {"E_AMOUNT"}),
    ({"amount": "(100.50)"}, {"E_AMOUNT"}),
    ({"amount": "100.50-"}, {"E_AMOUNT"}),
    ({"amount": "9999999999999999999"}, {"E_AMOUNT_RANGE"}),
    ({"amount": "0"}, set()),
    ({"amount": "12.3456"}, set()),
    ({"amount": "12.34567"}, {"E_AMOUNT_TOO_FINE"}),
    ({"amount": "999999999999.9999"}, set()),
    ({"amount": "1000000000000"}, {"E_AMOUNT_RANGE"}),
    ({"amount": "-100.50"}, {"E_SIGN"}),
    ({"product": "X" * 101}, {"E_TOO_LONG", "E_SKU_UNKNOWN"}),
    ({"invoice": "X" * 100}, set()),
    ({"qty": "-2", "returns": "F-0"}, {"E_SIGN"}),
    ({"qty": "0"}, {"E_SIGN"}),
    ({"member": ""}, {"E_ADVOCATE_MISSING"}),
    ({"member": "A-9"}, {"E_ADVOCATE_UNKNOWN"}),
    ({"member": "\N{NO-BREAK SPACE}A-1 "}, set()),
    ({"shop": ""}, {"E_OUTLET_MISSING"}),
    ({"shop": "O-9"}, {"E_OUTLET_UNKNOWN"}),
    ({"product": ""}, {"E_SKU_MISSING"}),
    ({"product": "OTHER"}, {"E_SKU_UNKNOWN"}),
    ({"product": "FREIGHT"}, {"E_NOT_A_PRODUCT"}),
    ({"product": "FEE-7"}, {"E_NOT_A_PRODUCT"}),
    ({"product": "O'FEE:{7}"}, {"E_NOT_A_PRODUCT"}),
    ({"date": "", "qty": "x", "member": "A-9"}, {"E_DATE", "E_QUANTITY", "E_ADVOCATE_UNKNOWN"}),
]

TOTAL = {"control_total": {"mark": "TOTAL"}}
FILE = text({}, {"line": "2"})

# Files that are refused: what was agreed, the bytes, the code and its values.
REFUSALS = {
    "nothing": ({}, b"", "E_FILE_EMPTY", {}),
    "a_mark_of_order": ({}, b"\xef\xbb\xbf", "E_FILE_EMPTY", {}),
    "a_header_alone": ({}, text(), "E_FILE_EMPTY", {"found_lines": 0}),
    "empty_rows": ({}, text() + b",,,,,,,,\n\n", "E_FILE_EMPTY", {"found_lines": 0}),
    "no_header": (
        {},
        FILE[len(text()) :],
        "E_FILE_HEADER",
        None,
    ),
    "another_header": (
        {},
        FILE.replace(b"invoice", b"Invoice").replace(b"shop", b"qty", 1),
        "E_FILE_HEADER",
        {"missing": "“invoice”, “shop”", "unexpected": "“Invoice”", "repeated": "“qty”"},
    ),
    "a_null_character": (
        {},
        FILE.replace(b"RJW-M101", b"RJW\0M101"),
        "E_FILE_ENCODING",
        {"encoding": "utf-8", "line_no": 2},
    ),
    "a_quotation_mark_never_closed": (
        {},
        FILE.replace(b"F-1", b'"F-1', 1),
        "E_FILE_UNREADABLE",
        {"format": "csv", "line_no": 2},
    ),
    "a_quotation_mark_within_marks": (
        {},
        FILE.replace(b"RJW-M101", b'"RJW"M101'),
        "E_FILE_UNREADABLE",
        {"format": "csv", "line_no": 2},
    ),
    "windows_1252": (
        {},
        FILE
        + "F-1,3,2026-03-01,A-1,O-1,CAF\N{LATIN CAPITAL LETTER E WITH ACUTE},1,1,\n".encode(
            "cp1252"
        ),
        "E_FILE_ENCODING",
        {"encoding": "utf-8", "line_no": 4},
    ),
    "utf_16": ({}, FILE.decode().encode("utf-16"), "E_FILE_ENCODING", None),
    "cut_within_a_line": ({}, FILE[:-9], "E_FILE_TRUNCATED", {"expected": "LF"}),
    "no_total": (TOTAL, FILE, "E_FILE_TRUNCATED", {"expected": "TOTAL"}),
    "other_total": (
        TOTAL,
        FILE + b"TOTAL,3,201\n",
        "E_FILE_CONTROL_TOTAL",
        {"stated_lines": "3", "stated_amount": "201", "found_lines": 2, "found_amount": "201"},
    ),
    "unreadable_total": (
        TOTAL,
        FILE + b"TOTAL,two\n",
        "E_FILE_CONTROL_TOTAL",
        {"stated_lines": "two", "stated_amount": "", "found_lines": 2, "found_amount": "201"},
    ),
    "another_name": (
        {"files": "SALES_*.csv"},
        FILE,
        "E_FILE_NOT_AGREED",
        {"pattern": "SALES_*.csv"},
    ),
    "no_workbook": (
        {"format": "xlsx"},
        FILE,
        "E_FILE_UNREADABLE",
        {"format": "xlsx", "line_no": 1},
    ),
    "an_archive_of_something": (
        {"format": "xlsx"},
        b"PK\x05\x06" + bytes(18),
        "E_FILE_UNREADABLE",
        None,
    ),
}


@pytest.fixture
def desk(register: Engine, settings: Settings) -> Desk:
    return Desk(register, settings)


@pytest.fixture
def enrolled(register: Engine) -> None:
    shop = {"outlet": "O-1", "name": "Shop", "address": "", "city": "", "province": ""}
    member = {"advocate": "A-1", "name": "Member", "email": "", "phone": "", "language": "id"}
    with register.begin() as connection:
        connection.execute(insert(outlets).values(shop))
        connection.execute(insert(advocates).values(member | {"outlet": "O-1"}))


def test_every_fault_of_a_line_is_answered_by_its_code(desk: Desk, enrolled: None):
    lines = [{"invoice": f"F-{n}"} | fault for n, (fault, _) in enumerate(FAULTS)]

    judged = desk.judge(
        text(*lines), agreement(not_products=["FREIGHT", "FEE-*", "O'FEE:{*}"], **HELD)
    )

    found = [(fault, judged.codes.get(n, set())) for n, (fault, _) in enumerate(FAULTS, start=2)]
    assert found == FAULTS


def test_a_line_with_several_reasons_has_one_outcome_and_keeps_them_all(desk: Desk, enrolled: None):
    judged = desk.judge(text({"member": "A-9", "qty": "x"}, {"member": "A-9"}), agreement(**HELD))

    assert (judged.file.lines_rejected, judged.file.lines_held) == (1, 1)
    assert [(reject["outcome"], reject["field"], reject["seen"]) for reject in judged.rejects] == [
        ("rejected", "quantity", "x"),
        ("held", "advocate", "A-9"),
        ("held", "advocate", "A-9"),
    ]


def test_an_accepted_line_is_typed(desk: Desk):
    (row,) = desk.judge(text({"qty": "1.25", "amount": "12.3456"})).rows

    assert (row["line_no"], row["document"], row["line_ref"]) == (2, "F-1", "1")
    assert row["document_date"].date() == date(2026, 3, 1)
    assert (row["quantity_e4"], row["amount_e4"]) == (12_500, 123_456)
    assert row["returns_document"] is None


def test_money_that_cannot_be_read_counts_as_nothing_and_the_rest_exactly(desk: Desk):
    judged = desk.judge(text({"amount": "0.1"}, {"amount": "0.2"}, {"amount": "x"}))

    assert judged.file.amount_in == Decimal("0.3")


def test_the_largest_and_finest_amounts_add_up_exactly(desk: Desk):
    amounts = ["999999999999999999.9999999999"] * 3 + ["-0.0000000001", "1"]

    judged = desk.judge(text(*({"invoice": f"F-{n}", "amount": a} for n, a in enumerate(amounts))))

    assert judged.file.amount_in == Decimal("3000000000000000000.9999999996")


def test_an_amount_follows_exactly_from_quantity_and_unit_price(desk: Desk):
    agreed = agreement(columns=_with_unit_price())
    lines = [{"qty": "3", "amount": "0.333"}, {"qty": "-3", "amount": "-0.1", "returns": "F-0"}]

    judged = desk.judge(text(*lines).replace(b"amount", b"price"), agreed)

    assert judged.rows[0]["amount_e4"] == 9_990
    assert judged.codes == {3: {"E_SIGN"}}
    assert judged.rejects[0]["field"] == "unit_price"


def test_records_are_numbered_as_a_spreadsheet_shows_them(desk: Desk):
    first, *_ = text().splitlines()
    data = b"\r\n".join(
        [
            b"\xef\xbb\xbf" + first,
            b"F-1,1,2026-03-01,A-1,O-1,RJW-M101,1,1,",
            b"",
            b'"F-2\r\nand more",1,2026-03-01,A-1,O-1,"RJW ""M""",1,1,',
            b",,,,,,,,",
            b'F-3,1,2026-03-01,A-1,O-1,5" PIPE,1,1,',
            b"",
        ]
    )

    rows = desk.judge(data).rows

    assert [(row["line_no"], row["document"], row["sku"]) for row in rows] == [
        (2, "F-1", "RJW-M101"),
        (4, "F-2\nand more", 'RJW "M"'),
        (6, "F-3", '5" PIPE'),
    ]


def test_a_cell_too_few_or_too_many_is_never_a_shift_of_values(desk: Desk):
    whole = "F-1,1,2026-03-01,A-1,O-1,RJW-M101,1,500,"
    ragged = [whole[:-1], whole + ",", whole + whole, "F-1"]

    judged = desk.judge(text() + "\n".join([whole, *ragged, ""]).encode())

    assert [row["line_no"] for row in judged.rows] == [2]
    assert judged.codes == {n: {"E_COLUMNS"} for n in (3, 4, 5, 6)}
    assert [reject["seen"] for reject in judged.rejects] == ["8", "9+", "9+", "1"]
    assert judged.file.amount_in == 500


def test_marks_are_read_as_agreed_and_never_guessed(desk: Desk):
    agreed = agreement(delimiter=";", decimal_mark=",", thousands_mark=".", encoding="windows-1252")
    amounts = ["1.234,56", "1234,56", "1.234", "1,234.56", "12.34,56", "1.23", "1 234"]
    lines = [{"invoice": f"CAFÉ-{n}", "amount": amount} for n, amount in enumerate(amounts)]

    judged = desk.judge(text(*lines, delimiter=";").decode().encode("cp1252"), agreed)

    assert [(row["document"], row["amount_e4"]) for row in judged.rows] == [
        ("CAFÉ-0", 12_345_600),
        ("CAFÉ-1", 12_345_600),
        ("CAFÉ-2", 12_340_000),
    ]
    assert judged.codes == {n: {"E_AMOUNT"} for n in (5, 6, 7, 8)}


def test_codes_are_written_as_agreed(desk: Desk):
    columns = {name: {"header": header} for name, header in HEADERS.items()}
    columns["sku"]["upper"] = True
    columns["advocate"]["strip_suffix"] = ".0"

    (row,) = desk.judge(
        text({"product": "85123a", "member": "17850.0"}), agreement(columns=columns)
    ).rows

    assert (row["sku"], row["advocate"]) == ("85123A", "17850")


def test_a_control_total_that_agrees_is_no_line(desk: Desk):
    judged = desk.judge(FILE + b"TOTAL,2,201.00\n\n", agreement(**TOTAL))

    assert (judged.file.state, judged.file.lines_in) == ("validated", 2)


@pytest.mark.parametrize("case", REFUSALS)
def test_a_file_is_refused_with_a_code_and_the_values_of_its_sentence(desk: Desk, case: str):
    feed, data, code, detail = REFUSALS[case]

    file = desk.judge(data, agreement(**feed)).file

    assert (file.state, file.code) == ("refused", code)
    assert detail is None or file.detail == detail


def test_a_line_sent_twice_in_a_file_counts_once_and_a_contradicted_one_not_at_all(desk: Desk):
    judged = desk.judge(
        text({}, {}, {"line": "2"}, {"line": "2", "qty": "3"}, {"line": "2"}, {"line": "3"})
    )

    assert [row["line_no"] for row in judged.rows] == [2, 7]
    assert judged.codes == {
        3: {"DUPLICATE"},
        4: {"E_CONFLICT"},
        5: {"E_CONFLICT"},
        6: {"E_CONFLICT"},
    }


def test_a_sale_that_a_file_claims_for_two_advocates_counts_for_neither(desk: Desk):
    judged = desk.judge(
        text(
            {},
            {"member": "A-2"},
            {"line": "2"},
            {"line": "2", "member": "A-2", "qty": "3"},
            {"line": "3"},
            {"line": "3", "member": "A-2"},
            {"line": "3"},
            {"line": "4"},
            {"line": "5", "member": "A-2"},
        )
    )

    assert [row["line_no"] for row in judged.rows] == [9, 10]
    assert judged.codes == {
        2: {"E_DOUBLE_CLAIM"},
        3: {"E_DOUBLE_CLAIM"},
        4: {"E_CONFLICT"},
        5: {"E_CONFLICT"},
        6: {"E_DOUBLE_CLAIM"},
        7: {"E_DOUBLE_CLAIM"},
        8: {"E_DOUBLE_CLAIM"},
    }


def test_a_second_advocate_must_be_enrolled_as_the_first(desk: Desk, enrolled: None):
    columns = {name: {"header": header} for name, header in HEADERS.items()}
    columns["second_advocate"] = {"header": "shop"}  # The outlet is an advocate itself.
    judged = desk.judge(text({"returns": "X"}), agreement(columns=columns, **HELD))

    found = {(reject["code"], reject["field"], reject["seen"]) for reject in judged.rejects}
    assert ("E_ADVOCATE_UNKNOWN", "second_advocate", "O-1") in found


def test_without_line_numbers_true_repeats_are_kept_apart(desk: Desk):
    without = ("document_line",)
    lines = text({}, {}, {"qty": "3"}, {"invoice": "F-2"}, without=without)

    first = desk.judge(lines, agreement(without=without)).rows
    again = desk.judge(lines + b"\n", agreement(without=without)).rows

    refs = [row["line_ref"] for row in first]
    assert [ref.partition("#")[2] for ref in refs] == ["1", "2", "1", "1"]
    assert len({row["line_key"] for row in first}) == 4
    assert [row["line_key"] for row in again] == [row["line_key"] for row in first]


def test_the_same_bytes_twice_are_one_file(desk: Desk):
    desk.judge(FILE)

    again = desk.judge(FILE, name="again.csv").file

    assert (again.state, again.code, again.duplicate_of_file_no) == ("refused", "DUPLICATE_FILE", 1)
    assert again.detail == {
        "earlier_file_no": 1,
        "earlier_name": "sales.csv",
        "earlier_on": "2026-03-02",
    }


def test_the_bytes_of_a_refused_file_may_come_again(desk: Desk):
    desk.judge(FILE, agreement(files="SALES_*"))

    assert desk.judge(FILE).file.state == "validated"


def test_a_second_call_writes_the_same_again(desk: Desk, settings: Settings):
    folder = folder_of(settings.landing, "north", 1)
    desk.judge(text({}, {"qty": "x"}, {"invoice": "F-2"}))
    before = {name: _digest(folder / name) for name in RESULTS}
    (folder / ".validation-left-by-a-kill").mkdir()

    validate(desk.register, 1, agreement=agreement(), settings=settings)

    assert {name: _digest(folder / name) for name in RESULTS} == before
    assert {path.name for path in folder.iterdir()} == {"original", *RESULTS}


def test_a_loaded_file_is_left_as_it_is(desk: Desk, settings: Settings):
    desk.judge(FILE)
    with desk.register.begin() as connection:
        connection.execute(update(files).values(state="loaded"))

    validate(desk.register, 1, agreement=agreement(files="other"), settings=settings)

    assert desk.judged(1).file.state == "loaded"


def test_a_workbook_is_read_as_its_cells_show(desk: Desk):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(HEADERS.values()))
    sheet.append(["F-1", 1, date(2026, 3, 1), 1234567890, "O-1", "RJW-M101", 2, 12500.0, None])
    sheet.append([])
    sheet.append(["F-2", 1, "01/03/2026", "A-1", "O-1", "RJW-M101", 1, 0.1 + 0.2, ""])
    sheet.append(["F-3", 1, NOW.replace(tzinfo=None), "A-1", "O-1", "RJW-M101", "1,5", 1e22, ""])
    sheet.append(["F-4", 1, 46082, "A-1", "O-1", "RJW-M101", 1, 1, "", "beyond"])
    agreed = agreement(format="xlsx", date_format="%d/%m/%Y", decimal_mark=",")

    judged = desk.judge(_saved(book), agreed, name="sales.xlsx")

    assert [
        (row["line_no"], row["advocate"], row["document_date"].date(), row["amount_e4"])
        for row in judged.rows
    ] == [
        (2, "1234567890", date(2026, 3, 1), 125_000_000),
        (4, "A-1", date(2026, 3, 1), 3_000),
    ]
    assert judged.codes == {5: {"E_AMOUNT"}, 6: {"E_COLUMNS"}}


def test_a_workbook_whose_header_is_not_in_its_first_row_is_refused(desk: Desk):
    book = openpyxl.Workbook()
    for n, (header, cell) in enumerate(LINE.items(), start=1):
        book.active.cell(row=3, column=n, value=header)
        book.active.cell(row=4, column=n, value=cell)

    file = desk.judge(_saved(book), agreement(format="xlsx")).file

    assert (file.state, file.code) == ("refused", "E_FILE_HEADER")


def test_a_workbook_that_unpacks_to_far_more_than_agreed_is_refused(desk: Desk):
    book = openpyxl.Workbook()
    book.active.append(list(HEADERS.values()))
    for _ in range(500):
        book.active.append(list(LINE.values()))

    file = desk.judge(_saved(book), agreement(format="xlsx", max_bytes=1000)).file

    assert (file.state, file.code) == ("refused", "E_FILE_TOO_LARGE")
    assert file.detail["limit_bytes"] == 20_000


def test_a_rule_that_cannot_be_asked_is_our_fault_and_not_the_partners():
    import duckdb
    import great_expectations as gx

    from tembaga.suites import Rule

    rule = Rule(
        unexpected_rows_query="select nothing from {batch}",
        meta={"code": "E_DATE", "field": "document_date"},
    )
    suite = gx.ExpectationSuite(name="broken", expectations=[rule])

    with duckdb.connect() as connection:
        connection.execute("create table lines (line_no bigint)")
        with pytest.raises(RuleError, match="nothing"):
            run_suite(suite, connection=connection, table="lines")


def _with_unit_price() -> dict[str, dict[str, str]]:
    columns = {name: {"header": header} for name, header in HEADERS.items() if name != "amount"}
    return columns | {"unit_price": {"header": "price"}}


def _saved(book: openpyxl.Workbook) -> bytes:
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_product_too_large_to_be_known_is_out_of_range(desk):
    agreed = agreement(
        without=("amount",), columns={**_columns(), "unit_price": {"header": "amount"}}
    )
    judged = desk.judge(text({"qty": "999999999", "amount": "999999999999"}), agreed)

    assert judged.codes == {2: {"E_AMOUNT_RANGE"}}


def _columns() -> dict[str, dict[str, str]]:
    return {name: {"header": header} for name, header in HEADERS.items() if name != "amount"}


@pytest.mark.parametrize("cell", ["XFD1048576", "AZZ900000"])
def test_a_cell_far_out_does_not_fill_the_memory(desk, cell):
    book = openpyxl.Workbook()
    book.active.append(list(HEADERS.values()))
    book.active.append(list(LINE.values()))
    book.active[cell] = "far"

    file = desk.judge(_saved(book), agreement(format="xlsx"), name="far.xlsx").file

    assert (file.state, file.code) == ("refused", "E_FILE_TOO_LARGE")


def test_a_note_beside_the_table_rejects_its_line_alone(desk):
    book = openpyxl.Workbook()
    book.active.append(list(HEADERS.values()))
    book.active.append(list(LINE.values()))
    book.active.append(list({**LINE, "line": "2"}.values()))
    book.active["Z3"] = "note"

    judged = desk.judge(_saved(book), agreement(format="xlsx"), name="note.xlsx")

    assert judged.codes == {3: {"E_COLUMNS"}}


def test_a_workbook_of_an_unknown_version_is_unreadable(desk):
    book = openpyxl.Workbook()
    book.active.append(list(HEADERS.values()))
    data = bytearray(_saved(book))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 6] = 99

    file = desk.judge(bytes(data), agreement(format="xlsx"), name="new.xlsx").file

    assert (file.state, file.code) == ("refused", "E_FILE_UNREADABLE")
