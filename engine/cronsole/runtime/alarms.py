"""Wall-clock alarms: calls back at an instant, in order, and yields between slices when many are due at once.

What need not happen at an instant waits until nothing is due, so that in a herd the starts come before the telling.
"""

import asyncio
import heapq
from collections import deque
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
        self._heap: list[tuple[Instant, int, Callback, bool]] = []
        self._later: deque[Callback] = deque()
        self._count = 0
        self._changed = asyncio.Event()

    def at(self, instant: Instant, callback: Callback, *, is_sharp: bool = False) -> None:
        """Call back at the instant; where it is to be sharp, not a millisecond later if nothing else is due."""
        self._count += 1
        heapq.heappush(self._heap, (instant, self._count, callback, is_sharp))
        if self._heap[0][1] == self._count:
            self._changed.set()

    def when_idle(self, callback: Callback) -> None:
        """Call back soon, in the order of asking, but after all that is due."""
        self._later.append(callback)
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._sleep()
            self._changed.clear()
            await self._ring()

    async def _sleep(self) -> None:
        if not self._heap:
            await self._clock.wait(self._changed, _IDLE_SECONDS)
            return
        instant, _, _, is_sharp = self._heap[0]
        ahead = instant - self._clock.now()
        if is_sharp and ahead < _NAP_SECONDS * 1000:
            await self._clock.wait_until(self._changed, instant)
        else:
            await self._clock.wait(self._changed, nap(ahead))

    async def _ring(self) -> None:
        began = self._clock.monotonic()
        while (callback := self._next()) is not None:
            callback()
            if self._clock.monotonic() - began > _SLICE_SECONDS:
                await asyncio.sleep(0)
                began = self._clock.monotonic()

    def _next(self) -> Callback | None:
        if self._heap and self._heap[0][0] <= self._clock.now():
            return heapq.heappop(self._heap)[2]
        return self._later.popleft() if self._later else None


def nap(ahead_ms: int) -> float:
    """Return how many seconds to sleep for something that is due so many milliseconds ahead."""
    if ahead_ms > MINUTE:
        return min(_IDLE_SECONDS, (ahead_ms - MINUTE) / 1000 + _NAP_SECONDS)
    return max(0.0, min(_NAP_SECONDS, ahead_ms / 1000))
