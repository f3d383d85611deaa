"""Watches the clocks and the time-zone data, so that a jump is noticed at the next wake and told."""

import zoneinfo
from collections.abc import Callable
from pathlib import Path

from cronsole.model.event import ClockJumped, Warned, ZoneDataChanged
from cronsole.model.instant import MINUTE, SECOND, Instant, Millis
from cronsole.planning.setback import after_setback
from cronsole.runtime.ground import Ground
from cronsole.store.base import Defined, PauseSet, WatermarkMoved
from cronsole.text import human_duration
from cronsole.triggers.zone import forget_zones

_TOLERANCE_MS: Millis = 2 * SECOND


class Watchdog:
    """Compares wall, monotonic and boottime since its last look."""

    def __init__(self, ground: Ground, zone_data_version: Callable[[], object]) -> None:
        self._clock = ground.clock
        self._bus = ground.bus
        self._journal = ground.journal
        self._lanes = ground.lanes
        self._zone_data_version = zone_data_version
        self._zone_data = zone_data_version()
        self._zone_data_checked_at = self._clock.monotonic()
        self._wall = self._clock.now()
        self._monotonic = self._clock.monotonic()
        self._boottime = self._clock.boottime()

    def look(self) -> bool:
        """Return whether every next fire has to be computed afresh."""
        has_jumped = self._look_at_clocks()
        return self._look_at_zone_data() or has_jumped

    def _look_at_clocks(self) -> bool:
        wall, monotonic, boottime = self._clock.now(), self._clock.monotonic(), self._clock.boottime()
        awake_ms = int((monotonic - self._monotonic) * 1000)
        slept_ms = int((boottime - self._boottime) * 1000) - awake_ms
        step_ms = wall - self._wall - awake_ms - max(0, slept_ms)
        self._wall, self._monotonic, self._boottime = wall, monotonic, boottime
        if slept_ms < _TOLERANCE_MS and abs(step_ms) < _TOLERANCE_MS:
            return False
        self._bus.publish(ClockJumped(wall, step_ms, max(0, slept_ms), _jump(step_ms, slept_ms)))
        self.heed_clock(wall)
        return True

    def heed_clock(self, now: Instant) -> None:
        """Let lanes whose memory lies far ahead of the clock start again from now: else they stay silent for long."""
        moved = 0
        for lane in self._lanes:
            state = after_setback(lane.state, now)
            if state is None:
                continue
            moved += 1
            lane.state = state
            self._journal.tell_state(Defined(lane.schedule, state), WatermarkMoved(lane.id, now))
            self._journal.tell_state(PauseSet(lane.id, state.pause))
        if moved:
            detail = f"the clock is far behind the ledger: {moved} schedules start again from now"
            self._bus.publish(Warned(now, detail))

    def _look_at_zone_data(self) -> bool:
        monotonic = self._clock.monotonic()
        if monotonic - self._zone_data_checked_at < MINUTE / 1000:
            return False
        self._zone_data_checked_at = monotonic
        version = self._zone_data_version()
        if version == self._zone_data:
            return False
        self._zone_data = version
        forget_zones()
        for lane in self._lanes:
            lane.redefine(lane.schedule, lane.state)
        self._bus.publish(ZoneDataChanged(self._clock.now()))
        return True


def _jump(step_ms: Millis, slept_ms: Millis) -> str:
    parts = []
    if slept_ms >= _TOLERANCE_MS:
        parts.append(f"the machine slept for {human_duration(slept_ms)}")
    if abs(step_ms) >= _TOLERANCE_MS:
        direction = "forward" if step_ms > 0 else "back"
        parts.append(f"the clock went {direction} by {human_duration(abs(step_ms))}")
    return ", ".join(parts)


def zone_data_version() -> Callable[[], object]:
    """Return a function whose result changes when the time-zone data on this machine does."""
    markers = tuple(Path(root) / name for root in zoneinfo.TZPATH for name in ("tzdata.zi", "zone.tab", "."))

    def version() -> object:
        return tuple(_stamp(path) for path in markers)

    return version


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
