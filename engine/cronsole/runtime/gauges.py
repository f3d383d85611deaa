"""What is measured when somebody looks: how many schedules of each kind, and how late the loop is."""

import asyncio
from collections import deque
from collections.abc import Mapping

from cronsole.clock import Clock
from cronsole.model.instant import Instant
from cronsole.model.view import Counts, ScheduleStatus
from cronsole.runtime.lane import Lane, Lanes
from cronsole.runtime.views import is_late, next_fire, status_of

_LOOK_SECONDS = 1.0
_LOOKS_KEPT = 10
# A count this old is taken afresh, and so many lanes are counted in one go: a millisecond's work.
_STALE_SECONDS = 0.5
_LANES_AT_ONCE = 1_000


class Pulse:
    """Looks how late it is woken, and keeps the worst of the last seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._never = asyncio.Event()
        self._lags: deque[float] = deque([0.0], maxlen=_LOOKS_KEPT)

    @property
    def lag_seconds(self) -> float:
        return max(self._lags)

    async def run(self) -> None:
        while True:
            before = self._clock.monotonic()
            await self._clock.wait(self._never, _LOOK_SECONDS)
            self._lags.append(max(0.0, self._clock.monotonic() - before - _LOOK_SECONDS))


class Tally:
    """Counts the schedules: at once where there are few, else in slices, the last count being told meanwhile."""

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._wanted = asyncio.Event()
        self._counted_at = float("-inf")
        self._counts = Counts()
        self.next_due: Instant | None = None

    def counts(self) -> Counts:
        if len(self._lanes) <= _LANES_AT_ONCE:
            self._count(list(self._lanes))
        elif self._clock.monotonic() - self._counted_at > _STALE_SECONDS:
            self._wanted.set()
        return self._counts

    async def run(self) -> None:
        """Count in slices when a count is wanted, and once at the start."""
        while True:
            await self._count_in_slices()
            self._wanted.clear()
            await self._wanted.wait()

    async def _count_in_slices(self) -> None:
        lanes = list(self._lanes)
        found = _Found()
        for start in range(0, len(lanes), _LANES_AT_ONCE):
            found.add(lanes[start : start + _LANES_AT_ONCE], self._clock.now())
            await asyncio.sleep(0)
        self._take(found)

    def _count(self, lanes: list[Lane]) -> None:
        found = _Found()
        found.add(lanes, self._clock.now())
        self._take(found)

    def _take(self, found: "_Found") -> None:
        self._counts = found.counts()
        self.next_due = found.next_due
        self._counted_at = self._clock.monotonic()


class _Found:
    """A count under way."""

    def __init__(self) -> None:
        self._statuses = dict.fromkeys(ScheduleStatus, 0)
        self._failing = self._late = self._running = self._queued = 0
        self.next_due: Instant | None = None

    def add(self, lanes: list[Lane], now: Instant) -> None:
        for lane in lanes:
            if lane.is_leaving:
                continue
            status = status_of(lane)
            self._statuses[status] += 1
            self._failing += lane.is_failing
            self._late += is_late(lane, now)
            if lane.active:
                running = sum(active.execution is not None for active in lane.active.values())
                self._running += running
                self._queued += len(lane.active) - running
            self._queued += len(lane.waiting) + len(lane.appointed)
            if status is ScheduleStatus.ACTIVE:
                _, due = next_fire(lane)
                if due is not None and (self.next_due is None or due < self.next_due):
                    self.next_due = due

    def counts(self) -> Counts:
        by_status: Mapping[ScheduleStatus, int] = self._statuses
        return Counts(
            schedules=sum(by_status.values()),
            active=by_status[ScheduleStatus.ACTIVE],
            paused=by_status[ScheduleStatus.PAUSED],
            disabled=by_status[ScheduleStatus.DISABLED],
            exhausted=by_status[ScheduleStatus.EXHAUSTED],
            failing=self._failing,
            late=self._late,
            running=self._running,
            queued=self._queued,
        )
