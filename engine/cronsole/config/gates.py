"""`conditions`: the gates that must be open for a slot to run."""

import datetime as dt
import re
from typing import Final

from cronsole.config import values
from cronsole.config.keys import Key, Scope, read_table, struct_of, table_of
from cronsole.config.problems import Fault, Flaw, missing, wrong_kind
from cronsole.errors import MissingExtra, UnknownTimezone, nearest
from cronsole.model.policy import Calendar, Conditions, Hours, Span
from cronsole.planning.conditions import UnknownHolidays, compile_condition, is_holiday

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS: Final = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", re.ASCII)
_DAY_HINT: Final = "accepted are mon or Monday, 0 (Sunday) to 7 (Sunday again), and ranges such as mon-fri"
_DAY_MINUTES: Final = 24 * 60


def read_days(value: object, scope: Scope) -> frozenset[int]:
    """Read days of the week, by name, by number, or as ranges of them."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list):
        items = [items]
    flaws: list[Flaw] = []
    found: set[int] = set()
    for index, item in enumerate(items):
        try:
            found |= _days_of(item, scope)
        except Fault as fault:
            flaws.extend(fault.under(index, item) if isinstance(value, list) else fault.flaws)
    if flaws:
        raise Fault(flaws)
    if not found:
        raise Fault(f"names no day; {_DAY_HINT}")
    return frozenset(found)


def read_hours(value: object, _scope: Scope) -> Hours:
    """Read `09:00-17:00`: the start is inclusive, the end exclusive, and it may wrap over midnight."""
    if not isinstance(value, str):
        raise wrong_kind(value, 'hours such as "09:00-17:00"')
    found = _HOURS.fullmatch(value.strip())
    if found is None:
        raise Fault('is not a span of hours; accepted is "09:00-17:00", or "22:00-06:00" over midnight')
    start, end = (_minute(*found.group(group, group + 1)) for group in (1, 3))
    if start == end:
        raise Fault("starts and ends at the same minute; leave it out for the whole day")
    if start == _DAY_MINUTES:
        raise Fault('starts when the day has ended; write "00:00" for midnight')
    return Hours(start, end)


BLACKOUT: Final = table_of(
    Key("start", "a time", values.instant, "The first instant of the blackout."),
    Key("end", "a time", values.instant, "The first instant after it."),
)


def read_blackout(value: object, scope: Scope) -> Span:
    fields = read_table(value, BLACKOUT, scope, "a table {start, end}")
    absent = [
        missing(key, "is missing; a blackout has a start and an end") for key in BLACKOUT if key not in fields
    ]
    if absent:
        raise Fault(absent)
    span = Span(**fields)
    if span.start >= span.end:
        raise Fault("ends before it starts")
    return span


CALENDAR: Final = table_of(
    Key("country", "a country code", values.word, "Rest on its public holidays (extra `holidays`)."),
    Key("subdivision", "a code", values.word, "A state or region of the country, with holidays of its own."),
    Key(
        "dates",
        "a day or a list",
        values.set_of(values.day, "days"),
        "Rest on these days, such as 2026-12-24.",
    ),
    Key(
        "blackouts",
        "a table or a list",
        values.items_of(read_blackout, "tables {start, end}"),
        "Rest in these spans `{start, end}`; the end is exclusive.",
    ),
)


def read_calendar(value: object, scope: Scope) -> Calendar:
    calendar = Calendar(**read_table(value, CALENDAR, scope))
    if calendar.subdivision is not None and calendar.country is None:
        raise Fault([missing("subdivision", "means nothing without a country")])
    if calendar.country is not None:
        # Asking for any day looks the country up, and tells here what would else be told at the first slot.
        try:
            is_holiday(calendar, dt.date(2026, 1, 1))
        except MissingExtra as fault:
            raise Fault([Flaw(("country",), calendar.country, str(fault))]) from fault
        except UnknownHolidays as fault:
            told = f"{fault}; accepted are codes such as DE or US, with a subdivision such as BY or CA"
            raise Fault([Flaw(("country",), calendar.country, told)]) from fault
    return calendar


def read_expression(value: object, scope: Scope) -> str:
    """Read an expression in CEL; it must compile."""
    found = values.text(value, scope)
    if not found.strip():
        raise Fault("is empty; leave the key out instead")
    compile_condition(found)
    return found


CONDITIONS: Final = table_of(
    Key(
        "days",
        "days or a list",
        read_days,
        "Days of the week: `mon`, `Monday`, 0–7 (0 and 7 are Sunday), `mon-fri`.",
    ),
    Key(
        "hours",
        "a span or a list",
        values.items_of(read_hours, "hours"),
        "Hours of the day, `09:00-17:00`: the end is exclusive, `22:00-06:00` goes over midnight.",
    ),
    Key(
        "timezone", "a time zone", values.timezone, "Zone of days, hours and calendar.", default="the task's"
    ),
    Key("calendar", "a table", read_calendar, "Days of rest.", keys=CALENDAR),
    Key(
        "environment",
        "a name or a list",
        values.set_of(values.word, "names"),
        "Run only where `engine.environment` is one of these.",
    ),
    Key(
        "session_active",
        "true or false",
        values.truth,
        "Run only while somebody is, or nobody is, at a console.",
    ),
    Key("expression", "CEL", read_expression, "Run only while this holds (extra `conditions`)."),
)

_read = struct_of(Conditions, CONDITIONS)


def read_conditions(value: object, scope: Scope) -> Conditions:
    if isinstance(value, dict) and isinstance(zone := value.get("timezone"), str):
        scope = _in_zone(scope, zone)
    conditions: Conditions = _read(value, scope)
    return conditions


def _in_zone(scope: Scope, zone: str) -> Scope:
    try:
        return Scope(values.timezone(zone, scope), scope.folder)
    except (Fault, UnknownTimezone):
        return scope  # the key itself is about to be read, and tells what is wrong


def _days_of(item: object, _scope: Scope) -> set[int]:
    if isinstance(item, int) and not isinstance(item, bool):
        return {_day(item)}
    if not isinstance(item, str):
        raise wrong_kind(item, "a day of the week")
    first, dash, last = item.partition("-")
    if not dash:
        return {_day(item)}
    start, end = _day(first), _day(last)
    return {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}


def _day(name: str | int) -> int:
    """Return a day of the week, Monday as 0."""
    if isinstance(name, int) or (name.strip().isascii() and name.strip().isdigit()):
        if 0 <= (number := int(str(name)[:20])) <= 7:
            return (number - 1) % 7
        raise Fault(f"is not a day of the week; {_DAY_HINT}")
    wanted = name.strip().lower().removesuffix(".")
    for index, day in enumerate(_DAYS):
        if len(wanted) >= 3 and day.startswith(wanted):
            return index
    meant = nearest(wanted[:20], _DAYS)
    raise Fault(f"is not a day of the week; {_DAY_HINT}" + (f'; did you mean "{meant}"?' if meant else ""))


def _minute(hour: str, minute: str) -> int:
    """Return a time of day in minutes; 24:00 is the end of the day."""
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > _DAY_MINUTES:
        raise Fault(f"has {hour}:{minute}, which is no time of day")
    return found
