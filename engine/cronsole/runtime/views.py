"""Shows lanes and rows of the ledger as the API tells them: pure functions of what they are handed."""

from datetime import datetime
from functools import lru_cache

import msgspec

from cronsole.model.action import Action, Celery, Command, Handler, Http, PluginCall, Publish
from cronsole.model.instant import SECOND, Instant, Millis, to_datetime
from cronsole.model.run import Attempt, Range, Run, RunState
from cronsole.model.schedule import Pause, Schedule
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, OnceSpec, TriggerSpec
from cronsole.model.view import (
    AttemptView,
    AuditView,
    GateView,
    PauseView,
    RangeView,
    RunBrief,
    RunView,
    ScheduleStatus,
    ScheduleView,
    Spark,
)
from cronsole.planning.due import due_at, owing_since
from cronsole.planning.gates import GateReading
from cronsole.runtime.lane import Active, Lane
from cronsole.runtime.recent_runs import NO_RUNS, RecentRuns, brief, took_ms
from cronsole.store.base import AuditEntry
from cronsole.triggers.describe import describe
from cronsole.triggers.duration import format_duration

# A start this much after it was due is a moment's work rather than late.
_LATE_MS: Millis = SECOND
_NONE: tuple[RunBrief, ...] = ()


class Wording(msgspec.Struct, frozen=True):
    """What a definition says in words, which is made once for each."""

    schedule: Schedule
    trigger: str
    when: str
    action: str
    origin: str
    plugin: str


def wording(schedule: Schedule) -> Wording:
    return Wording(
        schedule=schedule,
        trigger=trigger_text(schedule.trigger),
        when=describe(schedule.trigger, schedule.policy.jitter_ms, schedule_id=schedule.id),
        action=action_kind(schedule.action),
        origin=str(schedule.origin),
        plugin=plugin_of(schedule),
    )


def trigger_text(spec: TriggerSpec) -> str:
    """Return the trigger as one would write it."""
    match spec:
        case CronSpec(expression=expression):
            return expression
        case IntervalSpec(every_ms=every_ms):
            return format_duration(every_ms)
        case OnceSpec(at=at) if at is not None:
            return to_datetime(at).isoformat().replace("+00:00", "Z")
        case OnceSpec(after_ms=after_ms):
            return f"after {format_duration(after_ms or 0)}"
        case ManualSpec():
            return "@manual"
    return "@startup"


def action_kind(action: Action) -> str:
    """Return what kind of action it is, as the key of a [[tasks]] entry names it."""
    match action:
        case Command():
            return "command"
        case Handler():
            return "handler"
        case PluginCall():
            return "plugin"
        case Http():
            return "http"
        case Publish():
            return "publish"
        case Celery():
            return "celery"
    return "record"


def plugin_of(schedule: Schedule) -> str:
    """Return the plugin that the schedule belongs to, or calls."""
    action = schedule.action
    if isinstance(action, PluginCall):
        return action.plugin
    return schedule.origin.name if schedule.origin.kind == "plugin" else ""


def status_of(lane: Lane) -> ScheduleStatus:
    if not lane.schedule.enabled:
        return ScheduleStatus.DISABLED
    if lane.state.pause is not None:
        return ScheduleStatus.PAUSED
    return ScheduleStatus.EXHAUSTED if is_exhausted(lane) else ScheduleStatus.ACTIVE


def is_exhausted(lane: Lane) -> bool:
    max_runs = lane.schedule.max_runs
    return lane.state.exhausted_at is not None or (max_runs is not None and lane.state.runs_made >= max_runs)


def next_fire(lane: Lane) -> tuple[Instant | None, Instant | None]:
    """Return the slot that is to start next and when it is due: one that is claimed already comes first."""
    if lane.preclaimed:
        first = next(iter(lane.preclaimed.values()))
        return first.slot, first.due_at
    return lane.slot, lane.due


