"""Delimited text: cut short, in another encoding, or of another shape."""

import csv
import io
from collections.abc import Iterator

from tests.bad_files.case import (
    HEADERS,
    LINES,
    Case,
    changed,
    delimited,
    numbered,
    with_cell,
)

PLAIN = delimited()
TEXT = PLAIN.decode()
LAST = TEXT.splitlines()[-1]
TOTAL = {"control_total": {"mark": "TOTAL"}}
WITH_TOTAL = PLAIN + b"TOTAL,3,3235.06\n"
QUOTED = with_cell(shop='Toko "Jaya",\nJl. Merdeka 1')
CAFE = with_cell(shop="CAFÉ")
UTF_8, UTF_16 = {"encoding": "utf-8"}, {"encoding": "utf-16"}
WINDOWS = {"encoding": "windows-1252"}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _cut()
    yield from _encodings()
    yield from _headers()
    yield from _shapes()
    yield from _line_ends()
    yield from _quotes()
    yield from _sizes()


def _cut() -> Iterator[Case]:
    cell_ends = [LAST.index(cell) + len(cell) for cell in LAST.split(",")[:-1]]
    for header, end in zip(HEADERS, cell_ends, strict=False):
        data = PLAIN[: -len(LAST) - 1 + end]
        yield Case(f"E_FILE_TRUNCATED__after_the_cell_{header}_of_the_last_line", data)
        if header in ("date", "member", "product", "amount"):
            yield Case(f"E_FILE_TRUNCATED__within_the_cell_{header}_of_the_last_line", data[:-1])
    yield Case("E_FILE_TRUNCATED__before_the_last_line_end", PLAIN[:-1])
    yield Case("E_FILE_TRUNCATED__within_the_header", PLAIN[:11])
    yield Case("E_FILE_TRUNCATED__behind_the_header", PLAIN[: PLAIN.index(b"\n")])
    yield Case("E_FILE_EMPTY__cut_behind_the_headers_line_end", PLAIN[: PLAIN.index(b"\n") + 1])
    yield Case("E_FILE_EMPTY__no_byte", b"")
    yield Case("E_FILE_EMPTY__a_mark_of_order_alone", b"\xef\xbb\xbf")
    yield Case("E_FILE_EMPTY__cut_within_the_mark_of_order", b"\xef\xbb")
    quoted = delimited(QUOTED)
    inside = quoted.index(b"Merdeka")
    yield Case("E_FILE_TRUNCATED__in_the_middle_of_a_quoted_cell", quoted[:inside])
    line_end = quoted.index(b"\nJl.") + 1
    yield Case("E_FILE_UNREADABLE__cut_at_a_line_end_within_a_quoted_cell", quoted[:line_end])
    accented = delimited(CAFE)
    yield Case("E_FILE_ENCODING__within_a_character", accented[: accented.index(b"\xc3") + 1])
    for places in (1, 2):
        data = b"\n".join(WITH_TOTAL.split(b"\n")[: -1 - places]) + b"\n"
        yield Case(f"E_FILE_TRUNCATED__{places}_lines_before_the_control_total", data, TOTAL)
    yield Case("E_FILE_TRUNCATED__no_digit_of_the_total", WITH_TOTAL[:-1], TOTAL)
    optional = {**TOTAL, "final_newline": "optional"}
    yield Case("E_FILE_CONTROL_TOTAL__within_its_number", WITH_TOTAL[:-2], optional)
    fewer = changed(WITH_TOTAL, PLAIN.splitlines()[2] + b"\n", b"")
    yield Case("E_FILE_CONTROL_TOTAL__a_line_is_gone", fewer, TOTAL)
    unmarked = changed(WITH_TOTAL, b"2000", b"2001")
    yield Case("E_FILE_CONTROL_TOTAL__an_amount_was_changed", unmarked, TOTAL)
    yield Case("READ__a_control_total", WITH_TOTAL, TOTAL)
    yield Case("READ__no_line_end_where_none_is_needed", PLAIN[:-1], {"final_newline": "optional"})


