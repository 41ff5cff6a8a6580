"""A rule pack may grow, and may not change what was posted with it (S12)."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from tembaga import issue
from tembaga.post import LawBrokenError
from tembaga.register.tables import advocates, outlets, standing_orders, vouchers
from tembaga.rulepack import RulePackError, load_rulepack
from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

SPLIT = "split: {advocate: 70, second_advocate: 30}"
ANY = "{any: true, points: 1, per_amount: 10000}"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A rule pack to be edited."""
    shutil.copytree(CAMPAIGNS, tmp_path / "campaigns")
    return tmp_path / "campaigns" / "spec"


@pytest.fixture
def books(register: Engine, prepared_home: Path, pack: Path) -> Bookkeeper:
    settings = load_settings(home=prepared_home, programme="spec", campaigns_folder=pack.parent)
    return Bookkeeper(register, settings)


@pytest.fixture
def both_books(
    register: Engine, tmp_path: Path, pack: Path, prepared_warehouse: dict[str, str]
) -> Bookkeeper:
    """The books on each engine of the warehouse in turn."""
    home = tmp_path / "home"
    settings = load_settings(
        home=home, programme="spec", campaigns_folder=pack.parent, **prepared_warehouse
    )
    return Bookkeeper(register, settings)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_product_may_be_added_to_a_version_in_use(books, pack):
    books.sells("ADV", "A1", "2026-01-28", 1_000_000)
    books.posts("2026-01-31")
    edit(pack / "base.yml", ANY, ANY + "\n      - {sku: NEW, points: 1, per_amount: 70000}")
    books.returns("ADV", "A1", "2026-01-28", "2026-02-01", 100_000)
    books.sells("ADV", "A1", "2026-01-28", 140_000, sku="NEW")
    books.posts("2026-02-01")

    assert books.stands("ADV") == {"pending": 92}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("base.yml", "per_amount: 10000}", "per_amount: 20000}"),
        ("base.yml", "version: 1\n", "version: 7\n"),
        ("base.yml", "number: 1\n", "number: 9\n"),
        ("base.yml", SPLIT, "split: {advocate: 71, second_advocate: 29}"),
        ("base.yml", SPLIT, ""),
        ("products.csv", "OIL,Oil,oil", "OIL,Oil,other"),
    ],
)
def test_what_was_posted_with_may_not_be_changed(books, pack, file, old, new):
    books.sells("ADV", "A1", "2026-01-28", 1_000_000)
    books.sells("ADV", "A2", "2026-01-28", 70_000, sku="OIL", quantity=4)
    books.posts("2026-01-31")
    edit(pack / file, old, new)
    books.returns("ADV", "A1", "2026-01-28", "2026-02-01", 1_000_000)
    books.sells("ADV", "A2", "2026-02-01", -70_000, sku="OIL", quantity=-4, takes_back="2026-01-28")

    with pytest.raises(LawBrokenError, match="rates_stay_as_first_used"):
        books.posts("2026-02-01")

    assert books.stands("ADV") == {"pending": 120}


def share(books: Bookkeeper, second: str) -> None:
    """Say who else claims the line that was written last."""
    books.lines[-1] = replace(books.lines[-1], second_advocate=second)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SPLIT, "split: {advocate: 70.0, second_advocate: 60/2}"),
        (ANY, ANY + "\n      - {sku: NEW, points: 1, per_amount: 70000}"),
    ],
)
def test_a_split_that_stays_may_be_written_otherwise(books, pack, old, new):
    books.sells("FIRST", "A1", "2026-01-28", 1_010_000)
    share(books, "SECOND")
    books.posts("2026-01-31")
    edit(pack / "base.yml", old, new)
    books.returns("FIRST", "A1", "2026-01-28", "2026-02-01", 510_000)
    books.posts("2026-02-01")

    assert books.stands("FIRST") == {"pending": 35}
    assert books.stands("SECOND") == {"pending": 15}


def test_a_shared_line_without_a_split_is_not_posted(books, pack):
    edit(pack / "base.yml", SPLIT, "")
    books.sells("FIRST", "A1", "2026-01-28", 1_010_000)
    share(books, "SECOND")

    with pytest.raises(LawBrokenError, match="rates_stay_as_first_used"):
        books.posts("2026-01-31")


