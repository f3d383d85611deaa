"""Wall-clock alarms: calls back at an instant, in order, and yields between slices when many are due at once."""

import asyncio
import heapq
from collections.abc import Callable
from typing import TypeAlias

from cronsole.clock import Clock
from cronsole.model.instant import MINUTE, Instant

Callback: TypeAlias = Callable[[], None]

_SLICE_SECONDS = 0.008
_NAP_SECONDS = 1.0
_IDLE_SECONDS = 5.0


class Alarms:
    """One heap of alarms and the task that rings them; sleeps at most a second while one is due within a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[Instant, int, Callback]] = []
        self._count = 0
        self._changed = asyncio.Event()

    def at(self, instant: Instant, callback: Callback) -> None:
        self._count += 1
        heapq.heappush(self._heap, (instant, self._count, callback))
        if self._heap[0][1] == self._count:
            self._changed.set()

    def seconds_to_sleep(self) -> float:
        if not self._heap:
            return _IDLE_SECONDS
        ahead = self._heap[0][0] - self._clock.now()
        return nap(ahead)

    async def run(self) -> None:
        while True:
            await self._clock.wait(self._changed, self.seconds_to_sleep())
            self._changed.clear()
            await self._ring()

    async def _ring(self) -> None:
        began = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= self._clock.now():
            _, _, callback = heapq.heappop(self._heap)
            callback()
            if self._clock.monotonic() - began > _SLICE_SECONDS:
                await asyncio.sleep(0)
                began = self._clock.monotonic()


def nap(ahead_ms: int) -> float:
    """Return how many seconds to sleep for something that is due so many milliseconds ahead."""
    if ahead_ms > MINUTE:
        return min(_IDLE_SECONDS, (ahead_ms - MINUTE) / 1000 + _NAP_SECONDS)
    return max(0.0, min(_NAP_SECONDS, ahead_ms / 1000))
