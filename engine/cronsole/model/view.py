"""What an engine tells of itself over the control API; the API and its clients share these structs.

At this edge an instant is an aware UTC datetime, which JSON shows as ISO 8601; durations are milliseconds.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from cronsole.model.event import Level
from cronsole.model.instant import Millis
from cronsole.model.run import Cause, RunState, SkipReason
from cronsole.model.schedule import SourceKind

T = TypeVar("T")


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A field that holds its default is left out of the JSON."""


class Page(View, Generic[T], frozen=True):
    """Some of many; `next` is the cursor of the following page, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class ScheduleStatus(StrEnum):
    """Whether a schedule fires; that it fails or runs is told beside it, so that neither hides the other."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    EXHAUSTED = "exhausted"


class PauseView(View, frozen=True):
    since: datetime
    until: datetime | None = None
    reason: str = ""
    actor: str = ""


class RangeView(View, frozen=True):
    count: int
    first: datetime
    last: datetime


class RunBrief(View, frozen=True, gc=False):
    """A run in a strip of them: what became of it, and how long it took (so far, where it still runs)."""

    run_id: str
    state: RunState
    at: datetime
    duration_ms: Millis | None = None
    exit_code: int | None = None
    attempt: int = 1
    cause: Cause = Cause.SLOT
    detail: str = ""


class Spark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One run in a strip, as `[state, duration_ms]`: a list of thousands of schedules holds a dozen of each."""

    state: RunState
    duration_ms: Millis | None = None


class ScheduleView(View, frozen=True):
    """One schedule as it stands now. `recent` holds the last runs that ended, the oldest first."""

    id: str
    source: SourceKind
    origin: str
    trigger: str
    when: str
    timezone: str
    action: str
    status: ScheduleStatus
    etag: str
    description: str = ""
    tags: tuple[str, ...] = ()
    plugin: str = ""
    next_slot: datetime | None = None
    next_due: datetime | None = None
    pause: PauseView | None = None
    running: tuple[RunBrief, ...] = ()
    waiting: int = 0
    last: RunBrief | None = None
    recent: tuple[Spark, ...] = ()
    typical_ms: Millis | None = None
    failures: int = 0
    failing_since: datetime | None = None
    circuit_open_until: datetime | None = None
    is_late: bool = False
    runs_made: int = 0


class GateView(View, frozen=True):
    """How one gate stands now."""

    name: str
    is_open: bool
    detail: str = ""


class FireView(View, frozen=True):
    """One fire to come: its slot, when it is due with jitter, on the schedule's own clock, and what is odd about it."""

    slot: datetime
    due: datetime
    local: str
    note: str = ""


class Statistics(View, frozen=True):
    """What the kept history says. Cancelled runs and verdicts without a run count neither way."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    missed: int = 0
    p50_ms: Millis | None = None
    p95_ms: Millis | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    trend: str = ""


class ScheduleDetail(View, frozen=True):
    """Everything about one schedule. `definition` has the keys of a [[tasks]] entry, so that it can be sent back.

    `recent` are the runs of the strip, the oldest first.
    """

    schedule: ScheduleView
    definition: dict[str, Any]
    fires: tuple[FireView, ...] = ()
    gates: tuple[GateView, ...] = ()
    statistics: Statistics = Statistics()
    recent: tuple[RunBrief, ...] = ()
    shadows: tuple[str, ...] = ()


class RunView(View, frozen=True):
    """One row of the ledger: a run, or a verdict without one. `output` is its end where there is more in the log."""

    run_id: str
    schedule_id: str
    cause: Cause
    state: RunState
    due_at: datetime
    created_at: datetime
    slot: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_at: datetime | None = None
    late_ms: Millis | None = None
    duration_ms: Millis | None = None
    reason: SkipReason | None = None
    is_catchup: bool = False
    stands_for: RangeView | None = None
    attempt: int = 1
    fence: int = 0
    node: str = ""
    unfenced: bool = False
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_bytes: int = 0
    actor: str = ""
    payload: str = ""
    bypassed: str = ""


class AttemptView(View, frozen=True):
    """One attempt of a run: those that were followed by another, and the last."""

    attempt: int
    state: RunState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_ms: Millis | None = None
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_bytes: int = 0


class RunDetail(View, frozen=True):
    """Everything about one run; of its environment the names only."""

    run: RunView
    attempts: tuple[AttemptView, ...] = ()
    environment: tuple[str, ...] = ()


class LogChunk(View, frozen=True):
    """Bytes of a run's output, as they were written; `left_out` bytes ahead of them are no longer there.

    `next_offset` is where the following chunk begins; `is_complete` tells that nothing will follow it.
    """

    run_id: str
    attempt: int
    offset: int
    next_offset: int
    data: bytes = b""
    left_out: int = 0
    is_complete: bool = False


class EventView(View, frozen=True):
    """Something that happened, with a sentence for people and its fields for programs.

    Two kinds are of the stream itself: `heartbeat`, which tells that it lives, and `resync`: events were lost, look
    at everything afresh. `id` is where a reader that was cut off goes on.
    """

    id: str
    at: datetime
    kind: str
    level: Level = Level.INFO
    message: str = ""
    schedule_id: str = ""
    run_id: str = ""
    fields: dict[str, Any] = {}


class Counts(View, frozen=True):
    """How many schedules there are of each kind; one may be of several."""

    schedules: int = 0
    active: int = 0
    paused: int = 0
    disabled: int = 0
    exhausted: int = 0
    failing: int = 0
    late: int = 0
    running: int = 0
    queued: int = 0
    plugins_troubled: int = 0


class EngineView(View, frozen=True):
    """Who answers, how it does, and who it takes the asker for."""

    version: str
    node: str
    host: str
    pid: int
    user: str
    started_at: datetime
    now: datetime
    config: str
    state_dir: str
    environment: str
    timezone: str
    counts: Counts
    cwd: str = ""
    actor: str = ""
    permissions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_troubled: bool = False
    is_stopping: bool = False
    session_active: bool = False
    next_due: datetime | None = None
    loop_lag_ms: float = 0.0


class AuditView(View, frozen=True):
    """A change that somebody made."""

    at: datetime
    actor: str
    verb: str
    target: str
    detail: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong with a request, as RFC 9457 has it; `problems` holds every fault of a definition."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    problems: tuple[str, ...] = ()