def test_each_of_two_is_told_what_a_line_brought(both_books):
    for rupiah in (505_000, 333_000, 172_000):
        both_books.sells("FIRST", "A1", "2026-01-28", rupiah)
        share(both_books, "SECOND")
    both_books.posts("2026-01-31")
    both_books.returns("FIRST", "A1", "2026-01-28", "2026-02-01", 400_000)
    both_books.posts("2026-02-01")

    told = both_books.asks(
        "select batch_no, advocate, points from marts.fct_award_lines "
        "order by batch_no, advocate, file_no, line_no"
    )
    assert told == [
        (1, "FIRST", 36),
        (1, "FIRST", 23),
        (1, "FIRST", 12),
        (1, "SECOND", 15),
        (1, "SECOND", 10),
        (1, "SECOND", 5),
        (2, "FIRST", -28),
        (2, "SECOND", -12),
    ]


UNITS = """sku,unit,contains,of,from
OIL,carton,12,bottle,2026-01-01
OIL,bottle,4/5,L,2026-01-01
"""
VAT = "vat: [{from: 2026-01-01, rate: 0.11}]\nname: Spec"


def measure(books: Bookkeeper, **measured: str) -> None:
    """Say how the line that was written last is measured."""
    books.lines[-1] = replace(books.lines[-1], **measured)


@pytest.fixture
def measured(pack: Path) -> Path:
    """The rule pack, with litres, cartons and VAT in it."""
    (pack / "units.csv").write_text(UNITS, encoding="utf-8")
    edit(pack / "base.yml", "per_quantity: 1}", "per_quantity: 1, unit: L}")
    edit(pack / "programme.yml", "name: Spec", VAT)
    return pack


def test_cartons_and_amounts_with_vat_are_posted_exactly(both_books, measured):
    both_books.sells("CARTONS", "A1", "2026-01-28", 70_000, sku="OIL", quantity=3)
    measure(both_books, unit="carton")
    both_books.sells("GROSS", "A2", "2026-01-28", 1_110_000)
    measure(both_books, unit="carton", tax_basis="gross")
    both_books.sells("NET", "A3", "2026-01-28", 1_110_000)
    both_books.sells("FREE", "A4", "2026-01-28", 0, sku="OIL", quantity=1)
    measure(both_books, unit="bottle")
    both_books.posts("2026-01-31")

    found = {
        advocate: both_books.stands(advocate) for advocate in ("CARTONS", "GROSS", "NET", "FREE")
    }
    assert found == {
        "CARTONS": {"pending": 144},
        "GROSS": {"pending": 100},
        "NET": {"pending": 111},
        "FREE": {},
    }


def test_free_goods_earn_where_their_rate_says_so(books, measured):
    edit(measured / "base.yml", "unit: L}", "unit: L, include_free_goods: true}")
    books.sells("ADV", "A1", "2026-01-28", 0, sku="OIL", quantity=5)
    measure(books, unit="bottle")
    books.posts("2026-01-31")

    assert books.stands("ADV") == {"pending": 20}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("units.csv", "OIL,carton,12", "OIL,carton,24"),
        ("units.csv", "OIL,carton,12", "OIL,crate,12"),
        ("base.yml", "unit: L}", "unit: L, include_free_goods: true}"),
        ("programme.yml", "rate: 0.11", "rate: 0.12"),
        ("base.yml", "per_amount: 10000}", "per_amount: 10000, basis: gross}"),
    ],
)
def test_what_a_measure_was_worth_may_not_be_changed(books, measured, file, old, new):
    def trades(document: str) -> None:
        books.sells("ADV", document, "2026-01-28", 700_000, sku="OIL", quantity=3)
        measure(books, unit="carton")
        books.sells("ADV", document, "2026-01-28", 1_110_000)
        measure(books, tax_basis="gross")

    trades("A1")
    books.posts("2026-01-31")
    edit(measured / file, old, new)
    trades("A2")

    with pytest.raises(LawBrokenError, match="rates_stay_as_first_used"):
        books.posts("2026-02-01")

    assert books.stands("ADV") == {"pending": 244}


def test_a_conversion_may_be_added(both_books, measured):
    both_books.sells("ADV", "A1", "2026-01-28", 70_000, sku="OIL", quantity=3)
    measure(both_books, unit="carton")
    both_books.posts("2026-01-31")
    (measured / "units.csv").write_text(UNITS + "OIL,drum,209/7,L,2026-01-01\n")
    both_books.sells("ADV", "A1", "2026-01-28", -70_000, sku="OIL", quantity=-1)
    measure(both_books, unit="carton")
    both_books.sells("ADV", "A2", "2026-01-28", 70_000, sku="OIL", quantity=7)
    measure(both_books, unit="drum")
    both_books.posts("2026-02-01")

    assert both_books.stands("ADV") == {"pending": 96 + 1045}


def test_a_unit_that_nobody_knows_is_not_posted(both_books, measured):
    both_books.sells("ADV", "A1", "2026-01-28", 70_000, sku="OIL", quantity=3)
    measure(both_books, unit="pallet")

    with pytest.raises(LawBrokenError, match=r"rates_stay_as_first_used.*'unit': 'pallet'"):
        both_books.posts("2026-01-31")


