"""Which of the slots that are owed by now are made up for, and which are missed."""

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.policy import MissedRunPolicy, Policy
from cronsole.model.run import Range
from cronsole.planning.due import due_at, last_slot_due, owed
from cronsole.triggers.base import Trigger


class Stretch(msgspec.Struct, frozen=True):
    """Slots in (after, until]."""

    after: Instant
    until: Instant


class Choice(msgspec.Struct, frozen=True):
    """The slots to run, oldest first, and the rest as missed; without `stands_for` each run is for its own slot."""

    slots: tuple[Instant, ...] = ()
    stands_for: Range | None = None
    missed: tuple[Range, ...] = ()


def is_late(due: Instant, now: Instant, late_grace_ms: Millis) -> bool:
    """Tell whether a run that starts now is a catch-up rather than a moment late."""
    return now - due > late_grace_ms


def choose(
    policy: Policy, trigger: Trigger, schedule_id: str, stretches: tuple[Stretch, ...], *, now: Instant
) -> Choice:
    """Return what the policy makes of all slots of the stretches, which are ascending and due by now."""
    # What is on time runs even where the window is shorter than the grace.
    oldest = now - max(policy.catchup_window_ms, policy.late_grace_ms)
    cutoff = last_slot_due(trigger, schedule_id, oldest - 1, policy.jitter_ms)
    ranges = [
        found
        for stretch in stretches
        if (found := owed(trigger, after=max(stretch.after, cutoff), until=stretch.until)) is not None
    ]
    slots = _slots(policy, trigger, schedule_id, ranges, now) if ranges else ()
    return Choice(slots, _stands_for(policy, ranges), _rest(trigger, stretches, slots))


def _slots(
    policy: Policy, trigger: Trigger, schedule_id: str, ranges: list[Range], now: Instant
) -> tuple[Instant, ...]:
    newest = ranges[-1].last
    match policy.missed_run_policy:
        case MissedRunPolicy.RUN_ONCE:
            return (newest,)
        case MissedRunPolicy.SKIP:
            due = due_at(trigger, schedule_id, newest, policy.jitter_ms)
            return () if is_late(due, now, policy.late_grace_ms) else (newest,)
        case MissedRunPolicy.RUN_ALL:
            return _newest(trigger, ranges, policy.catchup_limit)


def _newest(trigger: Trigger, ranges: list[Range], limit: int) -> tuple[Instant, ...]:
    found: list[Instant] = []
    for each in reversed(ranges):
        slot: Instant | None = each.last
        while slot is not None and slot >= each.first and len(found) < limit:
            found.append(slot)
            slot = trigger.previous(slot - 1)
    return tuple(reversed(found))


def _rest(trigger: Trigger, stretches: tuple[Stretch, ...], slots: tuple[Instant, ...]) -> tuple[Range, ...]:
    # What runs is always the newest of what is owed, so all that is missed lies below the first of it.
    bound = slots[0] - 1 if slots else None
    rest = (
        owed(trigger, after=each.after, until=each.until if bound is None else min(each.until, bound))
        for each in stretches
    )
    return tuple(found for found in rest if found is not None)


def _stands_for(policy: Policy, ranges: list[Range]) -> Range | None:
    if policy.missed_run_policy is not MissedRunPolicy.RUN_ONCE or not ranges:
        return None
    return Range(sum(each.count for each in ranges), ranges[0].first, ranges[-1].last)
