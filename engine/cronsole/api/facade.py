"""What the API asks of an engine; the API knows nothing else of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from cronsole.model.ask import (
    AuditQuery,
    BackfillAsk,
    CancelAsk,
    ForecastQuery,
    LoadQuery,
    PauseAsk,
    PlanAsk,
    ResumeAsk,
    RunQuery,
    ScheduleQuery,
    TriggerAsk,
)
from cronsole.model.event import Event
from cronsole.model.instant import Instant
from cronsole.model.plugin import CallAsk, CircuitAsk, CircuitsView, HealthView, PluginDetail, PluginView
from cronsole.model.prospect import (
    BackfillView,
    EffectView,
    ForecastView,
    LoadView,
    PlanView,
    ReloadView,
    WhyView,
)
from cronsole.model.view import (
    AuditView,
    EngineView,
    EventView,
    FireView,
    LogChunk,
    Page,
    RunDetail,
    RunView,
    ScheduleDetail,
    ScheduleView,
)


class Asker(msgspec.Struct, frozen=True):
    """Who asks, as the audit trail names it, and whether it may make what runs commands."""

    actor: str
    may_execute: bool = False


class Gauges(msgspec.Struct, frozen=True):
    """What is measured when somebody looks, rather than told by an event."""

    schedules: Mapping[str, int]
    plugins: Mapping[str, int]
    running: int
    queued: int
    next_due: Instant | None
    loop_lag_seconds: float
    database_seconds: float
    database_commits: int
    started_at: Instant


class EventFeed(Protocol):
    """One reader's stream; a reader that falls behind gets `resync` instead of what it lost."""

    def __aiter__(self) -> AsyncIterator[Sequence[EventView]]: ...


class PluginsFacade(Protocol):
    """What is asked of an engine's plugins."""

    async def list(self) -> tuple[PluginView, ...]: ...

    async def show(self, name: str) -> PluginDetail: ...

    async def health(self, name: str) -> HealthView: ...

    async def reload(self, name: str, asker: Asker) -> PluginView: ...

    async def call(
        self, name: str, command: str, ask: CallAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> RunView: ...

    async def reset(self, name: str, ask: CircuitAsk, asker: Asker) -> CircuitsView: ...


class Facade(Protocol):
    """Each verb raises the CronsoleError that says what a user can do; none holds the loop for over 10 ms."""

    @property
    def plugins(self) -> PluginsFacade: ...

    def engine(self) -> EngineView: ...

    def is_ready(self) -> bool:
        """Tell whether schedules fire: started, not stopping, and the ledger can be written."""
        ...

    def gauges(self) -> Gauges: ...

    def listen(self, listener: "Listener") -> None:
        """Call the listener with every event from now on."""
        ...

    async def schedules(self, query: ScheduleQuery) -> Page[ScheduleView]: ...

    async def schedule(self, schedule_id: str) -> ScheduleDetail: ...

    async def fires(
        self, schedule_id: str, *, count: int, after: Instant | None = None
    ) -> tuple[FireView, ...]: ...

    async def forecast(self, query: ForecastQuery) -> ForecastView: ...

    async def load(self, query: LoadQuery) -> LoadView: ...

    async def why(self, schedule_id: str, slot: Instant | None = None) -> WhyView:
        """Explain a slot; without one, the next."""
        ...

    async def runs(self, query: RunQuery) -> Page[RunView]: ...

    async def run(self, run_id: str) -> RunDetail: ...

    async def log(
        self,
        run_id: str,
        *,
        attempt: int | None = None,
        offset: int = 0,
        limit: int = 65_536,
        wait_seconds: float = 0.0,
    ) -> LogChunk:
        """Return output from an offset on (a negative one counts from the end), of the last attempt by default.

        Where there is none yet, wait for it, or for the run to end, for that long.
        """
        ...

    def events(self, since: str | None = None) -> AbstractContextManager[EventFeed]:
        """Subscribe; with the id of the last event seen, go on after it, or begin with `resync` where it is gone.

        `oldest` in its place asks for all that is remembered. A heartbeat follows as soon as the past is told.
        """
        ...

    async def audit(self, query: AuditQuery) -> Page[AuditView]: ...

    async def trigger(
        self, schedule_id: str, ask: TriggerAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> RunView: ...

    async def pause(self, ask: PauseAsk, asker: Asker) -> EffectView: ...

    async def resume(self, ask: ResumeAsk, asker: Asker) -> EffectView: ...

    async def cancel(self, run_id: str, ask: CancelAsk, asker: Asker) -> RunView: ...

    async def retry(self, run_id: str, asker: Asker, *, idempotency_key: str = "") -> RunView:
        """Start what an ended run was for once more, as a run of its own."""
        ...

    async def backfill(
        self, schedule_id: str, ask: BackfillAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> BackfillView: ...

    async def create(
        self, definition: Mapping[str, Any], asker: Asker, *, idempotency_key: str = ""
    ) -> ScheduleDetail: ...

    async def replace(
        self, schedule_id: str, definition: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> ScheduleDetail:
        """Put a runtime schedule in the place of the one of that id, or create it."""
        ...

    async def patch(
        self, schedule_id: str, changes: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> ScheduleDetail:
        """Change some keys of a runtime schedule; a key that is null is taken away (RFC 7396)."""
        ...

    async def delete(self, schedule_id: str, asker: Asker, *, etag: str | None = None) -> None: ...

    async def plan(self, ask: PlanAsk) -> PlanView: ...

    async def reload(self, asker: Asker) -> ReloadView: ...


class Listener(Protocol):
    def __call__(self, event: Event, /) -> None: ...
