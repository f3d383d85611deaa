"""The days of a cron expression in plain English: `on weekdays`, `on the last day of the month`."""

import itertools
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Final

from cronsole.triggers.cron_expression import Fields
from cronsole.triggers.cron_fields import LAST, Field

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NTH: Final = ("last", "first", "second", "third", "fourth", "fifth")
# A week that begins on Monday keeps Saturday and Sunday together.
_FROM_MONDAY: Final = (1, 2, 3, 4, 5, 6, 0)


class Days(Enum):
    """The kinds of days, for each is told in another order."""

    ALL = auto()
    IN_MONTHS = auto()
    WEEKDAYS = auto()
    DATES = auto()
    ONE_DATE = auto()


def days_phrase(fields: Fields) -> tuple[Days, str]:
    """Return what kind of days an expression names, and the days in words; no words for every day."""
    dates, weekdays = fields.day_of_month, fields.day_of_week
    has_dates, has_weekdays = len(dates.values) < 31, len(weekdays.values) < 7
    is_either = not (dates.is_starred or weekdays.is_starred)
    years = _in_years(fields)
    if is_either and not (has_dates and has_weekdays):
        has_dates = has_weekdays = False  # one of the two takes every day, so that the other adds none
    if not has_dates and not has_weekdays:
        months = f"{_in_months(fields)}{years}".strip()
        return (Days.IN_MONTHS if months else Days.ALL), months
    if not has_dates:
        kind = Days.DATES if weekdays.nth_weekdays else Days.WEEKDAYS
        of_month = (
            f" of {_month_names(fields) or 'the month'}" if weekdays.nth_weekdays else _in_months(fields)
        )
        return kind, f"on {_weekdays(weekdays)}{of_month}{years}"
    if not has_weekdays:
        return _dates_phrase(fields, years)
    link = "and on" if is_either else "that fall on"
    return (
        Days.DATES,
        f"on {_dates(dates)} of the month {link} {_weekdays(weekdays)}{_in_months(fields)}{years}",
    )


def joined(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _dates_phrase(fields: Fields, years: str) -> tuple[Days, str]:
    dates, months = fields.day_of_month, fields.month.values
    if len(months) == 1 and len(dates.values) == 1 and not dates.has_last_day:
        phrase = f"on {dates.values[0]} {_MONTHS[months[0] - 1]}{years.replace(' in ', ' ')}"
        return (Days.DATES if years else Days.ONE_DATE), phrase
    return Days.DATES, f"on {_dates(dates)} of {_month_names(fields) or 'the month'}{years}"


def _dates(field: Field) -> str:
    words = [f"the {ordinal(first)}{last}" for first, last in _runs(field.values)]
    if field.nearest_weekday is not None:
        words.append(f"the weekday nearest the {ordinal(field.nearest_weekday)}")
    if field.has_last_day:
        words.append("the last day")
    return joined(words)


def _runs(values: Iterable[int]) -> list[tuple[int, str]]:
    """Return the first of each run of three and more, with the words for its end; and what stands alone."""
    found: list[tuple[int, str]] = []
    for _, group in itertools.groupby(enumerate(sorted(values)), lambda pair: pair[1] - pair[0]):
        run = [value for _, value in group]
        if len(run) >= 3:
            found.append((run[0], f" to the {ordinal(run[-1])}"))
        else:
            found += [(value, "") for value in run]
    return found


def _weekdays(field: Field) -> str:
    if set(field.values) == {1, 2, 3, 4, 5}:
        return "weekdays"
    if set(field.values) == {0, 6}:
        return "weekends"
    names = [f"{_WEEKDAYS[day]}s" for day in _FROM_MONDAY if day in field.values]
    nths = sorted(field.nth_weekdays, key=lambda pair: (pair[1] or 6, (pair[0] - 1) % 7))
    names += [f"the {_NTH[nth if nth != LAST else 0]} {_WEEKDAYS[day]}" for day, nth in nths]
    return joined(names)


def _month_names(fields: Fields) -> str:
    months = fields.month.values
    return joined([_MONTHS[month - 1] for month in months]) if len(months) < 12 else ""


def _in_months(fields: Fields) -> str:
    names = _month_names(fields)
    return f" in {names}" if names else ""


def _in_years(fields: Fields) -> str:
    if fields.year is None or len(fields.year.values) == 130:
        return ""
    years = fields.year.values
    if len(years) > 2 and years[-1] - years[0] == len(years) - 1:
        return f" from {years[0]} to {years[-1]}"
    return f" in {joined([str(year) for year in years])}"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`."""
    if 10 < number < 14:
        return f"{number}th"
    endings = {1: "st", 2: "nd", 3: "rd"}  # codespell:ignore nd
    return f"{number}{endings.get(number % 10, 'th')}"
