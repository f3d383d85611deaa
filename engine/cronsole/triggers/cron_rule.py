"""A compiled cron expression on the local time line, where no zone and no transition is known."""

from bisect import bisect_right
from functools import lru_cache
from typing import Final

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Millis
from cronsole.triggers.cron_days import FIRST_DAY, NEVER_DAY, Days

NEVER: Final[Millis] = NEVER_DAY * DAY
"""A local time after all that can be found."""
BEFORE_ALL: Final[Millis] = (FIRST_DAY - 1) * DAY
"""A local time before all that can be found."""


class Rule:
    """The local times that an expression matches: days, hours of a day, times within an hour."""

    __slots__ = ("_days", "_first", "_in_hour", "_last", "_next_hour", "hours", "is_wildcard")

    def __init__(
        self, days: Days | None, hours: tuple[int, ...], in_hour: tuple[Millis, ...], is_wildcard: bool
    ) -> None:
        self._days = days
        self._in_hour = in_hour
        self._next_hour = _next_hours(hours)
        self._first = hours[0] * HOUR + in_hour[0]
        self._last = hours[-1] * HOUR + in_hour[-1]
        self.hours = hours
        self.is_wildcard = is_wildcard

    def after(self, local: Millis) -> Millis:
        """Return the first match after a local time, NEVER or later when there is none."""
        day, time = divmod(local, DAY)
        days = self._days
        found = day if days is None else days.at_or_after(day)
        if found == day:
            hour, rest = divmod(time, HOUR)
            next_hour = self._next_hour[hour]
            if next_hour == hour:
                in_hour = self._in_hour
                index = bisect_right(in_hour, rest)
                if index < len(in_hour):
                    return local - rest + in_hour[index]
                next_hour = self._next_hour[hour + 1]
            if next_hour < 24:
                return day * DAY + next_hour * HOUR + self._in_hour[0]
            found = day + 1 if days is None else days.at_or_after(day + 1)
        return found * DAY + self._first

    def before(self, local: Millis) -> Millis:
        """Return the last match at or before a local time, BEFORE_ALL or earlier when there is none."""
        day, time = divmod(local, DAY)
        found = self._day_at_or_before(day)
        if found == day:
            hour, rest = divmod(time, HOUR)
            index = bisect_right(self.hours, hour) - 1
            if index >= 0 and self.hours[index] == hour:
                within = bisect_right(self._in_hour, rest)
                if within:
                    return local - rest + self._in_hour[within - 1]
                index -= 1
            if index >= 0:
                return day * DAY + self.hours[index] * HOUR + self._in_hour[-1]
            found = self._day_at_or_before(day - 1)
        return BEFORE_ALL if found is None else found * DAY + self._last

    def count(self, low: Millis, high: Millis) -> int:
        """Return how many matches lie in (low, high]."""
        if high <= low:
            return 0
        first_day, first_time = divmod(low, DAY)
        last_day, last_time = divmod(high, DAY)
        a_day = len(self.hours) * len(self._in_hour)
        whole = last_day - first_day if self._days is None else self._days.count(first_day, last_day)
        return (
            whole * a_day
            - self._count_of_day(first_day, first_time)
            + self._count_of_day(last_day, last_time)
        )

    def is_same_shifted(self, shift: Millis) -> bool:
        """Return whether all hours fire, and a clock moved by so much would show no difference."""
        moved = tuple(sorted((time + shift) % HOUR for time in self._in_hour))
        return len(self.hours) == 24 and moved == self._in_hour

    def _day_at_or_before(self, day: int) -> int | None:
        if self._days is None:
            return day if day >= FIRST_DAY else None
        return self._days.at_or_before(day)

    def _count_of_day(self, day: int, time: Millis) -> int:
        """Return how many matches the day has up to a time of day."""
        if self._days is not None and self._days.at_or_after(day) != day:
            return 0
        hour, rest = divmod(time, HOUR)
        index = bisect_right(self.hours, hour)
        if index and self.hours[index - 1] == hour:
            return (index - 1) * len(self._in_hour) + bisect_right(self._in_hour, rest)
        return index * len(self._in_hour)


@lru_cache(maxsize=4096)
def times_in_hour(minutes: tuple[int, ...], seconds: tuple[int, ...]) -> tuple[Millis, ...]:
    """Return the matching times within an hour, shared by all expressions that have them."""
    return tuple(minute * MINUTE + second * SECOND for minute in minutes for second in seconds)


@lru_cache(maxsize=4096)
def _next_hours(hours: tuple[int, ...]) -> bytes:
    """Return, for each hour from 0 to 24, the first matching one at or after it; 24 when there is none."""
    return bytes(min((hour for hour in hours if hour >= start), default=24) for start in range(25))
