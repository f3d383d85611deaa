"""One schedule's live state: its compiled trigger, its next fire, its runs in flight and those that wait."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from cronsole.errors import UnknownSchedule, nearest
from cronsole.executors.base import Execution
from cronsole.model.action import PluginCall
from cronsole.model.instant import Instant, Millis
from cronsole.model.run import Run
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import OnceSpec, StartupSpec
from cronsole.planning.due import next_due
from cronsole.runtime.limits import Room
from cronsole.runtime.recent_runs import NO_RUNS, RecentRuns, brief
from cronsole.triggers.base import Trigger
from cronsole.triggers.compile import compile_trigger

Command: TypeAlias = tuple[str, str]
"""A plugin, and what is called of it."""


class Active:
    """A run that has started or waits to be tried again; both count as running."""

    __slots__ = ("began_at", "began_monotonic", "execution", "is_retrying", "room", "run", "stop_reason")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.execution: Execution | None = None
        self.room: Room | None = None
        self.is_retrying = False
        self.began_at: Instant = 0
        self.began_monotonic = 0.0
        self.stop_reason = ""


class Lane:
    """Holds what the engine knows of one schedule; written by the loop alone, never shared between threads."""

    __slots__ = (
        "_engine_started_at",
        "active",
        "appointed",
        "deferred",
        "due",
        "generation",
        "is_leaving",
        "last_run",
        "preclaimed",
        "recent",
        "schedule",
        "slot",
        "state",
        "trigger",
        "waiting",
    )

    def __init__(self, schedule: Schedule, state: ScheduleState, engine_started_at: Instant) -> None:
        self._engine_started_at = engine_started_at
        self.redefine(schedule, state)
        self.active: dict[str, Active] = {}
        self.waiting: deque[Run] = deque()
        self.deferred: list[Run] = []
        self.preclaimed: dict[str, Run] = {}
        # What a person asked for at a time to come; it is no slot's, so that neither pause nor restart takes it back.
        self.appointed: dict[str, Run] = {}
        self.slot: Instant | None = None
        self.due: Instant | None = None
        self.generation = 0
        self.is_leaving = False
        self.last_run: Run | None = None
        self.recent: RecentRuns | None = None

    @property
    def id(self) -> str:
        return self.schedule.id

    @property
    def is_idle(self) -> bool:
        return not (self.active or self.waiting or self.preclaimed)

    def holds(self, run_id: str) -> bool:
        """Tell whether a run is under way here, or waits."""
        return (
            run_id in self.active
            or run_id in self.appointed
            or run_id in self.preclaimed
            or any(run.run_id == run_id for run in self.waiting)
        )

    @property
    def is_forgettable(self) -> bool:
        """Whether the schedule is gone, and all of its runs have ended."""
        return self.is_leaving and self.is_idle and not self.appointed

    @property
    def is_failing(self) -> bool:
        """Whether the last run, those without an end of their own left out, was a failure."""
        last = self.last_run
        return self.state.breaker.failures > 0 or (last is not None and last.state.is_failure)

    def aim(self) -> Instant | None:
        """Find the next slot, and return when it is due."""
        found = None if self.is_leaving else next_due(self.schedule, self.trigger, self.state)
        self.slot, self.due = found or (None, None)
        return self.due

    def redefine(self, schedule: Schedule, state: ScheduleState) -> None:
        self.schedule, self.state = schedule, state
        self.trigger = compiled(schedule, state, self._engine_started_at)

    def change(self, **fields: object) -> None:
        self.state = msgspec.structs.replace(self.state, **fields)

    def run_ended(self, run: Run, duration_ms: Millis | None, *, kept: int) -> None:
        """Remember how a run ended."""
        self.last_run = run
        began_at = run.due_at if run.started_at is None else run.started_at
        self.recent = (self.recent or NO_RUNS).after(brief(run, duration_ms), began_at, kept=kept)

    def dealt_with(self, slot: Instant) -> None:
        """Raise the watermark: nothing at or below the slot fires again."""
        if slot > self.state.watermark:
            self.state = msgspec.structs.replace(self.state, watermark=slot)


class Lanes:
    """All lanes by id, in the order in which the schedules were defined."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._sharing: dict[Command, dict[Lane, None]] = {}
        self._shared: dict[Lane, Command] = {}
        self.why_absent: Callable[[str], str] = lambda _: ""
        """Says why a schedule that somebody declares is not in force, and nothing where nobody does."""

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __len__(self) -> int:
        return len(self._lanes)

    def get(self, schedule_id: str) -> Lane | None:
        return self._lanes.get(schedule_id)

    def in_force(self, schedule_id: str) -> Lane:
        """Return the lane of a schedule in force; UnknownSchedule names the nearest id, or says why it is not."""
        lane = self._lanes.get(schedule_id)
        if lane is None or lane.is_leaving:
            raise self.unknown(schedule_id)
        return lane

    def unknown(self, schedule_id: str) -> UnknownSchedule:
        told = f"no schedule is called {schedule_id!r}"
        why = self.why_absent(schedule_id)
        if why:
            return UnknownSchedule(f"{told}: {why}")
        near = nearest(schedule_id, (known.id for known in self if not known.is_leaving))
        return UnknownSchedule(f"{told}; {near!r} is" if near else told)

    def put(self, lane: Lane) -> None:
        self._lanes[lane.id] = lane
        self._note_command(lane)

    def redefine(self, lane: Lane, schedule: Schedule, state: ScheduleState) -> None:
        lane.redefine(schedule, state)
        self._note_command(lane)

    def sharing(self, command: Command) -> list[Lane]:
        """Return the lanes in force that bear the circuit of a plugin's command."""
        return [lane for lane in self._sharing.get(command, ()) if not lane.is_leaving]

    def commands_of(self, plugin: str) -> list[Command]:
        """Return the commands of a plugin that have a circuit."""
        return [command for command in self._sharing if command[0] == plugin]

    def _note_command(self, lane: Lane) -> None:
        before, command = self._shared.pop(lane, None), circuit_of(lane.schedule)
        if before is not None and before != command:
            self._sharing[before].pop(lane)
        if command is not None:
            self._shared[lane] = command
            self._sharing.setdefault(command, {})[lane] = None

    def forget_the_gone(self) -> None:
        """Drop the lanes of removed schedules whose runs have all ended."""
        for lane in [lane for lane in self if lane.is_forgettable]:
            del self._lanes[lane.id]
            if (command := self._shared.pop(lane, None)) is not None:
                self._sharing[command].pop(lane)
        self._sharing = {command: lanes for command, lanes in self._sharing.items() if lanes}

    def tagged(self, tag: str) -> Iterable[Lane]:
        return [lane for lane in self if tag in lane.schedule.tags]


def circuit_of(schedule: Schedule) -> Command | None:
    """Return the plugin and the command whose circuit a schedule shares; None where it shares none."""
    action = schedule.action
    if type(action) is not PluginCall or schedule.policy.circuit_breaker is None:
        return None
    return action.plugin, action.call


def compiled(schedule: Schedule, state: ScheduleState, engine_started_at: Instant) -> Trigger:
    """Return the trigger; what fires at the start of an engine has its one slot there."""
    spec = schedule.trigger
    return compile_trigger(
        OnceSpec(at=engine_started_at) if isinstance(spec, StartupSpec) else spec,
        schedule_id=schedule.id,
        timezone=schedule.timezone,
        dst=schedule.dst,
        anchor_at=state.anchor_at,
    )
