"""The demo programme is the same on every run, and holds what the demo promises to show."""

import csv
import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tembaga.agreements import load_agreements
from tembaga.demo.goods import goods
from tembaga.demo.layouts import DISTRIBUTORS
from tembaga.demo.people import NOT_ENROLLED, mechanics, workshops
from tembaga.demo.programme import MONTH_ENDS, UNKNOWN_SENDER, generate, week_ends, week_of
from tembaga.demo.sales import draw_sales
from tembaga.demo.samples import samples
from tembaga.rulepack import load_rulepack
from tembaga.settings import PROJECT

GENERATE = """
import sys
from pathlib import Path
from tembaga.demo.programme import generate
generate(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def all_sales():
    return {
        partner: draw_sales(partner, distributor.numbering, seed=distributor.seed)
        for partner, distributor in DISTRIBUTORS.items()
    }


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_every_process_generates_the_same_bytes(programme, tmp_path, hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", GENERATE, str(tmp_path)], check=True, env=environment)

    assert digests(tmp_path) == digests(programme.outlets.parent)


def test_generating_again_changes_nothing(programme):
    folder = programme.outlets.parent
    before = digests(folder)

    generate(folder)

    assert digests(folder) == before


def test_the_samples_in_the_tree_are_those_that_are_generated():
    for path, data in samples():
        assert (PROJECT / "sftp_inbound" / path).read_bytes() == data, (
            f"{path} is out of date: run `python -m tembaga.demo.samples`"
        )


def test_there_is_no_sample_that_nobody_generates():
    agreements = load_agreements(PROJECT / "sftp_inbound", programme="demo")
    folders = [PROJECT / "sftp_inbound" / partner for partner in agreements]
    kept = {
        path.relative_to(PROJECT / "sftp_inbound")
        for folder in folders
        for path in folder.glob("*/*")
    }

    assert kept == {path for path, _ in samples()}


def test_three_distributors_and_four_merchants_have_agreements():
    agreements = load_agreements(PROJECT / "sftp_inbound", programme="demo")

    kinds = Counter(agreement.kind for agreement in agreements.values())
    assert kinds == {"distributor": 3, "merchant": 4}
    assert set(DISTRIBUTORS) < set(agreements)
    assert UNKNOWN_SENDER not in agreements


def test_every_reward_is_a_merchants_and_every_order_a_reward(programme):
    agreements = load_agreements(PROJECT / "sftp_inbound", programme="demo")
    rewards = load_rulepack(PROJECT / "campaigns" / "demo").catalogue.rewards

    assert {agreements[reward.merchant].kind for reward in rewards} == {"merchant"}
    assert {row["reward"] for row in rows_of(programme.standing_orders)} == {
        reward.reward for reward in rewards
    }


def test_every_product_has_a_price_and_a_demand():
    products = load_rulepack(PROJECT / "campaigns" / "demo").products

    assert [good.sku for good in goods()] == [product.sku for product in products]
    assert all(good.demand > 0 for good in goods())


def test_forty_workshops_and_120_mechanics_take_part(programme):
    assert len(workshops()) == 40
    assert len({workshop.province for workshop in workshops()}) >= 10
    assert len(mechanics()) == 120
    assert len({mechanic.email for mechanic in mechanics()}) == 120
    assert Counter(mechanic.language for mechanic in mechanics()) == {"id": 105, "en": 15}
    assert len(rows_of(programme.outlets)) == 40


def test_three_mechanics_sell_and_are_not_enrolled(programme, all_sales):
    enrolled = {row["advocate"] for row in rows_of(programme.advocates)}
    sellers = {sale.advocate for sales in all_sales.values() for sale in sales}

    assert sellers - enrolled == NOT_ENROLLED
    assert len(enrolled) == 117


def test_standing_orders_are_given_by_those_who_are_enrolled(programme):
    enrolled = {row["advocate"] for row in rows_of(programme.advocates)}
    ordering = [row["advocate"] for row in rows_of(programme.standing_orders)]

    assert len(set(ordering)) == len(ordering) > 80
    assert set(ordering) < enrolled


def test_each_week_of_three_months_has_its_file():
    weeks = [week_end for as_of in MONTH_ENDS for week_end in week_ends(as_of)]

    assert len(weeks) == 13
    assert weeks[0] == date(2026, 1, 7)
    assert weeks[-1] == date(2026, 3, 31)


@pytest.mark.parametrize("distributor", DISTRIBUTORS.values(), ids=list(DISTRIBUTORS))
def test_every_sale_is_in_the_file_of_its_week(distributor, all_sales):
    weeks = [week_end for as_of in MONTH_ENDS for week_end in week_ends(as_of)]
    sent = {(row["document"], row["line"]) for week in weeks for row in week_of(distributor, week)}

    assert {(sale.document, sale.line) for sale in all_sales[distributor.partner]} <= sent


def test_a_month_brings_no_more_than_twenty_files(programme):
    by_month = Counter(drop.as_of for drop in programme.drops)

    assert list(by_month) == list(MONTH_ENDS)
    assert max(by_month.values()) <= 20


def test_returns_come_soon_and_late_and_some_name_no_sale(all_sales):
    sales = [sale for distributor in all_sales.values() for sale in distributor]
    sold_on = {sale.document: sale.day for sale in sales if sale.quantity > 0}
    returns = [sale for sale in sales if sale.quantity < 0]
    days = [
        (sale.day - sold_on[sale.returns_document]).days
        for sale in returns
        if sale.returns_document in sold_on
    ]

    assert min(days) < 15 < 32 < max(days)
    assert any(sale.returns_document is None for sale in returns)
    assert any(sale.returns_document not in sold_on for sale in returns if sale.returns_document)


def test_no_more_is_returned_of_a_document_than_was_sold(all_sales):
    left: Counter[tuple[str, str, str]] = Counter()
    sales = [sale for distributor in all_sales.values() for sale in distributor]
    for sale in sales:
        document = sale.returns_document or sale.document
        left[document, sale.advocate, sale.sku] += sale.quantity

    sold = {sale.document for sale in sales if sale.quantity > 0}
    assert [key for key, quantity in left.items() if key[0] in sold and quantity < 0] == []


def test_most_mechanics_earn_enough_for_a_voucher(all_sales):
    spent: Counter[str] = Counter()
    for sales in all_sales.values():
        for sale in sales:
            spent[sale.advocate] += sale.amount_minor // 100

    rupiah = sorted(spent.values())
    assert len(rupiah) == 120
    assert rupiah[len(rupiah) // 4] > 5_000_000
