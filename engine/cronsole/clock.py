"""The only place that reads a clock."""

import asyncio
import time
from typing import Protocol

from cronsole.model.instant import Instant


class Clock(Protocol):
    """Wall time for slots, monotonic time for durations, boottime to notice that the machine slept."""

    def now(self) -> Instant: ...

    def monotonic(self) -> float: ...

    def boottime(self) -> float: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Sleep until the event is set or the monotonic seconds have passed; return whether it is set."""
        ...

    async def wait_until(self, event: asyncio.Event, instant: Instant) -> bool:
        """Sleep until the event is set or the wall clock shows the instant, and wake no millisecond after it."""
        ...


# What the event loop may sleep too long: it sleeps whole milliseconds, rounded up, and is slow to wake on a machine
# that slept too.
_BLUNTNESS_SECONDS = 0.002


class SystemClock:
    """The machine's clocks."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True

    async def wait_until(self, event: asyncio.Event, instant: Instant) -> bool:
        until = time.monotonic() + instant / 1000 - time.time()
        await self.wait(event, max(0.0, until - _BLUNTNESS_SECONDS - time.monotonic()))
        # The rest is spent in turns of the loop, so that others go on meanwhile.
        while not event.is_set() and time.monotonic() < until:  # noqa: ASYNC110 - no event tells the time
            await asyncio.sleep(0)
        return event.is_set()
