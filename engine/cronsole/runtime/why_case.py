"""Everything that is known of one slot, from which it is explained."""

import msgspec

from cronsole.model.instant import SECOND, Instant, to_datetime
from cronsole.model.run import Run, RunState
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import ManualSpec
from cronsole.planning.due import due_at
from cronsole.planning.gates import GateReading
from cronsole.triggers.base import Trigger


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of a schedule (None where no more will come), and the row that gave it its verdict, if one did."""

    schedule: Schedule
    state: ScheduleState
    trigger: Trigger
    slot: Instant | None
    now: Instant
    run: Run | None
    readings: tuple[GateReading, ...]
    running: tuple[Run, ...] = ()
    waiting: int = 0
    lacks_room: str = ""
    is_claimed_ahead: bool = False
    is_troubled: bool = False
    shadows: tuple[str, ...] = ()

    @property
    def is_slot(self) -> bool:
        return self.slot is not None and self.trigger.previous(self.slot) == self.slot

    @property
    def is_manual(self) -> bool:
        """Whether nothing but somebody's asking brings about a run."""
        return isinstance(self.schedule.trigger, ManualSpec)

    @property
    def is_past(self) -> bool:
        return self.slot is not None and self.slot <= self.now

    @property
    def due(self) -> Instant | None:
        """When the slot's run is due, its jitter included."""
        if self.slot is None:
            return None
        return due_at(self.trigger, self.schedule.id, self.slot, self.schedule.policy.jitter_ms)

    @property
    def first_closed(self) -> GateReading | None:
        return next((reading for reading in self.readings if not reading.is_open), None)

    @property
    def is_verdict_alone(self) -> bool:
        """Whether the row says that nothing ran."""
        return self.run is not None and self.run.state in (RunState.SKIPPED, RunState.MISSED)

    @property
    def stands_for_others(self) -> bool:
        run = self.run
        return run is not None and run.stands_for is not None and run.stands_for.count > 1

    def never_owed(self) -> str:
        """Return why a slot that has passed was never owed, or nothing where it was or still is."""
        state, schedule, slot = self.state, self.schedule, self.slot
        if slot is None or self.run is not None:
            return ""
        if slot <= state.created_at:
            return f"the schedule was created after it, at {moment(state.created_at + 1, self.now)}"
        if slot <= state.trigger_changed_at:
            return f"its trigger was changed after it, at {moment(state.trigger_changed_at + 1, self.now)}"
        if slot <= state.resumed_at:
            return f"it was out of force until {moment(state.resumed_at + 1, self.now)}, after it"
        if schedule.start is not None and slot < schedule.start:
            return f"the start of the schedule comes after it, at {moment(schedule.start, self.now)}"
        if schedule.end is not None and slot > schedule.end:
            return f"the end of the schedule comes before it, at {moment(schedule.end, self.now)}"
        return ""

    def over(self) -> str:
        """Return why no slot will be owed any more, or nothing where some will."""
        state, schedule = self.state, self.schedule
        if schedule.max_runs is not None and state.runs_made >= schedule.max_runs:
            return f"it has made {state.runs_made} of {schedule.max_runs} runs"
        if state.exhausted_at is not None or self.slot is None:
            return "its trigger has no more slots"
        return ""

    def runs_out_before(self) -> str:
        """Return that `max_runs` is used up by slots ahead of this one, where it is."""
        max_runs, slot = self.schedule.max_runs, self.slot
        if max_runs is None or slot is None or self.is_past:
            return ""
        ahead = self.trigger.count(max(self.state.watermark, self.now), slot - 1)
        left = max_runs - self.state.runs_made
        return f"the {left} runs that are left come before it" if 0 < left <= ahead else ""


def moment(at: Instant, now: Instant) -> str:
    """Return an instant in UTC, with its day where that is not today."""
    told, today = to_datetime(at), to_datetime(now)
    fraction = f".{at % SECOND:03d}" if at % SECOND else ""
    clock = f"{told:%H:%M:%S}{fraction} UTC"
    return clock if told.date() == today.date() else f"{told:%Y-%m-%d} {clock}"
