"""The console's only reader of a clock; tests hand in a frozen one."""

import time
from typing import Protocol

from cronsole.model.instant import Instant


class Clock(Protocol):
    def now(self) -> Instant: ...

    def monotonic(self) -> float: ...


class SystemClock:
    def now(self) -> Instant:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
