"""Values that are not what their column is for."""

from collections.abc import Iterator
from datetime import date

from tests.bad_files.case import LINES, Case, Line, delimited, with_cell

COMMA = {"delimiter": ";", "decimal_mark": ",", "thousands_mark": "."}
POINT = {"delimiter": ";", "decimal_mark": ".", "thousands_mark": ","}

DATES = {
    "31_february": "2026-02-31",
    "31_april": "2026-04-31",
    "29_february_of_no_leap_year": "2026-02-29",
    "month_13": "2026-13-01",
    "day_zero": "2026-03-00",
    "year_0026": "0026-03-01",
    "year_1900": "1900-01-01",
    "year_9999": "9999-12-31",
    "year_20226": "20226-03-01",
    "two_digit_year": "26-03-01",
    "a_spreadsheets_serial": "46082",
    "a_spreadsheets_serial_with_time": "46082.5",
    "day_first": "01/03/2026",
    "month_as_word": "1 March 2026",
    "without_hyphens": "20260301",
    "with_points": "2026.03.01",
    "full_width_digits": "２０２６-０３-０１",
    "arabic_digits": "٢٠٢٦-٠٣-٠١",
    "with_a_time": "2026-03-01 10:00:00",
    "with_a_zone": "2026-03-01T00:00:00Z",
    "an_hour": "10:00",
    "next_month": "2026-04-01",
    "a_word": "kemarin",
    "nothing": "",
    "blanks": "   ",
    "a_null_in_words": "NULL",
    "epoch_seconds": "1772323200",
    "with_trailing_text": "2026-03-01x",
    "a_spreadsheets_hashes": "########",
    "minus_signs_for_hyphens": "2026−03−01",
}
QUANTITIES = {
    "a_word": "dua",
    "with_a_unit": "2 pcs",
    "nothing": "",
    "a_hyphen": "-",
    "an_exponent": "2E+00",
    "destroyed_by_a_spreadsheet": "4,12401E+43",
    "plus_sign": "+2",
    "minus_behind": "2-",
    "in_brackets": "(2)",
    "two_signs": "--2",
    "full_width_digits": "２",
    "arabic_digits": "٢",
    "a_superscript": "²",
    "a_fraction": "½",
    "a_fraction_in_signs": "1/2",
    "decimal_comma": "2,0",
    "two_points": "2.0.0",
    "a_point_alone": ".",
    "a_point_before": ".5",
    "a_point_behind": "2.",
    "nan": "NaN",
    "infinity": "Infinity",
    "hexadecimal": "0x2",
    "underscore": "1_000",
    "true": "TRUE",
    "too_fine": "0.00005",
    "a_thousand_million": "1000000000",
    "nineteen_digits": "1234567890123456789",
    "blank_within": "1 000",
    "minus_of_typographers": "−2",
    "a_formula": "=1+1",
    "a_failed_formula": "#VALUE!",
    "a_letter_o": "1O",
}
AMOUNTS = {
    "a_currency_before": "Rp 2000",
    "a_currency_behind": "2000 IDR",
    "a_dollar": "$2000",
    "nothing": "",
    "a_dash_for_zero": "-",
    "accountants_brackets": "(2000)",
    "minus_behind": "2000-",
    "credit_behind": "2000 CR",
    "percent": "20%",
    "an_exponent": "2E+3",
    "destroyed_by_a_spreadsheet": "4.12401E+43",
    "a_thousands_comma": "2,000",
    "a_thousands_comma_and_decimals": "2,000.00",
    "the_other_marks": "2.000,00",
    "swiss_apostrophe": "2'000",
    "a_thousands_blank": "2 000",
    "a_narrow_blank": "2 000",
    "a_failed_formula": "#REF!",
    "a_formula": "=SUM(A1:A2)",
    "two_numbers": "2000 3000",
    "full_width_digits": "２０００",
    "quotation_mark_for_inches": '2000"',
    "none_in_words": "nil",
}


def cases() -> Iterator[Case]:
    """Each value in the second line of a plain file."""
    for code, column, values in (
        ("E_DATE", "date", DATES),
        ("E_QUANTITY", "qty", QUANTITIES),
        ("E_AMOUNT", "amount", AMOUNTS),
    ):
        for fault, value in values.items():
            yield Case(f"{code}__{fault}", delimited(with_cell(**{column: value})))
    yield from _marks()
    yield from _days()
    yield from _other_codes()
    yield from _odd_but_right()


