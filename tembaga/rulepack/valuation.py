"""What outstanding points are expected to cost: `valuation` in `programme.yml` (S18).

    valuation:
      - from: 2026-01-01
        cost_per_point: 100
        beneficiary: advocate
        cohorts:
          - {until_months: 6, redeemed: 95}
          - {until_months: 12, redeemed: 85}
          - {redeemed: 40}

A lot is in the first cohort whose `until_months` it has not reached, in whole months since it was
earned; `redeemed` is the part of its points, in percent, that is expected to be redeemed.
"""

from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tembaga.rulepack.parts import Part, exact

FINEST = 1_000_000  # No finer part of a minor unit is counted in.
HIGHEST_COST = 1_000_000

Row = dict[str, object]


def _cost(written: object) -> Fraction:
    cost = exact(str(written))
    if not 0 < cost <= HIGHEST_COST:
        raise ValueError(
            "cost_per_point is in the programme's currency, as 100, 0.5 or 100/3: above 0, at "
            f"most {HIGHEST_COST}"
        )
    return cost


def _percent(written: object) -> Fraction:
    percent = exact(str(written))
    if percent > 100:
        raise ValueError("redeemed is in percent, as 95, 33.3 or 100/3: at most 100")
    return percent


class Cohort(Part):
    """Lots of about one age, and how much of them is expected to be redeemed."""

    until_months: int | None = Field(None, ge=1, le=1200)
    redeemed: Annotated[Fraction, BeforeValidator(_percent)]


class Valuation(Part):
    """What a point costs and how many are redeemed, from one day until the next version's.

    The beneficiary says what is debited: an advocate who does not buy is a selling expense, a
    purchaser in the chain of distribution a reduction of revenue, a consumer a contract liability.
    """

    from_: date = Field(alias="from")
    cost_per_point: Annotated[Fraction, BeforeValidator(_cost)]
    beneficiary: Literal["purchaser", "advocate", "consumer"] = "advocate"
    cohorts: tuple[Cohort, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _cohorts_fit(self) -> "Valuation":
        *limited, last = [cohort.until_months for cohort in self.cohorts]
        if last is not None or None in limited:
            raise ValueError("all cohorts but the last have until_months; the last has none")
        months = [until for until in limited if until is not None]
        if any(later <= earlier for earlier, later in pairwise(months)):
            raise ValueError("until_months goes up from cohort to cohort")
        return self

    def rows(self, until: date, places: int) -> list[Row]:
        """Its rows of `raw.cohorts`; `places` are the decimal places of the currency.

        What a point costs, and what is expected of it, is in parts of a minor unit, `divisor`
        of which make one.

        Raises:
            ValueError: They have no common denominator small enough.
        """
        cost = self.cost_per_point * 10**places
        expected = [cost * cohort.redeemed / 100 for cohort in self.cohorts]
        divisor = lcm(*(amount.denominator for amount in (cost, *expected)))
        if divisor > FINEST:
            raise ValueError(
                f"valuation: from {self.from_}: cost_per_point and redeemed have no common "
                f"denominator of at most 1/{FINEST} of a minor unit; round one off"
            )
        untils = [cohort.until_months for cohort in self.cohorts]
        return [
            {
                "from_on": self.from_,
                "until_on": until,
                "beneficiary": self.beneficiary,
                "cohort_no": number,
                "from_months": from_months,
                "until_months": until_months,
                "cost": int(cost * divisor),
                "expected": int(amount * divisor),
                "divisor": divisor,
            }
            for number, from_months, until_months, amount in zip(
                range(1, len(untils) + 1), [0, *untils[:-1]], untils, expected, strict=True
            )
        ]
