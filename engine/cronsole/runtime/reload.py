"""Hot reload: notices that the files changed, reads all of them, and brings the difference into force."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from cronsole.clock import Clock
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


class Change:
    """The difference between what is in force and what the files say now."""

    def __init__(self, old: Iterable[Schedule], new: Configuration) -> None:
        before = {schedule.id: schedule for schedule in old}
        after = {schedule.id: schedule for schedule in new.schedules}
        self.configuration = new
        self.added = [schedule for key, schedule in after.items() if key not in before]
        self.changed = [
            schedule for key, schedule in after.items() if key in before and before[key] != schedule
        ]
        self.removed = [key for key in before if key not in after]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)


class Reloader:
    """Keeps the last good set in force when the new one has faults; never waits for a run."""

    def __init__(
        self,
        *,
        clock: Clock,
        bus: Bus,
        read: Reads,
        current: Configuration,
        apply: Callable[[Change], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._read = read
        self._apply = apply
        self._asked = asyncio.Event()
        self._never = asyncio.Event()
        self._stamp = _stamp(current.files)
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
        stamp = _stamp(self.current.files)
        if stamp == self._stamp:
            return False
        await self._clock.wait(self._never, _QUIET_SECONDS)
        return stamp == _stamp(self.current.files)

    async def reload(self) -> None:
        """Read and validate everything first; a removal has to hold for two seconds before it counts."""
        change = await self._difference()
        if change is not None and change.removed:
            await self._clock.wait(self._asked, _SETTLE_SECONDS)
            change = await self._difference()
        if change is None:
            return
        try:
            await self._apply(change)
        except StoreUnavailable as error:
            self._bus.publish(Warned(self._clock.now(), f"the reload waits for the ledger: {error}"))
            self._stamp = ()
            return
        self.current = change.configuration
        self._tell(change)

    async def _difference(self) -> Change | None:
        self._stamp = _stamp(self.current.files)
        try:
            configuration = await asyncio.to_thread(self._read)
        except ConfigError as error:
            self.problems = error.problems
            self._bus.publish(CatalogRefused(self._clock.now(), error.problems))
            return None
        self.problems = ()
        return Change(self.current.schedules, configuration)

    def _tell(self, change: Change) -> None:
        self._stamp = _stamp(change.configuration.files)
        self._bus.publish(
            CatalogReloaded(
                self._clock.now(),
                tuple(schedule.id for schedule in change.added),
                tuple(schedule.id for schedule in change.changed),
                tuple(change.removed),
            )
        )
        for warning in change.configuration.warnings:
            self._bus.publish(Warned(self._clock.now(), warning))


def _stamp(files: Iterable[str]) -> Stamp:
    """Return what changes when a file does, through renames and symlinks: it is the path that is watched."""
    return tuple(_stamp_of(Path(name)) for name in files)


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
