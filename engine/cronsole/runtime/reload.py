"""Hot reload: notices that the files changed, reads all of them, and brings the difference into force."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeAlias

from cronsole.clock import Clock
from cronsole.config.diff import Diff, diff
from cronsole.errors import ConfigError, StoreUnavailable
from cronsole.model.event import CatalogRefused, CatalogReloaded, Warned
from cronsole.model.prospect import ReloadView
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration
from cronsole.runtime.bus import Bus
from cronsole.store.base import AuditEntry

Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]
Reads: TypeAlias = Callable[[], Configuration]

_POLL_SECONDS = 1.0
_QUIET_SECONDS = 0.3
_SETTLE_SECONDS = 2.0


class Applies(Protocol):
    """Brings a configuration into force, all of it or nothing, with what is written to the audit trail."""

    def __call__(
        self, configuration: Configuration, /, *, audit: Iterable[AuditEntry] = ()
    ) -> Awaitable[Diff]: ...


class Reloader:
    """Keeps the last good set in force when the new one has faults; never waits for a run."""

    def __init__(
        self,
        *,
        clock: Clock,
        bus: Bus,
        read: Reads,
        current: Configuration,
        apply: Applies,
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._read = read
        self._apply = apply
        self._asked = asyncio.Event()
        # Apart from `_asked`, which whoever waits for the next reload takes for itself.
        self._hurried = asyncio.Event()
        self._never = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._stamp = _stamp(current)
        self.current = current
        self.problems: tuple[str, ...] = ()

    def ask(self) -> None:
        """Reload at once, changed or not: SIGHUP."""
        self._hurried.set()
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
        async with self._one_at_a_time:
            self._hurried.clear()
            configuration = await self._read_again()
            if configuration is not None and diff(self.current.schedules, configuration.schedules).removed:
                await self._clock.wait(self._hurried, _SETTLE_SECONDS)
                configuration = await self._read_again()
            if configuration is None:
                return
            try:
                await self._bring_into_force(configuration)
            except StoreUnavailable as error:
                self._bus.publish(Warned(self._clock.now(), f"the reload waits for the ledger: {error}"))
                self._stamp = ()

    async def reload_for(self, actor: str, write: Callable[[AuditEntry], Awaitable[object]]) -> ReloadView:
        """Reload because somebody asks for it, and tell what that did.

        Removals count at once: the two seconds are for files that are being written, and who asks has written them.
        A reload that settles meanwhile goes on at once, for the same reason. `write` puts a refusal on record.
        """
        self._hurried.set()
        async with self._one_at_a_time:
            configuration = await self._read_again()
            now = self._clock.now()
            if configuration is None:
                await write(AuditEntry(now, actor, "reload", "", f"refused: {self.problems[0]}"))
                return ReloadView(problems=self.problems, unchanged=len(self.current.schedules))
            change = await self._bring_into_force(configuration, audit=[AuditEntry(now, actor, "reload", "")])
        return ReloadView(
            warnings=configuration.warnings,
            added=_ids(change.added),
            changed=_ids((*change.changed, *change.retimed)),
            removed=_ids(change.removed),
            unchanged=len(change.unchanged),
        )

    async def read(self) -> Configuration:
        """Return what the files say now, without bringing it into force; ConfigError where they have faults."""
        return await asyncio.to_thread(self._read)

    async def _bring_into_force(
        self, configuration: Configuration, *, audit: Iterable[AuditEntry] = ()
    ) -> Diff:
        change = await self._apply(configuration, audit=audit)
        self.current = configuration
        self._stamp = _stamp(configuration)
        self._tell(change, configuration.warnings)
        return change

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
