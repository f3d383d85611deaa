"""The fires of a schedule in a stretch of time to come: how many, and which; gates are not asked."""

from collections.abc import Iterator

import msgspec

from cronsole.model.instant import Instant
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.planning.due import is_over, owing_since, runs_left
from cronsole.triggers.base import Trigger


class Coming(msgspec.Struct, frozen=True):
    """Fires in (after, until], at most `left` of them."""

    trigger: Trigger
    after: Instant
    until: Instant
    left: int | None = None

    @property
    def count(self) -> int:
        """How many there are, counted without walking through them."""
        if self.after >= self.until:
            return 0
        count = self.trigger.count(self.after, self.until)
        return count if self.left is None else min(count, self.left)

    def __iter__(self) -> Iterator[Instant]:
        slot, left = self.trigger.next(self.after), self.left
        while slot is not None and slot <= self.until and left != 0:
            yield slot
            slot, left = self.trigger.next(slot), None if left is None else left - 1


def coming(
    schedule: Schedule, trigger: Trigger, state: ScheduleState, *, since: Instant, until: Instant
) -> Coming:
    """Return the fires in [since, until] that the schedule will owe."""
    if not schedule.enabled or is_over(schedule, state):
        return Coming(trigger, until, until)
    after = max(since - 1, owing_since(schedule, state))
    end = until if schedule.end is None else min(until, schedule.end)
    return Coming(trigger, after, end, runs_left(schedule, state))