def _encodings() -> Iterator[Case]:
    accented = TEXT.replace("O-1", "CAFÉ")
    reads = numbered({**line, "shop": "CAFÉ"} for line in LINES)
    in_latin, in_utf_8 = accented.encode("cp1252"), accented.encode()
    yield Case("E_FILE_ENCODING__windows_1252_for_utf_8", in_latin, UTF_8)
    yield Case("E_FILE_ENCODING__utf_8_for_windows_1252", in_utf_8, WINDOWS)
    marked = b"\xef\xbb\xbf" + PLAIN
    yield Case("E_FILE_ENCODING__utf_8_with_a_mark_for_windows_1252", marked, WINDOWS)
    yield Case("E_FILE_ENCODING__utf_16_for_utf_8", TEXT.encode("utf-16"), UTF_8)
    yield Case("E_FILE_ENCODING__utf_16_without_a_mark_for_utf_8", TEXT.encode("utf-16-le"), UTF_8)
    yield Case("E_FILE_ENCODING__utf_16_for_windows_1252", TEXT.encode("utf-16"), WINDOWS)
    yield Case("E_FILE_ENCODING__utf_32_for_utf_16", TEXT.encode("utf-32-be"), UTF_16)
    yield Case("E_FILE_ENCODING__utf_8_for_utf_16", PLAIN, UTF_16)
    yield Case("E_FILE_ENCODING__utf_16_without_a_mark", TEXT.encode("utf-16-le"), UTF_16)
    yield Case("E_FILE_ENCODING__utf_16_cut_within_a_character", TEXT.encode("utf-16")[:-1], UTF_16)
    yield Case(
        "E_FILE_TRUNCATED__utf_16_cut_between_characters", TEXT.encode("utf-16")[:-2], UTF_16
    )
    alone = TEXT.replace("O-1", "O-\ud800").encode("utf-16", "surrogatepass")
    yield Case("E_FILE_ENCODING__half_a_surrogate_in_utf_16", alone, UTF_16)
    yield Case("E_FILE_ENCODING__only_the_mark_of_utf_16_cut", b"\xff", UTF_16)
    yield Case("E_FILE_EMPTY__only_the_mark_of_utf_16", b"\xff\xfe", UTF_16)
    yield Case(
        "E_FILE_ENCODING__a_byte_windows_1252_lacks", changed(PLAIN, "O-1", b"\x81"), WINDOWS
    )
    yield Case("E_FILE_ENCODING__an_overlong_form", changed(PLAIN, "O-1", b"\xc0\xaf"))
    yield Case("E_FILE_ENCODING__a_surrogate_in_utf_8", changed(PLAIN, "O-1", b"\xed\xa0\x80"))
    yield Case("E_FILE_ENCODING__beyond_unicode", changed(PLAIN, "O-1", b"\xf5\x80\x80\x80"))
    yield Case("E_FILE_ENCODING__a_null_character", changed(PLAIN, "O-1", b"O\x001"))
    yield Case("E_FILE_ENCODING__a_file_of_nulls", bytes(4096))
    yield Case("E_FILE_ENCODING__a_line_of_nulls_at_the_end", PLAIN + bytes(512))
    for control in (1, 7, 8, 0x0B, 0x0C, 0x1A, 0x1B, 0x1F, 0x7F):
        data = changed(PLAIN, "O-1", b"O" + bytes([control]) + b"1")
        yield Case(f"E_FILE_UNREADABLE__control_character_{control:02x}", data)
    yield Case("E_FILE_UNREADABLE__end_of_file_mark_of_dos", PLAIN + b"\x1a")
    for name, mark in (("left", "\u202d"), ("right", "\u202e")):
        data = changed(PLAIN, "F-2", f"F{mark}-2")
        yield Case(f"E_FILE_UNREADABLE__order_turned_to_the_{name}", data)
    yield Case("E_FILE_UNREADABLE__a_control_character_of_c1", changed(PLAIN, "O-1", "O\x9d1"))
    yield Case("E_FILE_ENCODING__ebcdic", TEXT.encode("cp037"), UTF_8)
    yield Case("READ__utf_8_with_a_mark", b"\xef\xbb\xbf" + in_utf_8, UTF_8, reads=reads)
    yield Case("READ__windows_1252", in_latin, WINDOWS, reads=reads)
    yield Case("READ__ascii_as_windows_1252", PLAIN, WINDOWS)
    for order in ("le", "be"):
        mark = "\ufeff".encode(f"utf-16-{order}")
        data = mark + accented.encode(f"utf-16-{order}")
        yield Case(f"READ__utf_16_{order}", data, UTF_16, reads=reads)


