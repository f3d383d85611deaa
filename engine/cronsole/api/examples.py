"""Examples of what goes over the wire, for the documents: real structs, so that none can be wrong."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from cronsole.model.ask import BackfillAsk, CancelAsk, PauseAsk, ResumeAsk, Selection, TriggerAsk
from cronsole.model.event import Level
from cronsole.model.plugin import (
    CallAsk,
    Carrier,
    CircuitAsk,
    CircuitsView,
    CircuitView,
    CommandView,
    HealthView,
    PluginDetail,
    PluginStatus,
    PluginView,
)
from cronsole.model.prospect import BackfillView, EffectView, StepOutcome, WhyStep, WhyView
from cronsole.model.run import Cause, RunState
from cronsole.model.schedule import SourceKind
from cronsole.model.view import (
    AuditView,
    EventView,
    FireView,
    Problem,
    RunBrief,
    RunView,
    ScheduleStatus,
    ScheduleView,
)

_AT: Final = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
_RUN: Final = "019aa0f3c2d0-7f3a"

DEFINITION: Final[dict[str, Any]] = {
    "id": "shop/nightly-report",
    "cron": "30 4 * * mon-fri",
    "timezone": "Europe/Berlin",
    "description": "Email yesterday's figures",
    "tags": ["shop"],
}
"""A definition that needs no permission but `write`: it is recorded, and runs nothing."""

_WITHINGS: Final = PluginView(
    name="withings",
    status=PluginStatus.LOADED,
    since=_AT,
    priority=1_000,
    carrier=Carrier.PROCESS,
    version="1.2.3",
    origin="/opt/plugins/withings/manifest.yaml",
    declared=1,
    circuits_open=1,
)

_STRUCTS: Final[tuple[msgspec.Struct, ...]] = (
    TriggerAsk(payload={"day": "2026-11-19"}),
    PauseAsk(until=_AT, reason="maintenance", select=Selection(tags=("db",))),
    ResumeAsk(catch_up=True, select=Selection(ids=("shop/nightly-report",))),
    CancelAsk(by_force=True),
    BackfillAsk(since=_AT.replace(day=16), until=_AT, preview=True),
    ScheduleView(
        id="shop/nightly-report",
        source=SourceKind.FILE,
        origin="sample.toml:14",
        trigger="30 4 * * mon-fri",
        when="at 04:30, Monday to Friday",
        timezone="Europe/Berlin",
        action="record",
        status=ScheduleStatus.ACTIVE,
        etag="9f86d081884c7d65",
        next_slot=_AT,
        next_due=_AT,
        last=RunBrief(run_id=_RUN, state=RunState.SUCCEEDED, at=_AT, duration_ms=1_250, exit_code=0),
    ),
    RunView(
        run_id=_RUN,
        schedule_id="shop/nightly-report",
        cause=Cause.SLOT,
        state=RunState.SUCCEEDED,
        due_at=_AT,
        created_at=_AT,
        slot=_AT,
        started_at=_AT,
        finished_at=_AT.replace(second=1),
        duration_ms=1_000,
        exit_code=0,
        output="sent to 12 readers\n",
        output_bytes=19,
    ),
    FireView(slot=_AT, due=_AT, local="2026-11-20 04:30 CET"),
    WhyView(
        schedule_id="shop/nightly-report",
        slot=_AT,
        conclusion="it ran",
        steps=(WhyStep(name="trigger", outcome=StepOutcome.PASSES, detail="at 04:30, Monday to Friday"),),
    ),
    EventView(
        id="3f2a9c01-812",
        at=_AT,
        kind="run_finished",
        level=Level.INFO,
        message="shop/nightly-report succeeded in 1.0 s",
        schedule_id="shop/nightly-report",
        run_id=_RUN,
    ),
    EffectView(schedule_ids=("shop/nightly-report",), is_preview=True, skips=3),
    BackfillView(
        schedule_id="shop/nightly-report", slots=5, is_preview=True, first=_AT.replace(day=16), last=_AT
    ),
    CallAsk(payload={"day": "2026-11-19"}),
    CircuitAsk(command="poll"),
    CircuitsView(commands=("poll",)),
    HealthView(is_well=False, detail="token expired"),
    _WITHINGS,
    PluginDetail(
        plugin=_WITHINGS,
        declared=("withings/poll",),
        commands=(
            CommandView(
                name="poll",
                description="Fetch what is new",
                schedules=("withings/poll", "withings/poll:by-hand"),
                circuit=CircuitView(failures=3, opened_at=_AT, open_until=_AT.replace(hour=4)),
            ),
        ),
        remembers=("cursor", "token"),
    ),
    AuditView(
        at=_AT, actor="uid 1000 (ops) via ssh from 10.0.0.7", verb="pause", target="shop/nightly-report"
    ),
    Problem(
        type="urn:cronsole:problem:unknown-schedule",
        title="There is nothing here by that name",
        status=404,
        detail='no schedule is called "shop/nightly"; did you mean "shop/nightly-report"?',
        instance="/api/v1/schedules/shop%2Fnightly",
    ),
)

EXAMPLES: Final[dict[str, Any]] = {
    type(each).__name__: msgspec.json.decode(msgspec.json.encode(each)) for each in _STRUCTS
}
"""By the name of the struct."""
