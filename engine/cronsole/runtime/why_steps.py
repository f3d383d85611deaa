"""The steps of the decision about a slot, in the order in which they were or will be taken."""

from collections.abc import Iterator

from cronsole.model.instant import Instant
from cronsole.model.policy import MissedRunPolicy, Policy
from cronsole.model.prospect import StepOutcome, WhyStep
from cronsole.model.run import Run, RunState, SkipReason
from cronsole.planning.gates import GateReading
from cronsole.runtime.why_case import Case, moment
from cronsole.text import human_duration, plural
from cronsole.triggers.describe import describe

_PASSES, _STOPS, _NOTE = StepOutcome.PASSES, StepOutcome.STOPS, StepOutcome.NOTE
_AT_START = frozenset({SkipReason.OVERLAP, SkipReason.QUEUE_FULL})
# Which gate gives a reason, where it is not the gate's own name.
_GATES_OF_REASONS = {
    SkipReason.DISABLED: "enabled",
    SkipReason.PAUSED: "pause",
    SkipReason.CONDITION_ERROR: "condition",
    SkipReason.CIRCUIT_OPEN: "circuit breaker",
    SkipReason.NO_GLOBAL_LOCK: "lock",
    SkipReason.LOCK_HELD: "lock",
}


def steps(case: Case) -> tuple[WhyStep, ...]:
    """Return the steps, no further than to where the decision was made."""
    return tuple(_steps(case))


def _steps(case: Case) -> Iterator[WhyStep]:
    trigger = _trigger(case)
    yield trigger
    yield _catalog(case)
    if case.slot is None or (trigger.outcome is _STOPS and case.run is None):
        return
    owed = _owed(case)
    yield owed
    if owed.outcome is _STOPS:
        return
    for gate in _gates(case):
        yield gate
        if gate.outcome is _STOPS and case.run is not None:
            break
    else:
        yield from _catch_up(case)
        yield from _start(case)
    yield _ledger(case)


def _trigger(case: Case) -> WhyStep:
    schedule, slot = case.schedule, case.slot
    words = describe(schedule.trigger, schedule.policy.jitter_ms, schedule_id=schedule.id)
    if slot is None and case.is_manual:
        return WhyStep(name="trigger", outcome=_NOTE, detail=f"{words}, and never by time")
    words = f"{words} ({schedule.timezone})"
    if slot is None:
        return WhyStep(name="trigger", outcome=_STOPS, detail=f"{words}: {case.over()}")
    at = moment(slot, case.now)
    if case.is_slot:
        return WhyStep(name="trigger", outcome=_PASSES, detail=f"{words} has a slot at {at}")
    if case.run is not None:
        told = f"{words} has no slot at {at} now; it had one when the verdict was given"
        return WhyStep(name="trigger", outcome=_NOTE, detail=told)
    return WhyStep(
        name="trigger", outcome=_STOPS, detail=f"{words} has no slot at {at}{_nearest(case, slot)}"
    )


def _nearest(case: Case, slot: Instant) -> str:
    before, after = case.trigger.previous(slot), case.trigger.next(slot)
    told = [
        f"the one {word} it is at {moment(at, case.now)}"
        for word, at in (("before", before), ("after", after))
        if at is not None
    ]
    return f"; {', '.join(told)}" if told else ""


def _catalog(case: Case) -> WhyStep:
    told = f"in force from {case.schedule.origin}"
    if case.shadows:
        told += f"; it shadows the one from {', '.join(case.shadows)}"
    return WhyStep(name="catalog", outcome=_PASSES, detail=told)


def _owed(case: Case) -> WhyStep:
    """Return whether the slot needs a verdict: it has to lie above all that ends or restarts owing."""
    state, slot = case.state, case.slot
    assert slot is not None
    why_not = case.never_owed()
    if case.run is None and not case.is_past:
        why_not = why_not or case.over() or case.runs_out_before()
    if why_not:
        return WhyStep(name="owed", outcome=_STOPS, detail=f"not owed: {why_not}")
    if case.run is None and slot <= state.watermark:
        told = f"everything up to {moment(state.watermark, case.now)} has been dealt with"
        return WhyStep(name="owed", outcome=_STOPS, detail=f"{told}, and no row of this slot is kept")
    since = moment(max(state.created_at, state.trigger_changed_at, state.resumed_at) + 1, case.now)
    return WhyStep(name="owed", outcome=_PASSES, detail=f"slots are owed since {since}")


def _gates(case: Case) -> Iterator[WhyStep]:
    if case.run is None:
        yield from (_reading(reading) for reading in case.readings)
        return
    closed = _gate_of(case.run)
    for reading in case.readings:
        if reading.name == closed:
            detail = case.run.detail or reading.detail
            yield WhyStep(name=reading.name, outcome=_STOPS, detail=detail)
            return
        told = reading.detail if reading.is_open else f"was open then; now {reading.detail}"
        yield WhyStep(name=reading.name, outcome=_PASSES, detail=told)


