"""Sleeps until a schedule is due and has its slots claimed; owns the agenda of when each lane is looked at next."""

import asyncio
import heapq

from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.event import ScheduleExhausted
from cronsole.model.instant import SECOND, Instant, Millis
from cronsole.model.trigger import Timeless
from cronsole.runtime.alarms import nap
from cronsole.runtime.claimer import Claimer, lead
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.watchdog import Watchdog
from cronsole.store.base import Exhausted

# In-process work that falls due within this time shares one transaction.
_GATHER_SECONDS = 0.01
_LANES_A_TICK = 2_000
_RETRY_MS: Millis = SECOND


class Ticker:
    """Wakes at most a second apart while anything is due within a minute, and looks at the clocks each time."""

    def __init__(self, ground: Ground, *, claimer: Claimer, watchdog: Watchdog) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._lanes = ground.lanes
        self._claimer = claimer
        self._watchdog = watchdog
        self._agenda: list[tuple[Instant, int, int, Lane]] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()

    def schedule(self, lane: Lane, *, not_before: Instant = 0) -> None:
        """Aim the lane at its next slot, or at the end of its pause; an earlier place on the agenda is void."""
        due = lane.aim()
        if due is None:
            self._exhaust(lane)
        looks = [] if due is None else [due - lead(lane)]
        if lane.state.pause is not None and lane.state.pause.until is not None:
            looks.append(lane.state.pause.until)
        lane.generation += 1
        if looks:
            self._enter(lane, max(min(looks), not_before))

    def _enter(self, lane: Lane, look_at: Instant) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (look_at, self._count, lane.generation, lane))
        if self._agenda[0][1] == self._count:
            self._changed.set()

    def _exhaust(self, lane: Lane) -> None:
        is_kept = lane.is_leaving or isinstance(lane.schedule.trigger, Timeless)
        if is_kept or lane.state.exhausted_at is not None:
            return
        now = self._clock.now()
        lane.change(exhausted_at=now)
        self._journal.tell_state(Exhausted(lane.id, now))
        self._bus.publish(ScheduleExhausted(now, lane.id))

    async def stop(self) -> None:
        """Claim nothing more; return when what was being claimed is handed on."""
        self._stopping.set()
        self._changed.set()
        async with self._claimer.lock:
            return

    async def run(self) -> None:
        while not self._stopping.is_set():
            if self._watchdog.look():
                for lane in self._lanes:
                    self.schedule(lane)
            lanes = self._take_due()
            if lanes:
                await self._tick(lanes)
                await self._clock.wait(self._stopping, _GATHER_SECONDS)
            else:
                await self._clock.wait(self._changed, self._seconds_to_sleep())
                self._changed.clear()

    def _seconds_to_sleep(self) -> float:
        if not self._agenda:
            return nap(SECOND)
        return nap(self._agenda[0][0] - self._clock.now())

    def _take_due(self) -> list[Lane]:
        now = self._clock.now()
        taken: list[Lane] = []
        agenda = self._agenda
        while agenda and agenda[0][0] <= now and len(taken) < _LANES_A_TICK:
            _, _, generation, lane = heapq.heappop(agenda)
            if lane.generation == generation:
                taken.append(lane)
        return taken

    async def _tick(self, lanes: list[Lane]) -> None:
        async with self._claimer.lock:
            if self._stopping.is_set():
                return
            now = self._clock.now()
            try:
                claimed = await self._claimer.claim(lanes)
                unpaused = [lane for lane in lanes if _is_pause_over(lane, now)]
                if unpaused:
                    await self._claimer.lift(unpaused, actor="its time")
            except (StoreUnavailable, StoreCorrupt):
                for lane in lanes:
                    self.schedule(lane, not_before=now + _RETRY_MS)
                return
            for lane in lanes:
                # A lane that was due and got no verdict is not looked at again at once, lest the loop spin.
                self.schedule(lane, not_before=0 if lane.id in claimed else now + _RETRY_MS)


def _is_pause_over(lane: Lane, now: Instant) -> bool:
    pause = lane.state.pause
    return pause is not None and pause.until is not None and pause.until <= now
