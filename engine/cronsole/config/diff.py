"""What becomes of schedules when one set takes the place of another."""

from collections.abc import Iterable

import msgspec

from cronsole.config.hashing import definition_hash, trigger_hash
from cronsole.model.schedule import Schedule


class Diff(msgspec.Struct, frozen=True):
    """Schedules by what becomes of them, each in one group only, as the new set has them.

    A `changed` one goes on firing at the same times, a `retimed` one starts anew from now.
    """

    added: tuple[Schedule, ...] = ()
    changed: tuple[Schedule, ...] = ()
    retimed: tuple[Schedule, ...] = ()
    removed: tuple[Schedule, ...] = ()
    unchanged: tuple[Schedule, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.retimed or self.removed)


def diff(old: Iterable[Schedule], new: Iterable[Schedule]) -> Diff:
    """Return what turns the old set into the new one; a schedule that only moved in its file is unchanged."""
    before = {schedule.id: schedule for schedule in old}
    groups: dict[str, list[Schedule]] = {"added": [], "changed": [], "retimed": [], "unchanged": []}
    for schedule in new:
        earlier = before.pop(schedule.id, None)
        groups["added" if earlier is None else _change(earlier, schedule)].append(schedule)
    return Diff(
        added=tuple(groups["added"]),
        changed=tuple(groups["changed"]),
        retimed=tuple(groups["retimed"]),
        removed=tuple(before.values()),
        unchanged=tuple(groups["unchanged"]),
    )


def _change(old: Schedule, new: Schedule) -> str:
    # Most are equal to the letter, which is told much sooner than by hashing both.
    if old == new or definition_hash(old) == definition_hash(new):
        return "unchanged"
    return "changed" if trigger_hash(old) == trigger_hash(new) else "retimed"
