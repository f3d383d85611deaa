"""Events into one coalesced picture: follows an engine, reads again what changed, at most four times a second."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress

from cronsole.client.engine import EngineClient
from cronsole.errors import CronsoleError, UnknownSchedule, Unreachable
from cronsole.model.ask import ScheduleQuery
from cronsole.model.instant import from_datetime
from cronsole.model.view import EventView, ScheduleView
from cronsole_tui.clock import Clock
from cronsole_tui.fleet import Fleet
from cronsole_tui.views.entry import Link

_BEAT_SECONDS = 0.25
_STALE_SECONDS = 5.0
# An engine goes through all its schedules to tell of its plugins.
_PLUGINS_SECONDS = 1.0
_AGAIN_SECONDS = 2.0
_PAGE = 5_000
_FIRST_PAGE = 200
_ASKED_AT_ONCE = 200
# From here on reading all of it again is cheaper than asking by name.
_MANY = 2_000
# What may bring or take schedules without naming them; a plugin that comes brings all of its own.
_OF_CATALOG = ("plugin_", "catalog_reloaded", "engine_started")


class Feed:
    """Keeps what the fleet knows of one host in step with its engine, for as long as `run` runs."""

    def __init__(
        self,
        client: EngineClient,
        name: str,
        *,
        fleet: Fleet,
        clock: Clock,
        changed: Callable[[], None],
        happened: Callable[[str, EventView], None],
    ) -> None:
        self.client = client
        self._name = name
        self._fleet = fleet
        self._clock = clock
        self._changed = changed
        self._happened = happened
        self._stale: set[str] = set()
        self._wants_all = True
        self._has_read_all = False
        self._has_news = asyncio.Event()
        self._has_news.set()
        self._has_plugin_news = asyncio.Event()
        self._has_plugin_news.set()
        self._watches_plugins = False
        self._heard = clock.monotonic()

    async def run(self) -> None:
        """Follow the engine until cancelled; a lost link is shown, and mends by itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name=f"listen to {self._name}")
            tasks.create_task(self._refresh(), name=f"refresh {self._name}")
            tasks.create_task(self._refresh_plugins(), name=f"plugins of {self._name}")
            tasks.create_task(self._watch_age(), name=f"age of {self._name}")

    def look_again(self, *schedule_ids: str) -> None:
        """Read some schedules again soon; all of them where none is named."""
        if schedule_ids:
            self._stale.update(schedule_ids)
        else:
            self._wants_all = True
            self._has_plugin_news.set()
        self._has_news.set()

    def watch_plugins(self, *, is_watched: bool) -> None:
        """Keep the plugins' numbers in step with their runs, as long as somebody looks at them."""
        self._watches_plugins = is_watched
        if is_watched:
            self._has_plugin_news.set()

    async def _listen(self) -> None:
        """Follow the stream; one that cannot even be begun, or is refused, is told and tried again."""
        while True:
            try:
                async for event in self.client.events():
                    self._hear(event)
            except CronsoleError as error:
                self._tell(link=Link.LOST, trouble=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)
            self.look_again()

    def _hear(self, event: EventView) -> None:
        match event.kind:
            case "lost":
                self._tell(link=Link.LOST, trouble=event.message)
                return
            case "resync":
                self.look_again()
            case "heartbeat":
                pass
            case _:
                self._note(event)
        self._heard = self._clock.monotonic()
        if self._fleet.host(self._name).link is not Link.LIVE:
            self._tell(link=Link.LIVE, heard_at=self._clock.now(), trouble="")
        else:
            # Not a change that anybody sees: a live host shows no age.
            self._fleet.set_host(self._fleet.host(self._name)._replace(heard_at=self._clock.now()))

    def _note(self, event: EventView) -> None:
        if event.kind.startswith(_OF_CATALOG):
            self._wants_all = True
        elif event.schedule_id:
            self._stale.add(event.schedule_id)
        if self._is_about_plugins(event):
            self._has_plugin_news.set()
        self._has_news.set()
        self._happened(self._name, event)

    def _is_about_plugins(self, event: EventView) -> bool:
        if event.kind.startswith(_OF_CATALOG):
            return True
        known = self._fleet.get((self._name, event.schedule_id))
        is_theirs = known is None or bool(known.schedule.plugin)
        return self._watches_plugins and bool(event.schedule_id) and is_theirs

    async def _refresh_plugins(self) -> None:
        """Read the plugins again when something of them has changed; an engine that tells of none is no fault."""
        while True:
            await self._has_plugin_news.wait()
            self._has_plugin_news.clear()
            try:
                self._tell(plugins=await self.client.plugins.list(), plugins_trouble="")
            except Unreachable:
                # Told where the link is; what could not be read stays to be read.
                self._has_plugin_news.set()
                await asyncio.sleep(_AGAIN_SECONDS)
            except CronsoleError as error:
                self._tell(plugins_trouble=str(error))
            await asyncio.sleep(_PLUGINS_SECONDS)

    async def _refresh(self) -> None:
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            try:
                await self._read()
            except CronsoleError:
                # Told already; what could not be read stays to be read.
                await asyncio.sleep(_AGAIN_SECONDS)
            await asyncio.sleep(_BEAT_SECONDS)

    async def _read(self) -> None:
        began = self._clock.monotonic()
        stale, self._stale = self._stale, set()
        wants_all, self._wants_all = self._wants_all, False
        try:
            engine = await self.client.engine()
            latency_ms = round((self._clock.monotonic() - began) * 1000)
            # What it said was true half a way ago.
            offset_ms = from_datetime(engine.now) + latency_ms // 2 - self._clock.now()
            if not self._has_read_all:
                # How many there are is known long before all of them are.
                self._fleet.begin(self._name)
                self._tell(engine=engine)
            if wants_all or len(stale) > _MANY:
                schedules = await self._all()
                self._fleet.replace(self._name, schedules)
                if len(schedules) > _MANY:
                    # They stay, and hold no cycles: the collector would halt the screen to find that out.
                    gc.freeze()
            else:
                await self._some(sorted(stale))
        except CronsoleError as error:
            self._stale |= stale
            self._wants_all = self._wants_all or wants_all
            self._tell(link=Link.LOST, trouble=str(error))
            self._has_news.set()
            raise
        now = self._clock.now()
        self._tell(
            link=Link.LIVE,
            engine=engine,
            latency_ms=latency_ms,
            offset_ms=offset_ms,
            heard_at=now,
            trouble="",
        )

    async def _all(self) -> list[ScheduleView]:
        """Return every schedule; of a host that nothing is known of yet, a first few are shown meanwhile."""
        is_new = not self._has_read_all
        found: list[ScheduleView] = []
        after: str | None = None
        while True:
            limit = _FIRST_PAGE if is_new and not found else _PAGE
            page = await self.client.schedules(ScheduleQuery(limit=limit, after=after))
            if limit == _FIRST_PAGE:
                self._fleet.put(self._name, page.items)
                self._changed()
            found.extend(page.items)
            after = page.next
            if after is None:
                self._has_read_all = True
                return found

    async def _some(self, schedule_ids: list[str]) -> None:
        for start in range(0, len(schedule_ids), _ASKED_AT_ONCE):
            asked = schedule_ids[start : start + _ASKED_AT_ONCE]
            with suppress(UnknownSchedule):
                page = await self.client.schedules(ScheduleQuery(ids=tuple(asked), limit=_ASKED_AT_ONCE))
                self._fleet.put(self._name, page.items)
                self._fleet.drop(self._name, set(asked) - {schedule.id for schedule in page.items})

    async def _watch_age(self) -> None:
        """Say so when nothing was heard for five seconds, though the link still stands."""
        while True:
            await asyncio.sleep(1.0)
            is_silent = self._clock.monotonic() - self._heard > _STALE_SECONDS
            if is_silent and self._fleet.host(self._name).link is Link.LIVE:
                self._tell(link=Link.STALE)

    def _tell(self, **fields: object) -> None:
        self._fleet.set_host(self._fleet.host(self._name)._replace(**fields))  # type: ignore[arg-type] # the fields are Host's
        self._changed()
