"""Sleeps until a schedule is due, asks planning what is owed, claims it, and hands what is to run to the dispatcher."""

import asyncio
import heapq
from collections.abc import Callable

from cronsole.clock import Clock
from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.action import Command
from cronsole.model.event import ScheduleExhausted, SlotSkipped, SlotsMissed
from cronsole.model.instant import SECOND, Instant
from cronsole.model.policy import Locking
from cronsole.model.run import Cause, Run, RunState, SkipReason, Verdict
from cronsole.model.trigger import StartupSpec
from cronsole.planning.plan import Surroundings, plan
from cronsole.runtime.alarms import nap
from cronsole.runtime.bus import Bus
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.identity import Identity
from cronsole.runtime.journal import Journal
from cronsole.runtime.lane import Lane, Lanes
from cronsole.runtime.watchdog import Watchdog
from cronsole.store.base import Committed, Exhausted

# A command is claimed this long before it is due, so that only the spawn is left for the due instant.
LEAD_MS = 250
# In-process work that falls due within this time shares one transaction.
_GATHER_SECONDS = 0.01
_LANES_A_TICK = 2_000
_SPREAD_PER_LANE_MS = 50
_SPREAD_LIMIT_MS = 30 * SECOND
_RETRY_MS = SECOND


class Ticker:
    """Owns the agenda: when each lane is to be looked at next.

    Whoever changes a lane's definition or pause holds `between_ticks`, so that no claim is under way meanwhile.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        journal: Journal,
        dispatcher: Dispatcher,
        lanes: Lanes,
        bus: Bus,
        identity: Identity,
        watchdog: Watchdog,
        surroundings: Callable[[], Surroundings],
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._dispatcher = dispatcher
        self._lanes = lanes
        self._bus = bus
        self._identity = identity
        self._watchdog = watchdog
        self._surroundings = surroundings
        self._agenda: list[tuple[Instant, int, int, Lane]] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self.between_ticks = asyncio.Lock()

    def schedule(self, lane: Lane) -> None:
        """Aim the lane at its next slot; an earlier place on the agenda no longer counts."""
        due = lane.aim()
        if due is None:
            lane.generation += 1
            self._exhaust(lane)
        else:
            self._enter(lane, due - _lead(lane))

    def _enter(self, lane: Lane, look_at: Instant) -> None:
        lane.generation += 1
        self._count += 1
        heapq.heappush(self._agenda, (look_at, self._count, lane.generation, lane))
        if self._agenda[0][1] == self._count:
            self._changed.set()

    def _exhaust(self, lane: Lane) -> None:
        is_kept = lane.is_leaving or isinstance(lane.schedule.trigger, StartupSpec)
        if is_kept or lane.state.exhausted_at is not None:
            return
        now = self._clock.now()
        lane.change(exhausted_at=now)
        self._journal.tell_state(Exhausted(lane.id, now))
        self._bus.publish(ScheduleExhausted(now, lane.id))

    def reconsider_all(self) -> None:
        """Aim every lane afresh: the clock or the time-zone data has changed."""
        for lane in self._lanes:
            self.schedule(lane)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._changed.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            if self._watchdog.look():
                self.reconsider_all()
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
        """Plan, claim in one transaction, and only then act on what was granted."""
        async with self.between_ticks:
            now = self._clock.now()
            claims = self._plan(lanes, now)
            if claims:
                try:
                    committed = await self._journal.ask(claims=[run for _, run in claims])
                except (StoreUnavailable, StoreCorrupt):
                    for lane in lanes:
                        self._enter(lane, now + _RETRY_MS)
                    return
                for lane, run in claims:
                    self._act(lane, run, committed)
            for lane in lanes:
                self.schedule(lane)

    def _plan(self, lanes: list[Lane], now: Instant) -> list[tuple[Lane, Run]]:
        surroundings = self._surroundings()
        late = sum(1 for lane in lanes if lane.due is not None and now - lane.due > SECOND)
        spread_ms = min(late * _SPREAD_PER_LANE_MS, _SPREAD_LIMIT_MS) if late > 1 else 0
        claims: list[tuple[Lane, Run]] = []
        for lane in lanes:
            verdicts = plan(
                lane.schedule,
                lane.trigger,
                lane.state,
                surroundings,
                now=now,
                horizon=now + _lead(lane),
                spread_ms=spread_ms,
            )
            is_alone = len(verdicts) == 1
            claims.extend((lane, self._claim(lane, verdict, now, is_alone=is_alone)) for verdict in verdicts)
        return claims

    def _claim(self, lane: Lane, verdict: Verdict, now: Instant, *, is_alone: bool) -> Run:
        is_to_run = verdict.state is RunState.QUEUED
        starts_at_once = is_to_run and is_alone and self._dispatcher.has_room(lane)
        return Run(
            run_id=self._identity.new_run_id(now),
            schedule_id=lane.id,
            cause=Cause.CATCHUP if verdict.is_catchup else Cause.SLOT,
            state=RunState.STARTING if starts_at_once else verdict.state,
            due_at=verdict.due_at,
            created_at=now,
            slot=verdict.slot,
            reason=verdict.reason,
            is_catchup=verdict.is_catchup,
            stands_for=verdict.stands_for,
            fence=self._identity.new_fence() if is_to_run else 0,
            node=self._identity.node,
            boot_id=self._identity.boot_id,
            unfenced=is_to_run and lane.schedule.policy.locking is Locking.PREFER_GLOBAL,
            detail=verdict.detail,
            finished_at=None if is_to_run else now,
        )

    def _act(self, lane: Lane, run: Run, committed: Committed) -> None:
        assert run.slot is not None
        lane.dealt_with(run.slot)
        if run.run_id in committed.refused:
            return
        if run.state is RunState.SKIPPED:
            reason = run.reason or SkipReason.DISABLED
            self._bus.publish(SlotSkipped(run.created_at, lane.id, run.slot, reason, run.detail))
        elif run.state is RunState.MISSED:
            assert run.stands_for is not None
            self._bus.publish(SlotsMissed(run.created_at, lane.id, run.stands_for))
        else:
            lane.change(runs_made=lane.state.runs_made + 1)
            self._dispatcher.submit(lane, run)


def _lead(lane: Lane) -> int:
    return LEAD_MS if isinstance(lane.schedule.action, Command) else 0