def next_unpaused(lane: Lane, status: ScheduleStatus) -> tuple[Instant | None, Instant | None]:
    """Return the next slot of a schedule that does not fire now, and when it is due: the first after its pause."""
    pause = lane.state.pause
    if status is not ScheduleStatus.PAUSED or pause is None or pause.until is None or lane.due is None:
        return None, None
    schedule = lane.schedule
    slot = lane.trigger.next(max(pause.until, owing_since(schedule, lane.state) + 1) - 1)
    if slot is None or (schedule.end is not None and slot > schedule.end):
        return None, None
    return slot, due_at(lane.trigger, schedule.id, slot, schedule.policy.jitter_ms)


def is_late(lane: Lane, now: Instant) -> bool:
    """Tell whether a slot of the schedule should have started by now and has not; what people ask for may wait."""
    if any(run.slot is not None and run.due_at + _LATE_MS < now for run in lane.waiting):
        return True
    if lane.active and any(
        active.execution is None
        and not active.is_retrying
        and active.run.slot is not None
        and active.run.due_at + _LATE_MS < now
        for active in lane.active.values()
    ):
        return True
    _, due = next_fire(lane)
    return due is not None and due + _LATE_MS < now and status_of(lane) is ScheduleStatus.ACTIVE


def schedule_view(lane: Lane, words: Wording, now: Instant) -> ScheduleView:
    """Return one schedule as it stands now."""
    schedule, state = lane.schedule, lane.state
    recent = lane.recent or NO_RUNS
    running, waiting = in_flight(lane, now)
    status = status_of(lane)
    slot, due = next_fire(lane) if status is ScheduleStatus.ACTIVE else next_unpaused(lane, status)
    return ScheduleView(
        id=schedule.id,
        source=schedule.origin.kind,
        origin=words.origin,
        trigger=words.trigger,
        when=words.when,
        timezone=schedule.timezone,
        action=words.action,
        status=status,
        etag=state.definition_hash,
        description=schedule.description,
        tags=schedule.tags,
        plugin=words.plugin,
        next_slot=None if slot is None else _shared(slot),
        next_due=None if due is None else _shared(due),
        pause=None if state.pause is None else pause_view(state.pause),
        running=running,
        waiting=waiting,
        last=last_brief(lane, recent),
        recent=tuple([Spark(each.state, each.duration_ms) for each in recent.briefs]),
        typical_ms=recent.typical_ms,
        failures=state.breaker.failures,
        failing_since=_moment(failing_since(lane, recent)),
        circuit_open_until=_moment(circuit_open_until(lane)),
        is_late=is_late(lane, now),
        runs_made=state.runs_made,
    )


def in_flight(lane: Lane, now: Instant) -> tuple[tuple[RunBrief, ...], int]:
    """Return what runs or waits to be tried again, and how many runs wait for room."""
    if not lane.active:
        return _NONE, len(lane.waiting) + len(lane.appointed)
    running = [
        active for active in lane.active.values() if active.execution is not None or active.is_retrying
    ]
    waiting = len(lane.waiting) + len(lane.appointed) + len(lane.active) - len(running)
    return tuple(active_brief(active, now) for active in running), waiting


def active_brief(active: Active, now: Instant) -> RunBrief:
    """Return a run in flight: how long it has run so far, and nothing of it where it waits to be tried again."""
    run = live(active.run, active)
    elapsed = now - active.began_at if run.state is RunState.RUNNING and active.began_at else None
    return brief(run, None if elapsed is None else max(0, elapsed))


def live(run: Run, active: Active) -> Run:
    """Return the row of a run in flight as it is by now; the ledger may learn of a start a moment later."""
    if active.execution is None:
        return msgspec.structs.replace(run, state=RunState.QUEUED, started_at=None)
    return msgspec.structs.replace(run, state=RunState.RUNNING, started_at=active.began_at or run.started_at)


def last_brief(lane: Lane, recent: RecentRuns) -> RunBrief | None:
    if recent.last is not None or lane.last_run is None:
        return recent.last
    return brief(lane.last_run, took_ms(lane.last_run))


