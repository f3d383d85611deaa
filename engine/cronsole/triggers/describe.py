"""A trigger in plain English: `daily at 00:00`, `every 10 minutes on weekdays`, `every 1h ±5m`."""

from typing import Final

from cronsole.model.instant import Millis, to_iso
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, OnceSpec, TriggerSpec
from cronsole.triggers.cron_expression import Fields, parse_fields
from cronsole.triggers.cron_hash import has_hash
from cronsole.triggers.describe_days import Days, days_phrase, joined, ordinal
from cronsole.triggers.duration import format_duration

_LONGEST: Final = 120
_MANY: Final = 4


def describe(spec: TriggerSpec, jitter_ms: Millis = 0, *, schedule_id: str | None = None) -> str:
    """Return what a trigger does, in words; `H` is spelled out where the id is known."""
    words = _describe(spec, schedule_id)
    return f"{words} ±{format_duration(jitter_ms)}" if jitter_ms else words


def _describe(spec: TriggerSpec, schedule_id: str | None) -> str:
    if isinstance(spec, CronSpec):
        return _cron(spec.expression, schedule_id)
    if isinstance(spec, IntervalSpec):
        return _interval(spec)
    if isinstance(spec, OnceSpec):
        if spec.at is not None:
            return f"once at {to_iso(spec.at)}"
        return f"once, {format_duration(spec.after_ms or 0)} after it is first seen"
    return "when somebody asks" if isinstance(spec, ManualSpec) else "at each start of the engine"


def _interval(spec: IntervalSpec) -> str:
    words = f"every {format_duration(spec.every_ms)}"
    if spec.start_at is not None:
        words += f" from {to_iso(spec.start_at)}"
    return f"{words}, and at its first start" if spec.run_at_start else words


def _cron(expression: str, schedule_id: str | None) -> str:
    if schedule_id is None and has_hash(expression):
        return f"cron {expression}, with H hashed from the id"
    fields = parse_fields(expression, schedule_id if schedule_id and has_hash(expression) else "")
    words = _sentence(fields)
    return words if len(words) <= _LONGEST else f"cron {expression}"


def _sentence(fields: Fields) -> str:
    days, phrase = days_phrase(fields)
    times = _times(fields)
    if len(times) > _MANY:
        return f"{_rhythm(fields)} {phrase}".rstrip()
    clock = f"at {joined(times)}"
    match days:
        case Days.ALL | Days.IN_MONTHS:
            return f"daily {clock} {phrase}".rstrip()
        case Days.WEEKDAYS:
            return f"{clock} {phrase}"
        case Days.ONE_DATE:
            return f"yearly {phrase} {clock}"
        case Days.DATES:
            return f"{phrase} {clock}"


def _times(fields: Fields) -> list[str]:
    """Return the times of a day, or some of them when they are too many to be told one by one."""
    found = []
    for hour in fields.hour.values:
        for minute in fields.minute.values:
            for second in fields.second.values:
                found.append(
                    f"{hour:02}:{minute:02}:{second:02}"
                    if any(fields.second.values)
                    else f"{hour:02}:{minute:02}"
                )
                if len(found) > _MANY:
                    return found
    return found


def _rhythm(fields: Fields) -> str:
    """Return how often it fires within a day."""
    seconds, minutes, hours = fields.second.values, fields.minute.values, fields.hour.values
    if seconds == (0,):
        return _minutes(minutes, hours)
    if len(minutes) == 60:
        ending = _within_hours(hours, 0, 59)
        if len(seconds) == 1:
            return f"every minute at second {seconds[0]}{ending}"
        return f"{_every(seconds, 'second', 'minute')}{ending}"
    return f"{_every(seconds, 'second', 'minute')}, {_minutes(minutes, hours)}"


def _minutes(minutes: tuple[int, ...], hours: tuple[int, ...]) -> str:
    if len(minutes) > 1:
        return _every(minutes, "minute", "hour") + _within_hours(hours, minutes[0], minutes[-1])
    minute = minutes[0]
    if _is_run(hours) and len(hours) < 24:
        return f"every hour from {hours[0]:02}:{minute:02} to {hours[-1]:02}:{minute:02}"
    if len(hours) < 24 and not _step(hours, 24):
        return f"daily at {joined([f'{hour:02}:{minute:02}' for hour in hours])}"
    ending = f" at minute {minute}" if minute else ""
    return f"{_every(hours, 'hour', 'day')}{ending}"


def _within_hours(hours: tuple[int, ...], first_minute: int, last_minute: int) -> str:
    if len(hours) == 24:
        return ""
    if _is_run(hours):
        return f" from {hours[0]:02}:{first_minute:02} to {hours[-1]:02}:{last_minute:02}"
    step = _step(hours, 24)
    if step and hours[0] == 0:
        return f" in every {ordinal(step)} hour"
    return f" in the hours {joined([str(hour) for hour in hours])}"


def _every(values: tuple[int, ...], unit: str, whole: str) -> str:
    """Return `every 5 minutes` for an even rhythm, else the values."""
    size = 24 if unit == "hour" else 60
    if len(values) == size:
        return f"every {unit}"
    step = _step(values, size)
    if not step:
        return f"at {unit}s {joined([str(value) for value in values])} of every {whole}"
    words = f"every {step} {unit}s"
    if values[0]:
        words += f" from {unit} {values[0]}"
    return words if size % step == 0 else f"{words} of each {whole}"


def _step(values: tuple[int, ...], size: int) -> int:
    """Return the step of values that go evenly to the end of their cycle, else 0."""
    if len(values) < 2:
        return 0
    step = values[1] - values[0]
    return step if values[0] < step and values == tuple(range(values[0], size, step)) else 0


def _is_run(values: tuple[int, ...]) -> bool:
    return values[-1] - values[0] == len(values) - 1
