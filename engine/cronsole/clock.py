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
