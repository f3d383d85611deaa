"""The schedules in force, merged from their sources; which one wins an id, and which wait in its shadow."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cronsole.config.diff import Diff, diff
from cronsole.model.plugin import DEFAULT_PRIORITY
from cronsole.model.schedule import Schedule, SourceKind


class Source(msgspec.Struct, frozen=True):
    """One set of schedules that comes and goes as a whole: the files, a plugin, the API."""

    kind: SourceKind
    name: str = ""


class SourceSet(msgspec.Struct, frozen=True):
    """All that a source has, and how it ranks among sources of its kind; an empty one makes the source leave."""

    source: Source
    schedules: tuple[Schedule, ...]
    priority: int = DEFAULT_PRIORITY


class Shadowed(msgspec.Struct, frozen=True):
    """A schedule that is not in force while another source holds its id."""

    schedule: Schedule
    source: Source
    held_by: Source


# What a person wrote into a file outranks what a program made, and both outrank what a plugin brings along.
_RANKS = {SourceKind.FILE: 2, SourceKind.API: 1, SourceKind.PLUGIN: 0}


class Catalog:
    """Sources in the order of their precedence: by kind, then by priority; among equals, who came first."""

    def __init__(self) -> None:
        self._sources: dict[Source, dict[str, Schedule]] = {}
        self._priorities: dict[Source, int] = {}
        self._in_force: dict[str, Schedule] = {}
        self._by_tag: dict[str, tuple[Schedule, ...]] | None = None

    def __len__(self) -> int:
        return len(self._in_force)

    def __iter__(self) -> Iterator[Schedule]:
        return iter(self._in_force.values())

    def __contains__(self, schedule_id: object) -> bool:
        return schedule_id in self._in_force

    def get(self, schedule_id: str) -> Schedule | None:
        """Return the schedule in force under an id."""
        return self._in_force.get(schedule_id)

    def tagged(self, tag: str) -> tuple[Schedule, ...]:
        """Return the schedules in force that bear a tag."""
        if self._by_tag is None:
            found: dict[str, list[Schedule]] = {}
            for schedule in self:
                for name in schedule.tags:
                    found.setdefault(name, []).append(schedule)
            self._by_tag = {name: tuple(schedules) for name, schedules in found.items()}
        return self._by_tag.get(tag, ())

    def source_of(self, schedule_id: str) -> Source | None:
        """Return the source whose schedule is in force under an id."""
        return next((source for source in self._ranked() if schedule_id in self._sources[source]), None)

    def shadowed(self) -> tuple[Shadowed, ...]:
        """Return what is not in force, in the order of precedence."""
        holders: dict[str, Source] = {}
        found: list[Shadowed] = []
        for source in self._ranked():
            for schedule_id, schedule in self._sources[source].items():
                holder = holders.setdefault(schedule_id, source)
                if holder is not source:
                    found.append(Shadowed(schedule, source, holder))
        return tuple(found)

    def shadows_of(self, schedule_id: str) -> tuple[Schedule, ...]:
        """Return the schedules that wait in the shadow of the one in force under an id."""
        holders = (self._sources[source].get(schedule_id) for source in self._ranked())
        return tuple(schedule for schedule in holders if schedule is not None)[1:]

    def apply(
        self, source: Source, schedules: Iterable[Schedule], *, priority: int = DEFAULT_PRIORITY
    ) -> Diff:
        """Put a new set in the place of all that a source had; return what that changes in force.

        An empty set makes the source leave. Where nothing changed, the schedule is kept as it was.
        """
        return self.apply_all([SourceSet(source, tuple(schedules), priority)])

    def apply_all(self, sets: Iterable[SourceSet]) -> Diff:
        """Put new sets in the place of those of several sources at once; return what all of it changes in force."""
        touched: dict[str, None] = {}
        for each in sets:
            new = {schedule.id: schedule for schedule in each.schedules}
            touched |= dict.fromkeys([*self._sources.get(each.source, {}), *new])
            if new:
                self._sources[each.source] = new
                self._priorities[each.source] = each.priority
            else:
                self._leave(each.source)
        return self._settle(touched)

    def define(self, source: Source, schedule: Schedule) -> Diff:
        """Put one schedule of a source in the place of the one of its id, or add it."""
        self._sources.setdefault(source, {})[schedule.id] = schedule
        self._priorities.setdefault(source, DEFAULT_PRIORITY)
        return self._settle({schedule.id: None})

    def withdraw(self, source: Source, schedule_id: str) -> Diff:
        """Take one schedule out of a source; one that stood in its shadow comes into force."""
        held = self._sources.get(source, {})
        held.pop(schedule_id, None)
        if not held:
            self._leave(source)
        return self._settle({schedule_id: None})

    def copy(self) -> "Catalog":
        """Return one that can be changed by itself."""
        other = Catalog()
        other.become(self)
        return other

    def sources(self, kind: SourceKind) -> tuple[Source, ...]:
        """Return the sources of a kind that have schedules, in force or not."""
        return tuple(source for source in self._sources if source.kind is kind)

    def become(self, other: "Catalog") -> None:
        """Hold what another one holds."""
        self._sources = {source: dict(held) for source, held in other._sources.items()}
        self._priorities = dict(other._priorities)
        self._in_force = dict(other._in_force)
        self._by_tag = None

    def held(self, source: Source) -> Mapping[str, Schedule]:
        """Return all that a source has by id, in force or not."""
        return self._sources.get(source, {})

    def _leave(self, source: Source) -> None:
        self._sources.pop(source, None)
        self._priorities.pop(source, None)

    def _settle(self, touched: Mapping[str, None]) -> Diff:
        """Bring into force what wins each of these ids now; return what that changes."""
        before = [self._in_force[name] for name in touched if name in self._in_force]
        change = diff(before, self._winners(touched))
        self._by_tag = None
        for schedule in change.removed:
            del self._in_force[schedule.id]
        for schedule in (*change.added, *change.changed, *change.retimed):
            self._in_force[schedule.id] = schedule
        for schedule in change.unchanged:
            if self._in_force[schedule.id] != schedule:  # it moved to another line
                self._in_force[schedule.id] = schedule
        return change

    def _winners(self, ids: Mapping[str, None]) -> list[Schedule]:
        ranked = [self._sources[source] for source in self._ranked()]
        found = (next((held[name] for held in ranked if name in held), None) for name in ids)
        return [schedule for schedule in found if schedule is not None]

    def _ranked(self) -> list[Source]:
        """Return the sources, the one with the highest precedence first."""
        return sorted(
            self._sources,
            key=lambda source: (_RANKS[source.kind], self._priorities[source]),
            reverse=True,
        )
