"""Durations as people write them: `90s`, `5m`, `1h30m`, `2d`."""

import re
from decimal import Decimal
from typing import Final

from cronsole.errors import TriggerError
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Millis

LONGEST: Final[Millis] = 36_525 * DAY

_UNITS: Final[dict[str, Millis]] = {
    "w": 7 * DAY,
    "d": DAY,
    "h": HOUR,
    "m": MINUTE,
    "s": SECOND,
    "ms": 1,
}
_PART = re.compile(r"\s*(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)
_LOOKS_LIKE = re.compile(r"(?:[0-9.]+[A-Za-z]+\s*)+", re.ASCII)
_HINT = "write it like 90s, 5m, 1h30m or 2d"


def is_duration(text: str) -> bool:
    """Return whether a text can be meant as a duration, be it a wrong one: all numbers, each with letters."""
    return _LOOKS_LIKE.fullmatch(text) is not None


def parse_duration(text: str) -> Millis:
    """Return the milliseconds of a duration; TriggerError says what is wrong and what is accepted."""
    shown = repr(text[:40])
    total, smallest, at = Decimal(0), LONGEST, 0
    while at < len(text.rstrip()):
        part = _PART.match(text, at)
        if part is None:
            raise TriggerError(f"{shown} is not a duration: {_HINT}", position=at + 1)
        unit = _UNITS.get(part["unit"])
        if unit is None:
            raise TriggerError(_unit_fault(shown, part["unit"]), position=part.start("unit") + 1)
        if unit >= smallest:
            message = f"{shown} is not a duration: its units must fall, each at most once; {_HINT}"
            raise TriggerError(message, position=part.start("unit") + 1)
        total, smallest, at = total + Decimal(part["number"]) * unit, unit, part.end()
    if not at:
        raise TriggerError(f"{shown} is not a duration: {_HINT}", position=1)
    if total != int(total):
        raise TriggerError(f"{shown} is finer than a millisecond")
    if total > LONGEST:
        raise TriggerError(f"{shown} is longer than {LONGEST // DAY} days")
    return int(total)


def format_duration(ms: Millis) -> str:
    """Return the shortest exact form of a duration: `1h30m`, `2d`, `500ms`."""
    if not ms:
        return "0s"
    parts, rest = ["-"] if ms < 0 else [], abs(ms)
    for unit, size in _UNITS.items():
        # Days are read more easily than weeks: 10d, not 1w3d.
        if unit != "w" and rest >= size:
            parts.append(f"{rest // size}{unit}")
            rest %= size
    return "".join(parts)


def _unit_fault(shown: str, unit: str) -> str:
    if not unit:
        return f"{shown} has a number without a unit: {_HINT}"
    return f"{shown} has the unknown unit {unit[:20]!r}; accepted are {', '.join(_UNITS)}"
