"""Runs and verdicts: one row in the ledger for each slot, catch-up, manual run or backfill."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from cronsole.model.instant import Instant


class RunState(StrEnum):
    """The life of a run, and the two verdicts that make none."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LOST = "lost"
    SKIPPED = "skipped"
    MISSED = "missed"

    @property
    def is_final(self) -> bool:
        return self not in _UNFINISHED

    @property
    def is_failure(self) -> bool:
        return self in _FAILURES


_UNFINISHED = frozenset({RunState.QUEUED, RunState.STARTING, RunState.RUNNING})
_FAILURES = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.LOST})


class SkipReason(StrEnum):
    PAUSED = "paused"
    OVERLAP = "overlap"
    DAYS = "days"
    HOURS = "hours"
    CALENDAR = "calendar"
    ENVIRONMENT = "environment"
    SESSION = "session"
    CONDITION = "condition"
    CONDITION_ERROR = "condition_error"
    CIRCUIT_OPEN = "circuit_open"
    NO_GLOBAL_LOCK = "no_global_lock"
    LOCK_HELD = "lock_held"
    FORBIDDEN = "forbidden"
    QUEUE_FULL = "queue_full"
    EXPIRED = "expired"
    SHADOWED = "shadowed"
    DISABLED = "disabled"


class Cause(StrEnum):
    SLOT = "slot"
    CATCHUP = "catchup"
    MANUAL = "manual"
    BACKFILL = "backfill"


class Range(msgspec.Struct, frozen=True):
    """The slots that a run or a missed row stands for."""

    count: int
    first: Instant
    last: Instant


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a slot, as planning decides it: `queued` means that it is to run."""

    state: RunState
    slot: Instant
    due_at: Instant
    stands_for: Range
    reason: SkipReason | None = None
    detail: str = ""
    is_catchup: bool = False


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger."""

    run_id: str
    schedule_id: str
    cause: Cause
    state: RunState
    due_at: Instant
    created_at: Instant
    slot: Instant | None = None
    scope: str = ""
    reason: SkipReason | None = None
    is_catchup: bool = False
    stands_for: Range | None = None
    attempt: int = 1
    fence: int = 0
    node: str = ""
    unfenced: bool = False
    started_at: Instant | None = None
    finished_at: Instant | None = None
    retry_at: Instant | None = None
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_file: str = ""
    output_bytes: int = 0
    pid: int | None = None
    pid_started: int | None = None
    boot_id: str = ""
    actor: str = ""
    payload: str = ""
    bypassed: str = ""


class Starting(msgspec.Struct, frozen=True):
    """The attempt is about to be started: from here nobody else starts it."""

    run_id: str
    fence: int
    attempt: int
    at: Instant
    boot_id: str = ""


class Started(msgspec.Struct, frozen=True):
    """The attempt runs; a process is told by pid and start time, so that a recycled pid is not mistaken for it."""

    run_id: str
    fence: int
    at: Instant
    pid: int | None = None
    pid_started: int | None = None
    boot_id: str = ""
    output_file: str = ""


class Finished(msgspec.Struct, frozen=True):
    """The run has ended; `started_at` fills in the start of one too short to have been told as started."""

    run_id: str
    fence: int
    at: Instant
    state: RunState
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_file: str = ""
    output_bytes: int = 0
    started_at: Instant | None = None


class Retrying(msgspec.Struct, frozen=True):
    """The attempt failed and another follows at `retry_at`: the run is queued again under a new fence."""

    run_id: str
    fence: int
    at: Instant
    failed: Finished
    attempt: int
    retry_at: Instant


class Requeued(msgspec.Struct, frozen=True):
    """A claim that was to start at once has to wait for room."""

    run_id: str
    fence: int


class Rejected(msgspec.Struct, frozen=True):
    """A claimed slot that was not started after all ends as skipped."""

    run_id: str
    fence: int
    at: Instant
    reason: SkipReason
    detail: str = ""


RunChange: TypeAlias = Starting | Started | Finished | Retrying | Requeued | Rejected


class Attempt(msgspec.Struct, frozen=True):
    """An attempt of a run that was followed by another."""

    run_id: str
    attempt: int
    fence: int
    started_at: Instant | None
    finished_at: Instant
    state: RunState
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_file: str = ""
    output_bytes: int = 0