def _headers() -> Iterator[Case]:
    header, body = TEXT.split("\n", 1)
    for fault, spoilt in {
        "missing": "",
        "in_capitals": header.upper() + "\n",
        "one_in_another_letter_case": header.replace("invoice", "Invoice") + "\n",
        "one_missing": header.replace(",amount", "") + "\n",
        "one_too_many": header + ",remark\n",
        "one_without_a_name": header + ",\n",
        "one_twice": header.replace("line", "invoice") + "\n",
        "one_twice_and_all_there": header + ",invoice\n",
        "of_another_delimiter": header.replace(",", ";") + "\n",
        "behind_a_title": "Laporan Penjualan Maret,,,,,,,,\n" + header + "\n",
        "behind_an_empty_line": "\n" + header + "\n",
        "translated": "faktur,baris,tanggal,anggota,toko,barang,jumlah,nilai,retur\n",
        "with_a_line_end_in_a_name": header.replace("invoice", '"invo\nice"') + "\n",
        "with_a_comment_mark": "#" + header + "\n",
        "with_look_alikes": header.replace("a", "а") + "\n",  # Cyrillic.
        "with_a_blank_within": header.replace("invoice", "in voice") + "\n",
        "a_million_columns": ",".join(f"{n:x}" for n in range(180_000)) + "\n",
        "a_million_columns_without_names": "," * 1_000_000 + "\n",
        "a_marker_of_the_delimiter": "sep=,\n" + header + "\n",
        "html": "<html><table><tr><td>invoice</td></tr></table></html>\n",
    }.items():
        yield Case(f"E_FILE_HEADER__{fault}", (spoilt + body).encode())
    yield Case("E_FILE_UNREADABLE__quotation_mark_in_the_header", ('"' + TEXT).encode())
    yield Case("E_FILE_EMPTY__header_row_behind_the_end", PLAIN, {"header_row": 9})
    yield Case(
        "READ__header_with_blanks_around", changed(PLAIN, "invoice,line", " invoice , line ")
    )
    yield Case(
        "READ__header_in_quotation_marks", changed(PLAIN, "invoice,line", '"invoice","line"')
    )
    shuffled = delimited(headers=HEADERS[::-1])
    yield Case("READ__columns_in_another_order", shuffled)
    titled = b"PT Utara\nLaporan Penjualan,Maret\n" + PLAIN
    yield Case("READ__title_rows", titled, {"header_row": 3}, reads=numbered(LINES, 4))
    yield Case("E_FILE_HEADER__no_title_rows_where_some_were_agreed", PLAIN, {"header_row": 3})
    columns = {
        ours: {"header": str(n)}
        for n, ours in enumerate(
            ("document", "document_line", "document_date", "advocate", "outlet", "sku",
             "quantity", "amount", "returns_document"),
            start=1,
        )
    }  # fmt: skip
    numbers = {"header_row": 0, "columns": columns}
    yield Case("READ__no_header_where_none_was_agreed", body.encode(), numbers, numbered(LINES, 1))
    yield Case(
        "E_DATE__header_where_none_was_agreed",
        PLAIN,
        numbers,
        numbered(LINES),
        {1: "E_DATE E_QUANTITY E_AMOUNT"},
    )
    yield Case(
        "E_COLUMNS__no_header_and_a_cell_too_few",
        changed(body.encode(), "2000,", "2000"),
        numbers,
        numbered(LINES, 1),
        {2: "E_COLUMNS"},
    )
    yield Case("E_FILE_EMPTY__no_header_agreed_and_nothing_else", b"\n\n", numbers)


