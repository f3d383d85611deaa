"""Hot reload: notices that the files changed, reads all of them, and brings the difference into force."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from cronsole.clock import Clock
from cronsole.config.diff import Diff, diff
from cronsole.errors import ConfigError, StoreUnavailable
from cronsole.model.event import CatalogRefused, CatalogReloaded, Warned
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration
from cronsole.runtime.bus import Bus

Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]
Reads: TypeAlias = Callable[[], Configuration]

_POLL_SECONDS = 1.0
_QUIET_SECONDS = 0.3
_SETTLE_SECONDS = 2.0


class Reloader:
    """Keeps the last good set in force when the new one has faults; never waits for a run."""

    def __init__(
        self,
        *,
        clock: Clock,
        bus: Bus,
        read: Reads,
        current: Configuration,
        apply: Callable[[Configuration], Awaitable[Diff]],
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._read = read
        self._apply = apply
        self._asked = asyncio.Event()
        self._never = asyncio.Event()
        self._stamp = _stamp(current)
        self.current = current
        self.problems: tuple[str, ...] = ()

    def ask(self) -> None:
        """Reload at once, changed or not: SIGHUP."""
        self._asked.set()

    async def run(self) -> None:
        """Reload when asked, and when the files have changed and then kept still for a moment."""
        while True:
            was_asked = await self._clock.wait(self._asked, _POLL_SECONDS)
            self._asked.clear()
            if was_asked or (self.current.settings.watch_files and await self._has_changed()):
                await self.reload()

    async def _has_changed(self) -> bool:
        stamp = _stamp(self.current)
        if stamp == self._stamp:
            return False
        await self._clock.wait(self._never, _QUIET_SECONDS)
        return stamp == _stamp(self.current)

    async def reload(self) -> None:
        """Read and validate everything first; a removal has to hold for two seconds before it counts."""
        configuration = await self._read_again()
        if configuration is not None and diff(self.current.schedules, configuration.schedules).removed:
            await self._clock.wait(self._asked, _SETTLE_SECONDS)
            configuration = await self._read_again()
        if configuration is None:
            return
        try:
            change = await self._apply(configuration)
        except StoreUnavailable as error:
            self._bus.publish(Warned(self._clock.now(), f"the reload waits for the ledger: {error}"))
            self._stamp = ()
            return
        self.current = configuration
        self._stamp = _stamp(configuration)
        self._tell(change, configuration.warnings)

    async def _read_again(self) -> Configuration | None:
        self._stamp = _stamp(self.current)
        try:
            configuration = await asyncio.to_thread(self._read)
        except ConfigError as error:
            self.problems = error.problems
            self._bus.publish(CatalogRefused(self._clock.now(), error.problems))
            return None
        self.problems = ()
        return configuration

    def _tell(self, change: Diff, warnings: Iterable[str]) -> None:
        now = self._clock.now()
        added, removed = _ids(change.added), _ids(change.removed)
        self._bus.publish(CatalogReloaded(now, added, _ids((*change.changed, *change.retimed)), removed))
        for warning in warnings:
            self._bus.publish(Warned(now, warning))


def _ids(schedules: Iterable[Schedule]) -> tuple[str, ...]:
    return tuple(schedule.id for schedule in schedules)


def _stamp(configuration: Configuration) -> Stamp:
    """Return what changes when a file does, through renames and symlinks: it is the path that is watched."""
    return tuple(_stamp_of(Path(name)) for name in (*configuration.files, *configuration.folders))


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
