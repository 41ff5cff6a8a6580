"""JSON lines that are not flat objects, or not of one kind."""

import json
from collections.abc import Iterable, Iterator

from tests.bad_files.case import LINES, Case, Line, changed, numbered, with_cell

FORM = {"format": "jsonl"}
COMMA = FORM | {"decimal_mark": ",", "thousands_mark": "."}
NUMBERS = ("qty", "amount")


def written(lines: Iterable[Line] = LINES) -> bytes:
    """A plain file; numbers are numbers, and what is empty is null."""
    return b"".join(
        b"{"
        + b", ".join(
            json.dumps(name).encode()
            + b": "
            + (value if name in NUMBERS else json.dumps(value or None)).encode()
            for name, value in line.items()
        )
        + b"}\n"
        for line in lines
    )


def cases() -> Iterator[Case]:
    """All of them; the second line of goods is the second of the file."""
    plain, lines = written(), numbered(LINES, 1)
    second = plain.split(b"\n")[1].decode()
    yield Case("READ__json_lines", plain, FORM, lines)
    yield Case("READ__json_numbers_where_a_decimal_comma_was_agreed", plain, COMMA, lines)
    yield Case("READ__json_lines_behind_a_mark_of_order", b"\xef\xbb\xbf" + plain, FORM, lines)
    spaced = changed(plain, '{"invoice": "F-2"', '\n \n\t{  "invoice" :"F-2"')
    apart = {1: LINES[0], 4: LINES[1], 5: LINES[2]}
    yield Case("READ__json_lines_with_empty_lines", spaced, FORM, apart)
    other = second.replace('"invoice": "F-2", ', "").replace("}", ', "invoice": "F-2"}')
    yield Case("READ__json_names_in_another_order", changed(plain, second, other), FORM, lines)
    texts = changed(plain, "2000", '"2000"')
    yield Case("READ__json_a_number_as_text", texts, FORM, lines)
    escaped = changed(plain, '"F-2"', '"\\u0046-2"')
    yield Case("READ__json_an_escape", escaped, FORM, lines)
    broken = with_cell(shop='a\nb "c", d')
    yield Case("READ__json_a_line_end_in_a_text", written(broken), FORM, numbered(broken, 1))
    separated = with_cell(shop="a\u2028b")
    data = changed(plain, second, second.replace("O-1", "a\u2028b"))
    yield Case("READ__json_a_line_separator_in_a_text", data, FORM, numbered(separated, 1))
    exact = with_cell(amount="999999999999.9999")
    yield Case(
        "READ__json_a_number_of_more_digits_than_a_float", written(exact), FORM, numbered(exact, 1)
    )
    tenth = with_cell(amount="0.1")
    yield Case("READ__json_a_tenth", written(tenth), FORM, numbered(tenth, 1))
    for code, fault, old, new in (
        ("E_AMOUNT", "an_exponent", "2000", "2e3"),
        ("E_AMOUNT_RANGE", "a_number_of_44_digits", "2000", "4" + "0" * 43),
        ("E_AMOUNT_TOO_FINE", "a_third", "2000", "333.3333333333333"),
        ("E_AMOUNT", "a_truth", "2000", "true"),
        ("E_AMOUNT", "a_null", "2000", "null"),
        ("E_AMOUNT", "an_empty_text", "2000", '""'),
        ("E_AMOUNT", "a_text_with_thousands_marks", "2000", '"2,000"'),
        ("E_DATE", "a_number_of_days", '"2026-03-02"', "46083"),
        ("E_DATE", "a_null_as_date", '"2026-03-02"', "null"),
        ("E_DOCUMENT_MISSING", "a_null_as_document", '"F-2"', "null"),
        ("E_SPOILT", "a_code_as_a_number_with_exponent", '"F-2"', "4.12401E+43"),
        ("E_SPOILT", "a_code_as_javascript_writes_large_numbers", '"F-2"', "1e21"),
        ("E_SPOILT", "a_code_as_a_small_number", '"F-2"', "1e-07"),
        ("E_COLUMNS", "a_name_missing", '"returns": null}', "}"),
        ("E_COLUMNS", "a_name_more", '"returns": null}', '"returns": null, "x": 1}'),
        ("E_COLUMNS", "a_name_twice", '"returns": null}', '"returns": null, "returns": null}'),
        ("E_COLUMNS", "a_name_in_place_of_another", '"returns": null}', '"refund": null}'),
    ):
        spoilt = second.replace(old, new).replace(", }", "}")
        assert spoilt != second
        data = changed(plain, second, spoilt)
        yield Case(f"{code}__json_{fault}", data, FORM, lines, {2: code})
    nothing = changed(plain, second, "{}")
    yield Case("READ__json_an_empty_object", nothing, FORM, {1: LINES[0], 3: LINES[2]})
    for fault, spoilt in {
        "no_json": "F-2;2;2026-03-02",
        "cut_within_a_line": second[:40],
        "an_array": '["F-2", 2]',
        "a_text": '"F-2"',
        "a_number": "2",
        "a_null": "null",
        "nested_object": second.replace('"O-1"', '{"code": "O-1"}'),
        "nested_array": second.replace('"O-1"', '["O-1"]'),
        "nested_100000_times": "[" * 100_000 + "]" * 100_000,
        "objects_nested_50000_times": '{"a":' * 50_000 + "1" + "}" * 50_000,
        "nan": second.replace("2000", "NaN"),
        "infinity": second.replace("2000", "-Infinity"),
        "single_quotation_marks": second.replace('"', "'"),
        "trailing_comma": second.replace("}", ",}"),
        "two_objects_on_a_line": second + second,
        "comma_behind": second + ",",
        "a_comment": "// page 2",
        "leading_zeros": second.replace("2000", "02000"),
        "plus_sign": second.replace("2000", "+2000"),
        "a_point_behind": second.replace("2000", "2000."),
        "hexadecimal": second.replace("2000", "0x7D0"),
        "half_a_surrogate": second.replace('"F-2"', '"\\ud800"'),
        "a_null_character": second.replace('"F-2"', '"F\\u0000-2"'),
        "a_control_character": second.replace('"F-2"', '"F\\u001f-2"'),
        "a_tab_unescaped": second.replace('"F-2"', '"F\t-2"'),
        "a_wrong_escape": second.replace('"F-2"', '"\\x46-2"'),
    }.items():
        yield Case(f"E_FILE_UNREADABLE__json_{fault}", changed(plain, second, spoilt), FORM)
    whole = b"[" + b",".join(plain.split(b"\n")[:-1]) + b"]\n"
    yield Case("E_FILE_UNREADABLE__json_one_array_of_all", whole, FORM)
    pretty = json.dumps(dict(LINES[0]), indent=1).encode() + b"\n"
    yield Case("E_FILE_UNREADABLE__json_an_object_over_lines", pretty, FORM)
    yield Case("E_FILE_TRUNCATED__json_before_the_last_line_end", plain[:-1], FORM)
    yield Case("E_FILE_TRUNCATED__json_within_the_last_line", plain[:-30], FORM)
    yield Case("E_FILE_HEADER__json_other_names", changed(plain, '"qty"', '"pcs"'), FORM)
    yield Case("E_FILE_HEADER__json_names_in_capitals", changed(plain, '"qty"', '"QTY"'), FORM)
    yield Case("E_FILE_HEADER__json_a_name_twice", changed(plain, '"qty"', '"line"'), FORM)
    million = b"{" + b",".join(b'"%x":1' % n for n in range(60_000)) + b"}\n"
    yield Case("E_FILE_HEADER__json_60000_names", million, FORM)
    yield Case("E_FILE_EMPTY__json_no_object", b"\n\n", FORM)
    yield Case("E_FILE_ENCODING__json_in_utf_16", plain.decode().encode("utf-16"), FORM)
    yield Case("E_FILE_ENCODING__json_in_windows_1252", changed(plain, "O-1", b"CAF\xc9"), FORM)
    long = changed(plain, "O-1", "x" * 2_000_000)
    yield Case("E_FILE_LINE_TOO_LONG__json", long, FORM)
    digits = changed(plain, "2000", "9" * 500_000)
    range_ = {2: "E_AMOUNT_RANGE"}
    yield Case("E_AMOUNT_RANGE__json_a_number_of_500000_digits", digits, FORM, lines, range_)
