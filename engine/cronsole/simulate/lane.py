"""One schedule in a simulation: its state, its runs in flight and those that wait."""

from collections import deque
from enum import Enum, auto

import msgspec

from cronsole.model.instant import Instant
from cronsole.model.run import Cause, Range
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import OnceSpec, StartupSpec
from cronsole.planning.due import next_due
from cronsole.runtime.limits import Room
from cronsole.simulate.outcomes import Outcome, Script
from cronsole.triggers.base import Trigger
from cronsole.triggers.compile import compile_trigger


class Phase(Enum):
    """Where a run is between its claim and its end."""

    AHEAD = auto()
    WAITING = auto()
    HELD = auto()
    RUNNING = auto()
    RETRYING = auto()
    DEFERRED = auto()


class Run:
    """A run on its way. `token` rises whenever what was planned for it no longer holds."""

    __slots__ = (
        "attempt",
        "cause",
        "detail",
        "due",
        "ends",
        "is_catchup",
        "number",
        "outcome",
        "phase",
        "retry_at",
        "room",
        "slot",
        "stands_for",
        "start",
        "start_real",
        "stop_reason",
        "token",
    )

    def __init__(
        self,
        number: int,
        cause: Cause,
        due: Instant,
        *,
        slot: Instant | None = None,
        is_catchup: bool = False,
        stands_for: Range | None = None,
        detail: str = "",
    ) -> None:
        self.number = number
        self.cause = cause
        self.due = due
        self.slot = slot
        self.is_catchup = is_catchup
        self.stands_for = stands_for
        self.detail = detail
        self.attempt = 1
        self.phase = Phase.AHEAD
        self.token = 0
        self.start: Instant = 0
        self.start_real: Instant = 0
        self.ends: Instant = 0
        self.outcome: Outcome | None = None
        self.retry_at: Instant | None = None
        self.room: Room | None = None
        self.stop_reason = ""


class Lane:
    """What a simulation knows of one schedule."""

    __slots__ = (
        "active",
        "ahead",
        "generation",
        "is_draining",
        "is_leaving",
        "order",
        "rows",
        "schedule",
        "script",
        "state",
        "trigger",
        "waiting",
    )

    def __init__(
        self, order: int, schedule: Schedule, state: ScheduleState, script: Script, engine_started_at: Instant
    ) -> None:
        self.order = order
        self.schedule = schedule
        self.state = state
        self.script = script
        self.trigger = compiled(schedule, state, engine_started_at)
        self.active: dict[int, Run] = {}
        self.waiting: deque[Run] = deque()
        self.ahead: dict[int, Run] = {}
        self.generation = 0
        self.is_leaving = False
        self.is_draining = False
        # The slots that have a row in the ledger: only a clock that goes far back can ask for one again.
        self.rows: set[Instant] = set()

    @property
    def id(self) -> str:
        return self.schedule.id

    def redefine(self, schedule: Schedule, state: ScheduleState, engine_started_at: Instant) -> None:
        self.schedule, self.state = schedule, state
        self.trigger = compiled(schedule, state, engine_started_at)

    def change(self, **fields: object) -> None:
        self.state = msgspec.structs.replace(self.state, **fields)

    def next_due(self) -> Instant | None:
        """Return when the next slot is due, or None when none will ever come."""
        found = None if self.is_leaving else next_due(self.schedule, self.trigger, self.state)
        return None if found is None else found[1]


def compiled(schedule: Schedule, state: ScheduleState, engine_started_at: Instant) -> Trigger:
    """Return the trigger; what fires at the start of an engine has its one slot there."""
    spec = schedule.trigger
    return Remembering(
        compile_trigger(
            OnceSpec(at=engine_started_at) if isinstance(spec, StartupSpec) else spec,
            schedule_id=schedule.id,
            timezone=schedule.timezone,
            dst=schedule.dst,
            anchor_at=state.anchor_at,
        )
    )


class Remembering:
    """A trigger that is asked the same twice in a row, by planning and by whoever aims at the next slot."""

    __slots__ = ("_after", "_next", "_trigger", "count", "previous")

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._after: Instant | None = None
        self._next: Instant | None = None
        self.previous = trigger.previous
        self.count = trigger.count

    def next(self, after: Instant) -> Instant | None:
        if after != self._after:
            self._next = self._trigger.next(after)
            self._after = after
        return self._next
