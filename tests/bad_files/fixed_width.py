"""Text of fixed width, whose lines are cut where it was agreed."""

from collections.abc import Iterable, Iterator

from tests.bad_files.case import HEADERS, LINES, Case, Line, changed, numbered, with_cell

WIDTHS = {"invoice": 8, "line": 4, "date": 10, "member": 8, "shop": 8, "product": 10, "qty": 8,
          "amount": 12, "returns": 8}  # fmt: skip
STARTS = {name: 1 + sum(list(WIDTHS.values())[:n]) for n, name in enumerate(HEADERS)}
SPANS = {name: {"start": STARTS[name], "width": WIDTHS[name]} for name in HEADERS}
FORM = {"format": "fixed", "spans": SPANS, "header_row": 0}
HEADED = FORM | {"header_row": 1}
RIGHT = ("qty", "amount")  # Numbers stand at the right of their cells.


def written(lines: Iterable[Line] = LINES) -> bytes:
    """A plain file without a header."""
    return "".join(
        "".join(
            line[name].rjust(WIDTHS[name]) if name in RIGHT else line[name].ljust(WIDTHS[name])
            for name in HEADERS
        )
        + "\n"
        for line in lines
    ).encode()


def cases() -> Iterator[Case]:
    """All of them; the second line of goods is the second of the file."""
    plain, lines = written(), numbered(LINES, 1)
    width = plain.index(b"\n")
    header = ("".join(name.ljust(WIDTHS[name]) for name in HEADERS).rstrip() + "\n").encode()
    yield Case("READ__fixed_width", plain, FORM, lines)
    yield Case("READ__fixed_width_with_a_header", header + plain, HEADED)
    yield Case("READ__fixed_width_with_crlf", changed(plain, "\n", "\r\n"), FORM, lines)
    blank = plain[: width + 1] + b"\n" + b" " * width + b"\n" + plain[width + 1 :]
    apart = {1: LINES[0], 4: LINES[1], 5: LINES[2]}
    yield Case("READ__fixed_width_with_empty_lines", blank, FORM, apart)
    accents = with_cell(shop="CAFÉ ÜÖ")
    yield Case("READ__fixed_width_counts_characters", written(accents), FORM, numbered(accents, 1))
    marked = b"\xef\xbb\xbf" + plain
    yield Case("READ__fixed_width_behind_a_mark_of_order", marked, FORM, lines)
    windows = FORM | {"encoding": "windows-1252"}
    data = written(accents).decode().encode("cp1252")
    yield Case("READ__fixed_width_in_windows_1252", data, windows, numbered(accents, 1))
    quotes = with_cell(shop='5" PIPE')
    yield Case("READ__fixed_width_with_quotation_marks", written(quotes), FORM, numbered(quotes, 1))
    second = plain.split(b"\n")[1].decode()
    for fault, spoilt in {
        "a_character_too_few": second[:-1],
        "a_character_too_many": second + "x",
        "blanks_behind": second + "  ",
        "shifted_by_one": " " + second,
        "cut_within_the_amount": second[: STARTS["amount"] + 8],
        "a_tab_for_blanks": second.replace("        ", "\t", 1),
        "a_totals_line": "TOTAL 3",
        "two_lines_in_one": second + second,
    }.items():
        spoilt_data = changed(plain, second, spoilt)
        yield Case(f"E_COLUMNS__fixed_width_{fault}", spoilt_data, FORM, lines, {2: "E_COLUMNS"})
    gap = {**SPANS, "shop": {"start": STARTS["shop"], "width": WIDTHS["shop"] - 2}}
    swollen = written(with_cell(shop="OUTLET-9"))
    form = FORM | {"spans": gap}
    yield Case(
        "E_COLUMNS__fixed_width_text_between_the_spans", swollen, form, lines, {2: "E_COLUMNS"}
    )
    yield Case("E_FILE_TRUNCATED__fixed_width_within_a_line", plain[:-20], FORM)
    yield Case("E_FILE_TRUNCATED__fixed_width_before_the_last_line_end", plain[:-1], FORM)
    yield Case("E_FILE_HEADER__fixed_width_no_header_where_one_was_agreed", plain, HEADED)
    yield Case(
        "E_FILE_HEADER__fixed_width_another_header", changed(header, "qty", "pcs") + plain, HEADED
    )
    yield Case("E_FILE_ENCODING__fixed_width_in_another_encoding", data, FORM)
    yield Case("E_FILE_ENCODING__fixed_width_nulls", changed(plain, "F-2", b"F\x002"), FORM)
    yield Case("E_FILE_EMPTY__fixed_width_only_empty_lines", b"\n\n", FORM)
    yield Case("E_FILE_LINE_TOO_LONG__fixed_width_without_line_ends", b"x" * 3_000_000, FORM)
