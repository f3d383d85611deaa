"""What the console knows: the hosts, and the schedules of all of them by key."""

from collections.abc import Iterable, Iterator

from cronsole.model.view import ScheduleView
from cronsole_tui.views.entry import Entry, Host, Key


class Fleet:
    """Written by the feeds alone, read by everyone; `version` grows with every change."""

    def __init__(self) -> None:
        self._entries: dict[Key, Entry] = {}
        self._hosts: dict[str, Host] = {}
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

    def get(self, key: Key) -> Entry | None:
        return self._entries.get(key)

    def host(self, name: str) -> Host:
        return self._hosts[name]

    def set_host(self, host: Host) -> None:
        self._hosts[host.name] = host
        self.version += 1

    def put(self, host: str, schedules: Iterable[ScheduleView]) -> None:
        """Take in schedules as they are now."""
        for schedule in schedules:
            self._entries[host, schedule.id] = Entry(host, schedule)
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
        self.version += 1
