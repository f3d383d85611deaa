"""One evening of a small fleet, frozen: what the pictures of the command line are made from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsole.cli.times import Viewer
from cronsole.model.event import Level
from cronsole.model.instant import from_datetime
from cronsole.model.prospect import FieldChange, PlannedChange, PlanView, StepOutcome, WhyStep, WhyView
from cronsole.model.run import Cause, RunState, SkipReason
from cronsole.model.schedule import SourceKind
from cronsole.model.view import (
    EventView,
    FireView,
    GateView,
    PauseView,
    RangeView,
    RunBrief,
    RunView,
    ScheduleDetail,
    ScheduleStatus,
    ScheduleView,
    Spark,
    Statistics,
)

MOMENT = datetime(2026, 11, 20, 2, 33, 10, tzinfo=UTC)
NOW = from_datetime(MOMENT)
VIEWER = Viewer(NOW, ZoneInfo("Europe/Berlin"))
HOSTILE = "[/var/log] \x1b]52;c;aGk=\x07\u202e東京"


def ago(**span: float) -> datetime:
    return MOMENT - timedelta(**span)


def ahead(**span: float) -> datetime:
    return MOMENT + timedelta(**span)


def brief(state: RunState, at: datetime, duration_ms: int | None = 3_100, **more: object) -> RunBrief:
    return RunBrief(run_id="19a9f3c2e5100000ab12cd34", state=state, at=at, duration_ms=duration_ms, **more)  # type: ignore[arg-type]


def schedule(name: str, **more: object) -> ScheduleView:
    told: dict[str, object] = {
        "source": SourceKind.FILE,
        "origin": "sample.toml:14",
        "trigger": "*/10 * * * *",
        "when": "every 10 minutes",
        "timezone": "Europe/Berlin",
        "action": "command warm.sh --top 100",
        "status": ScheduleStatus.ACTIVE,
        "etag": "e1",
    }
    return ScheduleView(id=name, **(told | more))  # type: ignore[arg-type]


def _strip(*states: RunState, duration_ms: int = 3_100) -> tuple[Spark, ...]:
    return tuple(
        Spark(state, duration_ms + 1_900 * (back % 3))
        for back, state in zip(range(len(states), 0, -1), states, strict=True)
    )


OK, FAILED = RunState.SUCCEEDED, RunState.FAILED

CACHE = schedule(
    "cache-warm",
    description="warm edge cache for top 100 pages",
    tags=("web", "edge"),
    next_due=ahead(minutes=2, seconds=14),
    next_slot=ahead(minutes=2, seconds=14),
    last=brief(FAILED, ago(minutes=7), exit_code=1, detail="exit code 1"),
    recent=_strip(OK, OK, RunState.SKIPPED, OK, FAILED, OK, OK, FAILED, FAILED),
    typical_ms=3_100,
    failures=2,
    failing_since=ago(minutes=17),
)
REPORT = schedule(
    "daily-report",
    when="daily at 00:00",
    description="email yesterday's traffic report",
    next_due=ahead(hours=21, minutes=26),
    running=(brief(RunState.RUNNING, ago(seconds=42), 42_000),),
    last=brief(OK, ago(days=1), 41_000),
    recent=_strip(OK, OK, OK, OK, OK, duration_ms=41_000),
    typical_ms=41_000,
)
TOKENS = schedule(
    "withings/token_refresh",
    when="every 1h ±5m",
    status=ScheduleStatus.PAUSED,
    pause=PauseView(since=ago(hours=2), until=ahead(hours=3), reason="vendor is down", actor="user:ops"),
    last=brief(OK, ago(hours=3), 1_100),
)
EVIL = schedule(
    HOSTILE,
    when="every 5 minutes",
    description="[bold]not bold[/bold]\nsecond line",
    next_due=ahead(seconds=12),
    last=brief(OK, ago(minutes=4), 200),
    recent=_strip(OK, OK, duration_ms=200),
    tags=("\x1b[2J",),
)
OFF = schedule("old-import", status=ScheduleStatus.DISABLED)
FRESH = schedule("nightly", when="daily at 03:00", next_due=ahead(minutes=27))
LATE = schedule("mail-queue", next_due=ago(seconds=95), is_late=True, last=brief(OK, ago(hours=1), 900))
CUT = schedule(
    "once", when="once at 2026-11-20T01:00Z", status=ScheduleStatus.EXHAUSTED, last=brief(OK, ago(hours=1))
)
SCHEDULES = (OFF, TOKENS, FRESH, EVIL, REPORT, CACHE, LATE, CUT)

RUNS = (
    RunView(
        run_id="19a9f3c2e5100000ab12cd34",
        schedule_id="daily-report",
        cause=Cause.MANUAL,
        state=RunState.RUNNING,
        due_at=ago(seconds=42),
        created_at=ago(seconds=42),
        started_at=ago(seconds=42),
        duration_ms=42_000,
        actor="user:ops",
    ),
    RunView(
        run_id="19a9f3c2e5100001ab12cd34",
        schedule_id="cache-warm",
        cause=Cause.CATCHUP,
        state=FAILED,
        due_at=ago(minutes=13),
        slot=ago(minutes=13),
        created_at=ago(minutes=7),
        started_at=ago(minutes=7),
        duration_ms=3_100,
        late_ms=360_000,
        is_catchup=True,
        stands_for=RangeView(count=3, first=ago(minutes=33), last=ago(minutes=13)),
        attempt=3,
        exit_code=1,
        detail="exit code 1",
    ),
    RunView(
        run_id="19a9f3c2e5100002ab12cd34",
        schedule_id=HOSTILE,
        cause=Cause.SLOT,
        state=RunState.SKIPPED,
        due_at=ago(days=2),
        slot=ago(days=2),
        created_at=ago(days=2),
        reason=SkipReason.OVERLAP,
        detail="the run before it still goes on",
    ),
)

DETAIL = ScheduleDetail(
    schedule=CACHE,
    definition={
        "id": "cache-warm",
        "cron": "*/10 * * * *",
        "command": "warm.sh --top 100",
        "retry": {"attempts": 2},
    },
    fires=(
        FireView(slot=ahead(minutes=2), due=ahead(minutes=2), local="Fri 2026-11-20 03:35:10 CET"),
        FireView(
            slot=ahead(minutes=12),
            due=ahead(minutes=12, seconds=3),
            local="Fri 2026-11-20 03:45:10 CET",
            note="falls into the repeated hour",
        ),
    ),
    gates=(
        GateView(name="hours", is_open=True, detail="22:00 to 06:00, now 03:33"),
        GateView(name="session", is_open=False, detail="nobody is logged in"),
    ),
    statistics=Statistics(
        succeeded=120,
        failed=8,
        cancelled=1,
        skipped=4,
        p50_ms=3_100,
        p95_ms=5_000,
        last_success=ago(minutes=27),
        last_failure=ago(minutes=7),
        trend="a third slower than last week",
    ),
    shadows=("plugin:web/cache-warm",),
)

WHY = WhyView(
    schedule_id="cache-warm",
    slot=ago(minutes=13),
    conclusion="It did not run: the run before it was still going on.",
    steps=(
        WhyStep(name="trigger", outcome=StepOutcome.PASSES, detail="every 10 minutes fires then"),
        WhyStep(name="hours", outcome=StepOutcome.PASSES, detail="22:00 to 06:00"),
        WhyStep(name="overlap", outcome=StepOutcome.STOPS, detail="skip: [/var/log]\x1b[2J still ran"),
        WhyStep(name="ledger", outcome=StepOutcome.NOTE, detail="skipped (overlap)"),
    ),
    run=RUNS[1],
)

PLAN = PlanView(
    until=ahead(days=7),
    added=(
        PlannedChange(
            id="new-job", origin="sample.toml:40", gains=(ahead(hours=1), ahead(hours=2)), fires_after=168
        ),
    ),
    changed=(
        PlannedChange(
            id="cache-warm",
            origin="sample.toml:14",
            fields=(
                FieldChange(key="timeout", before="30s", after="1m"),
                FieldChange(key="tags", before="", after='["web"]'),
            ),
        ),
    ),
    retimed=(
        PlannedChange(
            id=HOSTILE,
            origin="sample.toml:22",
            fields=(FieldChange(key="cron", before="0 2 * * *", after="0 3 * * *"),),
            loses=(ahead(hours=23), ahead(hours=47)),
            gains=(ahead(hours=24),),
            fires_before=7,
            fires_after=6,
        ),
    ),
    removed=(PlannedChange(id="old-import", origin="sample.toml:31"),),
    unchanged=12,
)

EVENT = EventView(
    id="n-1",
    at=ago(minutes=7),
    kind="RunFinished",
    level=Level.ERROR,
    message=f"{HOSTILE} failed",
    schedule_id=HOSTILE,
)
