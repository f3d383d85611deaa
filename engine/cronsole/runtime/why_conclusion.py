"""What became, or will become, of a slot, in one plain sentence."""

from cronsole.model.instant import Millis
from cronsole.model.policy import Overlap
from cronsole.model.run import Run, RunState, SkipReason
from cronsole.planning.gates import GateReading
from cronsole.runtime.why_case import Case, moment
from cronsole.text import human_duration, plural, until

# What the gates by these names say about a later time may have changed by then.
_MAY_CHANGE = frozenset({"session", "condition", "circuit breaker", "environment"})


def conclusion(case: Case) -> str:
    """Return what became of the slot, or what will."""
    if case.run is not None:
        return _of_run(case, case.run)
    if case.slot is None and case.is_manual:
        return _of_manual(case)
    if case.slot is None:
        return f"will not run again: {case.over()}"
    if not case.is_slot:
        return f"{moment(case.slot, case.now)} is no slot of {case.schedule.id}{_nearest(case)}"
    return _of_past(case) if case.is_past else _of_future(case)


def _of_manual(case: Case) -> str:
    if not case.schedule.enabled:
        return f"cannot be asked for: it is disabled in {case.schedule.origin}"
    if case.running:
        return f"runs now, as run {case.running[0].run_id}, and then waits for somebody to ask again"
    return "waits for somebody to ask: it never fires by time"


def _nearest(case: Case) -> str:
    assert case.slot is not None
    found = (case.trigger.previous(case.slot), case.trigger.next(case.slot))
    told = [moment(at, case.now) for at in found if at is not None]
    return (
        f"; the nearest are {' and '.join(told)}"
        if len(told) > 1
        else f"; the nearest is {told[0]}"
        if told
        else ""
    )


def _of_past(case: Case) -> str:
    assert case.slot is not None
    if why_not := case.never_owed():
        return f"was never owed: {why_not}"
    if case.slot <= case.state.watermark:
        return "was dealt with, but its row is no longer kept"
    if case.is_troubled:
        return "has no verdict yet: the ledger cannot be written, and nothing starts until it can"
    if case.due is not None and case.due > case.now:
        return f"is due {until(case.due, case.now)}, after its jitter"
    if why_over := case.over():
        return f"will not run: {why_over}"
    if case.first_closed is not None:
        return f"is about to be skipped: {_closed(case.first_closed)}"
    return "is due, and about to be claimed"


def _of_future(case: Case) -> str:
    assert case.slot is not None
    assert case.due is not None
    if why_not := case.never_owed() or case.over() or case.runs_out_before():
        return f"will not run: {why_not}"
    when = f"at {moment(case.due, case.now)}, {until(case.due, case.now)}"
    closed = [reading for reading in case.readings if not reading.is_open]
    if closed and closed[0].name not in _MAY_CHANGE:
        return f"will be skipped {when}: {_closed(closed[0])}"
    if closed:
        return f"will be skipped {when}, unless this changes: {_closed(closed[0])}"
    doubts = _doubts(case)
    return f"will run {when}" + (f", unless {' or '.join(doubts)}" if doubts else "")


def _doubts(case: Case) -> list[str]:
    """Return what could still keep the slot from running."""
    policy = case.schedule.policy
    doubts = []
    if policy.conditions.expression is not None:
        doubts.append(f"its condition does not hold then: {policy.conditions.expression}")
    if policy.conditions.session_active is not None:
        doubts.append("a session begins or ends until then")
    if case.running and policy.overlap is Overlap.SKIP:
        doubts.append(f"run {case.running[0].run_id} has not ended by then")
    return doubts


def _closed(reading: GateReading) -> str:
    reason = reading.reason
    if reason is None or reading.detail.startswith((reason.value, "disabled")):
        return reading.detail
    return f"{reason.value.replace('_', ' ')}, {reading.detail}"


def _of_run(case: Case, run: Run) -> str:
    match run.state:
        case RunState.SKIPPED:
            return _skipped(run)
        case RunState.MISSED:
            return _missed(case, run)
        case RunState.QUEUED | RunState.STARTING:
            return _waiting(case, run)
        case RunState.RUNNING:
            return f"runs since {_started(case, run)}{_for_others(run)}".removesuffix(",")
    return _ended(case, run)


def _skipped(run: Run) -> str:
    assert run.reason is not None
    told = run.reason.value.replace("_", " ")
    detail = run.detail
    if run.reason is SkipReason.PAUSED and detail and not detail.startswith("paused"):
        detail = f"paused: {detail}"
    if detail.startswith((told, "disabled")):
        told = detail
    elif detail:
        told = f"{told}, {detail}"
    count = run.stands_for.count if run.stands_for is not None else 1
    return f"skipped: {told}" + (f" ({plural(count, 'slot')} in all)" if count > 1 else "")


def _missed(case: Case, run: Run) -> str:
    count = run.stands_for.count if run.stands_for is not None else 1
    with_others = "" if count == 1 else f" with {plural(count - 1, 'other')}"
    policy = case.schedule.policy.missed_run_policy.value
    return f"missed{with_others}: nothing claimed it in time, and catch-up ({policy}) did not make up for it"


def _waiting(case: Case, run: Run) -> str:
    if run.retry_at is not None and run.attempt > 1:
        return (
            f"attempt {run.attempt - 1} failed; attempt {run.attempt} comes {until(run.retry_at, case.now)}"
        )
    if case.is_claimed_ahead or run.due_at > case.now:
        return f"is claimed and starts {until(run.due_at, case.now)}"
    if run.state is RunState.STARTING:
        return "is starting"
    others = [other for other in case.running if other.run_id != run.run_id]
    if others:
        return f"is queued until run {others[0].run_id} has ended"
    return f"is queued: {case.lacks_room}" if case.lacks_room else "is queued, and about to start"


def _started(case: Case, run: Run) -> str:
    assert run.started_at is not None
    late_ms: Millis = run.started_at - run.due_at
    told = moment(run.started_at - run.started_at % 1000, case.now)
    if run.attempt > 1:
        return f"{told}, attempt {run.attempt},"
    return f"{told}, {human_duration(late_ms)} late," if late_ms > 0 else f"{told}, on time,"


def _for_others(run: Run) -> str:
    if run.stands_for is None or run.stands_for.count == 1:
        return " as a catch-up" if run.is_catchup else ""
    return f" for {plural(run.stands_for.count, 'slot')}"


def _ended(case: Case, run: Run) -> str:
    if run.started_at is None:
        told = f"was {run.state.value.replace('_', ' ')} before it started"
        return f"{told}: {run.detail}" if run.detail else told
    return f"ran at {_started(case, run)}{_for_others(run)} and {_outcome(run)}"


def _outcome(run: Run) -> str:
    match run.state:
        case RunState.SUCCEEDED:
            return "succeeded"
        case RunState.FAILED if run.exit_code:
            code = f"failed with exit code {run.exit_code}"
            return code if run.detail in ("", f"exit code {run.exit_code}") else f"{code}: {run.detail}"
        case RunState.TIMED_OUT:
            return run.detail or "timed out"
        case RunState.LOST:
            return f"was lost: {run.detail}" if run.detail else "was lost"
        case RunState.CANCELLED:
            return f"was cancelled: {run.detail}" if run.detail else "was cancelled"
    return f"{run.state.value}: {run.detail}" if run.detail else run.state.value
