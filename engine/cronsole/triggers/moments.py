"""Times as people type them: `06:00`, `tomorrow 06:00`, `2h`, `-30m`, ISO 8601; every verb reads them alike.

Pure: the instant they are counted from and the zone of those who type are arguments.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Final

from cronsole.errors import TriggerError
from cronsole.model.instant import DAY, FAR_FUTURE, SECOND, Instant, Millis, from_datetime, to_datetime
from cronsole.triggers.duration import is_duration, parse_duration
from cronsole.triggers.parse import parse_at
from cronsole.triggers.zone import FIRST_INSTANT, Zone, zone

HINT: Final = "write it like 06:00, tomorrow 06:00, +2h, -30m, 2026-03-29T02:30 or 2026-03-29T02:30+01:00"

_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?\s*(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE | re.ASCII)
_LONGEST: Final = 60


class Toward(Enum):
    """Which way a time without a day, or a duration without a sign, is meant."""

    FUTURE = 1
    PAST = -1


def parse_moment(text: str, *, now: Instant, timezone: str, toward: Toward = Toward.FUTURE) -> Instant:
    """Return the instant of a time; TriggerError says what would be accepted.

    `06:00` is the nearest one ahead of now, or behind it where that is the way; durations count elapsed time. Local
    times are of the zone given: one that clocks skip means the first instant after it, one that they repeat the
    first of the two where a day is named, and the nearer of the two where none is.
    """
    words = text.strip().lower()
    if not words or len(words) > _LONGEST:
        raise _not_a_time(text)
    if words == "now":
        return now
    shift = _duration(words, toward)
    if shift is not None:
        at = _within_reach(now + shift, text)
        # Who says 2h does not mean the milliseconds of the key press.
        return at if shift % SECOND else at - at % SECOND
    day, _, clock = words.partition(" ")
    if day in _DAYS:
        return _on_a_day(_DAYS[day], clock.strip(), now, timezone, text)
    if _CLOCK.fullmatch(words):
        return _nearest(_clock(words, text), now, timezone, toward)
    try:
        return _within_reach(parse_at(text, timezone), text)
    except (TriggerError, OverflowError) as error:
        raise _not_a_time(text) from error


def _duration(words: str, toward: Toward) -> Millis | None:
    """Return how far a duration leads, or None where the words are none; a sign wins over the way."""
    sign: int = toward.value
    if words.startswith(("+", "-")):
        sign, words = 1 if words[0] == "+" else -1, words[1:].lstrip()
    elif words.startswith("in "):
        sign, words = 1, words[3:].lstrip()
    elif words.endswith(" ago"):
        sign, words = -1, words[:-4].rstrip()
    return sign * parse_duration(words) if is_duration(words) else None


def _on_a_day(shift: int, clock: str, now: Instant, timezone: str, text: str) -> Instant:
    at = _clock(clock, text) if clock else time()
    place = _zone_of(at, timezone)
    return place.resolve(_local(_local_day(now, place) + timedelta(shift), at) - _fixed_offset(at))


def _nearest(at: time, now: Instant, timezone: str, toward: Toward) -> Instant:
    place, offset = _zone_of(at, timezone), _fixed_offset(at)
    today = _local_day(now + offset, place)
    # Where a zone crosses the date line, a whole day is skipped or repeated.
    found = [
        instant
        for shift in range(-2, 3)
        for instant in _occurrences(_local(today + timedelta(shift), at) - offset, place)
    ]
    if toward is Toward.FUTURE:
        return min(instant for instant in found if instant > now)
    return max(instant for instant in found if instant <= now)


def _occurrences(local: Millis, place: Zone) -> Iterator[Instant]:
    """Yield every instant at which a zone's clocks show a local time, or the first after it where they skip it."""
    first = place.resolve(local)
    yield first
    period = place.period_at(first)
    while period.end <= first + 2 * DAY:
        period = place.period_at(period.end)
        again = local - period.offset
        if first < again and period.start <= again < period.end:
            yield again


def _clock(words: str, text: str) -> time:
    if not _CLOCK.fullmatch(words):
        raise _not_a_time(text)
    hour, colon, rest = words.upper().replace(" ", "").partition(":")
    try:
        return time.fromisoformat(f"{hour:0>2}{colon}{rest}")
    except ValueError as error:
        raise _not_a_time(text) from error


def _zone_of(at: time, timezone: str) -> Zone:
    """Return where a clock time is read: an offset of its own is applied to UTC."""
    return zone("UTC" if at.tzinfo is not None else timezone)


def _fixed_offset(at: time) -> Millis:
    shift = at.utcoffset()
    return 0 if shift is None else shift // timedelta(milliseconds=1)


def _local_day(now: Instant, place: Zone) -> date:
    return to_datetime(now + place.offset_at(now)).date()


def _local(day: date, at: time) -> Millis:
    return from_datetime(datetime.combine(day, at.replace(tzinfo=None), UTC))


def _within_reach(at: Instant, text: str) -> Instant:
    if not FIRST_INSTANT < at < FAR_FUTURE:
        raise TriggerError(f"{text[:_LONGEST]!r} is a time that no calendar here holds")
    return at


def _not_a_time(text: str) -> TriggerError:
    return TriggerError(f"{text[:_LONGEST]!r} is not a time: {HINT}")
