"""The schedules of an engine, kept up to date by its events; while the link is down, as they were last seen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from cronsole.cli.list import every_schedule
from cronsole.cli.standing import Order, Term, chosen, ordered
from cronsole.clock import Clock
from cronsole.errors import StoreUnavailable, Unreachable
from cronsole.model.ask import ScheduleQuery
from cronsole.model.instant import SECOND
from cronsole.model.view import EventView, ScheduleView
from cronsole.text import human_duration

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

STALE_SECONDS: Final = 5.0
"""An engine that says nothing for that long, not even that it lives, is not live."""
_MOST_ASKED: Final = 50
RETRY_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0


class LiveSchedules:
    """What the engine told last, which of it is out of date, and how the link does."""

    def __init__(self, client: "EngineClient", clock: Clock, terms: Sequence[Term], order: Order) -> None:
        self._client = client
        self._clock = clock
        self._terms = terms
        self._order = order
        self._views: dict[str, ScheduleView] = {}
        self._seen: dict[str, float] = {}
        self._stale_ids: set[str] = set()
        self._is_all_stale = False
        self._heard = clock.monotonic()
        self._lost = ""
        self._news = asyncio.Event()
        self._change = asyncio.Event()

    @property
    def trouble(self) -> str:
        """What is wrong with the link, and how old the last look is; empty while it is live."""
        silent = self._clock.monotonic() - self._heard
        age = human_duration(int(silent) * SECOND)
        if self._lost:
            return f"the link is lost, this is {age} old, trying again: {self._lost}"
        return f"the engine has said nothing for {age}" if silent > STALE_SECONDS else ""

    def views(self) -> list[ScheduleView]:
        """Return the schedules that are wanted, in their order, with running times as of now."""
        return ordered(map(self._aged, chosen(self._views.values(), self._terms)), self._order)

    def _aged(self, view: ScheduleView) -> ScheduleView:
        if not view.running or self._lost:
            return view
        passed = int((self._clock.monotonic() - self._seen[view.id]) * SECOND)
        running = tuple(replace(run, duration_ms=(run.duration_ms or 0) + passed) for run in view.running)
        return replace(view, running=running)

    async def refresh(self) -> None:
        """Ask for every schedule."""
        found = await every_schedule(self._client, ScheduleQuery())
        self._views = {view.id: view for view in found}
        self._seen = dict.fromkeys(self._views, self._clock.monotonic())

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Keep up with the engine for as long as the context lasts."""
        async with asyncio.TaskGroup() as group:
            # An answer that is long in coming holds up neither the events nor whoever shows what there is.
            tasks = [
                group.create_task(self._listen(), name="events"),
                group.create_task(self._keep_up(), name="answers"),
            ]
            yield
            for task in tasks:
                task.cancel()

    async def changed(self, seconds: float | None) -> None:
        """Wait until there is something else to show, at most so long."""
        if seconds is None:
            await self._change.wait()
        else:
            await self._clock.wait(self._change, seconds)
        self._change.clear()

    async def _listen(self) -> None:
        while True:
            try:
                async for event in self._client.events():
                    self._note(event)
            except (Unreachable, StoreUnavailable) as error:
                # The stream comes back by itself, but not where it never was: the engine went right after the look.
                self._lose(str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _note(self, event: EventView) -> None:
        if event.kind == "lost":
            self._lose(event.message)
            return
        self._heard, self._lost = self._clock.monotonic(), ""
        if event.kind == "heartbeat":
            return
        if event.schedule_id:
            self._stale_ids.add(event.schedule_id)
        else:
            self._is_all_stale = True
        self._news.set()

    def _lose(self, reason: str) -> None:
        self._is_all_stale, self._lost = True, reason
        self._change.set()

    async def _keep_up(self) -> None:
        """Ask for what events concern, and again and again for what could not be had."""
        while True:
            await self._clock.wait(self._news, RETRY_SECONDS)
            self._news.clear()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._ask_again()
            except (Unreachable, StoreUnavailable, TimeoutError) as error:
                self._lose(str(error) or "the engine does not answer")
            else:
                self._change.set()

    async def _ask_again(self) -> None:
        ids, self._stale_ids = self._stale_ids, set()
        if self._is_all_stale or len(ids) > _MOST_ASKED:
            self._is_all_stale = False
            await self.refresh()
        elif ids:
            found = await every_schedule(self._client, ScheduleQuery(ids=tuple(sorted(ids))))
            for gone in ids - {view.id for view in found}:
                self._views.pop(gone, None)
            self._views |= {view.id: view for view in found}
            self._seen |= dict.fromkeys((view.id for view in found), self._clock.monotonic())
