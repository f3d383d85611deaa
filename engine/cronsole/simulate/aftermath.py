"""What follows from how simulated runs end: a circuit that moves, a schedule that pauses itself."""

from cronsole.model.run import RunState
from cronsole.model.schedule import Breaker, Pause
from cronsole.planning import breaker as breakers
from cronsole.simulate.entry import Entry
from cronsole.simulate.lane import Lane
from cronsole.simulate.timeline import Timeline


class Aftermath:
    """Applies the policies that look back at how runs ended."""

    def __init__(self, timeline: Timeline, entries: list[Entry]) -> None:
        self._timeline = timeline
        self._entries = entries

    def note(self, schedule_id: str, detail: str) -> None:
        """Tell of something that is no verdict."""
        self._entries.append(Entry(self._timeline.now, schedule_id, None, detail))

    def about_to_start(self, lane: Lane) -> None:
        """Note that an open circuit lets this run through as its probe."""
        breaker = lane.state.breaker
        if breaker.opened_at is None or breaker.is_probing:
            return
        if lane.schedule.policy.circuit_breaker is not None:
            lane.change(breaker=breakers.probe(breaker))
            self.note(lane.id, "circuit half-open: one run is let through")

    def run_ended(self, lane: Lane, state: RunState) -> None:
        """Count the failure or the success, and do what the policies ask for then."""
        policy, before = lane.schedule.policy, lane.state.breaker
        if policy.circuit_breaker is not None:
            after = breakers.after_run(before, policy.circuit_breaker, state, self._timeline.now)
        elif policy.pause_after_failures is not None and state is not RunState.CANCELLED:
            after = Breaker(failures=before.failures + 1 if state.is_failure else 0)
        else:
            return
        if after == before:
            return
        lane.change(breaker=after)
        self._announce(lane, before, after)
        self._pause_after_failures(lane, after)

    def _announce(self, lane: Lane, before: Breaker, after: Breaker) -> None:
        if after.opened_at is not None and after.opened_at != before.opened_at:
            self.note(lane.id, f"circuit opened after {after.failures} failures in a row")
        elif after.opened_at is None and before.opened_at is not None:
            self.note(lane.id, "circuit closed")

    def _pause_after_failures(self, lane: Lane, breaker: Breaker) -> None:
        limit = lane.schedule.policy.pause_after_failures
        if limit is None or breaker.failures < limit or lane.state.pause is not None:
            return
        reason = f"{breaker.failures} failures in a row"
        lane.change(pause=Pause(self._timeline.now, reason=reason, actor="cronsole"))
        self.note(lane.id, f"paused itself: {reason}")
