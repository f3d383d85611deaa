"""EngineClient: all that can be asked of an engine, whatever carries the question."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Self, overload
from uuid import uuid4

from cronsole.client.carrier import carrier_to
from cronsole.client.events import EventStream
from cronsole.client.logs import LogReader
from cronsole.client.plugins import PluginsClient
from cronsole.client.wire import Wire, decoded, segment
from cronsole.model.ask import (
    AuditQuery,
    BackfillAsk,
    CancelAsk,
    ForecastQuery,
    LoadQuery,
    PauseAsk,
    ResumeAsk,
    RunQuery,
    ScheduleQuery,
    TriggerAsk,
)
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

_EVERY_SCHEDULE: Final = ScheduleQuery()
_LAST_RUNS: Final = RunQuery()
_LAST_CHANGES: Final = AuditQuery()
_NOW: Final = TriggerAsk()


class EngineClient:
    """A conversation with one engine, for any number of coroutines at once, inside of `async with`.

    A refusal is raised as the CronsoleError that it stands for; Unreachable says that nobody answered, and what to try.
    What makes runs bears a key, so that an answer that was lost on the way makes no second run.
    """

    def __init__(self, target: str, *, token: str | None = None, ssh: Sequence[str] = ("ssh",)) -> None:
        self.target = target
        self._wire = Wire(carrier_to(target, token=token, ssh=ssh), token)
        self.plugins = PluginsClient(self._wire)

    @classmethod
    def at(cls, target: str, *, token: str | None = None) -> Self:
        """Return a client for `unix:PATH`, `/path.sock`, `ssh://[user@]host[:port][/path]` or `http(s)://host:port`."""
        return cls(target, token=token)

    async def __aenter__(self) -> Self:
        self._wire.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.close()

    async def engine(self) -> EngineView:
        return await self._wire.get("/engine", EngineView)

    async def schedules(self, query: ScheduleQuery = _EVERY_SCHEDULE) -> Page[ScheduleView]:
        return await self._wire.get("/schedules", Page[ScheduleView], query)

    async def schedule(self, schedule_id: str) -> ScheduleDetail:
        return await self._wire.get(_schedule(schedule_id), ScheduleDetail)

    async def fires(
        self, schedule_id: str, *, count: int = 10, after: datetime | None = None
    ) -> tuple[FireView, ...]:
        """Return the fires to come, after an instant or from now on."""
        query = {"count": count, "after": after}
        return await self._wire.get(_schedule(schedule_id, "next"), tuple[FireView, ...], query)

    @overload
    async def forecast(self, query: ForecastQuery) -> ForecastView: ...
    @overload
    async def forecast(self, query: LoadQuery) -> LoadView: ...
    async def forecast(self, query: ForecastQuery | LoadQuery) -> ForecastView | LoadView:
        """Return the fires of a stretch of time, all schedules together, or how many there are in each part of it."""
        if isinstance(query, LoadQuery):
            return await self._wire.get("/load", LoadView, query)
        return await self._wire.get("/forecast", ForecastView, query)

    async def why(self, schedule_id: str, slot: datetime | None = None) -> WhyView:
        """Return the decision about a slot, of the next one by default."""
        return await self._wire.get(_schedule(schedule_id, "why"), WhyView, {"slot": slot})

    async def runs(self, query: RunQuery = _LAST_RUNS) -> Page[RunView]:
        return await self._wire.get("/runs", Page[RunView], query)

    async def run(self, run_id: str) -> RunDetail:
        return await self._wire.get(_run(run_id), RunDetail)

    def log(
        self,
        run_id: str,
        *,
        attempt: int | None = None,
        offset: int = 0,
        limit: int | None = None,
        follow: bool = False,
    ) -> AsyncGenerator[LogChunk, None]:
        """Iterate over the output from an offset on, a negative one counting from the end; `limit` bounds its bytes.

        With `follow`, until the run has ended: over its later attempts where none is named, and over links that break.
        """
        reader = LogReader(self._wire, run_id, attempt=attempt, offset=offset, limit=limit)
        return reader.follow() if follow else reader.read()

    def events(self, since: str | None = None) -> AsyncGenerator[EventView, None]:
        """Iterate over what happens from now on, or after an event; EventStream tells of the kinds of the stream."""
        return EventStream(self._wire, since).follow()

    async def trigger(
        self, schedule_id: str, ask: TriggerAsk = _NOW, *, idempotency_key: str = ""
    ) -> RunView:
        path = _schedule(schedule_id, "trigger")
        return await self._wire.send("POST", path, RunView, ask, key=_key(idempotency_key))

    async def pause(self, ask: PauseAsk) -> EffectView:
        return await self._wire.send("POST", "/pause", EffectView, ask)

    async def resume(self, ask: ResumeAsk) -> EffectView:
        return await self._wire.send("POST", "/resume", EffectView, ask)

    async def cancel(self, run_id: str, *, by_force: bool = False) -> RunView:
        return await self._wire.send("POST", _run(run_id, "cancel"), RunView, CancelAsk(by_force=by_force))

    async def retry(self, run_id: str, *, idempotency_key: str = "") -> RunView:
        """Start what an ended run was for once more; return the new run."""
        return await self._wire.send("POST", _run(run_id, "retry"), RunView, key=_key(idempotency_key))

    async def backfill(
        self, schedule_id: str, ask: BackfillAsk, *, idempotency_key: str = ""
    ) -> BackfillView:
        path = _schedule(schedule_id, "backfill")
        return await self._wire.send("POST", path, BackfillView, ask, key=_key(idempotency_key))

    async def save(
        self,
        definition: Mapping[str, Any],
        *,
        schedule_id: str | None = None,
        patch: bool = False,
        etag: str | None = None,
        idempotency_key: str = "",
    ) -> ScheduleDetail:
        """Create a schedule, or replace the one of an id, or with `patch` change some of its keys: null takes one away.

        With the etag of what was read, a change that somebody made meanwhile raises StaleDefinition.
        """
        if schedule_id is None:
            if patch or etag is not None:
                raise ValueError("patch and etag are for a schedule that exists: name its schedule_id")
            return await self._wire.send(
                "POST", "/schedules", ScheduleDetail, definition, key=_key(idempotency_key)
            )
        answer = await self._wire.exchange(
            "PATCH" if patch else "PUT", _schedule(schedule_id), body=definition, headers=_if_match(etag)
        )
        return decoded(answer.content, ScheduleDetail)

    async def delete(self, schedule_id: str, *, etag: str | None = None) -> None:
        await self._wire.exchange("DELETE", _schedule(schedule_id), headers=_if_match(etag))

    @overload
    async def reload(self, *, preview: Literal[True], days: int = 7) -> PlanView: ...
    @overload
    async def reload(self, *, preview: Literal[False] = False, days: int = 7) -> ReloadView: ...
    @overload
    async def reload(self, *, preview: bool, days: int = 7) -> PlanView | ReloadView: ...
    async def reload(self, *, preview: bool = False, days: int = 7) -> PlanView | ReloadView:
        """Read the configuration again; as a preview, compare what would fire within so many days."""
        if preview:
            return await self._wire.get("/catalog/plan", PlanView, {"days": days})
        return await self._wire.send("POST", "/catalog/reload", ReloadView)

    async def audit(self, query: AuditQuery = _LAST_CHANGES) -> Page[AuditView]:
        return await self._wire.get("/audit", Page[AuditView], query)


def _schedule(schedule_id: str, noun: str = "") -> str:
    return f"/schedules/{segment(schedule_id)}" + (f"/{noun}" if noun else "")


def _run(run_id: str, noun: str = "") -> str:
    return f"/runs/{segment(run_id)}" + (f"/{noun}" if noun else "")


def _key(given: str) -> str:
    return given or uuid4().hex


def _if_match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": f'"{etag}"'}
