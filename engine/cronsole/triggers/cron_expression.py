"""A cron expression as text: its fields with their places, read into a rule or a fault with its place."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from cronsole.errors import TriggerError, nearest
from cronsole.triggers.cron_days import days_of
from cronsole.triggers.cron_fields import Field, FieldFault, Kind, parse_field
from cronsole.triggers.cron_hash import resolve_hashes, shifts
from cronsole.triggers.cron_rule import Rule, times_in_hour

LONGEST: Final = 1024
"""No expression that a person writes comes near it; reading a longer one would only take time."""

ALIASES: Final[dict[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIVE: Final = (Kind.MINUTE, Kind.HOUR, Kind.DAY_OF_MONTH, Kind.MONTH, Kind.DAY_OF_WEEK)
_ORDERS: Final[dict[int, tuple[Kind, ...]]] = {
    5: _FIVE,
    6: (Kind.SECOND, *_FIVE),
    7: (Kind.SECOND, *_FIVE, Kind.YEAR),
}
_COUNTS: Final = "a cron expression has 5, 6 (seconds first) or 7 (year last)"
# Only ASCII blanks divide fields: a no-break space comes from a word processor and is told as a fault.
_FIELD = re.compile(r"[^ \t\r\n\f\v]+")


class Fields(NamedTuple):
    """The parsed fields of one expression; `second` is at :00 where five fields are written."""

    second: Field
    minute: Field
    hour: Field
    day_of_month: Field
    month: Field
    day_of_week: Field
    year: Field | None


def expand_alias(expression: str) -> str:
    """Return an expression with a word such as `@daily` spelled out; TriggerError for an unknown one."""
    word = expression.strip().lower()
    if not word.startswith("@"):
        return expression
    if word not in ALIASES:
        meant = nearest(word[:20], [*ALIASES, "@startup", "@manual", "@every 5m"])
        hint = (
            f"; did you mean {meant!r}?"
            if meant
            else f"; accepted are {', '.join(ALIASES)}, @startup, @manual, @every"
        )
        raise TriggerError(f"{expression[:30]!r} is not known{hint}", position=1)
    return ALIASES[word]


@lru_cache(maxsize=4096)
def parse_fields(expression: str, schedule_id: str = "") -> Fields:
    """Return the fields of an expression that fires; TriggerError names the field, its column and what it accepts.

    Schedules share them, so `schedule_id` is to be given only where the expression holds an `H`.
    """
    text = expand_alias(expression)
    if len(text) > LONGEST:
        raise TriggerError(f"an expression of {len(text)} characters is too long; {LONGEST} are accepted")
    found = list(_FIELD.finditer(text))
    order = _ORDERS.get(len(found))
    if order is None:
        raise _wrong_count(text, found)
    placed = list(zip(order, found, strict=True))
    # Where hashing falls on days that never come, such as 31 April, it moves on to those that do.
    for shift in shifts((kind, match[0].lower()) for kind, match in placed):
        fields = _fields({kind: _parsed(kind, match, text, schedule_id, shift) for kind, match in placed})
        days = days_of(fields.day_of_month, fields.month, fields.day_of_week, fields.year)
        if days is None or not days.is_empty:
            return fields
    raise _never_fires(text, placed)


@lru_cache(maxsize=16384)
def rule_of(expression: str, schedule_id: str = "") -> Rule:
    """Return the rule of an expression; like `parse_fields` in its errors and in what is shared."""
    fields = parse_fields(expression, schedule_id)
    return Rule(
        days_of(fields.day_of_month, fields.month, fields.day_of_week, fields.year),
        fields.hour.values,
        times_in_hour(fields.minute.values, fields.second.values),
        # Debian's cron calls a job a wildcard by these two fields, and by their first character alone.
        is_wildcard=fields.minute.is_starred or fields.hour.is_starred,
    )


def _fields(parsed: dict[Kind, Field]) -> Fields:
    return Fields(
        second=parsed.get(Kind.SECOND) or parse_field(Kind.SECOND, "0"),
        minute=parsed[Kind.MINUTE],
        hour=parsed[Kind.HOUR],
        day_of_month=parsed[Kind.DAY_OF_MONTH],
        month=parsed[Kind.MONTH],
        day_of_week=parsed[Kind.DAY_OF_WEEK],
        year=parsed.get(Kind.YEAR),
    )


def _parsed(kind: Kind, match: re.Match[str], text: str, schedule_id: str, shift: int) -> Field:
    try:
        return parse_field(kind, resolve_hashes(kind, match[0].lower(), schedule_id, shift))
    except FieldFault as fault:
        column = match.start() + fault.at + 1
        message = f"{kind.title} (column {column} of {_shown(text)}): {fault}"
        raise TriggerError(message, field=kind.title, position=column) from fault


def _wrong_count(text: str, found: list[re.Match[str]]) -> TriggerError:
    count = f"{_shown(text)} has {len(found)} field{'s' * (len(found) != 1)}; {_COUNTS}"
    if len(found) > 7:
        return TriggerError(f"{count}: what follows the year is one too many", position=found[7].start() + 1)
    missing = _FIVE[len(found)].title
    return TriggerError(f"{count}: the {missing} is missing", field=missing, position=len(text.rstrip()) + 1)


def _never_fires(text: str, placed: list[tuple[Kind, re.Match[str]]]) -> TriggerError:
    column = next(match.start() + 1 for kind, match in placed if kind is Kind.DAY_OF_MONTH)
    where = "in the given months" if len(placed) < 7 else "in the given months and years"
    message = (
        f"day of month (column {column} of {_shown(text)}): never fires, for there is no such day {where}"
    )
    return TriggerError(message, field=Kind.DAY_OF_MONTH.title, position=column)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
