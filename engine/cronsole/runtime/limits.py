"""How many runs may go on at once: in the whole engine, of each tag, of each plugin and its polls."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from cronsole.model.action import PluginCall
from cronsole.model.plugin import Carrier
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Settings
from cronsole.plugins.base import PluginRecord

Room: TypeAlias = tuple[tuple[str, ...], ...]
"""What a run counts against: `("tag", "db")`, `("plugin", "withings")`, `("poll", "withings")`."""

_POLL = "poll"
_SPOKEN = {"tag": "runs tagged {}", "plugin": "calls of plugin {}", "poll": "polls of plugin {}"}


class RunLimits:
    """Counts what runs against what may."""

    def __init__(self, settings: Settings) -> None:
        self._under_way: Counter[tuple[str, ...]] = Counter()
        self.running = 0
        self.changed: Callable[[], None] = lambda: None
        """Called when there may be room for what waits."""
        self.set(settings)

    def set(self, settings: Settings, plugins: Iterable[PluginRecord] = ()) -> None:
        """Take on other limits."""
        self._max_running = settings.max_running
        self._limits = _limits(settings, plugins)
        self.changed()

    @property
    def is_full(self) -> bool:
        return self.running >= self._max_running

    def has_room(self, schedule: Schedule) -> bool:
        if self.is_full:
            return False
        limits = self._limits
        return not limits or all(
            self._under_way[key] < limits[key] for key in _room(schedule) if key in limits
        )

    def full_by(self, schedule: Schedule) -> str:
        """Return which limit keeps a run of the schedule from starting now, or nothing."""
        if self.is_full:
            return f"{self.running} of {self._max_running} runs are under way"
        limits = self._limits
        full = (key for key in _room(schedule) if key in limits and self._under_way[key] >= limits[key])
        told = (
            f"{self._under_way[kind, name]} of {limits[kind, name]} {_SPOKEN[kind].format(name)} are under way"
            for kind, name in full
        )
        return next(told, "")

    def enter(self, schedule: Schedule) -> Room:
        """Count a run, and return the room that it takes until it leaves, whatever becomes of its schedule."""
        room = _room(schedule)
        self.running += 1
        for key in room:
            self._under_way[key] += 1
        return room

    def leave(self, room: Room) -> None:
        self.running -= 1
        for key in room:
            self._under_way[key] -= 1


def _room(schedule: Schedule) -> Room:
    room: Room = tuple([("tag", tag) for tag in schedule.tags]) if schedule.tags else ()
    action = schedule.action
    if type(action) is PluginCall:
        room += (("plugin", action.plugin),)
        if (action.call or _POLL) == _POLL:
            room += (("poll", action.plugin),)
    return room


def _limits(settings: Settings, plugins: Iterable[PluginRecord]) -> Mapping[tuple[str, ...], int]:
    limits: dict[tuple[str, ...], int] = {("tag", tag): limit for tag, limit in settings.tag_limits}
    limits |= {("plugin", table.name): table.parallelism for table in settings.plugins if table.parallelism}
    polls = {table.name: table.max_outstanding_polls for table in settings.plugins}
    for plugin in plugins:
        if plugin.declared.is_one_at_a_time:
            limits["plugin", plugin.name] = 1
        if plugin.carrier is Carrier.PROCESS:
            limits["poll", plugin.name] = polls.get(plugin.name, 1)
    return limits