def _marks() -> Iterator[Case]:
    """Thousands and decimal marks, of which one was agreed."""
    for fault, amount in {
        "american_marks_where_ours_were_agreed": "1,234.56",
        "thousands_mark_after_two_digits": "12.34,5",
        "thousands_mark_after_four_digits": "1234.567",
        "thousands_mark_at_the_beginning": ".123",
        "thousands_mark_at_the_end": "123.",
        "thousands_mark_twice_in_a_row": "1..234",
        "thousands_mark_after_the_decimals": "1,234.567",
        "decimal_mark_twice": "1,2,3",
        "two_decimals_behind_a_point": "1234.56",
        "thousands_mark_behind_a_zero": "0.500",
        "thousands_mark_behind_zeros": "000.123",
        "thousands_mark_behind_a_leading_zero": "01.234",
        "thousands_mark_behind_a_negative_zero": "-0.500",
    }.items():
        lines = with_cell(amount=amount)
        plain = [{**line, "amount": line["amount"].replace(".", ",")} for line in lines]
        plain[1]["amount"] = amount
        yield Case(f"E_AMOUNT__{fault}", delimited(plain, delimiter=";"), COMMA)
    for fault, amount in {
        "our_marks_where_american_were_agreed": "1.234,56",
        "a_decimal_comma": "1234,5",
        "indian_groups": "12,34,567",
        "a_decimal_comma_behind_a_zero": "0,500",
    }.items():
        data = delimited(with_cell(amount=amount), delimiter=";")
        yield Case(f"E_AMOUNT__{fault}", data, POINT)
    for fault, quantity in {"a_zero": "0.500", "a_leading_zero": "02.000"}.items():
        lines = [{**line, "amount": line["amount"].replace(".", ",")} for line in LINES]
        lines[1]["qty"] = quantity
        data = delimited(lines, delimiter=";")
        yield Case(f"E_QUANTITY__thousands_mark_behind_{fault}", data, COMMA)
    for oddity, amount, means in (
        ("thousands_marks", "1.234.567,50", "1234567.5"),
        ("no_thousands_mark", "1234567,5", "1234567.5"),
    ):
        lines = [{**line, "amount": line["amount"].replace(".", ",")} for line in with_cell()]
        lines[1]["amount"] = amount
        reads = dict(enumerate(with_cell(amount=means), start=2))
        yield Case(f"READ__{oddity}", delimited(lines, delimiter=";"), COMMA, reads=reads)


def _days() -> Iterator[Case]:
    """Days in forms whose parts stand side by side, or whose year has two digits."""
    for form, (right, *wrong) in {
        "%d%m%Y": ("02032026", "2032026", "232026", "002032026", "20260302"),
        "%Y%m%d": ("20260302", "2026032", "202632", "2026 0302", "202603020"),
        "%y%m%d": ("260302", "26302", "2632", "20260302"),
        "%d%m%y": ("020326", "2326", "02032026"),
        "%Y%j": ("2026061", "202661", "20260610"),
        "%d/%m/%y": ("2/3/26", "2/3/6", "2/3/2026"),
        "%d%b%Y": ("2Mar2026", "2Mar-2026", "2Marc2026"),
        "%Y%m%d%H%M": ("202603021030", "2026030210", "20260302103", "2026032"),
    }.items():
        for value in (right, *wrong):
            lines = [_dated(line, form) for line in LINES]
            lines[1]["date"] = value
            name = f"{value}_as_{form.replace('%', '')}".replace("/", ".").replace(" ", "_")
            code = "READ" if value == right else "E_DATE"
            yield Case(f"{code}__{name}", delimited(lines), {"date_format": form})


def _dated(line: Line, form: str) -> dict[str, str]:
    return {**line, "date": f"{date.fromisoformat(line['date']):{form}}"}


