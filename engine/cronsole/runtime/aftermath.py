"""What follows from an outcome: another attempt, a breaker that moves, a schedule that pauses itself."""

from cronsole.executors.base import Outcome
from cronsole.model.event import SchedulePaused
from cronsole.model.instant import Instant
from cronsole.model.policy import Delivery
from cronsole.model.run import Run, RunState
from cronsole.model.schedule import Breaker, Pause
from cronsole.planning import breaker as breakers
from cronsole.planning.retry import next_attempt
from cronsole.runtime.circuits import Circuits
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.store.base import PauseSet

_RETRIED = frozenset({RunState.FAILED, RunState.TIMED_OUT})
_COUNTED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.TIMED_OUT, RunState.LOST})


class Aftermath:
    """Applies the policies that look back at how runs ended."""

    def __init__(self, ground: Ground) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._circuits = Circuits(ground)

    def retry_at(self, lane: Lane, run: Run, outcome: Outcome) -> Instant | None:
        """Return when the run is tried again, or None when it has ended."""
        if outcome.state is RunState.LOST:
            is_safe = lane.schedule.policy.delivery is Delivery.AT_LEAST_ONCE
            return self._clock.now() if is_safe else None
        if outcome.state not in _RETRIED:
            return None
        return next_attempt(
            lane.schedule.policy.retry,
            attempt=run.attempt,
            is_final=outcome.is_final,
            now=self._clock.now(),
            seed=run.run_id,
        )

    def about_to_start(self, lane: Lane) -> None:
        """Note that an open circuit lets this run through as its probe."""
        circuit = lane.state.breaker
        if lane.schedule.policy.circuit_breaker and circuit.opened_at is not None and not circuit.is_probing:
            self._circuits.move(lane, breakers.probe(circuit))

    def run_ended(self, lane: Lane, state: RunState) -> None:
        """Count the failure or the success, and do what the policies ask for then."""
        before = lane.state.breaker
        if state not in _COUNTED:
            if before.is_probing:
                self._circuits.move(lane, Breaker(before.failures, before.opened_at))
            return
        after = self._counted(lane, before, state)
        if after == before:
            return
        self._circuits.move(lane, after)
        self._pause_after_failures(lane, after)

    def _counted(self, lane: Lane, before: Breaker, state: RunState) -> Breaker:
        policy = lane.schedule.policy.circuit_breaker
        if policy is not None:
            return breakers.after_run(before, policy, state, self._clock.now())
        return Breaker(failures=before.failures + 1 if state.is_failure else 0)

    def _pause_after_failures(self, lane: Lane, circuit: Breaker) -> None:
        limit = lane.schedule.policy.pause_after_failures
        if limit is None or circuit.failures < limit or lane.state.pause is not None:
            return
        now = self._clock.now()
        pause = Pause(since=now, reason=f"{circuit.failures} failures in a row", actor="cronsole")
        lane.change(pause=pause)
        self._journal.tell_state(PauseSet(lane.id, pause))
        self._bus.publish(SchedulePaused(now, lane.id, None, pause.reason, pause.actor))
