"""One verdict for every slot that a schedule is owed, from what is known at one instant."""

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.run import Range, RunState, SkipReason, Verdict
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.planning import breaker
from cronsole.planning.catchup import Choice, Stretch, choose, is_late
from cronsole.planning.due import (
    clipped_due,
    due_at,
    expired_slot,
    is_over,
    last_slot_due,
    owed,
    owing_since,
    runs_left,
)
from cronsole.planning.gates import Surroundings, first_closed
from cronsole.planning.jitter import spread
from cronsole.triggers.base import Trigger

__all__ = ["Surroundings", "lift", "plan"]


class _Moment(msgspec.Struct, frozen=True):
    """The arguments of one call, handed on together."""

    schedule: Schedule
    trigger: Trigger
    surroundings: Surroundings
    now: Instant
    horizon: Instant
    spread_ms: Millis


def plan(
    schedule: Schedule,
    trigger: Trigger,
    state: ScheduleState,
    surroundings: Surroundings,
    *,
    now: Instant,
    horizon: Instant,
    spread_ms: Millis = 0,
) -> tuple[Verdict, ...]:
    """Return exactly one verdict for each slot owed and due by the horizon, ascending, ranges counted."""
    if is_over(schedule, state):
        return ()
    since = owing_since(schedule, state)
    slot = trigger.next(since)
    if slot is None:
        return _expired(schedule, trigger, state)
    end = horizon if schedule.end is None else min(horizon, schedule.end)
    if slot > end:
        return ()
    policy = schedule.policy
    following = trigger.next(slot)
    if following is None or following > end:
        due = slot if policy.jitter_ms <= 0 else clipped_due(schedule.id, slot, following, policy.jitter_ms)
        if due > horizon:
            return ()
        if not is_late(due, now, policy.late_grace_ms):
            return (_judge(schedule, state, surroundings, slot, due, now),)
    moment = _Moment(schedule, trigger, surroundings, now, horizon, spread_ms)
    return _plan_many(moment, state, since, end)


def lift(
    schedule: Schedule,
    trigger: Trigger,
    state: ScheduleState,
    surroundings: Surroundings,
    *,
    now: Instant,
) -> tuple[Verdict, ...]:
    """Return the verdict that a pause owes to its own slots when it ends, right after `plan` at the same instant.

    With jitter the newest slot of the pause may not be due yet; without the pause it would run.
    """
    _, paused = _around_the_pause(state, owing_since(schedule, state), now)
    moment = _Moment(schedule, trigger, surroundings, now, now, 0)
    return () if paused is None or is_over(schedule, state) else _coalesced(moment, state, paused)


def _judge(
    schedule: Schedule,
    state: ScheduleState,
    surroundings: Surroundings,
    slot: Instant,
    due: Instant,
    now: Instant,
) -> Verdict:
    """Return the verdict of one slot that is on time."""
    closed = first_closed(schedule, state, surroundings, slot, now)
    if closed is None:
        return Verdict(RunState.QUEUED, slot, due, Range(1, slot, slot))
    return Verdict(RunState.SKIPPED, slot, due, Range(1, slot, slot), closed[0], closed[1])


def _expired(schedule: Schedule, trigger: Trigger, state: ScheduleState) -> tuple[Verdict, ...]:
    slot = expired_slot(schedule, trigger, state)
    if slot is None:
        return ()
    detail = "in the past when first seen"
    return (Verdict(RunState.SKIPPED, slot, slot, Range(1, slot, slot), SkipReason.EXPIRED, detail),)


def _plan_many(moment: _Moment, state: ScheduleState, since: Instant, end: Instant) -> tuple[Verdict, ...]:
    schedule, trigger = moment.schedule, moment.trigger
    jitter_ms = schedule.policy.jitter_ms
    until = min(end, last_slot_due(trigger, schedule.id, moment.horizon, jitter_ms))
    if not schedule.enabled:
        return _coalesced(moment, state, Stretch(since, until))
    past = min(until, last_slot_due(trigger, schedule.id, moment.now, jitter_ms))
    past = max(past, since)
    unpaused, paused = _around_the_pause(state, since, past)
    choice = choose(schedule.policy, trigger, schedule.id, unpaused, now=moment.now)
    verdicts = [_missed(rest) for rest in choice.missed]
    verdicts += _coalesced(moment, state, paused) if paused else ()
    ahead = _slots_ahead(trigger, past, until)
    verdicts += _gated(moment, state, choice, ahead)
    return tuple(sorted(verdicts, key=_by_slot))


