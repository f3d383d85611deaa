"""Which slots a schedule is owed, and when each is due."""

from cronsole.model.instant import Instant, Millis
from cronsole.model.run import Range
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import IntervalSpec, OnceSpec
from cronsole.planning.jitter import jitter
from cronsole.triggers.base import Trigger

_BEFORE_ALL: Instant = -1


def owed(trigger: Trigger, *, after: Instant, until: Instant) -> Range | None:
    """Return the slots in (after, until], or None when there are none."""
    first = trigger.next(after) if after < until else None
    if first is None or first > until:
        return None
    last = trigger.previous(until)
    if last is None or last <= first:
        return Range(1, first, first)
    return Range(trigger.count(after, until), first, last)


def due_at(trigger: Trigger, schedule_id: str, slot: Instant, jitter_ms: Millis) -> Instant:
    """Return when the slot's run is due: the slot and its jitter, clipped before the next slot."""
    if jitter_ms <= 0:
        return slot
    return clipped_due(schedule_id, slot, trigger.next(slot), jitter_ms)


def clipped_due(schedule_id: str, slot: Instant, following: Instant | None, jitter_ms: Millis) -> Instant:
    """Return when the slot's run is due, where the slot after it is known already."""
    due = slot + jitter(schedule_id, slot, jitter_ms)
    return due if following is None or due < following else following - 1


def last_slot_due(trigger: Trigger, schedule_id: str, by: Instant, jitter_ms: Millis) -> Instant:
    """Return a bound: exactly the slots at or below it are due by the instant."""
    if jitter_ms <= 0:
        return by
    slot = trigger.previous(by)
    # Only the newest slot can still wait for its jitter: that of an older one ends before the next slot.
    return slot - 1 if slot is not None and due_at(trigger, schedule_id, slot, jitter_ms) > by else by


def owing_since(schedule: Schedule, state: ScheduleState) -> Instant:
    """Return the instant above which slots are owed."""
    seen = max(state.created_at, state.trigger_changed_at)
    spec = schedule.trigger
    if type(spec) is IntervalSpec and spec.run_at_start:
        # The first fire is at the very instant at which the schedule is first seen.
        seen -= 1
    since = max(seen, state.watermark, state.resumed_at)
    return since if schedule.start is None else max(since, schedule.start - 1)


def runs_left(schedule: Schedule, state: ScheduleState) -> int | None:
    """Return how many runs `max_runs` leaves, or None when it sets no bound."""
    return None if schedule.max_runs is None else max(0, schedule.max_runs - state.runs_made)


def is_over(schedule: Schedule, state: ScheduleState) -> bool:
    """Tell whether the schedule owes nothing more, whatever its trigger says."""
    return (
        state.archived_at is not None
        or state.exhausted_at is not None
        or (schedule.max_runs is not None and state.runs_made >= schedule.max_runs)
    )


def expired_slot(schedule: Schedule, trigger: Trigger, state: ScheduleState) -> Instant | None:
    """Return the one slot of a once trigger that was in the past when first seen and has no verdict yet."""
    if type(schedule.trigger) is not OnceSpec:
        return None
    slot = trigger.next(_BEFORE_ALL)
    if slot is None or not state.watermark < slot <= max(state.created_at, state.trigger_changed_at):
        return None
    return slot


def next_due(schedule: Schedule, trigger: Trigger, state: ScheduleState) -> tuple[Instant, Instant] | None:
    """Return the next slot that needs a verdict and when its run is due, or None when none will ever come."""
    if is_over(schedule, state):
        return None
    slot = trigger.next(owing_since(schedule, state))
    if slot is None:
        slot = expired_slot(schedule, trigger, state)
        return None if slot is None else (slot, slot)
    if schedule.end is not None and slot > schedule.end:
        return None
    return slot, due_at(trigger, schedule.id, slot, schedule.policy.jitter_ms)