def test_amounts_that_no_64_bits_hold_are_summed_up_exactly(books, pack):
    edit(pack / "base.yml", ANY, ANY + "\n      - {sku: ODD, points: 1, per_amount: 9999.7}")
    for _ in range(3):
        books.sells("ADV", "A1", "2026-01-28", 900_000_000_000)
    books.posts("2026-01-31")

    assert books.stands("ADV") == {"pending": 270_000_000}


def test_what_was_returned_beyond_what_was_sold_is_not_laid_on_other_lines(books):
    books.sells("ADV", "A1", "2026-01-05", 1_000_000)
    books.sells("ADV", "A1", "2026-01-05", 0)
    books.returns("ADV", "A1", "2026-01-05", "2026-01-06", 3_000_000)
    books.posts("2026-01-31")

    assert books.shared_out("A1", 1) == [100, 0, -100]


def test_a_request_outlives_its_reward(books, pack):
    place = {"address": "-", "city": "-", "province": "-"}
    person = {"name": "A", "email": "-", "phone": "-", "language": "id", "outlet": "O"}
    with books.engine.begin() as register:
        register.execute(insert(outlets).values(outlet="O", name="O", **place))
        register.execute(insert(advocates).values(advocate="ADV", **person))
        register.execute(insert(standing_orders).values(advocate="ADV", reward="voucher_50"))
    books.sells("ADV", "A1", "2026-01-02", 5_000_000)
    books.posts("2026-01-31")
    (pack / "catalogue.yml").write_text("rewards: []\n", encoding="utf-8")
    books.posts("2026-02-01")

    assert issue.issue(books.engine, settings=books.settings) == 1
    with books.engine.connect() as register:
        assert register.scalar(select(vouchers.c.deliver_to)) == "code"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("catalogue.yml", "face: 50000", "face: 0.001", "finer than the currency's minor unit"),
        ("catalogue.yml", "currency: IDR", "currency: USD", "must be the programme's, IDR"),
        ("catalogue.yml", "usable_days: 90", "usable_days: 99999999", "usable_days"),
        ("catalogue.yml", "points: 500", "points: 0", "points"),
        ("base.yml", ANY, f"{ANY}\n      - {ANY}", "two rates"),
        ("base.yml", "version: 2", "version: 1", "the same number"),
        ("base.yml", "until: 2026-01-31", "until: 2026-02-28", "in force on the same day"),
        ("base.yml", SPLIT, "split: {advocate: 70, second_advocate: 30.01}", "more than 100"),
        ("base.yml", SPLIT, "split: {advocate: 70}", "second_advocate"),
        ("base.yml", SPLIT, "split: {advocate: 100, second_advocate: 0}", "above 0"),
        ("base.yml", SPLIT, "split: {advocate: 0.001, second_advocate: 30}", "no finer"),
        ("base.yml", SPLIT, "split: {advocate: 33.33, second_advocate: 100/7}", "denominator"),
        ("products.csv", "sku,name,group", "code,name,group", "columns sku, name and group"),
        ("products.csv", "GOLD,Golden", "OIL,Golden", "a sku stands there twice"),
        ("programme.yml", "pending_days: 14", "pending_days: soon", "pending_days"),
        ("programme.yml", "name: Spec", "name: [", "cannot be read as YAML"),
    ],
)
def test_a_rule_pack_that_cannot_be_used_says_why(pack, file, old, new, says):
    edit(pack / file, old, new)

    with pytest.raises(RulePackError, match=says):
        load_rulepack(pack)


def test_a_reward_of_nobody_stops_posting_with_a_sentence(books, pack):
    edit(pack / "catalogue.yml", "merchant: merchant", "merchant: gone")
    books.sells("ADV", "A1", "2026-01-02", 5_000_000)

    with pytest.raises(RulePackError, match="gone is no merchant of the programme"):
        books.posts("2026-01-31")


def test_a_rule_pack_that_cannot_be_read_says_so(pack):
    (pack / "base.yml").unlink()
    (pack / "base.yml").mkdir()

    with pytest.raises(RulePackError, match="cannot be read"):
        load_rulepack(pack)


def test_a_reward_may_not_stand_in_the_catalogue_twice(pack):
    text = (pack / "catalogue.yml").read_text(encoding="utf-8")
    (pack / "catalogue.yml").write_text(text + text.split("rewards:\n")[1], encoding="utf-8")

    with pytest.raises(RulePackError, match="twice"):
        load_rulepack(pack)
