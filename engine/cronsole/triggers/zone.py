"""Time zones as stretches of constant offset, exact to the second, read from zoneinfo's public face."""

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from cronsole.errors import UnknownTimezone, nearest
from cronsole.model.instant import DAY, FAR_FUTURE, HOUR, SECOND, Instant, Millis

# Seen from the west, the first instant of year 1 lies in a year that datetime does not have.
FIRST_INSTANT: Final[Instant] = -62_135_596_800_000 + 2 * DAY

# No two offsets of a zone ever lie further apart: crossing the date line changes 24 hours, and an hour of
# summer time comes on top.
SWING: Final[Millis] = 2 * DAY

_CHUNK: Final[Millis] = 400 * DAY
# The shortest time between two transitions in all of the data is almost four days (Freetown, 1939).
_PROBE: Final[Millis] = DAY
_UTC_NAMES: Final = frozenset({"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT", "UCT", "Etc/UCT"})


class Period(NamedTuple):
    """A stretch of constant offset, [start, end), in which no transition lies; ends need not be transitions.

    `reached` is the latest local time that any earlier stretch came to, exclusive, in local milliseconds.
    Where it lies before the local start there is a gap between the two; where it lies after, local times up
    to it are repeated here.
    """

    start: Instant
    end: Instant
    offset: Millis
    reached: Millis


class Zone:
    """One time zone; its periods are found when they are first asked for."""

    __slots__ = ("_chunks", "_info", "name")

    def __init__(self, name: str, info: ZoneInfo) -> None:
        self.name = name
        self._info = info
        self._chunks: dict[int, tuple[tuple[Instant, ...], tuple[Period, ...]]] = {}
        if name in _UTC_NAMES:
            self._chunks[0] = (
                (FIRST_INSTANT,),
                (Period(FIRST_INSTANT, FAR_FUTURE + _CHUNK, 0, FIRST_INSTANT),),
            )

    def period_at(self, at: Instant) -> Period:
        """Return the period in which an instant lies; beyond what datetime can hold, the nearest one."""
        key = 0 if self.name in _UTC_NAMES else min(max(at, FIRST_INSTANT), FAR_FUTURE) // _CHUNK
        chunk = self._chunks.get(key)
        if chunk is None:
            chunk = self._chunks[key] = self._survey(key * _CHUNK)
        starts, periods = chunk
        return periods[max(bisect_right(starts, at) - 1, 0)]

    def offset_at(self, at: Instant) -> Millis:
        """Return what to add to an instant to get its local time."""
        return self.period_at(at).offset

    def resolve(self, local: Millis) -> Instant:
        """Return the instant of a local time: the first where it is repeated, the first after it in a gap."""
        # Local time was last certainly before this one where even the largest offset cannot reach it.
        period = self.period_at(local - 16 * HOUR)
        while local >= period.end + period.offset and period.end <= FAR_FUTURE:
            period = self.period_at(period.end)
        return max(local - period.offset, period.start)

    def _survey(self, begin: Instant) -> tuple[tuple[Instant, ...], tuple[Period, ...]]:
        """Return the periods of one chunk and their starts."""
        # The periods just before the chunk are looked at as well: local time may have come further in them.
        at, end = begin - SWING, begin + _CHUNK
        start, offset, reached = at, self._offset(at), at + self._offset(at)
        found: list[Period] = []
        while at < end:
            ahead = min(at + _PROBE, end)
            if self._offset(ahead) == offset:
                at = ahead
                continue
            change = self._change_between(at, ahead)
            found.append(Period(start, change, offset, reached))
            reached = max(reached, change + offset)
            start, at, offset = change, change, self._offset(change)
        found.append(Period(start, end, offset, reached))
        kept = tuple(_clipped(period, begin) for period in found if period.end > begin)
        return tuple(period.start for period in kept), kept

    def _change_between(self, low: Instant, high: Instant) -> Instant:
        """Return the first instant after `low` with another offset; there is one at or before `high`."""
        before = self._offset(low)
        first, last = low // SECOND, high // SECOND
        while last - first > 1:
            middle = (first + last) // 2
            if self._offset(middle * SECOND) == before:
                first = middle
            else:
                last = middle
        return last * SECOND

    def _offset(self, at: Instant) -> Millis:
        seconds = min(max(at, FIRST_INSTANT), FAR_FUTURE) // SECOND
        delta = datetime.fromtimestamp(seconds, self._info).utcoffset()
        return 0 if delta is None else delta // timedelta(milliseconds=1)


_zones: dict[str, Zone] = {}


def zone(name: str) -> Zone:
    """Return the zone of a name; UnknownTimezone proposes the nearest spelling."""
    known = _zones.get(name)
    if known is None:
        known = _zones[name] = Zone(name, _zone_info(name))
    return known


def forget_zones() -> None:
    """Drop what is known of all zones, when time-zone data has changed.

    Triggers keep the zone that they were compiled with; those that shall see the new data are compiled anew.
    """
    _zones.clear()
    ZoneInfo.clear_cache()


def _zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a folder of the data, such as "Europe"
        # Looked up only here: the list of all names takes a walk through the whole data.
        meant = nearest(name, available_timezones()) if len(name) < 60 else None
        hint = f"; did you mean {meant!r}?" if meant else ", such as Europe/Berlin"
        raise UnknownTimezone(f"unknown time zone {name[:60]!r}{hint}") from error


def _clipped(period: Period, begin: Instant) -> Period:
    if period.start >= begin:
        return period
    # Within a period local time runs on, so that what lies before the cut counts as reached.
    return Period(begin, period.end, period.offset, max(period.reached, begin + period.offset))
