"""The output of a run, from any offset on, while it is written and after: no byte is left out or told twice unsaid.

Offsets count what the run wrote, also where the middle of it is no longer kept.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

from cronsole.clock import Clock
from cronsole.errors import UnknownRun
from cronsole.model.event import Event, RunFinished, RunRetryScheduled
from cronsole.model.run import Attempt, Run
from cronsole.model.view import LogChunk
from cronsole.runtime.run_pages import RunPages
from cronsole.store.base import Ledger

# Nothing tells that a job has written; a follower sees it this much later at most.
_POLL_SECONDS = 0.2
# From its end to its row in the ledger a run takes a moment, more only where the ledger is in trouble.
_POLL_ENDED_SECONDS = 0.02
_LARGEST = 4 * 1024 * 1024


class Excerpt(Protocol):
    """Bytes of a file from `offset` on, `left_out` being gone ahead of them, of `size` that were ever written."""

    @property
    def data(self) -> bytes: ...

    @property
    def offset(self) -> int: ...

    @property
    def left_out(self) -> int: ...

    @property
    def size(self) -> int: ...


ReadLog: TypeAlias = Callable[[str, int, int], Excerpt]


class _Source(msgspec.Struct, frozen=True):
    """Where the output of an attempt is: in its row, or in a file; nothing is added to it once it `has_ended`."""

    attempt: int
    has_ended: bool = False
    text: str = ""
    path: str = ""
    size: int = 0


class Logs:
    """Finds and reads output; listens on the bus, so that whoever waits for more learns of the end."""

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        rows: RunPages,
        *,
        read: ReadLog,
        output_path: Callable[[Run], Path],
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._rows = rows
        self._read = read
        self._output_path = output_path
        self._waiting: dict[str, list[asyncio.Event]] = {}

    def note(self, event: Event) -> None:
        """Wake those who wait for the output of a run whose attempt has ended."""
        if self._waiting and isinstance(event, RunFinished | RunRetryScheduled):
            for ended in self._waiting.get(event.run_id, ()):
                ended.set()

    async def chunk(
        self, run_id: str, *, attempt: int | None, offset: int, limit: int, wait_seconds: float
    ) -> LogChunk:
        """Return what there is from the offset on; wait for it where there is nothing yet."""
        until = self._clock.monotonic() + wait_seconds
        limit = max(1, min(limit, _LARGEST))
        with self._listening(run_id) as ended:
            while True:
                has_ended = ended.is_set()
                found = await self._look(run_id, attempt, offset, limit)
                left = until - self._clock.monotonic()
                if found.data or found.left_out or found.is_complete or left <= 0:
                    return found
                # From here on it is this attempt that is waited for, and from where it was that it goes on.
                attempt, offset = found.attempt, found.next_offset
                await self._pause(ended, left, has_ended=has_ended)

    async def _pause(self, ended: asyncio.Event, left: float, *, has_ended: bool) -> None:
        if has_ended:
            await self._clock.wait(asyncio.Event(), min(left, _POLL_ENDED_SECONDS))
        else:
            await self._clock.wait(ended, min(left, _POLL_SECONDS))

    @contextmanager
    def _listening(self, run_id: str) -> Iterator[asyncio.Event]:
        ended = asyncio.Event()
        waiting = self._waiting.setdefault(run_id, [])
        waiting.append(ended)
        try:
            yield ended
        finally:
            waiting.remove(ended)
            if not waiting:
                self._waiting.pop(run_id, None)

    async def _look(self, run_id: str, attempt: int | None, offset: int, limit: int) -> LogChunk:
        source = await self._source(run_id, attempt)
        told = partial(LogChunk, run_id=run_id, attempt=source.attempt)
        if not source.path:
            return _of_text(source, told, offset, limit)
        try:
            excerpt = await asyncio.to_thread(self._read, source.path, offset, limit)
        except FileNotFoundError:
            if source.text:
                # Short output moves into the row when it ends, and the name of its file stays behind.
                return _of_text(source, told, offset, limit)
            return _without_file(source, told, offset)
        next_offset = excerpt.offset + len(excerpt.data)
        return told(
            offset=excerpt.offset,
            next_offset=next_offset,
            data=excerpt.data,
            left_out=excerpt.left_out,
            is_complete=source.has_ended and next_offset >= excerpt.size,
        )

    async def _source(self, run_id: str, attempt: int | None) -> _Source:
        row = await self._rows.row(run_id)
        active = self._rows.active(row)
        latest = row if active is None else active.run
        if attempt is None:
            # One that waits to be tried again has nothing to show but how it failed.
            attempt = latest.attempt - (latest.retry_at is not None and _has_not_begun(active, latest))
            attempt = max(1, attempt)
        if not 1 <= attempt <= latest.attempt:
            raise UnknownRun(f"run {run_id!r} has no attempt {attempt}")
        if attempt == row.attempt and row.state.is_final:
            return _of_row(row)
        archived = await self._ledger.attempts(run_id) if attempt < latest.attempt else []
        for each in archived:
            if each.attempt == attempt:
                return _of_row(each)
        path = self._output_path(msgspec.structs.replace(row, attempt=attempt))
        return _Source(attempt=attempt, path=str(path))


class _Active(Protocol):
    @property
    def execution(self) -> object | None: ...


def _has_not_begun(active: _Active | None, run: Run) -> bool:
    if active is not None:
        return active.execution is None
    return run.started_at is None


def _of_row(row: Run | Attempt) -> _Source:
    return _Source(
        attempt=row.attempt, has_ended=True, text=row.output, path=row.output_file, size=row.output_bytes
    )


def _of_text(source: _Source, told: Callable[..., LogChunk], offset: int, limit: int) -> LogChunk:
    data = source.text.encode(errors="replace")
    # Where no file could be made for output that is long, the end of it is all that was kept.
    begin = max(0, source.size - len(data))
    size = begin + len(data)
    asked = max(0, size + offset) if offset < 0 else min(offset, size)
    start = max(asked, begin)
    piece = data[start - begin : start - begin + limit]
    next_offset = start + len(piece)
    return told(
        offset=start,
        next_offset=next_offset,
        data=piece,
        left_out=start - asked,
        is_complete=next_offset >= size,
    )


def _without_file(source: _Source, told: Callable[..., LogChunk], offset: int) -> LogChunk:
    """Return what is told of a file that is not there yet, or was removed with the rest of its history."""
    if not source.has_ended:
        return told(offset=max(0, offset), next_offset=max(0, offset))
    offset = max(0, source.size + offset) if offset < 0 else min(offset, source.size)
    return told(offset=source.size, next_offset=source.size, left_out=source.size - offset, is_complete=True)
