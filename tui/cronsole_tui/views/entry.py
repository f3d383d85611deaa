"""What the console knows of one schedule and of one host, as the views are handed it."""

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from cronsole.model.instant import Instant
from cronsole.model.plugin import PluginView
from cronsole.model.view import EngineView, ScheduleView

Key: TypeAlias = tuple[str, str]


class Entry(NamedTuple):
    """A schedule of a host."""

    host: str
    schedule: ScheduleView

    @property
    def key(self) -> Key:
        return self.host, self.schedule.id


class Link(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    LOST = "lost"


class Host(NamedTuple):
    """One engine: how it is reached, what it said of itself and of its plugins, and when it was last heard."""

    name: str
    link: Link = Link.CONNECTING
    engine: EngineView | None = None
    latency_ms: int | None = None
    heard_at: Instant | None = None
    trouble: str = ""
    offset_ms: int | None = None
    plugins: tuple[PluginView, ...] | None = None
    plugins_trouble: str = ""

    @property
    def is_old(self) -> bool:
        """Whether what is known of it may no longer be so."""
        return self.engine is not None and self.link in (Link.STALE, Link.LOST)


def is_failing(schedule: ScheduleView) -> bool:
    """Tell whether the last run that ended by itself failed, be the schedule paused or running again meanwhile."""
    return schedule.failures > 0 or schedule.failing_since is not None
