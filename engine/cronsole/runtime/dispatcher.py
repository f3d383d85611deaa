"""Decides when a claimed run starts: pause, overlap, the lane's queue, the engine's limits. Knows no triggers."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from cronsole.executors.base import Execution, Outcome, discard
from cronsole.model.event import RunFinished, RunQueued, RunRetryScheduled, SlotSkipped
from cronsole.model.instant import SECOND, Instant, Millis
from cronsole.model.policy import Overlap
from cronsole.model.run import (
    Cause,
    Finished,
    Rejected,
    Requeued,
    Retrying,
    Run,
    RunState,
    SkipReason,
    Starting,
)
from cronsole.planning import overlap
from cronsole.planning.messages import messages_of_end, messages_of_rejection
from cronsole.runtime.aftermath import Aftermath
from cronsole.runtime.backlog import Backlog
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Active, Lane
from cronsole.runtime.launcher import Launcher
from cronsole.runtime.limits import RunLimits
from cronsole.runtime.plugin_state import remembered_of
from cronsole.runtime.recent_runs import kept_of_each
from cronsole.runtime.turns import ahead_of_backfills, decision, has_backfill, taken_out
from cronsole.store.base import Committed

_GATED = frozenset({Cause.SLOT, Cause.CATCHUP})
_ASKED_FOR = frozenset({Cause.MANUAL, Cause.BACKFILL})
_RETRY_MS = SECOND


class Dispatcher:
    """Owns every run between its claim and its end."""

    def __init__(
        self, ground: Ground, *, limits: RunLimits, launcher: Launcher, aftermath: Aftermath
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._alarms = ground.alarms
        self._identity = ground.identity
        self._lanes = ground.lanes
        self._limits = limits
        self._launcher = launcher
        self._aftermath = aftermath
        self._backlog = Backlog(limits)
        self._is_stopped = False
        self.ended = asyncio.Event()
        limits.changed = self._pump

    def has_room(self, lane: Lane) -> bool:
        """Tell whether a run of the lane could start now."""
        return lane.is_idle and not self._backlog and self._limits.has_room(lane.schedule)

    def submit(self, lane: Lane, run: Run) -> None:
        """Start the run when it is due and there is room for it."""
        due_at = run.due_at
        if lane.preclaimed:
            # Slots of one schedule start in their order, also where a catch-up in front was put off.
            due_at = max(due_at, *(ahead.due_at for ahead in lane.preclaimed.values()))
        if due_at > self._clock.now():
            self._hold(lane, run)
            self._alarms.at(due_at, partial(self._fall_due, lane, run.run_id), is_sharp=True)
        else:
            self._arrive(lane, run)

    def _hold(self, lane: Lane, run: Run) -> None:
        """Keep a run until it is due."""
        if run.cause not in _ASKED_FOR:
            lane.preclaimed[run.run_id] = run
            return
        lane.appointed[run.run_id] = run
        self._tell_queued(lane, run)

    def _fall_due(self, lane: Lane, run_id: str) -> None:
        run = lane.preclaimed.pop(run_id, None) or lane.appointed.pop(run_id, None)
        if run is not None:
            self._arrive(lane, run)

    def _arrive(self, lane: Lane, run: Run) -> None:
        if self._is_stopped:
            (lane.appointed if run.cause in _ASKED_FOR else lane.preclaimed)[run.run_id] = run
            return
        pause = lane.state.pause
        if run.cause in _GATED and pause is not None and pause.holds_at(self._clock.now()):
            self.reject(lane, run, SkipReason.PAUSED, pause.reason)
            return
        if not lane.active:
            self._admit(lane, Active(run))
            return
        match decision(lane, run):
            case overlap.Start():
                self._admit(lane, Active(run))
            case overlap.Queue():
                self._wait(lane, run)
            case overlap.Skip(reason=reason):
                self.reject(lane, run, reason, _still_running(lane))
            case overlap.Replace(by_force=by_force):
                self._replace(lane, run, by_force=by_force)

    def _replace(self, lane: Lane, run: Run, *, by_force: bool) -> None:
        """Let the run wait for the end of what it replaces: all but a backfill, whose slots are not its."""
        for _ in range(ahead_of_backfills(lane)):
            self.reject(lane, lane.waiting.popleft(), SkipReason.OVERLAP, "a newer run replaces it")
        self._wait(lane, run)
        for active in list(lane.active.values()):
            if active.run.cause is not Cause.BACKFILL:
                self.stop(lane, active.run.run_id, "replaced by a newer run", by_force=by_force)

    def _wait(self, lane: Lane, run: Run) -> None:
        """Queue the run in the order of arrival; backfills come after all else."""
        queued = self._requeued(run)
        if run.cause is Cause.BACKFILL:
            lane.waiting.append(queued)
        else:
            lane.waiting.insert(ahead_of_backfills(lane), queued)
        self._tell_queued(lane, run)

    def _tell_queued(self, lane: Lane, run: Run) -> None:
        self._bus.publish(RunQueued(self._clock.now(), lane.id, run.run_id, run.cause, run.slot, run.due_at))

    def _requeued(self, run: Run) -> Run:
        if run.state is not RunState.STARTING:
            return run
        self._journal.tell(Requeued(run.run_id, run.fence))
        return msgspec.structs.replace(run, state=RunState.QUEUED)

    def reject(self, lane: Lane, run: Run, reason: SkipReason, detail: str) -> None:
        """End a run that has not started as skipped."""
        now = self._clock.now()
        rejected = Rejected(run.run_id, run.fence, now, reason, detail)
        self._journal.tell(rejected, messages=messages_of_rejection(lane.schedule, run, rejected))
        self._bus.publish(SlotSkipped(now, lane.id, run.slot, reason, detail))

    def _admit(self, lane: Lane, active: Active) -> None:
        """Start the run, or let it wait for room in the engine; from here it counts as running in its lane."""
        lane.active[active.run.run_id] = active
        if self._limits.has_room(lane.schedule) and not self._is_stopped:
            self._start(lane, active)
            return
        active.run = self._requeued(active.run)
        self._backlog.add(lane, active)
        self._tell_queued(lane, active.run)

    def _start(self, lane: Lane, active: Active) -> None:
        active.is_retrying = False
        active.room = self._limits.enter(lane.schedule)
        if active.run.state is RunState.STARTING:
            self._launch(lane, active)
            return
        run = active.run
        starting = Starting(run.run_id, run.fence, run.attempt, self._clock.now(), self._identity.boot_id)
        answer = self._journal.ask(changes=[starting])
        answer.add_done_callback(partial(self._starting_committed, lane, active))

    def _starting_committed(self, lane: Lane, active: Active, answer: "asyncio.Future[Committed]") -> None:
        if answer.cancelled():
            return
        if answer.exception() is not None:
            self._leave(active)
            self._alarms.at(self._clock.now() + _RETRY_MS, partial(self._start, lane, active))
        elif active.run.run_id in answer.result().refused:
            self._release(lane, active)
        elif active.stop_reason:
            self._ended_with(lane, active, Outcome(state=RunState.CANCELLED, detail=active.stop_reason))
        elif self._is_stopped:
            self._leave(active)
            self._journal.tell(Requeued(active.run.run_id, active.run.fence))
        else:
            # A run that waited since an earlier boot starts on this one.
            active.run = msgspec.structs.replace(
                active.run, state=RunState.STARTING, boot_id=self._identity.boot_id
            )
            self._launch(lane, active)

    def _launch(self, lane: Lane, active: Active) -> None:
        self._aftermath.about_to_start(lane)
        self._launcher.launch(lane, active, self._ended_with)

    def adopt(self, lane: Lane, run: Run, execution: Execution) -> None:
        """Take in a run that outlived an earlier engine; it counts as running from the start."""
        active = Active(run)
        lane.active[run.run_id] = active
        active.room = self._limits.enter(lane.schedule)
        self._launcher.adopt(lane, active, execution, self._ended_with)

    def close_unwatched(self, lane: Lane, run: Run, outcome: Outcome) -> None:
        """Take in how a run ended while no engine watched it."""
        active = Active(run)
        active.began_at = run.started_at or 0
        lane.active[run.run_id] = active
        self._ended_with(lane, active, outcome)

    def await_retry(self, lane: Lane, run: Run) -> None:
        """Take in a run that waits to be tried again."""
        active = Active(run)
        active.is_retrying = True
        lane.active[run.run_id] = active
        self._alarms.at(run.retry_at or self._clock.now(), partial(self._retry, lane, active))

    def _ended_with(self, lane: Lane, active: Active, outcome: Outcome) -> None:
        run, now = active.run, self._clock.now()
        finished = Finished(
            run.run_id,
            run.fence,
            now,
            outcome.state,
            outcome.exit_code,
            outcome.detail,
            outcome.output,
            outcome.output_file,
            outcome.output_bytes,
            active.began_at or None,
        )
        self._leave(active)
        active.execution = None
        self.ended.set()
        retry_at = None if active.stop_reason else self._aftermath.retry_at(lane, run, outcome)
        if retry_at is not None:
            self._retry_later(lane, active, finished, retry_at, outcome)
        else:
            self._finish(lane, active, finished, outcome)
        self._pump()

    def _finish(self, lane: Lane, active: Active, finished: Finished, outcome: Outcome) -> None:
        run = active.run
        told = messages_of_end(lane.schedule, run, finished, was_failing=lane.is_failing)
        kept = remembered_of(finished, outcome)
        self._journal.tell(finished, messages=told, remembered=kept, then=_discarding(outcome))
        duration_ms = self._duration_ms(active, finished.at)
        ended = msgspec.structs.replace(
            run,
            state=finished.state,
            started_at=finished.started_at,
            finished_at=finished.at,
            exit_code=finished.exit_code,
            detail=finished.detail,
        )
        has_run = finished.started_at is not None
        lane.run_ended(ended, duration_ms if has_run else None, kept=kept_of_each(len(self._lanes)))
        self._bus.publish(
            RunFinished(
                finished.at,
                lane.id,
                run.run_id,
                finished.state,
                run.attempt,
                duration_ms,
                finished.exit_code,
                finished.detail,
            )
        )
        self._aftermath.run_ended(lane, finished.state)
        self._release(lane, active)

    def _duration_ms(self, active: Active, ended_at: Instant) -> Millis:
        if active.began_monotonic:
            return int((self._clock.monotonic() - active.began_monotonic) * 1000)
        return max(0, ended_at - active.began_at) if active.began_at else 0

    def _leave(self, active: Active) -> None:
        """Give back the room that the run takes, as it was counted: its schedule may have changed meanwhile."""
        if active.room is not None:
            self._limits.leave(active.room)
            active.room = None

    def _release(self, lane: Lane, active: Active) -> None:
        self._leave(active)
        lane.active.pop(active.run.run_id, None)
        if lane.waiting and not self._is_stopped:
            self._arrive_again(lane)

    def _arrive_again(self, lane: Lane) -> None:
        policy = lane.schedule.policy
        room = policy.max_parallel if policy.overlap is Overlap.ALLOW else 1
        while lane.waiting and len(lane.active) < room:
            if lane.waiting[0].cause is Cause.BACKFILL and has_backfill(lane):
                return
            self._admit(lane, Active(lane.waiting.popleft()))

    def _pump(self) -> None:
        if self._is_stopped:
            return
        for lane, active in self._backlog.take_fitting():
            self._start(lane, active)

    def _retry_later(
        self, lane: Lane, active: Active, failed: Finished, retry_at: Instant, outcome: Outcome
    ) -> None:
        run, now = active.run, self._clock.now()
        fence = self._identity.new_fence()
        retrying = Retrying(run.run_id, fence, now, failed, run.attempt + 1, retry_at)
        self._journal.tell(retrying, remembered=remembered_of(failed, outcome), then=_discarding(outcome))
        self._bus.publish(
            RunRetryScheduled(now, lane.id, run.run_id, run.attempt + 1, retry_at, failed.detail)
        )
        active.run = msgspec.structs.replace(
            run, state=RunState.QUEUED, attempt=run.attempt + 1, fence=fence, retry_at=retry_at
        )
        active.is_retrying = True
        self._alarms.at(retry_at, partial(self._retry, lane, active))

    def _retry(self, lane: Lane, active: Active) -> None:
        if active.run.run_id not in lane.active or self._is_stopped:
            return
        pause = lane.state.pause
        if pause is not None and pause.holds_at(self._clock.now()):
            lane.deferred.append(active.run)
            return
        self._admit(lane, active)

    def resume(self, lane: Lane) -> None:
        """Try again what a pause has put off."""
        deferred, lane.deferred = lane.deferred, []
        for run in deferred:
            active = lane.active.get(run.run_id)
            if active is not None:
                self._admit(lane, active)

    def withdraw(self, lane: Lane) -> list[Run]:
        """Give back the runs that were claimed ahead of their slots and have not come due."""
        withdrawn = list(lane.preclaimed.values())
        lane.preclaimed.clear()
        return withdrawn

    def skip_claimed(self, lane: Lane, reason: SkipReason, detail: str) -> None:
        """Skip the runs that were claimed ahead of their slots, which a pause now covers."""
        self._reject_all(lane, self.withdraw(lane), reason, detail)

    def skip_waiting(self, lane: Lane, reason: SkipReason, detail: str) -> None:
        """Skip the runs that wait for another of their lane to end, or for a time that somebody asked for."""
        waiting = list(lane.waiting)
        lane.waiting.clear()
        self._reject_all(lane, waiting, reason, detail)
        self.skip_appointed(lane, reason, detail)

    def skip_appointed(self, lane: Lane, reason: SkipReason, detail: str) -> None:
        """Skip the runs that wait for a time that somebody asked for."""
        appointed = list(lane.appointed.values())
        lane.appointed.clear()
        self._reject_all(lane, appointed, reason, detail)

    def _reject_all(self, lane: Lane, runs: Iterable[Run], reason: SkipReason, detail: str) -> None:
        for run in runs:
            self.reject(lane, run, reason, detail)

    def stop(self, lane: Lane, run_id: str, reason: str, *, by_force: bool = False) -> bool:
        """Stop the run, or take it out of the queue; return whether there was such a run."""
        active = lane.active.get(run_id)
        if active is None:
            return self._cancel_waiting(lane, run_id, reason)
        active.stop_reason = reason
        if active.execution is not None:
            active.execution.stop(reason, by_force=by_force)
        elif active.is_retrying or self._backlog.remove(active):
            self._ended_with(lane, active, Outcome(state=RunState.CANCELLED, detail=reason))
        return True

    def _cancel_waiting(self, lane: Lane, run_id: str, reason: str) -> bool:
        run = taken_out(lane, run_id)
        if run is None:
            return False
        self._ended_with(lane, Active(run), Outcome(state=RunState.CANCELLED, detail=reason))
        return True

    def close_door(self) -> None:
        """Start nothing more; what waits stays queued in the ledger for the next engine."""
        self._is_stopped = True


def _still_running(lane: Lane) -> str:
    return f"run {next(iter(lane.active))} has not ended" if lane.active else ""


def _discarding(outcome: Outcome) -> Callable[[], None] | None:
    return partial(discard, outcome) if outcome.spent_files else None
