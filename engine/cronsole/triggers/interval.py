"""The interval trigger: anchor + n × every, by elapsed time or, for whole days, by the wall clock."""

from cronsole.model.instant import DAY, FAR_FUTURE, Instant, Millis
from cronsole.triggers.zone import Zone


class IntervalTrigger:
    """Fires at anchor + n × every for n ≥ 1; for n ≥ 0 when the anchor was given as the start."""

    __slots__ = ("_anchor", "_every", "_first")

    def __init__(self, every_ms: Millis, anchor: Instant, *, fires_at_anchor: bool = False) -> None:
        self._every = every_ms
        self._anchor = anchor
        self._first = 0 if fires_at_anchor else 1

    def next(self, after: Instant) -> Instant | None:
        """Return the first fire strictly after the instant, or None when there is none."""
        fire = self._anchor + max(self._index(after) + 1, self._first) * self._every
        return fire if fire <= FAR_FUTURE else None

    def previous(self, until: Instant) -> Instant | None:
        """Return the last fire at or before the instant, or None when there is none."""
        index = self._index(min(until, FAR_FUTURE))
        return self._anchor + index * self._every if index >= self._first else None

    def count(self, after: Instant, until: Instant) -> int:
        """Return how many fires lie in (after, until]."""
        low = max(self._index(after), self._first - 1)
        return max(self._index(min(until, FAR_FUTURE)) - low, 0)

    def _index(self, at: Instant) -> int:
        """Return the greatest n whose time is at or before the instant."""
        return (at - self._anchor) // self._every


class DailyIntervalTrigger:
    """An interval of whole days: it keeps the wall time of its anchor in a zone.

    A time in a gap fires at the first instant after it, a repeated one the first time; where the date line
    takes out a whole day, the times of two days may fall together and make one fire.
    """

    __slots__ = ("_anchor", "_every", "_first", "_wall", "_zone")

    def __init__(
        self, every_ms: Millis, anchor: Instant, zone: Zone, *, fires_at_anchor: bool = False
    ) -> None:
        self._every = every_ms
        self._anchor = anchor
        self._zone = zone
        self._wall = anchor + zone.offset_at(anchor)
        self._first = 0 if fires_at_anchor else 1

    def next(self, after: Instant) -> Instant | None:
        """Return the first fire strictly after the instant, or None when there is none."""
        fire = self._fire(max(self._index(after) + 1, self._first))
        return fire if fire <= FAR_FUTURE else None

    def previous(self, until: Instant) -> Instant | None:
        """Return the last fire at or before the instant, or None when there is none."""
        index = self._index(min(until, FAR_FUTURE))
        return self._fire(index) if index >= self._first else None

    def count(self, after: Instant, until: Instant) -> int:
        """Return how many fires lie in (after, until]."""
        low = max(self._index(after), self._first - 1)
        high = self._index(min(until, FAR_FUTURE))
        return high - low - self._fallen_together(low, high) if high > low else 0

    def _index(self, at: Instant) -> int:
        """Return the greatest n whose fire is at or before the instant; -1 before the anchor."""
        if at < self._anchor:
            return -1
        at = min(at, FAR_FUTURE)
        # Wall times of the same instant differ by two days at most, over all transitions in between.
        index = max((at + self._zone.offset_at(at) - self._wall) // self._every - 2, 0)
        while self._fire(index + 1) <= at:
            index += 1
        return index

    def _fire(self, index: int) -> Instant:
        # The anchor may be the second of two equal wall times.
        return (
            max(self._zone.resolve(self._wall + index * self._every), self._anchor) if index else self._anchor
        )

    def _fallen_together(self, low: int, high: int) -> int:
        """Return how many of the indices in (low, high] fire at the same instant as the one before them."""
        if self._every > 2 * DAY:
            return 0
        return sum(self._fire(index) == self._fire(index - 1) for index in self._doubtful(low, high))

    def _doubtful(self, low: int, high: int) -> list[int]:
        """Return the indices in (low, high] whose times may fall into a gap of a day or more."""
        found, at, end = [], self._fire(low), self._fire(high)
        while at <= end:
            period = self._zone.period_at(at)
            local_start = period.start + period.offset
            if local_start - period.reached >= self._every:
                first = (period.reached - self._wall) // self._every
                last = (local_start - self._wall) // self._every
                found += [index for index in range(first, last + 1) if low < index <= high]
            at = period.end
        return found
