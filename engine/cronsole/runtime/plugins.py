"""Plugins and what they declare, brought into force together with the files: one transaction, or nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from cronsole.catalog import Catalog, Source, SourceSet
from cronsole.clock import Clock
from cronsole.config.diff import Diff
from cronsole.errors import CronsoleError, StoreUnavailable, UnknownPlugin, nearest
from cronsole.model.event import Warned
from cronsole.model.plugin import PluginStatus
from cronsole.model.policy import DEFAULT_POLICY, Policy
from cronsole.model.schedule import Schedule, SourceKind
from cronsole.model.settings import Settings
from cronsole.plugins.base import PluginRecord, Plugins, Prepared
from cronsole.runtime.bus import Bus
from cronsole.runtime.limits import RunLimits
from cronsole.store.base import AuditEntry

_RETRY_SECONDS = 5.0


class Enacts(Protocol):
    """Brings sets of the catalog into force with their audit entries, and calls `settled` before others may look."""

    def __call__(
        self,
        sets: Iterable[SourceSet],
        /,
        *,
        audit: Iterable[AuditEntry] = (),
        settled: Callable[[], None] = ...,
    ) -> Awaitable[Diff]: ...


class PluginSets:
    """Loads plugins with each configuration, and one anew when somebody asks or it comes back changed.

    `registry` is given to it before it is used: what plugins are told of the engine refers to both.
    """

    registry: Plugins

    def __init__(
        self,
        clock: Clock,
        bus: Bus,
        *,
        catalog: Catalog,
        limits: RunLimits,
        settings: Callable[[], Settings],
        enact: Enacts,
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._catalog = catalog
        self._limits = limits
        self._settings = settings
        self._enact = enact
        self._one_at_a_time = asyncio.Lock()
        self._changed: dict[str, None] = {}
        self._withheld: dict[str, str] = {}
        self._has_changed = asyncio.Event()

    def record(self, name: str) -> PluginRecord:
        """Return a plugin as it stands; UnknownPlugin names the nearest."""
        record = self.registry.record(name)
        if record is None:
            near = nearest(name, (record.name for record in self.registry.records()))
            hint = f"; {near!r} is" if near else ""
            raise UnknownPlugin(f"no plugin is called {name!r}{hint}")
        return record

    def why_absent(self, schedule_id: str) -> str:
        """Return why a schedule that a plugin declares is not in force, and nothing where none declares it."""
        for record in self.registry.records():
            for refused in record.declared.refused:
                if refused.schedule_id == schedule_id:
                    return f"plugin {record.name} declares it, and it was refused: {refused.reason}"
        holder = self.registry.record(self._withheld.get(schedule_id, ""))
        if holder is not None and holder.status is PluginStatus.FAILED:
            return f"plugin {holder.name} declared it, and could not be loaded: {holder.reason}"
        return ""

    def kept(self, stored: Iterable[Schedule], prepared: Prepared) -> list[str]:
        """Return the ids of stored schedules of plugins that failed: they stay what they are until that is cured."""
        failed = {record.name for record in prepared.records.values() if record.status is PluginStatus.FAILED}
        self._withheld = {each.id: each.origin.name for each in stored if each.origin.name in failed}
        return list(self._withheld)

    def verbs_of(self, plugin: str) -> list[str] | None:
        """Return what a plugin can do; while it is being loaded, nobody but itself knows that."""
        record = self.registry.record(plugin)
        return [verb.name for verb in record.declared.verbs] if record and record.is_usable else None

    def policy_of(self, plugin: str, verb: str) -> Policy:
        """Return what the table of a plugin says of its calls."""
        known = (one for one in self._settings().plugins if one.name == plugin)
        settings = next(known, None)
        return DEFAULT_POLICY if settings is None else settings.policy(verb)

    @asynccontextmanager
    async def prepared(
        self, settings: Settings, *, anew: Iterable[str] = (), within_s: float | None = None
    ) -> AsyncIterator[Prepared]:
        """Hold a set of plugins for these settings, ready for `commit`; let go of it when that does not come."""
        async with self._one_at_a_time:
            prepared = await self.registry.prepare(settings, anew=anew, within_s=within_s)
            try:
                yield prepared
            except BaseException:
                await self.registry.discard(prepared)
                raise
            await self.registry.sweep()

    def commit(self, prepared: Prepared, settings: Settings) -> None:
        """Bring plugins into force, and how many calls each of them bears."""
        self.registry.commit(prepared)
        self._limits.set(settings, prepared.records.values())

    def sets(self, prepared: Prepared) -> list[SourceSet]:
        """Return what the catalog is to hold of each plugin, of those that are gone too."""
        found = {
            _source(record.name): SourceSet(_source(record.name), _schedules(record), record.priority)
            for record in prepared.records.values()
        }
        gone = [source for source in self._catalog.sources(SourceKind.PLUGIN) if source not in found]
        return [*found.values(), *(SourceSet(source, ()) for source in gone)]

    async def reload(self, name: str, *, actor: str = "engine") -> PluginRecord:
        """Load one plugin anew and return how it stands; UnknownPlugin names the nearest."""
        self.record(name)
        settings = self._settings()
        async with self.prepared(settings, anew=(name,)) as prepared:
            entry = AuditEntry(self._clock.now(), actor, "reload plugin", name)
            await self._enact(
                self.sets(prepared), audit=[entry], settled=lambda: self.commit(prepared, settings)
            )
        return self.record(name)

    def ask(self, name: str) -> None:
        """Load a plugin anew soon: it came back and may declare something else."""
        self._changed[name] = None
        self._has_changed.set()

    async def run(self) -> None:
        """Load anew what asked for it."""
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            names, self._changed = list(self._changed), {}
            for name in names:
                await self._reload_asked(name)

    async def _reload_asked(self, name: str) -> None:
        if self.registry.record(name) is None:
            return
        try:
            await self.reload(name)
        except StoreUnavailable as error:
            told = f"loading plugin {name} anew waits for the ledger: {error}"
            self._bus.publish(Warned(self._clock.now(), told))
            await self._clock.wait(asyncio.Event(), _RETRY_SECONDS)
            self.ask(name)
        except CronsoleError as error:
            self._bus.publish(Warned(self._clock.now(), f"plugin {name} could not be loaded anew: {error}"))


def _source(name: str) -> Source:
    return Source(SourceKind.PLUGIN, name)


def _schedules(record: PluginRecord) -> tuple[Schedule, ...]:
    return record.declared.schedules if record.is_usable else ()