def _shapes() -> Iterator[Case]:
    second = TEXT.splitlines()[2]
    for fault, spoilt in {
        "a_cell_too_few": second[:-1],
        "two_cells_too_few": second[:-6],
        "one_cell": "F-2",
        "a_delimiter_behind": second + ",",
        "two_delimiters_behind": second + ",,",
        "a_line_end_lost": second + second,
        "another_delimiter": second.replace(",", ";"),
        "an_unquoted_delimiter_in_a_name": second.replace("O-1", "Toko Jaya, Jl. 1"),
        "a_decimal_comma_unquoted": second.replace("2000", "2000,00"),
        "a_totals_line": "TOTAL,3,3235.06",
        "a_dotted_line": "-" * 40,
        "a_comment": "# end of page 1",
        "a_row_count_of_sql": "(3 rows affected)",
    }.items():
        yield Case(f"E_COLUMNS__{fault}", changed(PLAIN, second, spoilt))
    huge = changed(PLAIN, second, "," * 500_000)
    yield Case("E_FILE_UNREADABLE__a_line_of_half_a_million_cells", huge)
    again = [{**line, "invoice": f"G-{n}"} for n, line in enumerate(LINES, start=1)]
    yield Case(
        "E_DATE__header_twice_as_files_were_joined",
        PLAIN + b"\xef\xbb\xbf" + delimited(again),
        reads=numbered(LINES) | numbered(again, 6),
        codes={5: "E_DATE E_QUANTITY E_AMOUNT"},
    )
    yield Case(
        "E_COLUMNS__second_table_beneath",
        PLAIN + b"\nproduct,total\nRJW-M101,6\n",
        codes={6: "E_COLUMNS", 7: "E_COLUMNS"},
    )
    yield Case(
        "E_DATE__totals_line_as_wide_as_the_table",
        PLAIN + b"Total,,,,,,6,3235.06,\n",
        codes={5: "E_DATE E_ADVOCATE_MISSING E_OUTLET_MISSING E_SKU_MISSING"},
    )
    yield Case(
        "E_COLUMNS__totals_line_at_the_end", PLAIN + b"Total,,,3235.06\n", codes={5: "E_COLUMNS"}
    )
    yield Case(
        "READ__empty_lines_between", changed(PLAIN, "F-2", "\n,,,,,,,,\nF-2"), reads=_apart()
    )
    yield Case("READ__empty_lines_at_the_end", PLAIN + b"\n\n,,,,,,,,\n")
    for name, delimiter in (("semicolon", ";"), ("tab", "\t"), ("pipe", "|")):
        data = delimited(delimiter=delimiter)
        yield Case(f"READ__{name}", data, {"delimiter": delimiter})
        yield Case(
            f"E_FILE_HEADER__comma_where_a_{name}_was_agreed", PLAIN, {"delimiter": delimiter}
        )


def _apart() -> dict[int, dict[str, str]]:
    return {2: dict(LINES[0]), 5: dict(LINES[1]), 6: dict(LINES[2])}


def _line_ends() -> Iterator[Case]:
    yield Case("READ__crlf", changed(PLAIN, "\n", "\r\n"))
    yield Case("READ__lone_returns", changed(PLAIN, "\n", "\r"))
    yield Case("READ__mixed_line_ends", PLAIN.replace(b"\n", b"\r\n", 2))
    yield Case("READ__cut_between_return_and_line_feed", changed(PLAIN, "\n", "\r\n")[:-1])
    for end, named in (("\r", "return"), ("\n", "feed")):
        yield Case(
            f"E_COLUMNS__a_lone_{named}_within_a_line",
            changed(PLAIN, "F-2,2", f"F-2{end},2"),
            reads={2: LINES[0], 5: LINES[2]},
            codes={3: "E_COLUMNS", 4: "E_DOCUMENT_MISSING"},
        )