def _other_codes() -> Iterator[Case]:
    spoilt = {
        "number_with_an_exponent": "4,12401E+43",
        "number_with_a_point_and_an_exponent": "8.99E+12",
        "failed_lookup": "#N/A",
        "failed_reference": "#REF!",
        "failed_name": "#NAME?",
        "column_too_narrow": "######",
        "number_of_17_digits": "1.2345678901234567e+19",
        "number_as_java_writes_it": "1.2345678901E10",
        "number_of_javascript": "1.5e21",
        "exponent_of_three_digits": "1E+100",
        "failed_lookup_in_german": "#NV",
        "failed_reference_in_german": "#BEZUG!",
        "failed_lookup_in_spanish": "#N/D",
        "failed_division_in_spanish": "#¡DIV/0!",
        "failed_name_in_portuguese": "#NOME?",
        "failed_computation": "#CALC!",
        "failed_connection": "#CONNECT!",
        "data_not_there_yet": "#GETTING_DATA",
        "failed_reference_of_libreoffice": "Err:502",
        "text_in_the_guise_of_a_formula": '="007"',
    }
    for fault, value in spoilt.items():
        for column in ("invoice", "member", "product"):
            data = delimited(with_cell(**{column: value}))
            yield Case(f"E_SPOILT__{fault}_as_{column}", data)
    for code, column in {
        "E_DOCUMENT_MISSING": "invoice",
        "E_ADVOCATE_MISSING": "member",
        "E_OUTLET_MISSING": "shop",
        "E_SKU_MISSING": "product",
    }.items():
        yield Case(f"{code}__empty", delimited(with_cell(**{column: ""})))
        yield Case(f"{code}__only_blanks", delimited(with_cell(**{column: " \t "})))
        unseen = "\N{ZERO WIDTH SPACE}\N{NO-BREAK SPACE}\N{RIGHT-TO-LEFT MARK}"
        yield Case(f"{code}__only_what_nobody_sees", delimited(with_cell(**{column: unseen})))
    yield Case("E_TOO_LONG__a_code_of_101", delimited(with_cell(invoice="F" * 101)))
    yield Case("E_TOO_LONG__a_text_as_a_code", delimited(with_cell(product="lorem " * 5_000)))
    for fault, amount in {
        "a_third": "333.333333333333",
        "eleven_decimals": "0.00000000001",
        "sixty_decimals": f"2000.{'0' * 59}1",
    }.items():
        yield Case(f"E_AMOUNT_TOO_FINE__{fault}", delimited(with_cell(amount=amount)))
    for fault, amount in {
        "nineteen_digits": "1234567890123456789",
        "forty_digits_and_twelve_decimals": f"{'9' * 40}.{'3' * 12}",
    }.items():
        yield Case(f"E_AMOUNT_RANGE__{fault}", delimited(with_cell(amount=amount)))
    grouped = [{**line, "amount": line["amount"].replace(".", ",")} for line in with_cell()]
    grouped[1]["amount"] = "1.234" + ".567" * 6
    data = delimited(grouped, delimiter=";")
    yield Case("E_AMOUNT_RANGE__twenty_five_digits_in_groups", data, COMMA)
    yield Case("E_AMOUNT_TOO_FINE__five_decimals", delimited(with_cell(amount="0.12345")))
    yield Case("E_AMOUNT_RANGE__lost_decimal_mark", delimited(with_cell(amount="200000000000000")))
    yield Case("E_SIGN__negative_amount", delimited(with_cell(amount="-2000")))
    yield Case("E_SIGN__money_for_nothing", delimited(with_cell(qty="0")))


def _odd_but_right() -> Iterator[Case]:
    for oddity, written, meant in (
        ("negative_zero", {"amount": "-0.00"}, {"amount": "0"}),
        ("leading_zeros", {"qty": "0002", "amount": "0002000.0"}, {}),
        ("many_zeros_behind", {"amount": "2000.000000000000"}, {}),
        ("blanks_around", {"invoice": " F-2 ", "qty": " 2 "}, {}),
        ("no_break_spaces_around", {"invoice": "\N{NO-BREAK SPACE}F-2", "amount": "2000\xa0"}, {}),
        ("right_to_left_marks", {"invoice": "\N{RIGHT-TO-LEFT MARK}F-2", "qty": "\u200e2"}, {}),
        ("zero_width_space_within", {"invoice": "F\N{ZERO WIDTH SPACE}-2"}, {}),
        ("soft_hyphen_within", {"member": "A\N{SOFT HYPHEN}-2"}, {}),
        ("mark_of_order_in_the_middle", {"invoice": "\ufeffF-2"}, {}),
        ("line_separator_in_a_code", {"shop": "O\u20281"}, {"shop": "O\u20281"}),
        ("next_line_in_a_code", {"shop": "O\x851"}, {"shop": "O\x851"}),
        ("an_emoji", {"shop": "\N{HAIRCUT} 1"}, {"shop": "\N{HAIRCUT} 1"}),
        ("a_formula_as_a_code", {"shop": "=1+1"}, {"shop": "=1+1"}),
        ("a_command_as_a_code", {"shop": "@SUM(1)|cmd"}, {"shop": "@SUM(1)|cmd"}),
        ("sql_as_a_code", {"shop": "'; drop table lines; --"}, {"shop": "'; drop table lines; --"}),
        ("html_as_a_code", {"shop": "<script>"}, {"shop": "<script>"}),
        ("braces_as_a_code", {"shop": "{batch}%s{0}"}, {"shop": "{batch}%s{0}"}),
        ("a_path_as_a_code", {"shop": "../../etc/passwd"}, {"shop": "../../etc/passwd"}),
        ("null_as_a_code", {"shop": "NULL"}, {"shop": "NULL"}),
        ("an_exponent_that_is_a_code", {"product": "5E20"}, {"product": "5E20"}),
        ("a_number_sign_before_a_code", {"product": "#12/A"}, {"product": "#12/A"}),
        ("an_exclamation_behind_a_code", {"product": "WOW!"}, {"product": "WOW!"}),
        ("a_backslash", {"shop": "O\\1\\"}, {"shop": "O\\1\\"}),
        ("leading_apostrophe", {"shop": "'001"}, {"shop": "'001"}),
        ("a_date_without_zeros", {"date": "2026-3-2"}, {}),
    ):
        meaning = with_cell(**({**written, **meant} if meant else {}))
        yield Case(
            f"READ__{oddity}",
            delimited(with_cell(**written)),
            reads=dict(enumerate(meaning, start=2)),
        )
