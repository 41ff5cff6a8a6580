"""Plausible: what a partner and we agreed to look at twice.

A line that is not plausible is held until a person has looked at it. Nothing is asked that was
not agreed: every threshold is in the agreement, under `plausible` of the sales feed.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tembaga.due import Weekday
from tembaga.forms import Part

Party = Literal["advocate", "outlet", "sku"]


class Outliers(Part):
    """A document is more than `times` the median of the last documents of the same."""

    by: tuple[Party, ...] = Field(
        ("advocate", "outlet", "sku"),
        min_length=1,
        description="Whose past; of a product the quantity is compared, else the amount.",
    )
    times: Annotated[int, Field(ge=2, le=1000, description="How often the median.")]
    documents: Annotated[int, Field(ge=1, le=1000, description="How many are looked back at.")] = 20
    at_least: Annotated[int, Field(ge=1, description="With fewer there is no past to go by.")] = 5

    @model_validator(mode="after")
    def _enough(self) -> "Outliers":
        if self.at_least > self.documents:
            raise ValueError("at_least is more than documents: nothing would ever be compared")
        return self


class Closed(Part):
    """Days on which nobody sells."""

    weekdays: tuple[Weekday, ...] = Field((), description="Closed every week.")
    dates: tuple[date, ...] = Field((), description="Closed on these days: holidays.")


class QuarterEnd(Part):
    """A last day of a quarter has more than `times` the partner's own mean of a day."""

    days: Annotated[int, Field(ge=1, le=31, description="So many days end a quarter.")]
    times: Annotated[int, Field(ge=2, le=1000, description="How often the mean of a day.")]
    at_least: Annotated[int, Field(ge=1, description="Days with sales, in the 90 before.")] = 10


class Plausible(Part):
    """What makes a line wait for a person. Empty: nothing does."""

    outliers: Outliers | None = Field(None, description="A document far above its past.")
    closed: Closed | None = Field(None, description="Days on which nobody sells.")
    one_outlet: bool = Field(False, description="A document's number belongs to one outlet.")
    quarter_end: QuarterEnd | None = Field(
        None, description="A bulge in the last days of a quarter."
    )

    @property
    def needs_a_past(self) -> bool:
        """Whether lines are compared with what the warehouse holds."""
        return bool(self.outliers or self.one_outlet or self.quarter_end)
