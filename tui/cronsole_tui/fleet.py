"""What the console knows: the hosts, and the schedules of all of them by key."""

from collections.abc import Iterable, Iterator

from cronsole.model.plugin import PluginView
from cronsole.model.view import ScheduleView
from cronsole_tui.views.entry import Entry, Host, Key
from cronsole_tui.views.schedule_row import Wishes, wished


class Fleet:
    """Written by the feeds alone, read by everyone; `version` grows with every change."""

    def __init__(self) -> None:
        self._entries: dict[Key, Entry] = {}
        self._hosts: dict[str, Host] = {}
        self._loading: set[str] = set()
        # Told of all that is known, and by no filter, so that no table moves while one is typed.
        self.wishes = Wishes()
        self.version = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def hosts(self) -> tuple[Host, ...]:
        return tuple(self._hosts.values())

    @property
    def has_many_hosts(self) -> bool:
        return len(self._hosts) > 1

    @property
    def is_loading(self) -> bool:
        """Whether some host has more schedules than were read of it by now."""
        return bool(self._loading)

    @property
    def count(self) -> int:
        """How many schedules there are: what is known, or what the hosts say while more of it is to come."""
        if not self._loading:
            return len(self)
        said = sum(host.engine.counts.schedules for host in self.hosts if host.engine is not None)
        return max(len(self), said)

    def get(self, key: Key) -> Entry | None:
        return self._entries.get(key)

    def host(self, name: str) -> Host:
        return self._hosts[name]

    def plugin(self, host: str, name: str) -> PluginView | None:
        known = self._hosts[host].plugins or ()
        return next((plugin for plugin in known if plugin.name == name), None)

    def set_host(self, host: Host) -> None:
        self._hosts[host.name] = host
        self.version += 1

    def begin(self, host: str) -> None:
        """All that a host has is to be read for the first time; `replace` ends that."""
        self._loading.add(host)
        self.version += 1

    def put(self, host: str, schedules: Iterable[ScheduleView]) -> None:
        """Take in schedules as they are now."""
        entries = [Entry(host, schedule) for schedule in schedules]
        self._entries.update((entry.key, entry) for entry in entries)
        self.wishes = wished(entries, self.wishes)
        self.version += 1

    def drop(self, host: str, schedule_ids: Iterable[str]) -> None:
        """Forget schedules that are no more."""
        for schedule_id in schedule_ids:
            self._entries.pop((host, schedule_id), None)
        self.version += 1

    def replace(self, host: str, schedules: Iterable[ScheduleView]) -> None:
        """Take in all that a host has, and forget what it has no more."""
        kept = {key: entry for key, entry in self._entries.items() if key[0] != host}
        kept |= {(host, schedule.id): Entry(host, schedule) for schedule in schedules}
        self._entries = kept
        self.wishes = wished(kept.values())
        self._loading.discard(host)
        self.version += 1
