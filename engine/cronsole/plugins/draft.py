"""A set of plugins that is to take the place of the one before, put together one by one."""

from collections.abc import Mapping

import msgspec

from cronsole.model.event import Event, PluginFailed, PluginLoaded, PluginRefused, PluginStale, PluginUnloaded
from cronsole.model.instant import Instant
from cronsole.model.plugin import Carrier, PluginStatus
from cronsole.plugins.base import Declared, LoadedPlugin, PluginRecord
from cronsole.plugins.discovery import Found


class Member(msgspec.Struct):
    """A loaded plugin with the calls that are under way; one that leaves is closed when the last has ended."""

    plugin: LoadedPlugin
    found: Found
    calls: int = 0
    is_leaving: bool = False
    is_closed: bool = False


class PreparedSet(msgspec.Struct, frozen=True):
    records: Mapping[str, PluginRecord]
    members: Mapping[str, Member]
    events: tuple[Event, ...] = ()
    late: tuple[str, ...] = ()


class Draft:
    """What is to take the place of the plugins that there are, put together one by one."""

    def __init__(
        self, records: Mapping[str, PluginRecord], members: Mapping[str, Member], now: Instant
    ) -> None:
        self._old_records = records
        self._old_members = members
        self._now = now
        self.records: dict[str, PluginRecord] = {}
        self.members: dict[str, Member] = {}
        self.events: list[Event] = []

    def keep(self, name: str) -> None:
        self.records[name], self.members[name] = self._old_records[name], self._old_members[name]

    def take(self, member: Member, declared: Declared) -> None:
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
