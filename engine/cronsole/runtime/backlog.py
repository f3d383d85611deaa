"""Runs that wait for room in the engine, in the order in which they were due."""

from bisect import insort
from collections.abc import Iterator

from cronsole.model.instant import Instant
from cronsole.runtime.lane import Active, Lane
from cronsole.runtime.limits import RunLimits


class Backlog:
    """A run that its tag or plugin has no room for lets others pass."""

    def __init__(self, limits: RunLimits) -> None:
        self._limits = limits
        self._entries: list[tuple[Instant, str, Lane, Active]] = []

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, lane: Lane, active: Active) -> None:
        entry = (active.run.due_at, active.run.run_id, lane, active)
        insort(self._entries, entry, key=lambda each: each[:2])

    def remove(self, active: Active) -> bool:
        """Take a run out; return whether it was there."""
        position = next((at for at, entry in enumerate(self._entries) if entry[3] is active), None)
        if position is None:
            return False
        del self._entries[position]
        return True

    def take_fitting(self) -> Iterator[tuple[Lane, Active]]:
        """Take out the runs that there is room for; each is to enter before the next is asked for."""
        position = 0
        while position < len(self._entries) and not self._limits.is_full:
            _, _, lane, active = self._entries[position]
            if self._limits.has_room(lane.schedule):
                del self._entries[position]
                yield lane, active
            else:
                position += 1
