"""The fires to come of one schedule, and what is odd about each."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from cronsole.model.instant import MINUTE, Instant, to_datetime
from cronsole.model.schedule import Schedule
from cronsole.model.view import FireView
from cronsole.planning.due import due_at, is_over, owing_since, runs_left
from cronsole.planning.gates import Surroundings, explain
from cronsole.runtime.lane import Lane
from cronsole.triggers.zone import zone

# How these stand at a later time is known by now; what a session, a condition or a circuit will say then is not.
_FORESEEN = ("enabled", "pause", "days", "hours", "calendar")


def fires(lane: Lane, around: Surroundings, *, after: Instant) -> Iterator[FireView]:
    """Yield the fires after an instant that are still owed, without an end where the trigger has none."""
    schedule, state = lane.schedule, lane.state
    if lane.is_leaving or is_over(schedule, state):
        return
    foreseeable = _without_condition(schedule)
    left = runs_left(schedule, state)
    before = after
    slot = lane.trigger.next(max(after, owing_since(schedule, state)))
    while slot is not None and left != 0 and (schedule.end is None or slot <= schedule.end):
        due = due_at(lane.trigger, schedule.id, slot, schedule.policy.jitter_ms)
        skipped = _skipped(foreseeable, lane, around, slot)
        notes = (skipped, clock_note(schedule.timezone, before, slot))
        yield FireView(
            slot=to_datetime(slot),
            due=to_datetime(due),
            local=local_text(schedule.timezone, slot),
            note="; ".join(note for note in notes if note),
        )
        if left is not None and not skipped:
            left -= 1
        before, slot = slot, lane.trigger.next(slot)


def _without_condition(schedule: Schedule) -> Schedule:
    conditions = msgspec.structs.replace(schedule.policy.conditions, expression=None)
    return msgspec.structs.replace(
        schedule, policy=msgspec.structs.replace(schedule.policy, conditions=conditions)
    )


def _skipped(schedule: Schedule, lane: Lane, around: Surroundings, slot: Instant) -> str:
    for reading in explain(schedule, lane.state, around, at=slot, now=slot):
        if not reading.is_open and reading.name in _FORESEEN:
            return f"skipped: {reading.detail}"
    return ""


def local_text(timezone: str, at: Instant) -> str:
    """Return an instant on the clock of a zone, with the zone's own short name for it."""
    moment = to_datetime(at).astimezone(ZoneInfo(timezone))
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z}" if at % MINUTE else f"{moment:%a %Y-%m-%d %H:%M %Z}"


def clock_note(timezone: str, before: Instant, at: Instant) -> str:
    """Return what the clocks did between two fires, where they were changed."""
    place = zone(timezone)
    moved_ms = place.offset_at(at) - place.offset_at(before)
    if not moved_ms:
        return ""
    period = place.period_at(at)
    if moved_ms > 0:
        began = period.start + period.offset - moved_ms
        gap = f"{_clock(began)}–{_clock(began + moved_ms)}"
        told = f"the clocks skip {gap}"
        return f"{told}, which moves this fire" if at == period.start else told
    return f"the clocks were set back by {-moved_ms // MINUTE} minutes"


def _clock(local: Instant) -> str:
    return f"{to_datetime(local):%H:%M}"
