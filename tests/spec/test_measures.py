"""What a line's measure is worth: VAT, free goods and units of measure (S20), exactly."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tembaga.rulepack import RulePack, RulePackError, load_rulepack

PROGRAMME = {
    "name": "Spec",
    "principal": "Spec",
    "brand": "Spec",
    "currency": "IDR",
    "pending_days": 14,
    "expiry_months": 12,
    "contact": {"name": "Spec", "email": "spec@tembaga.example"},
}
VAT = [
    {"from": "2022-04-01", "until": "2024-12-31", "rate": 0.11},
    {"from": "2025-01-01", "rate": "3/25"},
]
PER_10000 = {"any": True, "points": 1, "per_amount": 10000}
PER_LITRE = {"group": "oil", "points": 5, "per_quantity": 1, "unit": "L"}
UNITS = """sku,unit,contains,of,from
OIL,carton,12,bottle,2022-01-01
OIL,bottle,4/5,L,2022-01-01
OIL,,1,bottle,2022-01-01
OIL,carton,6,bottle,2024-06-01
GOLD,box,10,,2022-01-01
"""


def write(
    folder: Path, *rates: dict[str, Any], units: str = UNITS, base: object = None, **programme: Any
) -> Path:
    """Write a rule pack with these rates."""
    version = {"version": 1, "from": "2020-01-01", "rates": list(rates)}
    campaign = {"campaign": "base", "number": 1, "title": {"id": "-", "en": "-"}}
    campaign |= {"versions": [version]} | (base or {})
    folder.mkdir(exist_ok=True)
    (folder / "base.yml").write_text(yaml.safe_dump(campaign), encoding="utf-8")
    (folder / "programme.yml").write_text(yaml.safe_dump(PROGRAMME | programme), encoding="utf-8")
    (folder / "products.csv").write_text("sku,name,group\nOIL,Oil,oil\nGOLD,Golden,oil\n")
    (folder / "units.csv").write_text(units, encoding="utf-8")
    return folder


def pack(folder: Path, *rates: dict[str, Any], **changes: Any) -> RulePack:
    return load_rulepack(write(folder / "spec", *rates, **changes))


def points(
    pack: RulePack,
    measure: str,
    *,
    sku: str = "OIL",
    unit: str = "",
    tax_basis: str = "net",
    on: str = "2024-03-01",
) -> Fraction | None:
    """The exact points of a line, by the rows of the warehouse; None if none says."""
    found = list(_matching(pack, sku, unit, tax_basis, date.fromisoformat(on)))
    assert len(found) <= 1
    if not found:
        return None
    (row,), (version,) = found, pack.version_rows()
    assert isinstance(row["multiplier"], int)
    return Fraction(measure) * 10_000 * row["multiplier"] / version["divisor"]


def _matching(
    pack: RulePack, sku: str, unit: str, tax_basis: str, day: date
) -> Iterator[dict[str, Any]]:
    group = pack.groups.get(sku)
    rows: list[dict[str, Any]] = [
        row
        for row in pack.rate_rows()
        if row["sku"] in (None, sku) and row["product_group"] in (None, group)
    ]
    precedence = min((row["precedence"] for row in rows), default=None)
    for row in rows:
        if (
            row["precedence"] == precedence
            and row["unit"] in (None, unit)
            and row["tax_basis"] in (None, tax_basis)
            and row["from_on"] <= day <= row["until_on"]
        ):
            yield row


@pytest.mark.parametrize(
    ("basis", "tax_basis", "on", "amount", "expected"),
    [
        ("net_of_vat", "gross", "2024-03-01", "1110000", 100),
        ("net_of_vat", "gross", "2025-01-01", "1120000", 100),
        ("net_of_vat", "net", "2024-03-01", "1000000", 100),
        ("net_of_vat", "gross", "2024-03-01", "1000000", Fraction(10_000, 111)),
        ("gross", "gross", "2024-03-01", "1110000", 111),
        ("gross", "net", "2024-12-31", "1000000", 111),
        ("gross", "net", "2025-01-01", "1000000", 112),
        ("net_of_vat", "net", "2021-01-01", "1000000", 100),
        ("net_of_vat", "gross", "2022-03-31", "1000000", None),
        ("gross", "net", "2022-03-31", "1000000", None),
    ],
)
def test_an_amount_is_taken_on_the_basis_of_its_rate(
    tmp_path, basis, tax_basis, on, amount, expected
):
    rules = pack(tmp_path, PER_10000 | {"basis": basis}, vat=VAT)

    assert points(rules, amount, tax_basis=tax_basis, on=on) == expected


@pytest.mark.parametrize(
    ("sku", "unit", "on", "quantity", "expected"),
    [
        ("OIL", "carton", "2024-03-01", "3", 144),
        ("OIL", "carton", "2024-06-01", "3", 72),
        ("OIL", "bottle", "2024-03-01", "1", 4),
        ("OIL", "", "2024-03-01", "1", 4),
        ("OIL", "L", "2024-03-01", "28.8", 144),
        ("GOLD", "L", "2024-03-01", "2", 10),
        ("OIL", "pallet", "2024-03-01", "1", None),
        ("OIL", "carton", "2021-12-31", "1", None),
        ("GOLD", "box", "2024-03-01", "1", None),
        ("GOLD", "", "2024-03-01", "1", None),
    ],
)
def test_a_quantity_is_counted_in_the_unit_of_its_rate(tmp_path, sku, unit, on, quantity, expected):
    rules = pack(tmp_path, PER_LITRE)

    assert points(rules, quantity, sku=sku, unit=unit, on=on) == expected


@pytest.mark.parametrize(
    ("sku", "unit", "expected"),
    [
        ("GOLD", "", 2),
        ("GOLD", "box", 20),
        ("OIL", "", 2),
        ("OIL", "carton", 24),
        ("OIL", "L", Fraction(5, 2)),
        ("NEW", "", 2),
        ("NEW", "box", None),
    ],
)
def test_a_rate_without_a_unit_counts_what_is_sold(tmp_path, sku, unit, expected):
    rules = pack(tmp_path, {"any": True, "points": 2, "per_quantity": 1})

    assert points(rules, "1", sku=sku, unit=unit) == expected


def test_no_less_precise_rate_stands_in_for_one_that_cannot_be_applied(tmp_path):
    rules = pack(tmp_path, PER_10000, PER_LITRE)

    assert points(rules, "1", sku="OIL", unit="pallet") is None
    assert points(rules, "10000", sku="NEW", unit="pallet") == 1


def test_free_goods_earn_only_where_it_is_said(tmp_path):
    free = {"sku": "GOLD", "points": 1, "per_quantity": 1, "include_free_goods": True}
    rules = pack(tmp_path, PER_10000, free)

    assert [(row["sku"], row["include_free_goods"]) for row in rules.rate_rows()] == [
        (None, False),
        ("GOLD", True),
        ("GOLD", True),
    ]


def test_periods_keep_their_numbers_when_others_are_added(tmp_path):
    rules = pack(tmp_path, PER_10000, vat=VAT)

    assert [(row["tax_no"], row["until_on"]) for row in rules.tax_rows()] == [
        (0, date(2021, 12, 31)),
        (20220101, date(2022, 3, 31)),
        (20220401, date(2024, 5, 31)),
        (20240601, date(2024, 12, 31)),
        (20250101, date.max),
    ]


def test_what_ends_with_the_calendar_never_ends(tmp_path):
    vat = [{"from": "2022-04-01", "until": "9999-12-31", "rate": 0.11}]
    version = {"version": 1, "from": "2026-01-01", "until": "9999-12-31", "rates": [PER_10000]}
    rules = pack(tmp_path, base={"versions": [version]}, vat=vat, rounding="month")

    assert rules.tax_rows()[-1]["until_on"] == rules.spans()[-1][1] == date.max


def test_weights_of_old_lines_carry_over_when_a_rate_of_vat_is_added(tmp_path):
    before = pack(tmp_path, PER_10000, vat=VAT[:1]).rates.divisors[1]
    after = pack(tmp_path, PER_10000, vat=VAT).rates.divisors[1]

    assert after % before == 0


@pytest.mark.parametrize(
    ("line", "hindrance"),
    [
        ({"sku": "OIL", "unit": "carton", "tax_basis": None}, None),
        ({"sku": "OIL", "unit": None, "tax_basis": "gross"}, None),
        ({"sku": "OIL", "unit": "pallet", "tax_basis": None}, "E_UNIT"),
        ({"sku": "GOLD", "unit": None, "tax_basis": None}, "E_UNIT"),
        ({"sku": "NEW", "unit": "pallet", "tax_basis": None}, None),
        ({"sku": "NEW", "unit": None, "tax_basis": "gross"}, None),
        ({"sku": "NEW", "unit": None, "tax_basis": "gross", "day": date(2022, 3, 1)}, "E_TAX"),
        ({"sku": "NEW", "unit": None, "tax_basis": None, "day": date(2022, 3, 1)}, None),
        ({"sku": "OIL", "unit": "pallet", "tax_basis": None, "day": date(2019, 1, 1)}, None),
    ],
)
def test_what_hinders_a_line_is_known_before_it_is_posted(tmp_path, line, hindrance):
    rules = pack(tmp_path, PER_10000, PER_LITRE, vat=VAT)

    assert rules.hindrance(**{"day": date(2024, 3, 1)} | line) == hindrance


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("OIL,carton,dozen,bottle,2022-01-01", "'dozen' is no exact number; write it as 12"),
        ("OIL,carton,1/0,bottle,2022-01-01", "'1/0' is no exact number"),
        ("OIL,carton,-1,bottle,2022-01-01", "'-1' is no exact number"),
        ("OIL,carton,0,bottle,2022-01-01", "contains must be above 0"),
        ("OIL,carton,1/9999999,bottle,2022-01-01", "no finer or larger than a million"),
        ("OIL,carton,12,carton,2022-01-01", "unit and of are the same"),
        ("OIL,carton,12,bottle,1/1/2022", "'1/1/2022' is no day; write it as 2026-01-31"),
        ("FOAM,carton,12,bottle,2022-01-01", "FOAM is not in products.csv"),
        (",carton,12,bottle,2022-01-01", "sku is empty"),
        ("OIL,carton,12,bottle", "not as many cells as the header"),
    ],
)
def test_a_conversion_that_makes_no_sense_is_named_with_its_line(tmp_path, row, says):
    with pytest.raises(RulePackError) as error:
        pack(tmp_path, PER_LITRE, units=f"sku,unit,contains,of,from\n{row}\n")

    assert str(error.value).startswith("spec/units.csv: line 2: ")
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("units", "says"),
    [
        (UNITS + "OIL,carton,7,bottle,2022-01-01\n", "line 7: this unit of this sku stands there"),
        (UNITS + "OIL,L,1/10,carton,2023-01-01\n", "OIL: carton contains itself .* 2023-01-01 on"),
        ("sku,unit,contains,from\n", "of is missing"),
        ("", "sku, unit, contains, of and from"),
    ],
)
def test_conversions_that_contradict_each_other_are_refused(tmp_path, units, says):
    with pytest.raises(RulePackError, match=f"spec/units.csv: .*{says}"):
        pack(tmp_path, PER_LITRE, units=units)


@pytest.mark.parametrize(
    ("programme", "says"),
    [
        ({"vat": [{"from": "2022-04-01", "rate": "11%"}]}, "vat.0.rate: .*no exact number"),
        ({"vat": [{"from": "2022-04-01", "rate": 11}]}, "vat.0.rate: .*a share, as 0.11"),
        ({"vat": [*VAT, {"from": "2024-01-01", "rate": 0.1}]}, "in force on the same day"),
        ({"vat": [VAT[0] | {"until": "2022-01-01"}]}, "ends before it begins"),
        ({"clawback": "own_lot_only", "arrears_limit": 5}, "arrears_limit goes with clawback"),
        ({"rounding": "up"}, "rounding"),
        ({"claim_window_days": -1}, "claim_window_days"),
        ({"adjustments": {"two_approve_above": 0}}, "adjustments.two_approve_above"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused(tmp_path, programme, says):
    with pytest.raises(RulePackError, match=f"^spec/programme.yml: .*{says}"):
        pack(tmp_path, PER_10000, **programme)


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        (PER_10000 | {"unit": "L"}, "unit and include_free_goods go with per_quantity"),
        (PER_10000 | {"include_free_goods": True}, "include_free_goods go with per_quantity"),
        (PER_LITRE | {"basis": "gross"}, "basis goes with per_amount"),
        (PER_10000 | {"basis": "vat"}, "versions.0.rates.0.basis"),
    ],
)
def test_a_rate_that_contradicts_itself_is_refused(tmp_path, rate, says):
    with pytest.raises(RulePackError, match=f"^spec/base.yml: .*{says}"):
        pack(tmp_path, rate)


@pytest.mark.parametrize(
    "rates",
    [
        [PER_10000, *({"sku": f"S{n}", "points": 1, "per_amount": n} for n in (99991, 99989))],
        [
            {"any": True, "points": 10**9, "per_amount": 0.01},
            {"sku": "S", "points": 1, "per_amount": 99999991},
        ],
    ],
)
def test_rates_without_a_small_common_denominator_are_refused(tmp_path, rates):
    with pytest.raises(RulePackError, match=r"version 1: its rates.* no common denominator"):
        pack(tmp_path, *rates)


@pytest.mark.parametrize(
    "days",
    [
        {"from": "2026-01-02"},
        {"from": "2026-01-01", "until": "2026-02-27"},
    ],
)
def test_a_version_holds_for_whole_months_where_points_are_rounded_by_month(tmp_path, days):
    version = {"version": 1, "rates": [PER_10000]} | days

    with pytest.raises(RulePackError, match="with rounding: month, a version begins on the first"):
        pack(tmp_path, base={"versions": [version]}, rounding="month")


def test_what_the_programme_says_reaches_the_warehouse(tmp_path):
    cap = {"cap": {"points": 500, "period": "quarter"}}
    rules = pack(tmp_path, PER_10000, base=cap, rounding="month", arrears_limit=1000)

    assert rules.cap_rows() == [{"campaign_no": 1, "points": 500, "period": "quarter"}]
    assert rules.programme_row() == {
        "currency": "IDR",
        "rounding": "month",
        "pending_days": 14,
        "match_days": 90,
        "grace_days": 30,
        "clawback": "arrears",
        "expiry_months": 12,
        "expiry_round_up": "month",
        "expiry_lag_days": 0,
        "arrears_limit": 1000,
        "write_off_days": 180,
        "claim_grace_days": None,
    }


def test_the_digest_covers_the_units(tmp_path):
    first = pack(tmp_path, PER_LITRE)

    assert pack(tmp_path, PER_LITRE, units=UNITS.replace("4/5", "0.8")).sha256 != first.sha256