def _by_slot(verdict: Verdict) -> Instant:
    return verdict.slot


def _around_the_pause(
    state: ScheduleState, since: Instant, until: Instant
) -> tuple[tuple[Stretch, ...], Stretch | None]:
    """Return the stretches outside the pause, and the one within it."""
    pause = state.pause
    if (
        pause is None
        or pause.since > until
        or (pause.until is not None and pause.until <= max(since + 1, pause.since))
    ):
        return (Stretch(since, until),), None
    begin = max(since, pause.since - 1)
    finish = until if pause.until is None else min(until, pause.until - 1)
    return (Stretch(since, begin), Stretch(finish, until)), Stretch(begin, finish)


def _slots_ahead(trigger: Trigger, after: Instant, until: Instant) -> list[Instant]:
    """Return the slots that are claimed before they are due: no policy applies to what is not late."""
    found: list[Instant] = []
    slot = trigger.next(after) if after < until else None
    while slot is not None and slot <= until:
        found.append(slot)
        slot = trigger.next(slot)
    return found


def _gated(moment: _Moment, state: ScheduleState, choice: Choice, ahead: list[Instant]) -> list[Verdict]:
    """Return the verdict of each slot that is to run if its gates are open, as long as runs are left."""
    schedule, jitter_ms = moment.schedule, moment.schedule.policy.jitter_ms
    circuit = schedule.policy.circuit_breaker
    left = runs_left(schedule, state)
    verdicts: list[Verdict] = []
    for slot in (*choice.slots, *ahead):
        if left == 0:
            break
        due = due_at(moment.trigger, schedule.id, slot, jitter_ms)
        stands_for = choice.stands_for if slot in choice.slots else None
        verdict = _judge_late(moment, state, slot, due, stands_for or Range(1, slot, slot))
        verdicts.append(verdict)
        if verdict.state is not RunState.QUEUED:
            continue
        left = None if left is None else left - 1
        if circuit is not None and breaker.is_half_open(state.breaker, circuit, max(slot, moment.now)):
            state = msgspec.structs.replace(state, breaker=breaker.probe(state.breaker))
    return verdicts


def _judge_late(
    moment: _Moment, state: ScheduleState, slot: Instant, due: Instant, stands_for: Range
) -> Verdict:
    """Return the verdict of one slot; a late one has to pass the gates as they stand now, too."""
    schedule, surroundings, now = moment.schedule, moment.surroundings, moment.now
    late = is_late(due, now, schedule.policy.late_grace_ms)
    closed = first_closed(schedule, state, surroundings, slot, now)
    if closed is None and late:
        closed = first_closed(schedule, state, surroundings, now, now)
    if closed is not None:
        own = Range(1, slot, slot)
        return Verdict(RunState.SKIPPED, slot, due, own, closed[0], closed[1], is_catchup=late)
    if late:
        due = now + spread(schedule.id, moment.spread_ms)
    return Verdict(RunState.QUEUED, slot, due, stands_for, is_catchup=late)


def _missed(rest: Range) -> Verdict:
    return Verdict(RunState.MISSED, rest.last, rest.last, rest)


def _coalesced(moment: _Moment, state: ScheduleState, stretch: Stretch) -> tuple[Verdict, ...]:
    """Return one skipped row for all slots of a stretch through which a gate was closed."""
    found = owed(moment.trigger, after=stretch.after, until=stretch.until)
    if found is None:
        return ()
    closed = first_closed(moment.schedule, state, moment.surroundings, found.last, moment.now)
    if closed is None:
        raise AssertionError("a stretch is coalesced only where a gate is closed")
    return (Verdict(RunState.SKIPPED, found.last, found.last, found, closed[0], closed[1]),)
