"""A schedule: an action bound to a trigger and policies, under an id; and what the ledger remembers of it."""

from enum import StrEnum

import msgspec

from cronsole.model.action import Action, Record
from cronsole.model.instant import Instant
from cronsole.model.policy import DEFAULT_POLICY, Policy
from cronsole.model.trigger import DstPolicy, TriggerSpec


class SourceKind(StrEnum):
    FILE = "file"
    PLUGIN = "plugin"
    API = "api"


class Origin(msgspec.Struct, frozen=True):
    """Where a schedule comes from: its file and line, its plugin, or its creator."""

    kind: SourceKind = SourceKind.FILE
    name: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name or self.kind.value


class Schedule(msgspec.Struct, frozen=True):
    """One definition. `config` is JSON text that is handed to the run and never interpreted.

    One that `starts_paused` is paused when it is first seen, and somebody's to resume. `invalid` says why it cannot
    run: it is paused for as long as that holds.
    """

    id: str
    trigger: TriggerSpec
    action: Action = Record()
    timezone: str = "UTC"
    dst: DstPolicy = DstPolicy.CRON
    description: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = True
    start: Instant | None = None
    end: Instant | None = None
    max_runs: int | None = None
    config: str = ""
    policy: Policy = DEFAULT_POLICY
    origin: Origin = Origin()
    starts_paused: bool = False
    invalid: str = ""


class Pause(msgspec.Struct, frozen=True):
    """No slot runs from `since` until `until` (for ever, where it is None)."""

    since: Instant
    until: Instant | None = None
    reason: str = ""
    actor: str = ""

    def holds_at(self, at: Instant) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Breaker(msgspec.Struct, frozen=True):
    """A circuit: closed while `opened_at` is None, else open until it lets one run through (`is_probing`)."""

    failures: int = 0
    opened_at: Instant | None = None
    is_probing: bool = False


class ScheduleState(msgspec.Struct, frozen=True):
    """What the ledger remembers of a schedule between two starts of the engine."""

    schedule_id: str
    created_at: Instant
    anchor_at: Instant
    trigger_changed_at: Instant
    watermark: Instant
    trigger_hash: str
    definition_hash: str
    resumed_at: Instant = 0
    runs_made: int = 0
    pause: Pause | None = None
    breaker: Breaker = Breaker()
    exhausted_at: Instant | None = None
    archived_at: Instant | None = None
