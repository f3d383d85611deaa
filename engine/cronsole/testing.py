"""For tests of schedules and plugins: a clock that moves only when it is told to, and one run of a plugin."""

import asyncio
import heapq
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from cronsole.model.instant import Instant, Millis, from_iso

if TYPE_CHECKING:
    from cronsole.plugins.author import Plugin
    from cronsole.plugins.trial import PluginRun

Settle: TypeAlias = Callable[[], Awaitable[None]]

_TURNS = 20


async def let_others_run() -> None:
    """Give every task that is ready its turns."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class FakeClock:
    """Wall, monotonic and boottime that move by `advance`, `step` and `suspend` alone; whoever waits is woken."""

    def __init__(self, now: Instant | str = "2026-11-20T00:00Z", *, settle: Settle = let_others_run) -> None:
        self._wall = from_iso(now) if isinstance(now, str) else now
        self._awake_ms: Millis = 1_000_000
        self._slept_ms: Millis = 0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0
        self.settle = settle

    def now(self) -> Instant:
        return self._wall

    def monotonic(self) -> float:
        return self._awake_ms / 1000

    def boottime(self) -> float:
        return (self._awake_ms + self._slept_ms) / 1000

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Sleep until the event is set or the clock has been moved by the seconds."""
        if event.is_set():
            return True
        alarm = asyncio.Event()
        self._count += 1
        heapq.heappush(self._sleepers, (self._awake_ms + seconds * 1000, self._count, alarm))
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(alarm.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return event.is_set()

    async def wait_until(self, event: asyncio.Event, instant: Instant) -> bool:
        return await self.wait(event, max(0, instant - self._wall) / 1000)

    async def advance(self, millis: Millis) -> None:
        """Move all clocks on, stopping at each instant at which somebody wants to be woken."""
        target = self._awake_ms + millis
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            self._move(max(0, math.ceil(self._sleepers[0][0]) - self._awake_ms))
            self._wake()
            await self.settle()
        self._move(target - self._awake_ms)
        self._wake()
        await self.settle()

    def step(self, millis: Millis) -> None:
        """Set the wall clock forward or back, as an operator or NTP would."""
        self._wall += millis

    def suspend(self, millis: Millis) -> None:
        """Let the machine sleep: wall and boottime go on, the monotonic clock does not."""
        self._wall += millis
        self._slept_ms += millis

    def _move(self, millis: Millis) -> None:
        self._wall += millis
        self._awake_ms += millis

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._awake_ms:
            heapq.heappop(self._sleepers)[2].set()


def run_plugin(
    plugin: "Plugin | type[Plugin]",
    schedule_id: str | None = None,
    *,
    verb: str = "",
    scheduled_at: Instant | str = "2026-11-20T00:00Z",
    is_catchup: bool = False,
    run_count: int = 1,
    attempt: int = 1,
    config_json: str | None = None,
    payload: str = "",
    timeout_ms: Millis | None = None,
    plugin_config_json: str = "",
) -> "PluginRun":
    """Declare the plugin's schedules as an engine would, run one of them once, clean up, and return how it ended.

    A schedule need not be named where there is but one. What is None is as the schedule declares it; time stands
    still at `scheduled_at`. PluginFault where the engine would refuse to load the plugin. May be called from
    synchronous and from async tests.
    """
    from cronsole.model.settings import PluginSettings
    from cronsole.plugins.trial import Asked, try_out

    at = from_iso(scheduled_at) if isinstance(scheduled_at, str) else scheduled_at
    made = plugin() if isinstance(plugin, type) else plugin
    name = str(made.name or type(made).__name__.lower())
    asked = Asked(schedule_id, verb, at, is_catchup, run_count, attempt, config_json, payload, timeout_ms)
    return try_out(made, PluginSettings(name, config=plugin_config_json), asked, FakeClock(at))
