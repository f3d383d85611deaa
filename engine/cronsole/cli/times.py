"""Times as people read them: on the viewer's clock, always with its zone, and how far away they are."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsole.cli.viewer import viewer_zone
from cronsole.clock import SystemClock
from cronsole.model.instant import Instant, from_datetime, to_datetime
from cronsole.text import ago


class Viewer:
    """Who looks: the instant of the look and the zone in which times are told."""

    __slots__ = ("now", "zone")

    def __init__(self, now: Instant, zone: ZoneInfo) -> None:
        self.now: Final = now
        self.zone: Final = zone

    @classmethod
    def here(cls) -> "Viewer":
        """Return the viewer at this terminal, now."""
        return cls(SystemClock().now(), ZoneInfo(viewer_zone()))

    def stamp(self, moment: datetime) -> str:
        """Return a time with date and zone: `Fri 2026-11-20 03:00:00 CET`."""
        return f"{moment.astimezone(self.zone):%a %Y-%m-%d %H:%M:%S %Z}"

    def brief(self, moment: datetime) -> str:
        """Return a time without its zone, which stands in the heading: `03:00:00`, with its day where it is another."""
        local, today = moment.astimezone(self.zone), to_datetime(self.now).astimezone(self.zone)
        if local.date() == today.date():
            return f"{local:%H:%M:%S}"
        return f"{local:%d %b %H:%M:%S}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M:%S}"

    def both(self, moment: datetime) -> str:
        """Return a time and how far away it is: `Fri 2026-11-20 03:00:00 CET (5m ago)`."""
        return f"{self.stamp(moment)} ({ago(from_datetime(moment), self.now)})"

    @property
    def zone_name(self) -> str:
        return f"{to_datetime(self.now).astimezone(self.zone):%Z}"


def iso(moment: datetime) -> str:
    """Return an instant as the API shows it, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
