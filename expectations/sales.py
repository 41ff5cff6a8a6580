"""What a sales file must be before any of its lines is loaded.

The table has one row a line, made by `tembaga.lines`; what cannot be read is null there.
A line whose cells do not fit the header is judged for that alone: its values may stand in
the wrong columns.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import great_expectations as gx

from expectations.rules import SPOILT_NOTES, is_spoilt, line_rule, quoted, rule
from tembaga.due import WEEKDAYS
from tembaga.feeds import SalesFeed
from tembaga.plausible import Plausible
from tembaga.suites import Rule

FIRST_DAY = date(2000, 1, 1)
AMOUNT_LIMIT = 10**12  # In major units; with it the sums of any file fit a 64-bit integer.


@lru_cache(maxsize=32)
def sales_suite(
    feed: SalesFeed,
    *,
    oldest_on: date,
    latest_on: date,
    split_days: tuple[tuple[date, date], ...],
    has_products: bool,
    has_hindrances: bool,
    has_leavers: bool = False,
) -> gx.ExpectationSuite:
    """The rules of one feed, for a file whose sales may be dated from `oldest_on` to `latest_on`.

    They are written down once for all files of a feed that come on one day.

    `split_days`: first and last of the days whose sales two advocates may share (S13).
    `has_products`, `has_hindrances`, `has_leavers`: the table of this name is there to be looked
    into.
    """
    return gx.ExpectationSuite(
        name="sales",
        expectations=[
            *_file_rules(feed),
            *_document_rules(oldest_on, latest_on),
            *_correction_rules(feed),
            *_value_rules(feed),
            *_party_rules(feed),
            *_claim_rules(feed, split_days),
            *_product_rules(feed, has_products=has_products),
            *(_rating_rules(feed) if has_hindrances else ()),
            *(_leaver_rules(feed) if has_leavers else ()),
            *_plausibility_rules(feed.plausible),
        ],
    )


def repeats_suite() -> gx.ExpectationSuite:
    """The rules about lines of one file that name the same line of the same document.

    They are asked about the lines that no other rule has found and that share their key with
    another: few, so they are parted from the others first. A line and its correction are two
    statements, each with its action and version; which of them stands is found out by
    `tembaga.load`, which knows the versions of other files too.
    """
    same_line = (
        "partition by line_key, document, document_date, line_ref, action, coalesce(version, 1)"
    )
    differ = f"min(content_key) over ({same_line}) <> max(content_key) over ({same_line})"
    other_goods = f"min({GOODS}) over ({same_line}) <> max({GOODS}) over ({same_line})"
    return gx.ExpectationSuite(
        name="repeats",
        expectations=[
            rule(
                "E_CONFLICT",
                "document",
                "select line_no, line_ref as seen from {batch} "
                f"qualify {differ} and {other_goods}",
                notes="Two contents under one line number: we cannot know which is meant, so "
                "neither counts.",
            ),
            rule(
                "E_DOUBLE_CLAIM",
                "document",
                "select line_no, line_ref as seen from {batch} "
                f"qualify {differ} and not ({other_goods})",
                notes="One sale under two names of advocates: a sale counts once, and we cannot "
                "know for whom.",
            ),
            rule(
                "DUPLICATE",
                "document",
                "select line_no, line_ref as seen from {batch} qualify "
                f"row_number() over ({same_line}, content_key order by line_no) > 1 "
                f"and not ({differ})",
                notes="The same line written twice counts once; the first stands.",
            ),
        ],
    )


CODE_LENGTH = 100
CODES_OF_A_LINE = (
    "document", "document_line", "advocate", "second_advocate", "outlet", "sku", "unit",
    "returns_document", "action_text", "version_text",
)  # fmt: skip
GOODS = "hash(outlet, sku, quantity_e4, amount_e4, returns_document, unit, tax_basis)"
IS_NOT_VOID = "action is distinct from 'void'"


def _file_rules(feed: SalesFeed) -> Iterable[Rule]:
    yield rule(
        "E_FILE_EMPTY",
        "",
        "select found_lines from (select count(*) as found_lines from {batch}) "
        "where found_lines = 0",
        notes="A header alone is an export that went wrong; a day without sales sends no file.",
    )
    if feed.control_total is not None:
        yield rule(
            "E_FILE_CONTROL_TOTAL",
            "",
            "select stated_lines, stated_amount, found_lines, "
            "rtrim(rtrim(cast(found_amount as varchar), '0'), '.') as found_amount "
            "from control_total, (select count(*) as found_lines, "
            "coalesce(sum(amount), 0) as found_amount from {batch}) as found "
            "where lines is distinct from found_lines "
            "or amount is distinct from found.found_amount",
            notes="The partner's own count proves that nothing was lost or altered on the way. "
            "An amount that cannot be read counts as zero, so it shows here as well.",
        )


def _document_rules(oldest_on: date, latest_on: date) -> Iterable[Rule]:
    yield line_rule(
        "E_COLUMNS",
        "",
        "not fits",
        seen="cells",
        notes="A cell too few or too many shifts all that follow; no value is guessed.",
    )
    yield _where(
        "E_DOCUMENT_MISSING",
        "document",
        "document is null",
        notes="The document is the subject: points are computed for it as a whole.",
    )
    too_long = {code: f"length({code}) > {CODE_LENGTH}" for code in CODES_OF_A_LINE}
    yield _where(
        "E_TOO_LONG",
        "",
        " or ".join(too_long.values()),
        seen="left(case "
        + " ".join(f"when {condition} then {code}" for code, condition in too_long.items())
        + " end, 40)",
        notes="No code of anybody's is so long: a cell that swallowed others, or a text.",
    )
    spoilt = {code: is_spoilt(code) for code in CODES_OF_A_LINE}
    yield _where(
        "E_SPOILT",
        "",
        " or ".join(spoilt.values()),
        seen="case "
        + " ".join(f"when {condition} then {code}" for code, condition in spoilt.items())
        + " end",
        notes=SPOILT_NOTES,
    )
    yield _where(
        "E_DATE",
        "document_date",
        "document_date is null "
        f"or document_date not between date '{FIRST_DAY}' and date '{latest_on}'",
        seen="document_date_text",
        notes="The business date decides rule, maturity and expiry. A year such as 0026 is a "
        "year written with two digits; tomorrow is allowed, for clocks differ.",
    )
    yield _where(
        "E_TOO_OLD",
        "document_date",
        f"quantity > 0 and {IS_NOT_VOID} and document_date >= date '{FIRST_DAY}' "
        f"and document_date < date '{oldest_on}'",
        seen="document_date_text",
        notes="What a month earned must be final some day. A return is never too late, nor a "
        "line that is taken back: neither claims anything.",
    )


def _correction_rules(feed: SalesFeed) -> Iterable[Rule]:
    if (action := feed.columns.action) is None:
        return
    words = {action.as_read(word) for word in (*action.replace, *action.void, *action.new)}
    yield _where(
        "E_ACTION",
        "action",
        f"action_text not in ({', '.join(quoted(word) for word in sorted(words))})",
        seen="action_text",
        notes="A word that was not agreed may mean that the line counts, or that it does not.",
    )
    yield _where(
        "E_VERSION",
        "version",
        "(version_text is not null and version is null) "
        "or (action is not null and coalesce(version, 1) < 2)",
        seen="version_text",
        notes="A line is version 1 as it first came. Of two corrections the higher version "
        "stands, whichever comes first; without one we would go by the order of files.",
    )


def _value_rules(feed: SalesFeed) -> Iterable[Rule]:
    price = "unit_price" if feed.columns.amount is None else "amount"
    yield _where(
        "E_QUANTITY",
        "quantity",
        "quantity is null",
        seen="quantity_text",
        notes="Strictly in the agreed form: 4,12401E+43 comes from a spreadsheet that took a "
        "bar code for a number, and 1.000 may be a thousand or one.",
    )
    yield _where(
        "E_AMOUNT",
        price,
        "price is null and price_excess is null",
        seen="price_text",
        notes="Strictly in the agreed form: a mark that was guessed would be wrong by a "
        "factor of a thousand.",
    )
    yield _where(
        "E_AMOUNT_TOO_FINE",
        price,
        "price_excess = 'decimals' or price % 0.000001 <> 0 or amount % 0.0001 <> 0",
        seen="price_text",
        notes="Amounts are kept in ten-thousandths, exactly; nothing is rounded on the way.",
    )
    yield _where(
        "E_AMOUNT_RANGE",
        price,
        f"price_excess = 'digits' or abs(price) >= {AMOUNT_LIMIT} "
        f"or abs(amount) >= {AMOUNT_LIMIT} "
        # A product that is too large to be known at all, and not one that is too fine.
        "or (amount is null and quantity is not null and price % 0.000001 = 0)",
        seen="price_text",
        notes="Larger than any line of goods: a lost decimal mark, or a number in a wrong column.",
    )
    yield _where(
        "E_SIGN",
        price,
        "amount <> 0 and sign(amount) <> sign(quantity)" if price == "amount" else "price < 0",
        seen="price_text",
        notes="A sale brings money and takes goods, a return the reverse. A line that does "
        "neither is an adjustment of the distributor's own books.",
    )


def _party_rules(feed: SalesFeed) -> Iterable[Rule]:
    for party in ("advocate", "outlet"):
        yield _where(
            f"E_{party.upper()}_MISSING",
            party,
            f"{party} is null",
            notes=f"Without the {party} nobody can be rewarded, or the reward not be checked.",
        )
        if getattr(feed.unlisted, party) == "hold":
            yield _where(
                f"E_{party.upper()}_UNKNOWN",
                party,
                f"{party} is not null and {party} not in (select name from {party}s)",
                notes=f"The sale is real and the {party} may be enrolled yet: it waits.",
            )


def _leaver_rules(feed: SalesFeed) -> Iterable[Rule]:
    for advocate in ("advocate", "second_advocate"):
        if advocate in feed.columns.named():
            yield _where(
                "E_ADVOCATE_LEFT",
                advocate,
                f"quantity > 0 and {IS_NOT_VOID} and exists (select 1 from leavers "
                f"where leavers.name = {advocate} and leavers.left_on <= document_date)",
                notes="Who has withdrawn earns nothing from that day on. What was earned before "
                "stays, and so do returns of it.",
            )


def _claim_rules(feed: SalesFeed, split_days: Sequence[tuple[date, date]]) -> Iterable[Rule]:
    if feed.columns.second_advocate is None:
        return
    if feed.unlisted.advocate == "hold":
        yield _where(
            "E_ADVOCATE_UNKNOWN",
            "second_advocate",
            "second_advocate is not null and second_advocate not in (select name from advocates)",
            notes="The sale is real and the second advocate may be enrolled yet: it waits.",
        )
    has_split = " or ".join(
        f"document_date between date '{first}' and date '{last}'" for first, last in split_days
    )
    yield _where(
        "E_DOUBLE_CLAIM",
        "second_advocate",
        f"second_advocate is not null and quantity >= 0 and {IS_NOT_VOID} and "
        f"(second_advocate = advocate or not ({has_split or 'false'}))",
        notes="A sale is shared as its campaign's version says. Where that names no shares, or "
        "one advocate twice, nobody has agreed to a second claimant. A return claims nothing.",
    )


def _product_rules(feed: SalesFeed, *, has_products: bool) -> Iterable[Rule]:
    yield _where(
        "E_SKU_MISSING",
        "sku",
        "sku is null",
        notes="Without the product no rate can be found.",
    )
    not_a_product = " or ".join(
        f"sku {'glob' if '*' in code else '='} {quoted(code)}" for code in feed.not_products
    )
    if not_a_product:
        yield _where(
            "E_NOT_A_PRODUCT",
            "sku",
            not_a_product,
            notes="Postage, fees and adjustments are on the invoice and are not recommended "
            "by anybody.",
        )
    if feed.products == "theirs":
        yield _where(
            "E_SKU_UNKNOWN",
            "sku",
            f"sku is not null and document_date is not null and not is_translated "
            f"and not ({not_a_product or 'false'})",
            notes="A code of the partner's own says nothing until a file of products has named "
            "ours; and one that looks like ours may be another product.",
        )
    elif feed.unlisted.sku == "reject" and has_products:
        yield _where(
            "E_SKU_UNKNOWN",
            "sku",
            f"sku not in (select name from products) and not ({not_a_product or 'false'})",
            notes="Only the programme's own products earn. One reason is enough for a fee.",
        )


def _rating_rules(feed: SalesFeed) -> Iterable[Rule]:
    price = "unit_price" if feed.columns.amount is None else "amount"
    yield _where(
        "E_UNIT",
        "unit" if feed.columns.unit else "quantity",
        _is_hindered("E_UNIT"),
        seen="unit" if feed.columns.unit else "quantity_text",
        notes="Points go by another unit of measure, and how many of it this one holds is not "
        "in units.csv. It may be added; until then nothing is guessed.",
    )
    yield _where(
        "E_TAX",
        price,
        _is_hindered("E_TAX"),
        seen="price_text",
        notes="Points go by amounts without VAT and this one is with it, or the reverse, and no "
        "rate of VAT is known for the day. It may be added; until then nothing is guessed.",
    )


def _plausibility_rules(agreed: Plausible) -> Iterable[Rule]:
    """What one file shows by itself; what its past shows is found by `tembaga.doubting`."""
    if agreed.closed is not None:
        weekdays = [str(WEEKDAYS.index(day) + 1) for day in agreed.closed.weekdays]
        dates = [f"date '{day}'" for day in agreed.closed.dates]
        conditions = [f"isodow(document_date) in ({', '.join(weekdays)})"] if weekdays else []
        conditions += [f"document_date in ({', '.join(dates)})"] if dates else []
        yield _where(
            "E_CLOSED_DAY",
            "document_date",
            f"quantity > 0 and {IS_NOT_VOID} and ({' or '.join(conditions) or 'false'})",
            seen="document_date_text",
            notes="Nobody sells on a day on which all are closed: the day may be wrong, or the "
            "sale made up.",
        )
    if agreed.one_outlet:
        sold = f"fits and quantity > 0 and {IS_NOT_VOID}"
        yield _where(
            "E_DOCUMENT_TWICE",
            "outlet",
            f"quantity > 0 and action is null and document in (select document from {{batch}} "
            f"where {sold} and action is null group by document "
            "having count(distinct outlet) > 1)",
            notes="An invoice is written to one outlet. Under two of them its number was used "
            "twice, or a sale was shared out.",
        )


def _is_hindered(code: str) -> str:
    return (
        f"{IS_NOT_VOID} and exists (select 1 from hindrances where code = '{code}' "
        "and of_sku = sku and of_unit = coalesce(unit, '') "
        "and document_date between first_on and last_on)"
    )


def _where(code: str, field: str, failing: str, *, notes: str, seen: str | None = None) -> Rule:
    return line_rule(code, field, f"fits and ({failing})", seen=seen or field, notes=notes)
