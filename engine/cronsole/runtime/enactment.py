"""Brings definitions into force: new, changed, moved, removed and returning schedules, in the ledger and in lanes."""

from collections.abc import Iterable, Mapping

import msgspec

from cronsole.config.diff import Diff
from cronsole.config.hashing import definition_hash, trigger_hash
from cronsole.model.instant import Instant
from cronsole.model.run import Cause, Run, SkipReason
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.store.base import Archived, ClaimRetracted, Defined, StateChange

_SLICE = 5_000


def first_seen(schedule: Schedule, now: Instant) -> ScheduleState:
    """Return the state of a schedule that is new: it owes nothing before now."""
    return ScheduleState(
        schedule_id=schedule.id,
        created_at=now - 1,
        anchor_at=now,
        trigger_changed_at=now - 1,
        watermark=0,
        trigger_hash=trigger_hash(schedule),
        definition_hash=definition_hash(schedule),
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
    return msgspec.structs.replace(state, **changes) if changes else state


class Enactment:
    """Keeps lanes and the ledger's definitions in step with the catalog."""

    def __init__(self, ground: Ground, dispatcher: Dispatcher) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._lanes = ground.lanes
        self._started_at = ground.identity.started_at
        self._dispatcher = dispatcher

    async def begin(
        self, schedules: Iterable[Schedule], known: Mapping[str, ScheduleState], now: Instant
    ) -> None:
        """Make a lane for each schedule at the start of the engine, and archive what is defined no more."""
        changes: list[StateChange] = []
        present: set[str] = set()
        for schedule in schedules:
            present.add(schedule.id)
            before = known.get(schedule.id)
            state = first_seen(schedule, now) if before is None else carried_on(schedule, before, now)
            if state != before:
                changes.append(Defined(schedule, state))
            self._lanes.put(Lane(schedule, state, self._started_at))
        gone = [state for key, state in known.items() if key not in present and state.archived_at is None]
        changes.extend(Archived(state.schedule_id, now) for state in gone)
        for position in range(0, len(changes), _SLICE):
            await self._journal.ask(states=changes[position : position + _SLICE])

    async def change(self, diff: Diff, archive: Mapping[str, ScheduleState]) -> list[Lane]:
        """Put schedules in force and take others out, in one transaction; return the lanes to aim afresh.

        The caller holds the claimer's lock. Nothing changes when the ledger cannot be written.
        """
        now = self._clock.now()
        retimed = [lane for schedule in diff.retimed if (lane := self._lanes.get(schedule.id)) is not None]
        leaving = [lane for schedule in diff.removed if (lane := self._lanes.get(schedule.id)) is not None]
        retracted = [retraction for lane in (*retimed, *leaving) for retraction in _retractions(lane)]
        watermarks = {retraction.schedule_id: retraction.watermark for retraction in retracted}
        defined: list[Defined] = []
        for schedule in (*diff.added, *diff.changed, *diff.retimed):
            lane = self._lanes.get(schedule.id)
            before = lane.state if lane else archive.get(schedule.id)
            if before is None:
                defined.append(Defined(schedule, first_seen(schedule, now)))
                continue
            mark = watermarks.get(schedule.id, before.watermark)
            before = msgspec.structs.replace(before, watermark=mark)
            defined.append(Defined(schedule, carried_on(schedule, before, now)))
        archived = [Archived(lane.id, now) for lane in leaving]
        await self._journal.ask(states=[*retracted, *defined, *archived])
        for schedule in diff.unchanged:
            self._note_place(schedule)
        return self._take_effect(defined, retracted, leaving, now)

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
                lane.preclaimed.pop(retraction.run_id, None)
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
        lane.redefine(definition.schedule, definition.state)
        if not definition.schedule.enabled:
            origin = definition.schedule.origin
            self._dispatcher.skip_claimed(lane, SkipReason.DISABLED, f"disabled in {origin}")
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