def _quotes() -> Iterator[Case]:
    yield Case("READ__quoted_delimiters_and_line_ends", delimited(QUOTED), reads=numbered(QUOTED))
    crlf = changed(delimited(QUOTED), "\n", "\r\n")
    yield Case("READ__quoted_line_ends_as_crlf", crlf, reads=numbered(QUOTED))
    yield from _quotes_of_two_lines()
    every = io.StringIO()
    csv.writer(every, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [HEADERS, *([line[header] for header in HEADERS] for line in LINES)]
    )
    yield Case("READ__every_cell_quoted", every.getvalue().encode())
    json = b'{"invoice": "F-1", "line": "1"}\n'
    yield Case("E_FILE_HEADER__json_lines_for_delimited_text", json)
    yield Case("READ__a_blank_behind_a_quotation_mark", changed(PLAIN, "F-2", '"F-2" '))
    inch = with_cell(shop='5" PIPE')
    unquoted = changed(PLAIN, "A-2,O-1", 'A-2,5" PIPE')
    yield Case("READ__a_quotation_mark_within_a_plain_cell", unquoted, reads=numbered(inch))
    for fault, spoilt in {
        "never_closed": '"F-2',
        "closed_too_early": '"F"-2',
        "opened_twice": '""F-2',
        "single_in_a_quoted_cell": '"F"2"',
        "escaped_by_a_backslash": '"F\\"2"',
    }.items():
        yield Case(f"E_FILE_UNREADABLE__quotation_mark_{fault}", changed(PLAIN, "F-2", spoilt))
    last = changed(PLAIN, "F-3", '"F-3')
    yield Case("E_FILE_UNREADABLE__quotation_mark_never_closed_in_the_last_line", last)
    end = PLAIN + b'"\n'
    yield Case("E_FILE_UNREADABLE__quotation_mark_alone_at_the_end", end)
    long = changed(PLAIN, "F-2", '"F-2' + "\n" * 200_000)
    yield Case("E_FILE_UNREADABLE__quotation_mark_before_200000_lines", long)


def _quotes_of_two_lines() -> Iterator[Case]:
    """A quotation mark before a cell, and one behind the same cell of a later line.

    Between them stand whole lines, and the record has as many cells as the header.
    """
    form = {"other_headers": ["remark"]}
    headers = [*HEADERS, "remark"]
    remarked = [{**line, "remark": "none"} for line in LINES]
    for column in ("invoice", "shop", "product", "amount", "returns", "remark"):
        lines = [dict(line) for line in remarked]
        lines[0][column] = "<" + lines[0][column]
        lines[1][column] += ">"
        data = delimited(lines, headers=headers).replace(b"<", b'"').replace(b">", b'"')
        reads = {2: LINES[0], 3: LINES[2]}
        name = f"E_COLUMNS__quotation_marks_of_two_lines_in_{column}"
        yield Case(name, data, form, reads, {2: "E_COLUMNS"})
    lines = [dict(line) for line in remarked]
    lines[0]["remark"], lines[2]["remark"] = "<", ">"
    data = delimited(lines, headers=headers).replace(b"<", b'"').replace(b">", b'"')
    name = "E_COLUMNS__quotation_marks_around_three_lines"
    yield Case(name, data, form, {2: LINES[0]}, {2: "E_COLUMNS"})
    lines[0]["remark"], lines[2]["remark"] = "", ""
    lines[1]["remark"] = "Toko Jaya,\nJl. Merdeka 1, RT 2, RW 3,\nKel. Kauman, Kota Solo"
    yield Case("READ__an_address_over_three_lines", delimited(lines, headers=headers), form)


def _sizes() -> Iterator[Case]:
    line = changed(PLAIN, "O-1", "O" * 2_000_000)
    yield Case("E_FILE_LINE_TOO_LONG__a_cell_of_two_million_characters", line)
    yield Case("E_FILE_LINE_TOO_LONG__no_line_end_at_all", b"x" * 5_000_000)
    yield Case("E_FILE_LINE_TOO_LONG__blanks_without_end", PLAIN + b" " * 3_000_000)
    many = changed(PLAIN, "F-2", '"F-2' + ("x" * 1000 + "\n") * 6000 + '"')
    yield Case("E_FILE_UNREADABLE__a_cell_of_six_million_characters_in_lines", many)
    wide = changed(PLAIN, "A-2,O-1", "A-2," + "O" * 900_000)
    yield Case("E_TOO_LONG__a_cell_of_900000_characters", wide)
