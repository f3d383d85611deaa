"""What every screen of one console shares: the fleet, the feeds, the clock, and how its user likes to see things."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo

from cronsole.client.engine import EngineClient
from cronsole.model.instant import Instant
from cronsole.model.view import EventView
from cronsole_tui.clock import Clock
from cronsole_tui.feed import Feed
from cronsole_tui.fleet import Fleet
from cronsole_tui.keymap import ACTIONS, Action
from cronsole_tui.views.moments import zone_name

_EVENTS_KEPT = 5_000


class Scene:
    """Made once by whoever opens the console; `zone` is the viewer's own."""

    def __init__(
        self,
        *,
        clock: Clock,
        zone: tzinfo,
        actions: Sequence[Action] = ACTIONS,
        ascii_only: bool = False,
        is_read_only: bool = False,
        rings: bool = False,
    ) -> None:
        self.clock = clock
        self.fleet = Fleet()
        self.feeds: dict[str, Feed] = {}
        self.zone = zone
        self.actions = tuple(actions)
        self.ascii_only = ascii_only
        self.is_read_only = is_read_only
        self.rings = rings
        self.uses_schedule_zone = False
        self.events: deque[tuple[str, EventView]] = deque(maxlen=_EVENTS_KEPT)
        self.undo: Callable[[], None] | None = None

    def now(self) -> Instant:
        return self.clock.now()

    def client(self, host: str) -> EngineClient:
        return self.feeds[host].client

    def zone_of(self, timezone: str) -> tzinfo:
        """Return the clock that times of a schedule are told on: the viewer's, or its own while `z` says so."""
        if not self.uses_schedule_zone:
            return self.zone
        try:
            return ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            # A zone that this machine does not know; the viewer's is said wherever it stands in.
            return self.zone

    def toggle_zone(self) -> str:
        """Tell times on the other clock from now on, and return whose it is."""
        self.uses_schedule_zone = not self.uses_schedule_zone
        if self.uses_schedule_zone:
            return "Times of a schedule are on its own clock."
        return f"Times are on your clock, {zone_name(self.zone, self.now())}."

    @property
    def first_host(self) -> str:
        return next(iter(self.feeds))
