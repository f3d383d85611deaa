"""The plugins of an engine: loaded, failed, stale, unloaded or disabled; and what each declares, for the catalog.

A change goes in two steps, as files do: `prepare` opens and asks, outside every lock; `commit` brings it into force
with the catalog, or `discard` lets it go. What cannot be loaded keeps its last good set, marked stale.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec

from cronsole.errors import nearest
from cronsole.executors.base import StartFault
from cronsole.executors.faults import told
from cronsole.model.event import (
    Event,
    PluginFailed,
    PluginLoaded,
    PluginRefused,
    PluginStale,
    PluginUnloaded,
)
from cronsole.model.instant import Instant
from cronsole.model.plugin import Carrier, PluginStatus
from cronsole.model.settings import Settings
from cronsole.plugins.base import Declared, Health, LoadedPlugin, PluginFault, PluginRecord, Prepared
from cronsole.plugins.discovery import Found, Inventory, discover
from cronsole.plugins.loading import Opens, PluginGround, opener_of
from cronsole.text import safe, truncate

_LOAD_SECONDS = 30.0
_HEALTH_SECONDS = 15.0
_CLOSE_SECONDS = 30.0
_LONGEST_REASON = 4_000


class _Member(msgspec.Struct):
    """A loaded plugin with the calls that are under way; one that leaves is closed when the last has ended."""

    plugin: LoadedPlugin
    found: Found
    calls: int = 0
    is_leaving: bool = False
    is_closed: bool = False


class _Prepared(msgspec.Struct, frozen=True):
    records: Mapping[str, PluginRecord]
    members: Mapping[str, _Member]
    events: tuple[Event, ...] = ()


class Registry:
    """Knows every plugin by its name; lends them to runs, and closes what leaves once nobody uses it."""

    def __init__(
        self,
        ground: PluginGround,
        *,
        publish: Callable[[Event], None],
        opener: Callable[[Carrier], Opens] = opener_of,
        look: Callable[[Settings], Inventory] = discover,
    ) -> None:
        self._ground = ground
        self._clock = ground.clock
        self._publish = publish
        self._opener = opener
        self._look = look
        self._records: dict[str, PluginRecord] = {}
        self._members: dict[str, _Member] = {}
        self._leaving: list[_Member] = []
        self._closing: set[asyncio.Task[None]] = set()

    def records(self) -> tuple[PluginRecord, ...]:
        """Return all plugins by name, those that failed or left too."""
        return tuple(self._records[name] for name in sorted(self._records))

    def record(self, name: str) -> PluginRecord | None:
        return self._records.get(name)

    def get(self, name: str) -> LoadedPlugin | None:
        """Return a plugin that can be called."""
        member = self._members.get(name)
        return member.plugin if member else None

    def lend(self, name: str) -> "_Loan":
        """Lend a plugin for one call; StartFault says why it cannot be called."""
        member = self._members.get(name)
        if member is None:
            raise StartFault(self._why_not(name))
        return _Loan(member, self._close_soon)

    async def health(self, name: str) -> Health:
        """Return what a plugin says of itself; one that does not answer is not well."""
        member = self._members.get(name)
        if member is None:
            return Health(False, self._why_not(name))
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                return await member.plugin.health()
        except TimeoutError:
            return Health(False, f"did not answer within {_HEALTH_SECONDS:g}s")
        except Exception as fault:  # noqa: BLE001 - a plugin may raise whatever it likes
            return Health(False, _told(fault))

    async def prepare(self, settings: Settings, *, anew: Iterable[str] = ()) -> _Prepared:
        """Open and ask what is new, has changed, has failed before, or is asked for anew; keep the rest as it is."""
        inventory = await asyncio.to_thread(self._look, settings)
        again = set(anew)
        opened = await self._open_all([one for one in inventory.found if self._is_due(one, again)])
        draft = _Draft(self._records, self._members, self._clock.now())
        for one in inventory.found:
            result = opened.get(one.name)
            if result is None:
                draft.keep(one.name)
            elif isinstance(result, str):
                draft.refuse(one.name, result, one.carrier, one.origin)
            else:
                draft.take(*result)
        for rejected in inventory.rejected:
            draft.refuse(rejected.name, rejected.reason, None, rejected.origin)
        for name in inventory.disabled:
            draft.remove(name, PluginStatus.DISABLED, "disabled in the configuration")
        for name in self._records.keys() - draft.records.keys():
            fault = _lost_root(self._records[name].origin, inventory)
            if fault is None:
                draft.remove(name, PluginStatus.UNLOADED, "it is not configured any more")
            else:
                draft.refuse(name, fault, self._records[name].carrier, self._records[name].origin)
        for _, reason in inventory.unreadable:
            self._ground.warn(f"plugin_roots: {reason}")
        return _Prepared(draft.records, draft.members, tuple(draft.events))

    def commit(self, prepared: Prepared) -> None:
        """Bring a prepared set into force and tell what changed; `sweep` then unloads what left."""
        assert isinstance(prepared, _Prepared)
        left = [member for name, member in self._members.items() if prepared.members.get(name) is not member]
        self._records, self._members = dict(prepared.records), dict(prepared.members)
        self._leave(left)
        for event in prepared.events:
            self._publish(event)

    async def discard(self, prepared: Prepared) -> None:
        """Let go of a prepared set that does not come into force."""
        assert isinstance(prepared, _Prepared)
        self._leave(
            member for name, member in prepared.members.items() if self._members.get(name) is not member
        )
        await self.sweep()

    async def sweep(self) -> None:
        """Unload what left and is not in use; the last call of what is in use unloads it."""
        await self._close_all([member for member in self._leaving if not member.calls])

    async def close(self) -> None:
        """Unload everything: `cleanup` of each is called, those that others still use included."""
        members = [*self._members.values(), *self._leaving]
        self._members = {}
        await self._close_all(members)
        while self._closing:
            await asyncio.wait(tuple(self._closing))

    async def _close_all(self, members: Iterable[_Member]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for member in members:
                tasks.create_task(self._close(member), name=f"close {member.found.name}")

    def _close_soon(self, member: _Member) -> None:
        """Unload what the last call has left: how that call ended is not to wait for a cleanup."""
        task = asyncio.get_running_loop().create_task(self._close(member), name=f"close {member.found.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _is_due(self, found: Found, again: set[str]) -> bool:
        record, member = self._records.get(found.name), self._members.get(found.name)
        return (
            record is None
            or member is None
            or record.status is not PluginStatus.LOADED
            or found.name in again
            or member.found != found
        )

    async def _open_all(self, due: Iterable[Found]) -> dict[str, "tuple[_Member, Declared] | str"]:
        """Return what became of each: opened with what it declares, or why not."""
        opened: dict[str, tuple[_Member, Declared] | str] = {}

        async def open_one(found: Found) -> None:
            opened[found.name] = await self._open(found)

        try:
            async with asyncio.TaskGroup() as tasks:
                for one in due:
                    tasks.create_task(open_one(one), name=f"load plugin {one.name}")
        except BaseException:
            # Whoever stops it midway still unloads what was opened by then.
            self._leave(result[0] for result in opened.values() if not isinstance(result, str))
            raise
        return opened

    async def _open(self, found: Found) -> "tuple[_Member, Declared] | str":
        member: _Member | None = None
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                opener = await asyncio.to_thread(partial(self._opener, found.carrier))
                member = _Member(await opener(found.settings, self._ground), found)
                declared = await member.plugin.declare()
            _check_unique(declared)
            return member, declared
        except TimeoutError:
            reason = f"it did not say what it declares within {_LOAD_SECONDS:g}s"
        except Exception as fault:  # noqa: BLE001 - whatever a plugin raises aborts its own load alone
            reason = _told(fault)
        except BaseException:
            self._leave([member] if member else [])
            raise
        # Nobody is to wait for the cleanup of what never came into force.
        self._leave([member] if member else [])
        return reason

    def _leave(self, members: Iterable[_Member]) -> None:
        for member in members:
            member.is_leaving = True
            self._leaving.append(member)

    async def _close(self, member: _Member) -> None:
        if member.is_closed:
            return
        member.is_closed = True
        if member in self._leaving:
            self._leaving.remove(member)
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await member.plugin.close()
        except TimeoutError:
            self._ground.warn(f"plugin {member.found.name} did not let go within {_CLOSE_SECONDS:g}s")
        except Exception as fault:  # noqa: BLE001 - the plugin is gone either way
            self._ground.warn(f"plugin {member.found.name}: {_told(fault)}")

    def _why_not(self, name: str) -> str:
        record = self._records.get(name)
        if record is not None:
            return f"plugin {name} is {record.status.value}" + (f": {record.reason}" if record.reason else "")
        known = nearest(name, self._members)
        installed = ", ".join(sorted(self._members)) or "none"
        hint = f"; did you mean {known!r}?" if known else f"; loaded are: {installed}"
        return f"no plugin is called {name!r}{hint}"


class _Loan:
    """A plugin in use; the last one of a plugin that leaves closes it."""

    __slots__ = ("_close", "_member")

    def __init__(self, member: _Member, close: Callable[[_Member], None]) -> None:
        self._member = member
        self._close = close

    async def __aenter__(self) -> LoadedPlugin:
        self._member.calls += 1
        return self._member.plugin

    async def __aexit__(self, *_: object) -> None:
        member = self._member
        member.calls -= 1
        if member.is_leaving and not member.calls:
            self._close(member)


class _Draft:
    """What is to take the place of the plugins that there are, put together one by one."""

    def __init__(
        self, records: Mapping[str, PluginRecord], members: Mapping[str, _Member], now: Instant
    ) -> None:
        self._old_records = records
        self._old_members = members
        self._now = now
        self.records: dict[str, PluginRecord] = {}
        self.members: dict[str, _Member] = {}
        self.events: list[Event] = []

    def keep(self, name: str) -> None:
        self.records[name], self.members[name] = self._old_records[name], self._old_members[name]

    def take(self, member: _Member, declared: Declared) -> None:
        name, plugin, chosen = member.found.name, member.plugin, member.found.settings.priority
        self.members[name] = member
        self.records[name] = PluginRecord(
            name,
            PluginStatus.LOADED,
            self._now,
            plugin.carrier,
            plugin.priority if chosen is None else chosen,
            plugin.origin,
            declared=declared,
        )
        count = len(declared.schedules)
        self.events.append(PluginLoaded(self._now, name, plugin.carrier.value, count, declared.version))
        for refused in declared.refused:
            self.events.append(PluginRefused(self._now, name, refused.schedule_id, refused.reason))

    def refuse(self, name: str, reason: str, carrier: Carrier | None, origin: str) -> None:
        """Keep the last good set of a plugin that cannot be loaded anew; without one it has failed."""
        before = self._old_records.get(name)
        if before is not None and name in self._old_members:
            self.members[name] = self._old_members[name]
            if (before.status, before.reason) == (PluginStatus.STALE, reason):
                self.records[name] = before
                return
            self.records[name] = msgspec.structs.replace(
                before, status=PluginStatus.STALE, reason=reason, since=self._now
            )
            self.events.append(PluginStale(self._now, name, reason))
        elif before is not None and (before.status, before.reason) == (PluginStatus.FAILED, reason):
            self.records[name] = before
        else:
            self.records[name] = PluginRecord(
                name, PluginStatus.FAILED, self._now, carrier, origin=origin, reason=reason
            )
            self.events.append(PluginFailed(self._now, name, reason))

    def remove(self, name: str, status: PluginStatus, reason: str) -> None:
        before = self._old_records.get(name)
        if before is not None and before.status is status:
            self.records[name] = before
            return
        if before is not None and before.is_usable:
            self.events.append(PluginUnloaded(self._now, name, reason))
        carrier, origin = (before.carrier, before.origin) if before else (None, "")
        self.records[name] = PluginRecord(name, status, self._now, carrier, origin=origin, reason=reason)


def _lost_root(origin: str, inventory: Inventory) -> str | None:
    """Return why the root of a plugin cannot be looked into: a folder that is away for a moment unloads nothing."""
    return next((told for root, told in inventory.unreadable if origin.startswith(f"{root}/")), None)


def _check_unique(declared: Declared) -> None:
    seen: set[str] = set()
    for schedule in declared.schedules:
        if schedule.id in seen:
            raise PluginFault(f"it declares the id {schedule.id!r} twice; each is unique within a plugin")
        seen.add(schedule.id)


def _told(fault: BaseException) -> str:
    text = safe(str(fault), keeps_breaks=True) if isinstance(fault, PluginFault) else told(fault)
    return truncate(text, _LONGEST_REASON)
