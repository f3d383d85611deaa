"""The promises and limits bound to a schedule."""

from enum import StrEnum

import msgspec

from cronsole.model.instant import DAY, MINUTE, SECOND, Instant, Millis


class MissedRunPolicy(StrEnum):
    RUN_ONCE = "run_once"
    SKIP = "skip"
    RUN_ALL = "run_all"


class Overlap(StrEnum):
    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    QUEUE_ALL = "queue_all"
    CANCEL_OLD = "cancel_old"
    KILL_OLD = "kill_old"
    ALLOW = "allow"


class Locking(StrEnum):
    NODE_LOCAL = "node_local"
    PREFER_GLOBAL = "prefer_global"
    REQUIRE_GLOBAL = "require_global"


class Delivery(StrEnum):
    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"


class OnEngineDeath(StrEnum):
    KEEP = "keep"
    KILL = "kill"


class Retry(msgspec.Struct, frozen=True):
    """`attempts` counts the retries after the first attempt."""

    attempts: int = 0
    delay_ms: Millis = 10 * SECOND
    backoff: float = 2.0
    max_delay_ms: Millis = 60 * MINUTE
    jitter_ms: Millis = 0


class CircuitBreaker(msgspec.Struct, frozen=True):
    threshold: int = 3
    reset_after_ms: Millis = 30 * MINUTE


class Hours(msgspec.Struct, frozen=True):
    """Minutes of the local day, start inclusive, end exclusive; a start after the end wraps over midnight."""

    start_minute: int
    end_minute: int


class Span(msgspec.Struct, frozen=True):
    """A stretch of time, start inclusive, end exclusive."""

    start: Instant
    end: Instant


class Calendar(msgspec.Struct, frozen=True):
    """Days on which a schedule rests: a country's holidays, listed dates (`2026-12-24`), blackout spans."""

    country: str | None = None
    subdivision: str | None = None
    dates: frozenset[str] = frozenset()
    blackouts: tuple[Span, ...] = ()


class Conditions(msgspec.Struct, frozen=True):
    """Gates that an author sets; an empty one is open.

    Days count Monday as 0; days and hours are those of `timezone`, else of the schedule's.
    """

    days: frozenset[int] = frozenset()
    hours: tuple[Hours, ...] = ()
    timezone: str | None = None
    calendar: Calendar | None = None
    environment: frozenset[str] = frozenset()
    session_active: bool | None = None
    expression: str | None = None


class Expect(msgspec.Struct, frozen=True):
    """What counts as success."""

    exit_codes: frozenset[int] = frozenset({0})
    output_has: tuple[str, ...] = ()
    output_lacks: tuple[str, ...] = ()
    min_duration_ms: Millis | None = None
    max_duration_ms: Millis | None = None


class Limits(msgspec.Struct, frozen=True):
    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    nice: int | None = None
    output_bytes: int = 10 * 1024 * 1024


class Notify(msgspec.Struct, frozen=True):
    """Names of the channels told of each kind of outcome."""

    on_failure: tuple[str, ...] = ()
    on_success: tuple[str, ...] = ()
    on_skip: tuple[str, ...] = ()
    on_missed: tuple[str, ...] = ()
    on_recovery: tuple[str, ...] = ()


NOBODY = Notify()


class Policy(msgspec.Struct, frozen=True):
    """All of it together; schedules with equal policies share one value."""

    delivery: Delivery = Delivery.AT_MOST_ONCE
    missed_run_policy: MissedRunPolicy = MissedRunPolicy.RUN_ONCE
    late_grace_ms: Millis = 60 * SECOND
    catchup_window_ms: Millis = DAY
    catchup_limit: int = 100
    overlap: Overlap = Overlap.SKIP
    max_parallel: int = 1
    queue_limit: int = 100
    locking: Locking = Locking.PREFER_GLOBAL
    nodes: str | None = None
    jitter_ms: Millis = 0
    timeout_ms: Millis | None = None
    kill_grace_ms: Millis = 5 * SECOND
    retry: Retry = Retry()
    conditions: Conditions = Conditions()
    circuit_breaker: CircuitBreaker | None = None
    pause_after_failures: int | None = None
    notify: Notify = NOBODY
    expect: Expect = Expect()
    limits: Limits = Limits()
    on_engine_death: OnEngineDeath | None = None


DEFAULT_POLICY = Policy()
