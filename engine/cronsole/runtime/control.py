"""What people and programs may ask of a running engine: trigger, pause, resume, cancel."""

from collections.abc import Callable, Iterable

import msgspec

from cronsole.errors import ScheduleDisabled, UnknownRun, UnknownSchedule, nearest
from cronsole.model.event import CircuitClosed, SchedulePaused
from cronsole.model.instant import Instant
from cronsole.model.policy import MissedRunPolicy
from cronsole.model.run import Cause, Range, Run, RunState, SkipReason
from cronsole.model.schedule import Breaker, Pause
from cronsole.planning.catchup import Stretch, choose
from cronsole.planning.gates import explain
from cronsole.planning.plan import Surroundings
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import AuditEntry, BreakerMoved, PauseSet


class Control:
    """Each verb is committed with its audit entry before it takes effect."""

    def __init__(
        self,
        ground: Ground,
        *,
        ticker: Ticker,
        claimer: Claimer,
        dispatcher: Dispatcher,
        surroundings: Callable[[], Surroundings],
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._identity = ground.identity
        self._lanes = ground.lanes
        self._ticker = ticker
        self._claimer = claimer
        self._dispatcher = dispatcher
        self._surroundings = surroundings

    def lane(self, schedule_id: str) -> Lane:
        lane = self._lanes.get(schedule_id)
        if lane is None or lane.is_leaving:
            near = nearest(schedule_id, (known.id for known in self._lanes))
            raise UnknownSchedule(
                f"no schedule is called {schedule_id!r}" + (f"; {near!r} is" if near else "")
            )
        return lane

    async def trigger(self, schedule_id: str, *, actor: str, payload: str = "") -> str:
        """Start a manual run and return its id; gates do not apply to it, and those it passes by are recorded."""
        lane = self.lane(schedule_id)
        schedule = lane.schedule
        if not schedule.enabled:
            raise ScheduleDisabled(f"{schedule_id} is disabled in {schedule.origin}")
        now = self._clock.now()
        readings = explain(schedule, lane.state, self._surroundings(), at=now, now=now)
        run = self._new_run(lane, Cause.MANUAL, now)
        run = msgspec.structs.replace(
            run,
            actor=actor,
            payload=payload,
            bypassed=", ".join(reading.name for reading in readings if not reading.is_open),
        )
        entry = AuditEntry(now, actor, "trigger", schedule_id, run.run_id)
        await self._journal.ask(runs=[run], audit=[entry])
        self._dispatcher.submit(lane, run)
        return run.run_id

    def _new_run(self, lane: Lane, cause: Cause, now: Instant, stands_for: Range | None = None) -> Run:
        return Run(
            run_id=self._identity.new_run_id(now),
            schedule_id=lane.id,
            cause=cause,
            state=RunState.QUEUED,
            due_at=now,
            created_at=now,
            stands_for=stands_for,
            is_catchup=cause is Cause.CATCHUP,
            fence=self._identity.new_fence(),
            node=self._identity.node,
            boot_id=self._identity.boot_id,
        )

    async def pause(
        self, schedule_ids: Iterable[str], *, actor: str, until: Instant | None = None, reason: str = ""
    ) -> None:
        """Skip the slots of these schedules from now until then; runs in flight go on."""
        lanes = [self.lane(schedule_id) for schedule_id in schedule_ids]
        async with self._claimer.lock:
            now = self._clock.now()
            pause = Pause(since=now, until=until, reason=reason, actor=actor)
            await self._journal.ask(
                states=[PauseSet(lane.id, pause) for lane in lanes],
                audit=[AuditEntry(now, actor, "pause", lane.id, reason) for lane in lanes],
            )
            for lane in lanes:
                lane.change(pause=pause)
                self._dispatcher.skip_claimed(lane, SkipReason.PAUSED, reason)
                self._ticker.schedule(lane)
                self._bus.publish(SchedulePaused(now, lane.id, until, reason, actor))

    async def resume(self, schedule_ids: Iterable[str], *, actor: str, catch_up: bool = False) -> None:
        """Fire again from now; close the circuit; with `catch_up`, apply the policy to the paused range."""
        lanes = [self.lane(schedule_id) for schedule_id in schedule_ids]
        async with self._claimer.lock:
            await self._claimer.claim(lanes)
            now = self._clock.now()
            runs = [run for lane in lanes if catch_up for run in self._paused_range(lane, now)]
            await self._claimer.lift(lanes, actor=actor)
            await self._journal.ask(
                states=[BreakerMoved(lane.id, Breaker()) for lane in lanes],
                runs=runs,
                audit=[AuditEntry(now, actor, "resume", lane.id) for lane in lanes],
            )
            for lane in lanes:
                self._close_circuit(lane, now)
                self._ticker.schedule(lane)
        for run in runs:
            self._dispatcher.submit(self.lane(run.schedule_id), run)

    def _close_circuit(self, lane: Lane, now: Instant) -> None:
        was_open = lane.state.breaker.opened_at is not None
        lane.change(breaker=Breaker())
        if was_open:
            self._bus.publish(CircuitClosed(now, lane.id))

    def _paused_range(self, lane: Lane, now: Instant) -> list[Run]:
        """Return the runs that the policy asks for; the slots themselves keep their verdict `skipped(paused)`."""
        pause, policy = lane.state.pause, lane.schedule.policy
        if pause is None:
            return []
        paused = Stretch(pause.since - 1, now if pause.until is None else min(now, pause.until - 1))
        choice = choose(policy, lane.trigger, lane.id, (paused,), now=now)
        if policy.missed_run_policy is MissedRunPolicy.RUN_ALL:
            return [self._new_run(lane, Cause.CATCHUP, now, Range(1, slot, slot)) for slot in choice.slots]
        return [self._new_run(lane, Cause.CATCHUP, now, choice.stands_for) for _ in choice.slots]

    async def cancel(self, run_id: str, *, actor: str, by_force: bool = False) -> None:
        """Stop a run that runs, or take one that waits out of its queue."""
        for lane in self._lanes:
            if self._dispatcher.stop(lane, run_id, f"cancelled by {actor}", by_force=by_force):
                verb = "kill" if by_force else "cancel"
                self._journal.tell_audit(AuditEntry(self._clock.now(), actor, verb, lane.id, run_id))
                return
        raise UnknownRun(f"no run {run_id!r} runs or waits")