def failing_since(lane: Lane, recent: RecentRuns) -> Instant | None:
    last = lane.last_run
    if recent.failing_since is not None or last is None or not last.state.is_failure:
        return recent.failing_since
    return last.due_at if last.started_at is None else last.started_at


def circuit_open_until(lane: Lane) -> Instant | None:
    policy, opened_at = lane.schedule.policy.circuit_breaker, lane.state.breaker.opened_at
    return None if policy is None or opened_at is None else opened_at + policy.reset_after_ms


def pause_view(pause: Pause) -> PauseView:
    return PauseView(
        since=to_datetime(pause.since), until=_moment(pause.until), reason=pause.reason, actor=pause.actor
    )


def gate_view(reading: GateReading) -> GateView:
    return GateView(name=reading.name, is_open=reading.is_open, detail=reading.detail)


def run_view(run: Run, now: Instant) -> RunView:
    """Return one row of the ledger; a retried run is not told as late, for its start is that of its last attempt."""
    is_running = run.state in (RunState.STARTING, RunState.RUNNING) and run.started_at is not None
    duration_ms = max(0, now - (run.started_at or now)) if is_running else took_ms(run)
    late_ms = None if run.started_at is None or run.attempt > 1 else max(0, run.started_at - run.due_at)
    return RunView(
        run_id=run.run_id,
        schedule_id=run.schedule_id,
        cause=run.cause,
        state=run.state,
        due_at=to_datetime(run.due_at),
        created_at=to_datetime(run.created_at),
        slot=_moment(run.slot),
        started_at=_moment(run.started_at),
        finished_at=_moment(run.finished_at),
        retry_at=_moment(run.retry_at) if run.state is RunState.QUEUED else None,
        late_ms=late_ms,
        duration_ms=duration_ms,
        reason=run.reason,
        is_catchup=run.is_catchup,
        stands_for=None if run.stands_for is None else range_view(run.stands_for),
        attempt=run.attempt,
        fence=run.fence,
        node=run.node,
        unfenced=run.unfenced,
        exit_code=run.exit_code,
        detail=run.detail,
        output=run.output,
        output_bytes=run.output_bytes,
        actor=run.actor,
        payload=run.payload,
        bypassed=run.bypassed,
    )


def range_view(stands_for: Range) -> RangeView:
    return RangeView(
        count=stands_for.count, first=to_datetime(stands_for.first), last=to_datetime(stands_for.last)
    )


def attempt_view(attempt: Attempt) -> AttemptView:
    """Return an attempt that was followed by another."""
    took = None if attempt.started_at is None else max(0, attempt.finished_at - attempt.started_at)
    return AttemptView(
        attempt=attempt.attempt,
        state=attempt.state,
        started_at=_moment(attempt.started_at),
        finished_at=to_datetime(attempt.finished_at),
        duration_ms=took,
        exit_code=attempt.exit_code,
        detail=attempt.detail,
        output=attempt.output,
        output_bytes=attempt.output_bytes,
    )


def last_attempt_view(run: RunView) -> AttemptView:
    """Return the attempt that the row of a run itself tells of."""
    return AttemptView(
        attempt=run.attempt,
        state=run.state,
        started_at=run.started_at,
        finished_at=run.finished_at,
        duration_ms=run.duration_ms,
        exit_code=run.exit_code,
        detail=run.detail,
        output=run.output,
        output_bytes=run.output_bytes,
    )


def audit_view(entry: AuditEntry) -> AuditView:
    return AuditView(
        at=to_datetime(entry.at),
        actor=entry.actor,
        verb=entry.verb,
        target=entry.target,
        detail=entry.detail,
    )


@lru_cache(maxsize=4_096)
def _shared(at: Instant) -> datetime:
    """Return the datetime of an instant at which many schedules may be due."""
    return to_datetime(at)


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else to_datetime(at)
