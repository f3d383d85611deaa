"""All that the API may ask of an engine: what stands here is shown, what changes something goes to Control."""

import asyncio
import getpass
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

import msgspec

from cronsole import __version__
from cronsole.api.facade import Asker, EventFeed, Gauges, Listener
from cronsole.config.definition import as_table
from cronsole.model.ask import (
    AuditQuery,
    BackfillAsk,
    CancelAsk,
    ForecastQuery,
    LoadKind,
    LoadQuery,
    PauseAsk,
    PlanAsk,
    ResumeAsk,
    RunQuery,
    ScheduleQuery,
    TriggerAsk,
)
from cronsole.model.instant import Instant, from_datetime, to_datetime
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
    FireView,
    LogChunk,
    Page,
    RunDetail,
    RunView,
    ScheduleDetail,
    ScheduleView,
)
from cronsole.planning.gates import Surroundings, explain
from cronsole.runtime.control import Control
from cronsole.runtime.fires import fires
from cronsole.runtime.forecast import check_buckets, failed_load, forecast, planned_load
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.plugin_facade import PluginFacade
from cronsole.runtime.reads import Reads
from cronsole.runtime.recent_runs import NO_RUNS
from cronsole.runtime.reload import Reloader
from cronsole.runtime.statistics import statistics
from cronsole.runtime.views import audit_view, gate_view

_FIRES_SHOWN = 10
_FIRES_AT_ONCE = 20


class Whereabouts(msgspec.Struct, frozen=True):
    """Where an engine runs, and on what."""

    config: str
    state_dir: str
    host: str
    pid: int
    user: str


def whereabouts(config: str, state_dir: str) -> Whereabouts:
    return Whereabouts(config, state_dir, socket.gethostname(), os.getpid(), getpass.getuser())


