"""Instants are integer milliseconds UTC inside; ISO 8601 at every edge."""

from datetime import UTC, datetime
from typing import TypeAlias

Instant: TypeAlias = int
Millis: TypeAlias = int

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

# Year 9999 leaves room for a local offset without leaving datetime's range.
FAR_FUTURE: Instant = 253_370_764_800_000


def to_datetime(at: Instant) -> datetime:
    """Return the aware UTC datetime of an instant."""
    seconds, millis = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=millis * 1000)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware datetime, rounded down to a millisecond."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * DAY + delta.seconds * SECOND + delta.microseconds // 1000


def to_iso(at: Instant) -> str:
    """Return the shortest exact ISO 8601 form: `2026-03-29T01:00Z`, with seconds or millis when not zero."""
    moment = to_datetime(at)
    if at % SECOND:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % SECOND:03d}Z"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if at % MINUTE else "%Y-%m-%dT%H:%MZ")


def to_rfc3339(at: Instant) -> str:
    """Return the time as other programs read it: always with seconds, with millis when not zero."""
    precision = "milliseconds" if at % SECOND else "seconds"
    return to_datetime(at).isoformat(timespec=precision).replace("+00:00", "Z")


def from_iso(text: str) -> Instant:
    """Return the instant of an ISO 8601 text with an offset; ValueError says what is wrong."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset, such as Z or +01:00")
    return from_datetime(moment)
