"""The days on which a cron expression fires, by the shape of the year: leap or not, and its first weekday."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from cronsole.triggers.cron_fields import LAST, Field

# Days are numbered from 1 January 1970, a Thursday.
_EPOCH: Final = date(1970, 1, 1).toordinal()
FIRST_YEAR: Final = 1
LAST_YEAR: Final = 9998
FIRST_DAY: Final = date(FIRST_YEAR, 1, 1).toordinal() - _EPOCH
NEVER_DAY: Final = date(LAST_YEAR + 1, 12, 31).toordinal() - _EPOCH
"""A day after all that can be found."""

_SHAPES: Final = 14
_MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Days:
    """The matching days of all years, at most 14 different ones, made when they are first asked for."""

    __slots__ = (
        "_day_of_month",
        "_day_of_week",
        "_first_year",
        "_last_year",
        "_months",
        "_near",
        "_shapes",
        "_years",
    )

    def __init__(self, day_of_month: Field, month: Field, day_of_week: Field, year: Field | None) -> None:
        self._day_of_month = day_of_month
        self._day_of_week = day_of_week
        self._months = frozenset(month.values)
        self._years = None if year is None or len(year.values) == 130 else frozenset(year.values)
        self._first_year = min(self._years) if self._years else FIRST_YEAR
        self._last_year = max(self._years) if self._years else LAST_YEAR
        self._shapes: list[tuple[int, ...] | None] = [None] * _SHAPES
        # What was found last, in one tuple so that it is read and replaced in one step: no day from the first
        # number up to the beginning of the year, then that year's beginning, end and days.
        self._near: tuple[int, int, int, tuple[int, ...]] = (0, 0, -1, ())

    def at_or_after(self, day: int) -> int:
        """Return the first matching day at or after a day, NEVER_DAY when there is none."""
        clear_from, begin, end, days = self._near
        if clear_from <= day <= end:
            index = bisect_left(days, day - begin)
            if index < len(days):
                return begin + days[index]
        return self._search_on(day)

    def at_or_before(self, day: int) -> int | None:
        """Return the last matching day at or before a day, None when there is none."""
        day = min(day, NEVER_DAY - 1)
        if day < FIRST_DAY:
            return None
        year = min(date.fromordinal(day + _EPOCH).year, self._last_year)
        while year >= self._first_year:
            if self._years is None or year in self._years:
                begin = _begin(year)
                days = self._of_year(year, begin)
                index = bisect_right(days, day - begin)
                if index:
                    return begin + days[index - 1]
            year -= 1
        return None

    def count(self, low: int, high: int) -> int:
        """Return how many matching days lie in [low, high)."""
        low, high = max(low, FIRST_DAY), min(high, NEVER_DAY)
        if low >= high:
            return 0
        first, last = date.fromordinal(low + _EPOCH).year, date.fromordinal(high - 1 + _EPOCH).year
        total = 0
        for year in range(max(first, self._first_year), min(last, self._last_year) + 1):
            if self._years is None or year in self._years:
                begin = _begin(year)
                days = self._of_year(year, begin)
                total += bisect_left(days, high - begin) - bisect_left(days, low - begin)
        return total

    @property
    def is_empty(self) -> bool:
        """Return whether no year has a matching day."""
        # Leap years and weekdays meet in all ways within 28 years.
        years = range(2000, 2028) if self._years is None else self._years
        return not any(self._of_year(year, _begin(year)) for year in years)

    def _search_on(self, day: int) -> int:
        sought = max(day, FIRST_DAY)
        if sought >= NEVER_DAY:
            return NEVER_DAY
        year = max(date.fromordinal(sought + _EPOCH).year, self._first_year)
        begin = _begin(year)
        while year <= self._last_year:
            length = 366 if _is_leap(year) else 365
            if self._years is None or year in self._years:
                days = self._of_year(year, begin)
                index = bisect_left(days, sought - begin)
                if index < len(days):
                    self._near = (day, begin, begin + length - 1, days)
                    return begin + days[index]
            begin += length
            year += 1
        return NEVER_DAY

    def _of_year(self, year: int, begin: int) -> tuple[int, ...]:
        """Return the matching days of a year, its first day being zero."""
        first_weekday = (begin + 4) % 7
        shape = first_weekday + 7 * _is_leap(year)
        days = self._shapes[shape]
        if days is None:
            days = self._shapes[shape] = tuple(self._matching(first_weekday, _is_leap(year)))
        return days

    def _matching(self, first_weekday: int, is_leap: bool) -> Iterator[int]:
        begin = 0
        for month, length in enumerate(_MONTH_LENGTHS, 1):
            if month == 2 and is_leap:
                length += 1
            if month in self._months:
                weekday = (first_weekday + begin) % 7
                for day in sorted(self._of_month(weekday, length)):
                    yield begin + day - 1
            begin += length

    def _of_month(self, first_weekday: int, length: int) -> set[int]:
        by_date = _days_by_date(self._day_of_month, first_weekday, length)
        by_weekday = _days_by_weekday(self._day_of_week, first_weekday, length)
        # In Debian's cron either field may match, unless one of the two starts with a star: then both must.
        if self._day_of_month.is_starred or self._day_of_week.is_starred:
            return by_date & by_weekday
        return by_date | by_weekday


@lru_cache(maxsize=4096)
def days_of(day_of_month: Field, month: Field, day_of_week: Field, year: Field | None) -> Days | None:
    """Return the days that the fields name, shared by all expressions that name them; None for every day."""
    days = Days(day_of_month, month, day_of_week, year)
    is_every_date = len(day_of_month.values) == 31 and len(day_of_week.values) == 7
    return None if is_every_date and len(month.values) == 12 and year is None else days


def _days_by_date(field: Field, first_weekday: int, length: int) -> set[int]:
    days = {day for day in field.values if day <= length}
    if field.has_last_day:
        days.add(length)
    if field.nearest_weekday is not None:
        days.add(_nearest_weekday(min(field.nearest_weekday, length), first_weekday, length))
    return days


def _days_by_weekday(field: Field, first_weekday: int, length: int) -> set[int]:
    days = {day for day in range(1, length + 1) if (first_weekday + day - 1) % 7 in field.values}
    for weekday, nth in field.nth_weekdays:
        of_weekday = range((weekday - first_weekday) % 7 + 1, length + 1, 7)
        if nth == LAST:
            days.add(of_weekday[-1])
        elif nth <= len(of_weekday):
            days.add(of_weekday[nth - 1])
    return days


def _nearest_weekday(day: int, first_weekday: int, length: int) -> int:
    """Return the day from Monday to Friday that is nearest to a day, within its month."""
    weekday = (first_weekday + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


def _begin(year: int) -> int:
    return date(year, 1, 1).toordinal() - _EPOCH


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
