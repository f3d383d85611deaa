"""What a reload would do: the schedules it adds, changes, moves and removes, and the fires that come and go by it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from cronsole.catalog import Catalog, Source
from cronsole.config.definition import as_table
from cronsole.config.diff import Diff
from cronsole.config.hashing import trigger_hash
from cronsole.errors import ConfigError
from cronsole.model.ask import PlanAsk
from cronsole.model.instant import DAY, Instant, to_datetime
from cronsole.model.prospect import FieldChange, PlannedChange, PlanView
from cronsole.model.schedule import Schedule, ScheduleState, SourceKind
from cronsole.model.settings import Configuration
from cronsole.planning.coming import Coming, coming
from cronsole.runtime.enactment import Enactment, carried_on, first_seen
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import compiled
from cronsole.runtime.reload import Reloader

_FILES = Source(SourceKind.FILE)
_LONGEST_DAYS = 3_660
# Of each kind; more than that nobody reads.
_SHOWN = 1_000
_FIRST = 5
# Two triggers that agree for so long are hardly told apart by looking on.
_COMPARED = 10_000


class Standing(msgspec.Struct, frozen=True):
    """A schedule in force, and what is remembered of it; `schedule` is None where only the ledger remembers it."""

    schedule: Schedule | None
    state: ScheduleState


class Planned:
    """Reads the files as a reload would, and compares in a thread what they say with what is in force."""

    def __init__(self, ground: Ground, *, catalog: Catalog, enactment: Enactment, reloader: Reloader) -> None:
        self._clock = ground.clock
        self._lanes = ground.lanes
        self._started_at = ground.identity.started_at
        self._catalog = catalog
        self._enactment = enactment
        self._reloader = reloader

    async def plan(self, ask: PlanAsk) -> PlanView:
        """Tell what a reload would do now; ConfigError where the days are not to be counted."""
        if not 1 <= ask.days <= _LONGEST_DAYS:
            raise ConfigError([f"days: {ask.days:,} is out of range; accepted is 1 to {_LONGEST_DAYS:,}"])
        now = self._clock.now()
        until = now + ask.days * DAY
        try:
            configuration = await self._reloader.read()
        except ConfigError as error:
            return PlanView(until=to_datetime(until), problems=error.problems)
        catalog = self._catalog.copy()
        change = await asyncio.to_thread(catalog.apply, _FILES, configuration.schedules)
        known = await self._standing(change)
        return await asyncio.to_thread(plan_view, change, known, configuration, self._started_at, now, until)

    async def _standing(self, change: Diff) -> dict[str, Standing]:
        known = {
            schedule_id: Standing(None, state)
            for schedule_id, state in (await self._enactment.archive(change.added[:_SHOWN])).items()
        }
        for schedule in (*change.changed, *change.retimed, *change.removed):
            lane = self._lanes.get(schedule.id)
            if lane is not None:
                known[schedule.id] = Standing(lane.schedule, lane.state)
        return known


def plan_view(
    change: Diff,
    known: Mapping[str, Standing],
    configuration: Configuration,
    engine_started_at: Instant,
    now: Instant,
    until: Instant,
) -> PlanView:
    """Return what a change means for the fires in [now, until]; a changed trigger starts from now."""
    compare = _Comparison(known, engine_started_at, now, until)
    groups: dict[str, list[PlannedChange]] = {
        "added": [compare.coming(schedule) for schedule in change.added[:_SHOWN]],
        "changed": [compare.changing(schedule) for schedule in change.changed[:_SHOWN]],
        "retimed": [compare.changing(schedule) for schedule in change.retimed[:_SHOWN]],
        "removed": [compare.going(schedule) for schedule in change.removed[:_SHOWN]],
    }
    unsaid = [
        f"only the first {_SHOWN:,} of {len(all_of_kind):,} {kind} schedules are shown"
        for kind in groups
        if len(all_of_kind := getattr(change, kind)) > _SHOWN
    ]
    return PlanView(
        until=to_datetime(until),
        warnings=(*configuration.warnings, *unsaid, *compare.unsaid),
        unchanged=len(change.unchanged),
        added=tuple(groups["added"]),
        changed=tuple(groups["changed"]),
        retimed=tuple(groups["retimed"]),
        removed=tuple(groups["removed"]),
    )


class _Comparison:
    """Fires before and after, of one schedule at a time."""

    def __init__(
        self, known: Mapping[str, Standing], engine_started_at: Instant, now: Instant, until: Instant
    ) -> None:
        self._known = known
        self._engine_started_at = engine_started_at
        self._now = now
        self._until = until
        self.unsaid: list[str] = []

    def coming(self, schedule: Schedule) -> PlannedChange:
        """Return what it means that a schedule comes into force, or comes back."""
        standing = self._known.get(schedule.id)
        state = first_seen(schedule, self._now) if standing is None else standing.state
        fires = self._fires(schedule, carried_on(schedule, state, self._now))
        return PlannedChange(
            id=schedule.id,
            origin=str(schedule.origin),
            fields=_fields({}, as_table(schedule)),
            gains=_moments(islice(fires, _FIRST)),
            fires_after=fires.count,
        )

    def going(self, schedule: Schedule) -> PlannedChange:
        """Return what it means that a schedule goes."""
        standing = self._known.get(schedule.id)
        fires = None if standing is None else self._fires(schedule, standing.state)
        return PlannedChange(
            id=schedule.id,
            origin=str(schedule.origin),
            fields=_fields(as_table(schedule), {}),
            loses=_moments(islice(fires or (), _FIRST)),
            fires_before=0 if fires is None else fires.count,
        )

    def changing(self, schedule: Schedule) -> PlannedChange:
        """Return what it means that a schedule has another definition."""
        standing = self._known.get(schedule.id)
        if standing is None or standing.schedule is None:
            return self.coming(schedule)
        before = self._fires(standing.schedule, standing.state)
        after = self._fires(schedule, carried_on(schedule, standing.state, self._now))
        loses, gains, is_whole = _differing(before, after, is_same=_fire_alike(standing.schedule, schedule))
        if not is_whole:
            self.unsaid.append(f"{schedule.id}: only its first {_COMPARED:,} fires are compared one by one")
        return PlannedChange(
            id=schedule.id,
            origin=str(schedule.origin),
            fields=_fields(as_table(standing.schedule), as_table(schedule)),
            loses=_moments(loses),
            gains=_moments(gains),
            fires_before=before.count,
            fires_after=after.count,
        )

    def _fires(self, schedule: Schedule, state: ScheduleState) -> Coming:
        trigger = compiled(schedule, state, self._engine_started_at)
        return coming(schedule, trigger, state, since=self._now, until=self._until)


def _fire_alike(before: Schedule, after: Schedule) -> bool:
    return (
        trigger_hash(before) == trigger_hash(after)
        and before.enabled == after.enabled
        and before.max_runs == after.max_runs
    )


def _differing(before: Coming, after: Coming, *, is_same: bool) -> tuple[list[Instant], list[Instant], bool]:
    """Return the first fires of one that the other lacks, both ways, and whether enough of both was looked at."""
    loses: list[Instant] = []
    gains: list[Instant] = []
    if is_same:
        return loses, gains, True
    olds, news = iter(before), iter(after)
    old, new = next(olds, None), next(news, None)
    for _ in range(2 * _COMPARED):
        if len(loses) >= _FIRST and len(gains) >= _FIRST:
            return loses, gains, True
        if old is None and new is None:
            return loses, gains, True
        if old == new:
            old, new = next(olds, None), next(news, None)
        elif new is None or (old is not None and old < new):
            _note(loses, old)
            old = next(olds, None)
        else:
            _note(gains, new)
            new = next(news, None)
    return loses, gains, False


def _note(found: list[Instant], at: Instant | None) -> None:
    if at is not None and len(found) < _FIRST:
        found.append(at)


def _moments(instants: Iterable[Instant]) -> Any:
    return tuple(to_datetime(at) for at in instants)


def _fields(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[FieldChange, ...]:
    return tuple(_changes(before, after, ""))


def _changes(before: Mapping[str, object], after: Mapping[str, object], prefix: str) -> Iterator[FieldChange]:
    """Yield the keys that differ; of tables, those within."""
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _changes(old, new, f"{prefix}{key}.")
        else:
            yield FieldChange(key=f"{prefix}{key}", before=_text(old), after=_text(new))


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
