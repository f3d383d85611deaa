"""Keeps the state directory small and safe: prunes finished rows and their output, makes hourly backups."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from cronsole.clock import Clock
from cronsole.errors import CronsoleError
from cronsole.model.event import Warned
from cronsole.model.instant import Millis
from cronsole.runtime.bus import Bus
from cronsole.store.base import Ledger, Retention

_PRUNE_SECONDS = 300.0
_SLICE_PAUSE_SECONDS = 0.05


class Janitor:
    """Prunes every five minutes, and backs up as often as it is told."""

    def __init__(
        self,
        *,
        clock: Clock,
        bus: Bus,
        ledger: Ledger,
        retention: Callable[[], Retention],
        back_up: Callable[[], Awaitable[None]],
        backup_every: Callable[[], Millis | None],
        output_dir: Path,
        newest_folder: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._ledger = ledger
        self._retention = retention
        self._back_up = back_up
        self._backup_every = backup_every
        self._output_dir = output_dir
        self._newest_folder = newest_folder
        self._never = asyncio.Event()

    async def run(self) -> None:
        backed_up_at = self._clock.monotonic()
        while True:
            await self._clock.wait(self._never, _PRUNE_SECONDS)
            await self._attempt(self.prune(), "old runs could not be pruned")
            every = self._backup_every()
            if every is not None and (self._clock.monotonic() - backed_up_at) * 1000 >= every:
                backed_up_at = self._clock.monotonic()
                await self._attempt(self._back_up(), "the ledger could not be backed up")

    async def _attempt(self, work: Awaitable[None], trouble: str) -> None:
        try:
            await work
        except (CronsoleError, OSError) as error:
            self._bus.publish(Warned(self._clock.now(), f"{trouble}: {error}"))

    async def prune(self) -> None:
        """Delete in slices until nothing is left to delete."""
        while True:
            pruned = await self._ledger.prune(self._retention(), self._clock.now())
            if not pruned.rows:
                break
            await asyncio.to_thread(_remove, pruned.output_files)
            await self._clock.wait(self._never, _SLICE_PAUSE_SECONDS)
        await asyncio.to_thread(_remove_empty, self._output_dir, self._newest_folder())


def _remove_empty(output_dir: Path, newest: str) -> None:
    """Remove the folders of output in which nothing is left, except the newest: a run may be about to use it."""
    for folder in output_dir.iterdir():
        if folder.is_dir() and folder.name < newest and not any(folder.iterdir()):
            folder.rmdir()


def _remove(paths: Sequence[str]) -> None:
    for path in paths:
        Path(path).unlink(missing_ok=True)
