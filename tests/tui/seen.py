"""What tests of the console look at: one moment, and schedules as an engine tells of them."""

from datetime import UTC, datetime
from typing import Any

from cronsole.model.instant import MINUTE, SECOND, Instant, Millis, from_datetime, to_datetime
from cronsole.model.prospect import PlannedFire
from cronsole.model.run import Cause, RunState
from cronsole.model.schedule import SourceKind
from cronsole.model.view import (
    Counts,
    EngineView,
    PauseView,
    RunBrief,
    RunView,
    ScheduleStatus,
    ScheduleView,
    Spark,
)
from cronsole_tui.views.entry import Entry, Host, Link

NOW: Instant = from_datetime(datetime(2026, 11, 20, 2, 33, 10, tzinfo=UTC))


def ago(span_ms: Millis) -> datetime:
    return to_datetime(NOW - span_ms)


def ahead(span_ms: Millis) -> datetime:
    return to_datetime(NOW + span_ms)


def brief(
    state: RunState = RunState.SUCCEEDED,
    *,
    ago_ms: Millis = MINUTE,
    took_ms: Millis | None = SECOND,
    **more: Any,
) -> RunBrief:
    given: dict[str, Any] = {"run_id": "r1", "state": state, "at": ago(ago_ms), "duration_ms": took_ms}
    return RunBrief(**given | more)


def spark(state: RunState = RunState.SUCCEEDED, took_ms: Millis | None = SECOND) -> Spark:
    return Spark(state, took_ms)


def seen(name: str = "gc", **more: Any) -> ScheduleView:
    given: dict[str, Any] = {
        "id": name,
        "source": SourceKind.FILE,
        "origin": "sample.toml:14",
        "trigger": "*/10 * * * *",
        "when": "every 10 minutes",
        "timezone": "UTC",
        "action": "command",
        "status": ScheduleStatus.ACTIVE,
        "etag": "e1",
        "next_due": ahead(134 * SECOND),
    }
    return ScheduleView(**given | more)


def entry(name: str = "gc", *, host: str = "web-1", **more: Any) -> Entry:
    return Entry(host, seen(name, **more))


def failing(name: str = "cache-warm", **more: Any) -> ScheduleView:
    given = {
        "failures": 2,
        "failing_since": ago(7 * MINUTE),
        "last": brief(RunState.FAILED, ago_ms=7 * MINUTE, took_ms=3_100, exit_code=1, attempt=3),
    }
    return seen(name, **given | more)


def running(name: str = "daily-report", **more: Any) -> ScheduleView:
    given = {
        "running": (brief(RunState.RUNNING, ago_ms=42 * SECOND, took_ms=42 * SECOND),),
        "typical_ms": 60 * SECOND,
    }
    return seen(name, **given | more)


def paused(
    name: str = "withings/token_refresh", *, until: datetime | None = None, **more: Any
) -> ScheduleView:
    pause = PauseView(since=ago(120 * MINUTE), until=until, reason="maintenance", actor="ops")
    return seen(name, **{"status": ScheduleStatus.PAUSED, "pause": pause} | more)


def fire(name: str, ahead_ms: Millis) -> PlannedFire:
    return PlannedFire(schedule_id=name, slot=ahead(ahead_ms), due=ahead(ahead_ms))


def ran(
    name: str = "gc", state: RunState = RunState.SUCCEEDED, *, ago_ms: Millis = MINUTE, **more: Any
) -> RunView:
    given: dict[str, Any] = {
        "run_id": "r1",
        "schedule_id": name,
        "cause": Cause.SLOT,
        "state": state,
        "due_at": ago(ago_ms),
        "created_at": ago(ago_ms),
        "started_at": ago(ago_ms),
        "duration_ms": SECOND,
    }
    return RunView(**given | more)


def host(
    name: str = "ops@web-1", link: Link = Link.LIVE, *, counts: Counts | None = None, **more: Any
) -> Host:
    engine = EngineView(
        version="0.1",
        node="n1",
        host="web-1",
        pid=1,
        user="ops",
        started_at=ago(MINUTE),
        now=ago(0),
        config="sample.toml",
        state_dir="/var/lib/cronsole",
        environment="production",
        timezone="UTC",
        counts=counts or Counts(schedules=128, running=3, failing=1, paused=2),
    )
    given: dict[str, Any] = {"engine": engine, "latency_ms": 4, "heard_at": NOW}
    return Host(name, link, **given | more)
