"""What happened, in the past tense: the typed events that travel on the bus."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.run import Cause, Range, RunState, SkipReason


class Level(StrEnum):
    """How loud something is told, the least loud first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _Event(msgspec.Struct, frozen=True, tag=True):
    at: Instant


class EngineStarted(_Event, frozen=True):
    node: str
    schedules: int
    pid: int


class EngineStopping(_Event, frozen=True):
    reason: str


class EngineStopped(_Event, frozen=True):
    reason: str


class RunQueued(_Event, frozen=True):
    schedule_id: str
    run_id: str
    cause: Cause
    slot: Instant | None
    due_at: Instant


class RunStarted(_Event, frozen=True):
    schedule_id: str
    run_id: str
    cause: Cause
    attempt: int
    fence: int
    slot: Instant | None
    due_at: Instant
    is_catchup: bool
    pid: int | None


class RunFinished(_Event, frozen=True):
    schedule_id: str
    run_id: str
    state: RunState
    attempt: int
    duration_ms: Millis
    exit_code: int | None
    detail: str


class RunRetryScheduled(_Event, frozen=True):
    schedule_id: str
    run_id: str
    attempt: int
    retry_at: Instant
    detail: str


class RunAdopted(_Event, frozen=True):
    """A run that outlived an earlier engine is watched again."""

    schedule_id: str
    run_id: str
    pid: int


class SlotSkipped(_Event, frozen=True):
    schedule_id: str
    slot: Instant | None
    reason: SkipReason
    detail: str


class SlotsMissed(_Event, frozen=True):
    schedule_id: str
    missed: Range


class SchedulePaused(_Event, frozen=True):
    schedule_id: str
    until: Instant | None
    reason: str
    actor: str


class ScheduleResumed(_Event, frozen=True):
    schedule_id: str
    actor: str


class ScheduleExhausted(_Event, frozen=True):
    schedule_id: str


class CircuitOpened(_Event, frozen=True):
    schedule_id: str
    failures: int
    reset_at: Instant


class CircuitHalfOpened(_Event, frozen=True):
    schedule_id: str


class CircuitClosed(_Event, frozen=True):
    schedule_id: str


class ScheduleDefined(_Event, frozen=True):
    """A schedule was made, or changed, over the API."""

    schedule_id: str
    actor: str
    is_new: bool


class ScheduleDeleted(_Event, frozen=True):
    schedule_id: str
    actor: str


class CatalogReloaded(_Event, frozen=True):
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


class CatalogRefused(_Event, frozen=True):
    """The new configuration has faults; the last good one stays in force."""

    problems: tuple[str, ...]


class PluginLoaded(_Event, frozen=True):
    plugin: str
    carrier: str
    schedules: int
    version: str = ""


class PluginFailed(_Event, frozen=True):
    """A plugin could not be loaded; none of its schedules are in force."""

    plugin: str
    reason: str


class PluginStale(_Event, frozen=True):
    """A plugin could not be loaded anew; what it declared before stays in force."""

    plugin: str
    reason: str


class PluginUnloaded(_Event, frozen=True):
    plugin: str
    reason: str


class PluginRefused(_Event, frozen=True):
    """One of a plugin's declarations was not taken; its other ones are in force."""

    plugin: str
    schedule_id: str
    reason: str


class ClockJumped(_Event, frozen=True):
    """The wall clock moved by `step_ms` against the monotonic one, or the machine slept."""

    step_ms: Millis
    slept_ms: Millis
    detail: str


class ZoneDataChanged(_Event, frozen=True):
    pass


class StoreTroubled(_Event, frozen=True):
    """The ledger cannot be written; nothing starts until it can."""

    detail: str


class StoreHealed(_Event, frozen=True):
    pass


class Warned(_Event, frozen=True):
    detail: str


class MessageLogged(_Event, frozen=True):
    """A notification came to a channel of type log."""

    schedule_id: str
    channel: str
    message_id: str
    level: Level
    text: str


Event: TypeAlias = (
    EngineStarted
    | EngineStopping
    | EngineStopped
    | RunQueued
    | RunStarted
    | RunFinished
    | RunRetryScheduled
    | RunAdopted
    | SlotSkipped
    | SlotsMissed
    | SchedulePaused
    | ScheduleResumed
    | ScheduleExhausted
    | CircuitOpened
    | CircuitHalfOpened
    | CircuitClosed
    | ScheduleDefined
    | ScheduleDeleted
    | CatalogReloaded
    | CatalogRefused
    | PluginLoaded
    | PluginFailed
    | PluginStale
    | PluginUnloaded
    | PluginRefused
    | ClockJumped
    | ZoneDataChanged
    | StoreTroubled
    | StoreHealed
    | Warned
    | MessageLogged
)