def _reading(reading: GateReading) -> WhyStep:
    outcome = _PASSES if reading.is_open else _STOPS
    return WhyStep(name=reading.name, outcome=outcome, detail=reading.detail or reading.name)


def _gate_of(run: Run) -> str:
    """Return the gate that closed the slot, or nothing where it came through all of them."""
    if run.state is not RunState.SKIPPED or run.reason is None or run.reason in _AT_START:
        return ""
    return gate_of_reason(run.reason)


def gate_of_reason(reason: SkipReason) -> str:
    return _GATES_OF_REASONS.get(reason, reason.value)


def _catch_up(case: Case) -> Iterator[WhyStep]:
    run, policy = case.run, case.schedule.policy
    words = f"policy {policy.missed_run_policy.value}"
    if run is not None and run.state is RunState.MISSED:
        assert run.stands_for is not None
        told = f"{words}: {plural(run.stands_for.count, 'slot')} passed and {_not_made_up(policy)}"
        yield WhyStep(name="catch-up", outcome=_STOPS, detail=told)
    elif run is not None and (run.is_catchup or case.stands_for_others):
        yield WhyStep(name="catch-up", outcome=_PASSES, detail=f"{words}{_made_up(case, run)}")
    elif run is None and case.is_past and case.due is not None and case.due < case.now:
        told = f"{words}; it is late by {human_duration(case.now - case.due)}"
        yield WhyStep(name="catch-up", outcome=_NOTE, detail=told)


def _made_up(case: Case, run: Run) -> str:
    stands_for = run.stands_for
    if stands_for is None or stands_for.count == 1:
        return f": late by more than {human_duration(case.schedule.policy.late_grace_ms)}, it is made up for"
    first, last = moment(stands_for.first, case.now), moment(stands_for.last, case.now)
    return f": one run stands for {plural(stands_for.count, 'slot')} from {first} to {last}"


def _not_made_up(policy: Policy) -> str:
    window = human_duration(policy.catchup_window_ms)
    match policy.missed_run_policy:
        case MissedRunPolicy.SKIP:
            return f"what is more than {human_duration(policy.late_grace_ms)} late is not made up for"
        case MissedRunPolicy.RUN_ALL:
            return f"no more than {policy.catchup_limit} of the last {window} are made up for"
        case MissedRunPolicy.RUN_ONCE:
            return f"what is older than {window} is not made up for"


def _start(case: Case) -> Iterator[WhyStep]:
    """Yield what decides when a slot that may run does start: other runs of the schedule, and limits."""
    policy, run = case.schedule.policy, case.run
    words = f"policy {policy.overlap.value}"
    if run is not None and run.reason in _AT_START:
        told = f"{words}: {run.detail or run.reason}"
        yield WhyStep(name="overlap", outcome=_STOPS, detail=told)
        return
    if run is not None and run.state.is_final:
        return
    others = [other for other in case.running if run is None or other.run_id != run.run_id]
    if others:
        told = f"{words}; run {others[0].run_id} has not ended"
        told += f", {case.waiting} waiting" if case.waiting else ""
        yield WhyStep(name="overlap", outcome=_NOTE, detail=told)
    else:
        yield WhyStep(name="overlap", outcome=_PASSES, detail=f"{words}; no other run is under way")
    if case.lacks_room:
        yield WhyStep(name="limits", outcome=_NOTE, detail=f"{case.lacks_room}: what comes now has to wait")
    else:
        yield WhyStep(name="limits", outcome=_PASSES, detail="there is room for one more run")


def _ledger(case: Case) -> WhyStep:
    run = case.run
    if run is None:
        told = "no verdict yet"
        if case.is_troubled:
            told += "; the ledger cannot be written, and nothing starts until it can"
        return WhyStep(name="ledger", outcome=_NOTE, detail=told)
    given = moment(run.created_at, case.now)
    match run.state:
        case RunState.SKIPPED:
            assert run.reason is not None
            told = f"skipped({run.reason.value}), given at {given}"
            return WhyStep(name="ledger", outcome=_STOPS, detail=told + _range(case, run))
        case RunState.MISSED:
            count = run.stands_for.count if run.stands_for else 1
            told = f"missed({count}), given at {given}"
            return WhyStep(name="ledger", outcome=_STOPS, detail=told + _range(case, run))
    told = f"run {run.run_id}, claimed at {given}, {run.state.value}"
    return WhyStep(name="ledger", outcome=_PASSES, detail=told + _range(case, run))


def _range(case: Case, run: Run) -> str:
    stands_for = run.stands_for
    if stands_for is None or stands_for.count == 1:
        return ""
    return f", for the slots from {moment(stands_for.first, case.now)} to {moment(stands_for.last, case.now)}"