class EngineFacade:
    """Fulfils api.facade.Facade."""

    def __init__(
        self,
        ground: Ground,
        reads: Reads,
        *,
        control: Control,
        plugins: PluginFacade,
        reloader: Reloader,
        surroundings: Callable[[], Surroundings],
        is_stopping: Callable[[], bool],
        place: Whereabouts,
    ) -> None:
        self._clock = ground.clock
        self._bus = ground.bus
        self._journal = ground.journal
        self._lanes = ground.lanes
        self._identity = ground.identity
        self._reads = reads
        self._control = control
        self.plugins = plugins
        self._reloader = reloader
        self._surroundings = surroundings
        self._is_stopping = is_stopping
        self._place = place

    def engine(self) -> EngineView:
        around = self._surroundings()
        troubled = self.plugins.troubled()
        counts = msgspec.structs.replace(self._reads.tally.counts(), plugins_troubled=troubled)
        next_due = self._reads.tally.next_due
        configuration = self._reloader.current
        return EngineView(
            version=__version__,
            node=self._identity.node,
            host=self._place.host,
            pid=self._place.pid,
            user=self._place.user,
            started_at=to_datetime(self._identity.started_at),
            now=to_datetime(self._clock.now()),
            config=self._place.config,
            state_dir=self._place.state_dir,
            environment=around.environment,
            timezone=configuration.settings.timezone,
            counts=counts,
            problems=self._reloader.problems,
            warnings=configuration.warnings,
            is_troubled=self._journal.is_troubled,
            is_stopping=self._is_stopping(),
            session_active=around.session_active,
            next_due=None if next_due is None else to_datetime(next_due),
            loop_lag_ms=round(self._reads.pulse.lag_seconds * 1000, 3),
        )

    def is_ready(self) -> bool:
        return not self._is_stopping() and not self._journal.is_troubled

    def gauges(self) -> Gauges:
        counts = self._reads.tally.counts()
        return Gauges(
            schedules={
                "active": counts.active,
                "paused": counts.paused,
                "disabled": counts.disabled,
                "exhausted": counts.exhausted,
            },
            plugins=self.plugins.statuses(),
            running=counts.running,
            queued=counts.queued,
            next_due=self._reads.tally.next_due,
            loop_lag_seconds=self._reads.pulse.lag_seconds,
            database_seconds=self._journal.commit_seconds,
            database_commits=self._journal.commits,
            started_at=self._identity.started_at,
        )

    def listen(self, listener: Listener) -> None:
        self._bus.listen(listener)

    def events(self, since: str | None = None) -> AbstractContextManager[EventFeed]:
        return self._reads.feed.reader(since)

    async def schedules(self, query: ScheduleQuery) -> Page[ScheduleView]:
        return await self._reads.listing.page(query)

    async def schedule(self, schedule_id: str) -> ScheduleDetail:
        lane = self._control.lane(schedule_id)
        now, around = self._clock.now(), self._surroundings()
        history = await self._reads.ledger.statistics(schedule_id)
        readings = explain(lane.schedule, lane.state, around, at=now, now=now)
        return ScheduleDetail(
            schedule=self._reads.listing.view(lane),
            definition=as_table(lane.schedule),
            fires=await self._fires(lane, _FIRES_SHOWN, now),
            gates=tuple(gate_view(reading) for reading in readings),
            statistics=statistics(history),
            recent=(lane.recent or NO_RUNS).briefs,
            shadows=tuple(str(each.origin) for each in self._reads.catalog.shadows_of(schedule_id)),
        )

    async def fires(
        self, schedule_id: str, *, count: int, after: Instant | None = None
    ) -> tuple[FireView, ...]:
        lane = self._control.lane(schedule_id)
        return await self._fires(lane, count, self._clock.now() if after is None else after)

    async def _fires(self, lane: Lane, count: int, after: Instant) -> tuple[FireView, ...]:
        coming: Iterator[FireView] = fires(lane, self._surroundings(), after=after)
        found: list[FireView] = []
        while len(found) < count:
            some = list(islice(coming, min(_FIRES_AT_ONCE, count - len(found))))
            if not some:
                break
            found.extend(some)
            await asyncio.sleep(0)
        return tuple(found)

    async def forecast(self, query: ForecastQuery) -> ForecastView:
        return await forecast(self._lanes, self._surroundings(), query, self._clock.now())

    async def load(self, query: LoadQuery) -> LoadView:
        check_buckets(query)
        if query.kind is LoadKind.PLANNED:
            return await planned_load(self._lanes, self._surroundings(), query, self._clock.now())
        since, until = from_datetime(query.since), from_datetime(query.until)
        return failed_load(query, await self._reads.ledger.failure_counts(since, until, query.bucket_ms))

    async def why(self, schedule_id: str, slot: Instant | None = None) -> WhyView:
        return await self._reads.why.explain(self._control.lane(schedule_id), slot)

    async def runs(self, query: RunQuery) -> Page[RunView]:
        return await self._reads.run_pages.page(query)

    async def run(self, run_id: str) -> RunDetail:
        return await self._reads.run_pages.detail(run_id)

    async def log(
        self,
        run_id: str,
        *,
        attempt: int | None = None,
        offset: int = 0,
        limit: int = 65_536,
        wait_seconds: float = 0.0,
    ) -> LogChunk:
        return await self._reads.logs.chunk(
            run_id, attempt=attempt, offset=offset, limit=limit, wait_seconds=wait_seconds
        )

    async def audit(self, query: AuditQuery) -> Page[AuditView]:
        before = _entry_of(query.before)
        entries = await self._reads.ledger.audit_trail(
            limit=query.limit + 1, before=before, actor=query.actor, verb=query.verb, target=query.target
        )
        shown = entries[: query.limit]
        has_more = len(entries) > len(shown)
        return Page(
            items=tuple(audit_view(entry) for entry in shown),
            next=str(shown[-1].entry) if has_more and shown else None,
        )

    async def trigger(
        self, schedule_id: str, ask: TriggerAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> RunView:
        run_id = await self._control.trigger(
            schedule_id, ask, actor=asker.actor, idempotency_key=idempotency_key
        )
        return await self._reads.run_pages.view(run_id)

    async def pause(self, ask: PauseAsk, asker: Asker) -> EffectView:
        return await self._control.pause_selected(ask, actor=asker.actor)

    async def resume(self, ask: ResumeAsk, asker: Asker) -> EffectView:
        return await self._control.resume_selected(ask, actor=asker.actor)

    async def cancel(self, run_id: str, ask: CancelAsk, asker: Asker) -> RunView:
        await self._control.cancel(run_id, actor=asker.actor, by_force=ask.by_force)
        return await self._reads.run_pages.view(run_id)

    async def retry(self, run_id: str, asker: Asker, *, idempotency_key: str = "") -> RunView:
        made = await self._control.retry(run_id, actor=asker.actor, idempotency_key=idempotency_key)
        return await self._reads.run_pages.view(made)

    async def backfill(
        self, schedule_id: str, ask: BackfillAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> BackfillView:
        return await self._control.backfill(
            schedule_id, ask, actor=asker.actor, idempotency_key=idempotency_key
        )

    async def create(
        self, definition: Mapping[str, Any], asker: Asker, *, idempotency_key: str = ""
    ) -> ScheduleDetail:
        return await self.schedule(
            await self._control.create(definition, asker, idempotency_key=idempotency_key)
        )

    async def replace(
        self, schedule_id: str, definition: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> ScheduleDetail:
        return await self.schedule(await self._control.replace(schedule_id, definition, asker, etag=etag))

    async def patch(
        self, schedule_id: str, changes: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> ScheduleDetail:
        return await self.schedule(await self._control.patch(schedule_id, changes, asker, etag=etag))

    async def delete(self, schedule_id: str, asker: Asker, *, etag: str | None = None) -> None:
        await self._control.delete(schedule_id, asker, etag=etag)

    async def plan(self, ask: PlanAsk) -> PlanView:
        return await self._control.plan(ask)

    async def reload(self, asker: Asker) -> ReloadView:
        return await self._control.reload(actor=asker.actor)


def _entry_of(cursor: str | None) -> int | None:
    """Return the entry that a cursor of the audit trail stands for; one that is none begins anew."""
    return int(cursor) if cursor is not None and cursor.isascii() and cursor.isdecimal() else None
