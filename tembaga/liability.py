"""Liability: what outstanding points are expected to cost, and how that has moved (S18).

    cohorts        points by age, the part that is expected to be redeemed, and what it costs
    gross          what all of them would cost; breakage is what is not expected of it
    roll-forward   opening + raised - released = closing, which is what stands on the account

It is the last valuation that is asked for: between two of them the provision does not move.
Amounts by cohort are parts of the whole, which alone is rounded down: they add up to it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from tembaga import question_queries as queries
from tembaga.journals import major
from tembaga.questions import Answer, Point, QuestionError
from tembaga.warehouse import has_table

COLUMNS = ("what", "months", "points", "percent", "expected_points", "amount")


class Cohort(NamedTuple):
    """A cohort of a valuation, as the ledger keeps it."""

    batch_no: int
    as_of: date
    period_ends_on: date
    beneficiary: str
    currency: str
    cohort_no: int
    from_months: int
    until_months: int | None
    cost: int
    expected: int
    divisor: int
    points: int

    @property
    def months(self) -> str:
        """Its ages in whole months, the first and the last."""
        if self.until_months is None:
            return f"{self.from_months} and more"
        return f"{self.from_months} to {self.until_months - 1}"


def liability(connection: Connection, seen: Point) -> Answer:
    """What the outstanding points of the last valuation are expected to cost, and why.

    Raises:
        QuestionError: Nothing was valued by then.
    """
    cohorts = _cohorts(connection, seen)
    if not cohorts:
        raise QuestionError(
            f"No outstanding points were valued {seen.words}. "
            "They are from the end of the first month that `valuation` in programme.yml covers."
        )
    last = cohorts[0]
    title = (
        f"Liability {seen.words}: valued for {last.period_ends_on} in batch {last.batch_no} "
        f"(as of {last.as_of}), {last.beneficiary}, {last.currency}"
    )
    rows = [*_by_cohort(cohorts), *_roll_forward(connection, seen, last)]
    return Answer(title, COLUMNS, rows)


def _cohorts(connection: Connection, seen: Point) -> list[Cohort]:
    if not has_table(connection, "ledger", "valuations"):
        return []
    return list(map(Cohort._make, connection.execute(text(queries.VALUATIONS), seen.values)))


def _by_cohort(cohorts: Sequence[Cohort]) -> list[Sequence[object]]:
    unit = cohorts[0].currency
    redeemed = [Fraction(cohort.expected, cohort.cost) for cohort in cohorts]
    points = [c.points * part for c, part in zip(cohorts, redeemed, strict=True)]
    amounts = _rounded(Fraction(c.points * c.expected, c.divisor) for c in cohorts)
    gross = sum(Fraction(c.points * c.cost, c.divisor) for c in cohorts) // 1
    of_all, expected_points = sum(c.points for c in cohorts), _rounded(points)
    rows: list[Sequence[object]] = [
        ("cohort", cohort.months, cohort.points, _percent(part), of_cohort, major(amount, unit))
        for cohort, part, of_cohort, amount in zip(
            cohorts, redeemed, expected_points, amounts, strict=True
        )
    ]
    used, expected = sum(expected_points), sum(amounts)
    return [
        *rows,
        ("expected", None, of_all, None, used, major(expected, unit)),
        ("breakage", None, None, None, of_all - used, major(gross - expected, unit)),
        ("gross", None, None, None, of_all, major(gross, unit)),
    ]


def _roll_forward(connection: Connection, seen: Point, last: Cohort) -> list[Sequence[object]]:
    values = {**seen.values, "valued_in": last.batch_no}
    found: Any = connection.execute(text(queries.PROVISION), values).one()
    opening, raised, released, standing = found
    return [
        (what, None, None, None, None, major(amount, last.currency))
        for what, amount in (
            ("opening", opening),
            ("raised", raised),
            ("released", -released),
            ("closing", opening + raised - released),
            ("on the account", standing),
        )
    ]


def _rounded(parts: Iterable[Fraction]) -> list[int]:
    """Whole numbers that add up to the sum of the parts, rounded down once."""
    whole, sum_of_parts, rounded = 0, Fraction(0), []
    for part in parts:
        sum_of_parts += part
        rounded.append(sum_of_parts // 1 - whole)
        whole = sum_of_parts // 1
    return rounded


def _percent(part: Fraction) -> str:
    """A share in percent, exactly: as a decimal if that has an end."""
    percent = part * 100
    if (percent * 10**9).denominator == 1:
        return f"{(Decimal(percent.numerator) / Decimal(percent.denominator)).normalize():f}"
    return str(percent)
