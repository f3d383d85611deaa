"""Brings definitions into force: new, changed, moved, removed and returning schedules, in the ledger and in lanes."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from cronsole.catalog import Catalog, Source
from cronsole.config.diff import Diff
from cronsole.config.hashing import definition_hash, trigger_hash
from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.instant import Instant
from cronsole.model.run import Cause, Run, SkipReason
from cronsole.model.schedule import Pause, Schedule, ScheduleState, SourceKind
from cronsole.runtime.circuits import Circuits, joined, standing
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.own_pause import own_pause
from cronsole.runtime.shadow import into_shadow, is_shadow_id, shadow_id
from cronsole.store.base import Archived, AuditEntry, ClaimRetracted, Defined, KeyUsed, Ledger, StateChange

_SLICE = 5_000
_API = Source(SourceKind.API)


def first_seen(schedule: Schedule, now: Instant) -> ScheduleState:
    """Return the state of a schedule that is new: it owes nothing before now."""
    pause = Pause(now, reason="not enabled by default") if schedule.starts_paused else None
    return ScheduleState(
        schedule_id=schedule.id,
        created_at=now - 1,
        anchor_at=now,
        trigger_changed_at=now - 1,
        watermark=0,
        trigger_hash=trigger_hash(schedule),
        definition_hash=definition_hash(schedule),
        pause=own_pause(schedule, pause, now),
    )


def carried_on(schedule: Schedule, state: ScheduleState, now: Instant) -> ScheduleState:
    """Return the state under a new definition: a changed trigger and a return from the archive start from now."""
    timing, definition = trigger_hash(schedule), definition_hash(schedule)
    changes: dict[str, object] = {}
    if definition != state.definition_hash:
        changes |= {"definition_hash": definition, "exhausted_at": None}
    if timing != state.trigger_hash:
        changes |= {"trigger_hash": timing, "trigger_changed_at": now - 1, "anchor_at": now}
    if state.archived_at is not None:
        changes |= {"archived_at": None, "resumed_at": now - 1, "exhausted_at": None}
    pause = own_pause(schedule, state.pause, now)
    if pause is None and state.pause is not None:
        changes |= {"pause": None, "resumed_at": now - 1}
    elif pause != state.pause:
        changes["pause"] = pause
    return msgspec.structs.replace(state, **changes) if changes else state


class Enactment:
    """Keeps lanes and the ledger's definitions in step with the catalog."""

    def __init__(self, ground: Ground, dispatcher: Dispatcher, *, catalog: Catalog, ledger: Ledger) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._lanes = ground.lanes
        self._started_at = ground.identity.started_at
        self._dispatcher = dispatcher
        self._catalog = catalog
        self._ledger = ledger
        self._circuits = Circuits(ground)
        self._shadows: set[str] = set()

    async def begin(
        self, known: Mapping[str, ScheduleState], now: Instant, *, kept: Iterable[str] = ()
    ) -> None:
        """Make a lane for each schedule at the start of the engine, and archive what is defined no more, nor kept.

        Called again before anything fires, it takes in what has come and gone since.
        """
        self._shadows = {
            key for key, state in known.items() if is_shadow_id(key) and state.archived_at is None
        }
        shadowed = [each.schedule for each in self._catalog.shadowed() if each.source == _API]
        changes: list[StateChange] = [
            Defined(into_shadow(schedule), first_seen(into_shadow(schedule), now))
            for schedule in shadowed
            if shadow_id(schedule.id) not in self._shadows
        ]
        present = {*kept, *(shadow_id(schedule.id) for schedule in shadowed)}
        circuits = standing((each, known[each.id]) for each in self._catalog if each.id in known)
        for schedule in self._catalog:
            present.add(schedule.id)
            before = known.get(schedule.id)
            if before is None:
                state = joined(schedule, first_seen(schedule, now), circuits)
            else:
                state = carried_on(schedule, before, now)
            if state != before or shadow_id(schedule.id) in self._shadows - present:
                changes.append(Defined(schedule, state))
            lane = self._lanes.get(schedule.id)
            if lane is None:
                self._lanes.put(Lane(schedule, state, self._started_at))
            else:
                self._lanes.redefine(lane, schedule, state)
        gone = [state for key, state in known.items() if key not in present and state.archived_at is None]
        changes.extend(Archived(state.schedule_id, now) for state in gone)
        self._shadows &= present
        self._shadows |= {shadow_id(schedule.id) for schedule in shadowed}
        for position in range(0, len(changes), _SLICE):
            await self._journal.ask(states=changes[position : position + _SLICE])

    async def archive(self, added: Iterable[Schedule]) -> Mapping[str, ScheduleState]:
        """Return what the ledger remembers of schedules that come into force, those never seen left out."""
        for schedule in added:
            if await self._ledger.definition(schedule.id) is not None:
                return await self._ledger.schedule_states()
        return {}

    async def change(
        self,
        diff: Diff,
        archive: Mapping[str, ScheduleState],
        *,
        audit: Iterable[AuditEntry] = (),
        keys: Iterable[KeyUsed] = (),
    ) -> list[Lane]:
        """Put schedules in force and take others out, in one transaction; return the lanes to aim afresh.

        The caller holds the claimer's lock. Nothing changes when the ledger cannot be written.
        """
        now = self._clock.now()
        retimed = [lane for schedule in diff.retimed if (lane := self._lanes.get(schedule.id)) is not None]
        leaving = [lane for schedule in diff.removed if (lane := self._lanes.get(schedule.id)) is not None]
        retracted = [retraction for lane in (*retimed, *leaving) for retraction in _retractions(lane)]
        watermarks = {retraction.schedule_id: retraction.watermark for retraction in retracted}
        defined: list[Defined] = []
        coming = (*diff.added, *diff.changed, *diff.retimed)
        circuits = self._circuits.standing_for(coming)
        for schedule in coming:
            lane = self._lanes.get(schedule.id)
            before = lane.state if lane else archive.get(schedule.id)
            if before is None:
                defined.append(Defined(schedule, joined(schedule, first_seen(schedule, now), circuits)))
                continue
            mark = watermarks.get(schedule.id, before.watermark)
            before = msgspec.structs.replace(before, watermark=mark)
            state = joined(schedule, carried_on(schedule, before, now), circuits)
            defined.append(Defined(schedule, state))
        archived = [Archived(lane.id, now) for lane in leaving]
        moved = [*self._changed_hands(diff), *self._moves_of_shadows(diff, now)]
        held_back = self._hold_back(retracted)
        try:
            await self._journal.ask(
                states=[*retracted, *defined, *archived, *moved], audit=list(audit), keys=keys
            )
        except (StoreUnavailable, StoreCorrupt):
            for lane, run in held_back:
                self._dispatcher.submit(lane, run)
            raise
        self._note_shadows(moved)
        for schedule in diff.unchanged:
            self._note_place(schedule)
        return self._take_effect(defined, retracted, leaving, now)

    def _hold_back(self, retracted: Iterable[ClaimRetracted]) -> list[tuple[Lane, Run]]:
        """Take out the runs whose claims are to be taken back, so that none falls due and starts meanwhile."""
        return [
            (lane, lane.preclaimed.pop(retraction.run_id))
            for retraction in retracted
            if (lane := self._lanes.get(retraction.schedule_id)) is not None
        ]

    def _changed_hands(self, diff: Diff) -> Iterator[StateChange]:
        """What is the same to the letter and comes from another source now is written down as that source's."""
        for schedule in diff.unchanged:
            lane = self._lanes.get(schedule.id)
            if lane is not None and lane.schedule.origin.kind is not schedule.origin.kind:
                yield Defined(schedule, lane.state)

    def _moves_of_shadows(self, diff: Diff, now: Instant) -> Iterator[StateChange]:
        """Keep the runtime schedules that lose their id to a file, and let go of those that have it again."""
        held = self._catalog.held(_API)
        if not held and not self._shadows:
            return
        for schedule in (*diff.added, *diff.changed, *diff.retimed, *diff.unchanged, *diff.removed):
            own, holder = held.get(schedule.id), self._catalog.get(schedule.id)
            is_shadowed = own is not None and holder is not None and holder.origin.kind is not SourceKind.API
            if own is not None and is_shadowed and shadow_id(own.id) not in self._shadows:
                yield Defined(into_shadow(own), first_seen(into_shadow(own), now))
            elif not is_shadowed and shadow_id(schedule.id) in self._shadows:
                yield Archived(shadow_id(schedule.id), now)

    def _note_shadows(self, moved: Iterable[StateChange]) -> None:
        for change in moved:
            if isinstance(change, Archived):
                self._shadows.discard(change.schedule_id)
            elif isinstance(change, Defined) and is_shadow_id(change.schedule.id):
                self._shadows.add(change.schedule.id)

    def _note_place(self, schedule: Schedule) -> None:
        """A schedule that only moved in its file is shown at its new line."""
        lane = self._lanes.get(schedule.id)
        if lane is not None:
            lane.schedule = schedule

    def _take_effect(
        self,
        defined: list[Defined],
        retracted: list[ClaimRetracted],
        leaving: list[Lane],
        now: Instant,
    ) -> list[Lane]:
        for retraction in retracted:
            lane = self._lanes.get(retraction.schedule_id)
            if lane is not None:
                lane.change(watermark=retraction.watermark)
        lanes = [self._put(definition) for definition in defined]
        for lane in leaving:
            lane.is_leaving = True
            lane.change(archived_at=now)
            self._dispatcher.skip_claimed(lane, SkipReason.DISABLED, "its definition was removed")
            self._dispatcher.skip_waiting(lane, SkipReason.DISABLED, "its definition was removed")
        self._lanes.forget_the_gone()
        return lanes + leaving

    def _put(self, definition: Defined) -> Lane:
        lane = self._lanes.get(definition.schedule.id)
        if lane is None:
            lane = Lane(definition.schedule, definition.state, self._started_at)
            self._lanes.put(lane)
            return lane
        lane.is_leaving = False
        was_paused = lane.state.pause is not None
        self._lanes.redefine(lane, definition.schedule, definition.state)
        if was_paused and definition.state.pause is None:
            self._dispatcher.resume(lane)
        if not definition.schedule.enabled:
            origin = definition.schedule.origin
            self._dispatcher.skip_claimed(lane, SkipReason.DISABLED, f"disabled in {origin}")
            self._dispatcher.skip_appointed(lane, SkipReason.DISABLED, f"disabled in {origin}")
        return lane


def _retractions(lane: Lane) -> list[ClaimRetracted]:
    """Take back claims for slots that have not come: under the new definition they are not owed."""
    return [
        ClaimRetracted(run.run_id, lane.id, run.slot - 1)
        for run in lane.preclaimed.values()
        if run.slot is not None and is_newest_claim(lane, run)
    ]


def is_newest_claim(lane: Lane, run: Run) -> bool:
    """Tell whether nothing above the run's slot was dealt with, so that the claim can be taken back."""
    return run.cause is Cause.SLOT and run.slot == lane.state.watermark
