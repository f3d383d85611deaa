"""When claimed runs start and end: overlap, the lane's queue, the engine's limits, retries, stops."""

from bisect import insort
from functools import partial

from cronsole.model.instant import Instant
from cronsole.model.policy import Overlap
from cronsole.model.run import Cause, Range, RunState, SkipReason
from cronsole.planning import overlap
from cronsole.planning.retry import next_attempt
from cronsole.runtime.limits import RunLimits
from cronsole.simulate.aftermath import Aftermath
from cronsole.simulate.entry import Entry
from cronsole.simulate.lane import Lane, Phase, Run
from cronsole.simulate.outcomes import Outcome
from cronsole.simulate.timeline import DUE, END, Timeline

_GATED = (Cause.SLOT, Cause.CATCHUP)
_RETRIED = (RunState.FAILED, RunState.TIMED_OUT)


class Dispatch:
    """Owns every run between its claim and its end."""

    def __init__(
        self, timeline: Timeline, limits: RunLimits, aftermath: Aftermath, entries: list[Entry]
    ) -> None:
        self._timeline = timeline
        self._limits = limits
        limits.changed = self._pump
        self._aftermath = aftermath
        self._entries = entries
        self._backlog: list[tuple[Instant, int, Lane, Run]] = []
        self._is_pumping = False
        self.is_up = True

    # What arrives

    def submit(self, lane: Lane, run: Run) -> None:
        """Start the run when it is due and there is room for it."""
        if run.due <= self._timeline.now:
            self._arrive(lane, run)
            return
        run.phase = Phase.AHEAD
        lane.ahead[run.number] = run
        self._timeline.at_wall(run.due, DUE, partial(self._fall_due, lane, run, run.token), order=lane.order)

    def _fall_due(self, lane: Lane, run: Run, token: int) -> None:
        if run.token == token and self.is_up and lane.ahead.pop(run.number, None) is not None:
            self._arrive(lane, run)

    def _arrive(self, lane: Lane, run: Run) -> None:
        pause = lane.state.pause
        if pause is not None and run.cause in _GATED and pause.holds_at(self._timeline.now):
            self.reject(lane, run, SkipReason.PAUSED, pause.reason)
            return
        if not lane.active:
            self._admit(lane, run)
            return
        is_serial = _is_serial(lane, run)
        decision = overlap.decide(
            lane.schedule.policy, running=len(lane.active), queued=len(lane.waiting), is_serial=is_serial
        )
        match decision:
            case overlap.Start():
                self._admit(lane, run)
            case overlap.Queue():
                self._wait(lane, run)
            case overlap.Skip(reason=reason):
                self.reject(lane, run, reason, "an earlier run has not ended")
            case overlap.Replace(by_force=by_force):
                self.skip_waiting(lane, SkipReason.OVERLAP, "a newer run replaces it")
                self._wait(lane, run)
                for active in list(lane.active.values()):
                    self.stop(lane, active, "replaced by a newer run", by_force=by_force)

    def _wait(self, lane: Lane, run: Run) -> None:
        run.phase = Phase.WAITING
        lane.waiting.append(run)

    def reject(self, lane: Lane, run: Run, reason: SkipReason, detail: str) -> None:
        """End a claimed run that does not start after all."""
        self._entries.append(
            Entry(
                self._timeline.now,
                lane.id,
                RunState.SKIPPED,
                detail,
                run.cause,
                run.slot,
                run.due,
                reason=reason,
                is_catchup=run.is_catchup,
                # What it would have made up for is missed, and told as that.
                stands_for=run.stands_for if run.slot is None else Range(1, run.slot, run.slot),
            )
        )

    def skip_waiting(self, lane: Lane, reason: SkipReason, detail: str) -> None:
        """Skip the runs that wait for another of their lane to end."""
        while lane.waiting:
            self.reject(lane, lane.waiting.popleft(), reason, detail)

    def skip_ahead(self, lane: Lane, reason: SkipReason, detail: str) -> None:
        """Skip the runs that were claimed and have not come due."""
        for run in lane.ahead.values():
            self.reject(lane, run, reason, detail)
        lane.ahead.clear()

    # What starts

    def _admit(self, lane: Lane, run: Run) -> None:
        """Start the run, or let it wait for room in the engine; from here it counts as running in its lane."""
        lane.active[run.number] = run
        if self._limits.has_room(lane.schedule):
            self._start(lane, run)
            return
        run.phase = Phase.HELD
        insort(self._backlog, (run.due, run.number, lane, run), key=_by_due)

    def _start(self, lane: Lane, run: Run) -> None:
        timeline = self._timeline
        run.room = self._limits.enter(lane.schedule)
        self._aftermath.about_to_start(lane)
        run.phase, run.retry_at = Phase.RUNNING, None
        run.start, run.start_real = timeline.now, timeline.real
        run.outcome = lane.script.outcome(run.start if run.slot is None else run.slot, run.attempt)
        run.ends = timeline.real + run.outcome.duration_ms
        if run.outcome.duration_ms > 0:
            self.aim_at_end(lane, run)
        else:
            self._ended(lane, run, run.outcome)

    def aim_at_end(self, lane: Lane, run: Run) -> None:
        """Let the run end when its time has come; an end that was planned before no longer counts."""
        run.token += 1
        self._timeline.at(run.ends, END, partial(self._end, lane, run, run.token))

    def await_retry(self, lane: Lane, run: Run, retry_at: Instant) -> None:
        """Try the run again at an instant."""
        run.phase, run.retry_at = Phase.RETRYING, retry_at
        lane.active[run.number] = run
        run.token += 1
        self._timeline.at_wall(retry_at, DUE, partial(self._retry, lane, run, run.token), order=lane.order)

    def _retry(self, lane: Lane, run: Run, token: int) -> None:
        if run.token != token or not self.is_up:
            return
        pause = lane.state.pause
        if pause is not None and pause.holds_at(self._timeline.now):
            run.phase = Phase.DEFERRED
        else:
            self._admit(lane, run)

    def resume(self, lane: Lane) -> None:
        """Try again what a pause has put off."""
        for run in [run for run in lane.active.values() if run.phase is Phase.DEFERRED]:
            self._admit(lane, run)

    # What ends

    def _end(self, lane: Lane, run: Run, token: int) -> None:
        if run.token == token and run.outcome is not None:
            self._ended(lane, run, run.outcome)

    def _ended(self, lane: Lane, run: Run, outcome: Outcome) -> None:
        self.leave(run)
        now = self._timeline.now
        retry_at = None
        if self.is_up and not run.stop_reason and outcome.state in _RETRIED:
            retry_at = next_attempt(
                lane.schedule.policy.retry,
                attempt=run.attempt,
                is_final=outcome.is_final,
                now=now,
                seed=f"{lane.id}\0{run.number}",
            )
        self.tell(lane, run, outcome.state, outcome.detail, retry_at=retry_at)
        if retry_at is not None:
            run.attempt += 1
            self.await_retry(lane, run, retry_at)
        else:
            self.release(lane, run, outcome.state)
        self._pump()

    def leave(self, run: Run) -> None:
        """Give back the room that the run takes."""
        if run.room is not None:
            self._limits.leave(run.room)
            run.room = None

    def tell(
        self, lane: Lane, run: Run, state: RunState, detail: str, *, retry_at: Instant | None = None
    ) -> None:
        """Tell how an attempt ended."""
        now = self._timeline.now
        has_started = run.phase is Phase.RUNNING
        self._entries.append(
            Entry(
                now,
                lane.id,
                state,
                detail or run.detail,
                run.cause,
                run.slot,
                run.due,
                run.start if has_started else None,
                run.start + self._timeline.real - run.start_real if has_started else None,
                run.attempt,
                None,
                run.is_catchup,
                run.stands_for,
                retry_at,
            )
        )

    def release(self, lane: Lane, run: Run, state: RunState) -> None:
        """Let the lane go on after a run that has ended."""
        run.token += 1
        lane.active.pop(run.number, None)
        self._aftermath.run_ended(lane, state)
        if lane.waiting and self.is_up and not lane.is_draining:
            lane.is_draining = True
            self.drain(lane)
            lane.is_draining = False

    def drain(self, lane: Lane) -> None:
        """Start what waits in the lane, as far as there is room in it."""
        policy = lane.schedule.policy
        room = policy.max_parallel if policy.overlap is Overlap.ALLOW else 1
        while lane.waiting and len(lane.active) < room:
            self._admit(lane, lane.waiting.popleft())

    def _pump(self) -> None:
        if not self._backlog or self._is_pumping or not self.is_up:
            return
        self._is_pumping = True
        position = 0
        while position < len(self._backlog) and not self._limits.is_full:
            _, _, lane, run = self._backlog[position]
            if self._limits.has_room(lane.schedule):
                del self._backlog[position]
                self._start(lane, run)
                position = 0
            else:
                position += 1
        self._is_pumping = False

    # What is called off

    def stop(self, lane: Lane, run: Run, reason: str, *, by_force: bool = False) -> None:
        """Ask the run to end as cancelled, or kill it."""
        run.stop_reason = reason
        if run.phase is not Phase.RUNNING:
            self._leave_backlog(run)
            self.tell(lane, run, RunState.CANCELLED, reason)
            self.release(lane, run, RunState.CANCELLED)
            return
        run.outcome = Outcome(0, RunState.CANCELLED, reason)
        patience = 0 if by_force else min(lane.script.stop_ms, lane.schedule.policy.kill_grace_ms)
        run.ends = min(run.ends, self._timeline.real + patience)
        self.aim_at_end(lane, run)

    def _leave_backlog(self, run: Run) -> None:
        self._backlog = [entry for entry in self._backlog if entry[3] is not run]

    def forget_backlog(self) -> None:
        """Hold nothing back any more: the engine that did is gone."""
        self._backlog.clear()


def _by_due(entry: tuple[Instant, int, Lane, Run]) -> tuple[Instant, int]:
    return entry[:2]


def _is_serial(lane: Lane, run: Run) -> bool:
    policy = lane.schedule.policy
    if run.cause in (Cause.MANUAL, Cause.BACKFILL):
        return policy.overlap is not Overlap.ALLOW
    catchups = sum(each.is_catchup for each in (*lane.waiting, *lane.active.values()))
    return overlap.goes_in_series(policy, is_catchup=run.is_catchup, catchups_ahead=catchups)
