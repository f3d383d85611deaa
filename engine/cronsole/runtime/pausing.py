"""Pause and resume: which slots are skipped, and what is made up for afterwards."""

from cronsole.model.event import CircuitClosed, SchedulePaused
from cronsole.model.instant import Instant
from cronsole.model.policy import MissedRunPolicy
from cronsole.model.run import Cause, Range, Run, SkipReason
from cronsole.model.schedule import Breaker, Pause
from cronsole.planning.catchup import Choice, Stretch, choose
from cronsole.runtime.circuits import Circuits
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.manual import hand_on
from cronsole.runtime.slices import in_slices
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import AuditEntry, BreakerMoved, PauseSet, StateChange


class Pausing:
    """Holds the claimer's lock meanwhile, so that no slot is claimed under the pause that is about to change."""

    def __init__(self, ground: Ground, *, ticker: Ticker, claimer: Claimer, dispatcher: Dispatcher) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._identity = ground.identity
        self._ticker = ticker
        self._claimer = claimer
        self._dispatcher = dispatcher
        self._circuits = Circuits(ground)

    async def pause(self, lanes: list[Lane], *, actor: str, until: Instant | None, reason: str) -> None:
        """Skip the slots of these schedules from now until then; runs in flight go on."""
        async with self._claimer.lock:
            now = self._clock.now()
            pause = Pause(since=now, until=until, reason=reason, actor=actor)
            states: list[StateChange] = []
            audit: list[AuditEntry] = []
            async for lane in in_slices(self._clock, lanes):
                states.append(PauseSet(lane.id, pause))
                audit.append(AuditEntry(now, actor, "pause", lane.id, reason))
            await self._journal.ask(states=states, audit=audit)
            async for lane in in_slices(self._clock, lanes):
                lane.change(pause=pause)
                self._dispatcher.skip_claimed(lane, SkipReason.PAUSED, reason)
                self._ticker.schedule(lane)
                self._bus.publish(SchedulePaused(now, lane.id, until, reason, actor))

    async def resume(self, lanes: list[Lane], *, actor: str, catch_up: bool) -> None:
        """Fire again from now; close the circuit; with `catch_up`, apply the policy to the paused range."""
        async with self._claimer.lock:
            closed = self._circuits.shared_by(lanes)
            await self._claimer.claim(lanes)
            now = self._clock.now()
            made = {lane: self._catch_ups(lane, now) if catch_up else [] for lane in lanes}
            await self._claimer.lift(lanes, actor=actor)
            await self._journal.ask(
                states=[BreakerMoved(lane.id, Breaker()) for lane in closed],
                runs=[run for runs in made.values() for run in runs],
                audit=[AuditEntry(now, actor, "resume", lane.id) for lane in lanes],
            )
            async for lane in in_slices(self._clock, closed):
                self._close_circuit(lane, now)
            async for lane in in_slices(self._clock, lanes):
                self._ticker.schedule(lane)
        for lane, runs in made.items():
            hand_on(self._dispatcher, lane, runs)

    def _close_circuit(self, lane: Lane, now: Instant) -> None:
        was_open = lane.state.breaker.opened_at is not None
        lane.change(breaker=Breaker())
        if was_open:
            self._bus.publish(CircuitClosed(now, lane.id))

    def _catch_ups(self, lane: Lane, now: Instant) -> list[Run]:
        """Return the runs that the policy asks for; the slots themselves keep their verdict `skipped(paused)`."""
        choice = paused_range(lane, now)
        is_each = lane.schedule.policy.missed_run_policy is MissedRunPolicy.RUN_ALL
        return [
            self._identity.new_run(
                lane.id, Cause.CATCHUP, now, stands_for=Range(1, slot, slot) if is_each else choice.stands_for
            )
            for slot in choice.slots
        ]


def paused_range(lane: Lane, now: Instant) -> Choice:
    """Return what the policy makes of the slots that the pause has covered by now."""
    pause = lane.state.pause
    if pause is None:
        return Choice()
    paused = Stretch(pause.since - 1, now if pause.until is None else min(now, pause.until - 1))
    return choose(lane.schedule.policy, lane.trigger, lane.id, (paused,), now=now)
