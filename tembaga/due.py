"""Due: the days on which a partner's file must have come, and by when."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from tembaga.forms import Part

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOKED_BACK_DAYS = 400  # For the due day before one: no calendar has a longer pause.


class Due(Part):
    """On which days a file is due, and by what time where the programme runs."""

    weekdays: tuple[Weekday, ...] = Field(min_length=1, description="On which one is due.")
    not_on: tuple[date, ...] = Field((), description="Holidays: nothing is due on them.")
    by: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="As 09:00.")]
    since: date | None = Field(None, description="The first day on which one is due.")

    @model_validator(mode="after")
    def _each_day_once(self) -> "Due":
        if len(set(self.weekdays)) < len(self.weekdays):
            raise ValueError("a weekday stands there twice")
        return self

    def is_on(self, day: date) -> bool:
        """Whether a file is due on this day."""
        has_begun = self.since is None or day >= self.since
        return has_begun and WEEKDAYS[day.weekday()] in self.weekdays and day not in self.not_on

    def deadline(self, day: date, zone: ZoneInfo) -> datetime:
        """The instant by which the file of this day must have come."""
        return datetime.combine(day, time.fromisoformat(self.by), zone)

    def passed(self, *, after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
        """The due days whose deadline lies after one instant and not after the other."""
        day = after.astimezone(zone).date()
        while (deadline := self.deadline(day, zone)) <= until:
            if deadline > after and self.is_on(day):
                yield day
            day += timedelta(days=1)

    def begins(self, day: date, zone: ZoneInfo) -> datetime:
        """From when on a file is the one of this day: the deadline of the due day before it."""
        for back in range(1, LOOKED_BACK_DAYS):
            before = day - timedelta(days=back)
            if WEEKDAYS[before.weekday()] in self.weekdays and before not in self.not_on:
                return self.deadline(before, zone)
        return self.deadline(day - timedelta(days=LOOKED_BACK_DAYS), zone)
