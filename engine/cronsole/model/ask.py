"""What an engine is asked over the control API; the API and its clients share these structs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from cronsole.model.instant import Millis
from cronsole.model.run import Cause, RunState
from cronsole.model.schedule import SourceKind
from cronsole.model.view import ScheduleStatus


class _Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A field that nobody knows is an error rather than a wish that goes unheard."""


class ScheduleQuery(_Ask, frozen=True):
    """Which schedules: all that match every field given. `words` have to occur in the id or the description."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sources: tuple[SourceKind, ...] = ()
    plugins: tuple[str, ...] = ()
    statuses: tuple[ScheduleStatus, ...] = ()
    words: tuple[str, ...] = ()
    is_failing: bool | None = None
    is_running: bool | None = None
    limit: int = 1_000
    after: str | None = None


class RunQuery(_Ask, frozen=True):
    """Which rows of the ledger, newest first; `before` is the cursor."""

    schedule_ids: tuple[str, ...] = ()
    states: tuple[RunState, ...] = ()
    causes: tuple[Cause, ...] = ()
    tags: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    took_over_ms: Millis | None = None
    took_under_ms: Millis | None = None
    limit: int = 50
    before: str | None = None


class AuditQuery(_Ask, frozen=True):
    actor: str = ""
    verb: str = ""
    target: str = ""
    limit: int = 100
    before: str | None = None


class Selection(_Ask, frozen=True):
    """The schedules that a verb is for: by id, by tag, by plugin, or every one; at least one field has to be given."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    everything: bool = False


class TriggerAsk(_Ask, frozen=True):
    """Start a run now, or at a time; gates are passed by unless `is_gated`. `payload` is handed to the run as JSON."""

    payload: Any = None
    at: datetime | None = None
    is_gated: bool = False


class PauseAsk(_Ask, frozen=True):
    until: datetime | None = None
    reason: str = ""
    select: Selection = Selection()
    preview: bool = False


class ResumeAsk(_Ask, frozen=True):
    """Go on from now; with `catch_up`, the policy decides about what the pause skipped."""

    catch_up: bool = False
    select: Selection = Selection()
    preview: bool = False


class CancelAsk(_Ask, frozen=True):
    """Ask the run to end; `by_force` kills it."""

    by_force: bool = False


class BackfillAsk(_Ask, frozen=True):
    """Run every slot from `since` to `until`, both inclusive, oldest first."""

    since: datetime
    until: datetime
    preview: bool = False


class PlanAsk(_Ask, frozen=True):
    """How far the fires are compared."""

    days: int = 7


class ForecastQuery(_Ask, frozen=True):
    """The fires from now, or from `since`, until an instant."""

    until: datetime
    since: datetime | None = None
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    limit: int = 5_000


class LoadKind(StrEnum):
    PLANNED = "planned"
    FAILED = "failed"


class LoadQuery(_Ask, frozen=True):
    """How many fires are planned, or how many runs failed, in each bucket."""

    since: datetime
    until: datetime
    bucket_ms: Millis = 3_600_000
    kind: LoadKind = LoadKind.PLANNED
