"""The plugins of an engine: loaded, failed, stale, unloaded or disabled; and what each declares, for the catalog.

A change goes in two steps, as files do: `prepare` opens and asks, outside every lock; `commit` brings it into force
with the catalog, or `discard` lets it go. What cannot be loaded keeps its last good set, marked stale.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from cronsole.errors import nearest
from cronsole.executors.base import StartFault
from cronsole.executors.faults import told
from cronsole.model.event import (
    Event,
)
from cronsole.model.plugin import Carrier, PluginStatus
from cronsole.model.settings import Settings
from cronsole.plugins.base import Declared, Health, LoadedPlugin, PluginFault, PluginRecord, Prepared
from cronsole.plugins.discovery import Found, Inventory, discover
from cronsole.plugins.draft import Draft, Member, PreparedSet
from cronsole.plugins.loading import Opens, PluginGround, opener_of
from cronsole.text import safe, truncate

_LOAD_SECONDS = 30.0
_HEALTH_SECONDS = 15.0
_CLOSE_SECONDS = 30.0
_LONGEST_REASON = 4_000


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
        self._members: dict[str, Member] = {}
        self._leaving: list[Member] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._close_s = _CLOSE_SECONDS

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

    async def prepare(
        self, settings: Settings, *, anew: Iterable[str] = (), within_s: float | None = None
    ) -> PreparedSet:
        """Open and ask what is new, has changed, has failed before, or is asked for anew; keep the rest as it is."""
        inventory = await asyncio.to_thread(self._look, settings)
        again, within_s = set(anew), within_s or _LOAD_SECONDS
        due = [one for one in inventory.found if self._is_due(one, again)]
        opened = await self._open_all(due, within_s)
        draft = Draft(self._records, self._members, self._clock.now())
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
        late = tuple(name for name, result in opened.items() if result == _too_late(within_s))
        return PreparedSet(draft.records, draft.members, tuple(draft.events), late)

    def commit(self, prepared: Prepared) -> None:
        """Bring a prepared set into force and tell what changed; `sweep` then unloads what left."""
        assert isinstance(prepared, PreparedSet)
        left = [member for name, member in self._members.items() if prepared.members.get(name) is not member]
        self._records, self._members = dict(prepared.records), dict(prepared.members)
        self._leave(left)
        for event in prepared.events:
            self._publish(event)

    async def discard(self, prepared: Prepared) -> None:
        """Let go of a prepared set that does not come into force."""
        assert isinstance(prepared, PreparedSet)
        self._leave(
            member for name, member in prepared.members.items() if self._members.get(name) is not member
        )
        await self.sweep()

    async def sweep(self) -> None:
        """Unload what left and is not in use; the last call of what is in use unloads it."""
        await self._close_all([member for member in self._leaving if not member.calls])

    async def close(self, *, within_s: float | None = None) -> None:
        """Unload everything: `cleanup` of each is called, those that others still use included."""
        members = [*self._members.values(), *self._leaving]
        self._members = {}
        self._close_s = within_s or _CLOSE_SECONDS
        await self._close_all(members)
        while self._closing:
            await asyncio.wait(tuple(self._closing))

    async def _close_all(self, members: Iterable[Member]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for member in members:
                tasks.create_task(self._close(member), name=f"close {member.found.name}")

    def _close_soon(self, member: Member) -> None:
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

    async def _open_all(
        self, due: Iterable[Found], within_s: float
    ) -> dict[str, "tuple[Member, Declared] | str"]:
        """Return what became of each: opened with what it declares, or why not."""
        opened: dict[str, tuple[Member, Declared] | str] = {}

        async def open_one(found: Found) -> None:
            opened[found.name] = await self._open(found, within_s)

        try:
            async with asyncio.TaskGroup() as tasks:
                for one in due:
                    tasks.create_task(open_one(one), name=f"load plugin {one.name}")
        except BaseException:
            # Whoever stops it midway still unloads what was opened by then.
            self._leave(result[0] for result in opened.values() if not isinstance(result, str))
            raise
        return opened

    async def _open(self, found: Found, within_s: float) -> "tuple[Member, Declared] | str":
        member: Member | None = None
        try:
            async with asyncio.timeout(within_s):
                opener = await asyncio.to_thread(partial(self._opener, found.carrier))
                member = Member(await opener(found.settings, self._ground), found)
                declared = await member.plugin.declare()
            _check_unique(declared)
            return member, declared
        except TimeoutError:
            reason = _too_late(within_s)
        except Exception as fault:  # noqa: BLE001 - whatever a plugin raises aborts its own load alone
            reason = _told(fault)
        except BaseException:
            self._leave([member] if member else [])
            raise
        # Nobody is to wait for the cleanup of what never came into force.
        self._leave([member] if member else [])
        return reason

    def _leave(self, members: Iterable[Member]) -> None:
        for member in members:
            member.is_leaving = True
            self._leaving.append(member)

    async def _close(self, member: Member) -> None:
        if member.is_closed:
            return
        member.is_closed = True
        if member in self._leaving:
            self._leaving.remove(member)
        try:
            async with asyncio.timeout(self._close_s):
                await member.plugin.close()
        except TimeoutError:
            self._ground.warn(f"plugin {member.found.name} did not let go within {self._close_s:g}s")
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

    def __init__(self, member: Member, close: Callable[[Member], None]) -> None:
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


def _lost_root(origin: str, inventory: Inventory) -> str | None:
    """Return why the root of a plugin cannot be looked into: a folder that is away for a moment unloads nothing."""
    return next((told for root, told in inventory.unreadable if origin.startswith(f"{root}/")), None)


def _check_unique(declared: Declared) -> None:
    seen: set[str] = set()
    for schedule in declared.schedules:
        if schedule.id in seen:
            raise PluginFault(f"it declares the id {schedule.id!r} twice; each is unique within a plugin")
        seen.add(schedule.id)


def _too_late(within_s: float) -> str:
    return f"it did not say what it declares within {within_s:g}s"


def _told(fault: BaseException) -> str:
    text = safe(str(fault), keeps_breaks=True) if isinstance(fault, PluginFault) else told(fault)
    return truncate(text, _LONGEST_REASON)
