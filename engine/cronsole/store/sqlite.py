"""The ledger on SQLite: one connection that writes, one that reads, one that keeps house."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.instant import DAY, Instant, Millis
from cronsole.model.message import Letter, Message
from cronsole.model.run import Attempt, Run
from cronsole.model.schedule import Schedule, ScheduleState, SourceKind
from cronsole.store.audit import audit_trail, forget_keys, key_used
from cronsole.store.backups import newest_backup
from cronsole.store.base import (
    AuditEntry,
    Batch,
    Committed,
    Ended,
    History,
    KeyUsed,
    Pruned,
    Retention,
    RunFilter,
    RunsPage,
)
from cronsole.store.batch import BatchWriter, SomeRefused
from cronsole.store.database_file import (
    BUSY_TIMEOUT_MS,
    Watched,
    check_integrity,
    connect,
    create,
    meta,
    migrate,
    move_durably,
    refuse_remains,
    set_meta,
    told_as_ours,
)
from cronsole.store.messages import to_letter, to_message
from cronsole.store.outcomes import SCHEDULES_AT_ONCE, failure_counts, history, recent_outcomes, slices
from cronsole.store.reading import page_of_runs, runs_found_by, select
from cronsole.store.retention import PruningRound, delete_runs
from cronsole.store.rows import to_attempt, to_run, to_schedule, to_schedule_state

_P = ParamSpec("_P")
_T = TypeVar("_T")

# Fences are handed out in blocks, so that no run has to write one down: the next start begins a new block. A block
# lasts for three years of a thousand runs a second, and leaves ninety thousand starts below 2**53.
FENCE_BLOCK = 10**11


class SqliteLedger:
    """A ledger in one file. Of a damaged one it is said which backup in `backups`, beside it, is the newest."""

    def __init__(
        self, path: Path, *, backups: Path | None = None, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> None:
        self._path = path
        self._backups = path.with_name("backups") if backups is None else backups
        self._connect = partial(connect, path, busy_timeout_ms=busy_timeout_ms)
        self._reopening = asyncio.Lock()
        self._writer_is_suspect = False
        self._round: PruningRound | None = None
        self._writer: aiosqlite.Connection | None = None
        self._reader: aiosqlite.Connection | None = None
        self._keeper: aiosqlite.Connection | None = None
        self._watched: Watched | None = None

    async def open(self) -> None:
        with told_as_ours(self._path, self._advice):
            has_backups = self._newest_backup() is not None
            refuse_remains(self._path, self._advice(), has_backups=has_backups)
            if not self._path.exists():
                await asyncio.to_thread(create, self._path)
            async with AsyncExitStack() as opened:
                opened.callback(self._forget)
                self._writer = await self._opened(opened)
                await self._on(self._writer, self._begin)
                self._reader = await self._opened(opened)
                self._keeper = await self._opened(opened)
                self._watched = Watched(self._path, self._advice)
                opened.pop_all()

    async def close(self) -> None:
        writer, reader, keeper, watched = self._writer, self._reader, self._keeper, self._watched
        self._forget()
        if writer is not None and watched is not None and not self._writer_is_suspect:
            # A ledger that cannot be written now is closed as after a crash: the next open checks all of it.
            with suppress(StoreUnavailable, StoreCorrupt):
                await self._on(writer, watched.transaction, _end)
        for connection in (reader, keeper, writer):
            if connection is not None:
                with suppress(sqlite3.Error):
                    await connection.close()

    async def commit(self, batch: Batch) -> Committed:
        return Committed() if batch.is_empty() else Committed(await self._write(_write_batch, batch))

    async def next_fence(self) -> int:
        return await self._write(_reserve_fences)

    async def schedule_states(self) -> dict[str, ScheduleState]:
        rows = await self._rows("schedule_states")
        return {row[0]: to_schedule_state(row) for row in rows}

    async def definition(self, schedule_id: str) -> Schedule | None:
        rows = await self._rows("definition", schedule_id)
        return to_schedule(*rows[0]) if rows else None

    async def stored_schedules(self, kind: SourceKind) -> list[Schedule]:
        return [to_schedule(*row) for row in await self._rows("stored_schedules", kind.value)]

    async def unfinished_runs(self) -> list[Run]:
        return await self._read(runs_found_by, "unfinished_runs", ())

    async def run(self, run_id: str) -> Run | None:
        rows = await self._rows("run", run_id)
        return to_run(rows[0]) if rows else None

    async def runs_page(self, matching: RunFilter, *, limit: int = 50, before: str | None = None) -> RunsPage:
        return await self._read(page_of_runs, matching, limit, before)

    async def runs(self, matching: RunFilter, *, limit: int = 50, before: str | None = None) -> list[Run]:
        page = await self.runs_page(matching, limit=limit, before=before)
        found = list(page.runs)
        while page.next is not None and len(found) < limit:
            page = await self.runs_page(matching, limit=limit - len(found), before=page.next)
            found += page.runs
        return found

    async def attempts(self, run_id: str) -> list[Attempt]:
        return [to_attempt(row) for row in await self._rows("attempts", run_id)]

    async def slot_verdict(self, schedule_id: str, slot: Instant, scope: str = "") -> Run | None:
        found = await self._read(runs_found_by, "slot_verdict", (schedule_id, scope, slot))
        return found[0] if found else None

    async def last_runs(self) -> dict[str, Run]:
        return {run.schedule_id: run for run in await self._read(runs_found_by, "last_runs", ())}

    async def recent_outcomes(
        self, schedule_ids: Iterable[str] | None = None, *, limit: int = 12
    ) -> dict[str, tuple[Ended, ...]]:
        if schedule_ids is None:
            schedule_ids = await self._schedules_in_force()
        found: dict[str, tuple[Ended, ...]] = {}
        for some in slices(schedule_ids):
            found |= await self._read(recent_outcomes, some, limit)
        return found

    async def _schedules_in_force(self) -> list[str]:
        found: list[str] = []
        while some := await self._rows("schedules_in_force", found[-1] if found else "", SCHEDULES_AT_ONCE):
            found += [row[0] for row in some]
        return found

    async def statistics(self, schedule_id: str) -> History:
        return await self._read(history, schedule_id)

    async def failure_counts(self, since: Instant, until: Instant, bucket_ms: Millis) -> dict[int, int]:
        return await self._read(failure_counts, since, until, bucket_ms)

    async def audit_trail(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        actor: str = "",
        verb: str = "",
        target: str = "",
    ) -> list[AuditEntry]:
        return await self._read(audit_trail, limit, before, actor=actor, verb=verb, target=target)

    async def key_used(self, actor: str, key: str) -> KeyUsed | None:
        return await self._read(key_used, actor, key)

    async def plugin_state(self, plugin: str) -> str:
        rows = await self._rows("plugin_state", plugin)
        return str(rows[0][0]) if rows else "{}"

    async def waiting_channels(self) -> dict[str, Instant]:
        return dict(await self._rows("waiting_channels"))

    async def pending_messages(self, channel: str, now: Instant, *, limit: int = 20) -> list[Letter]:
        return [to_letter(row) for row in await self._rows("pending_messages", channel, now, limit)]

    async def failed_messages(self, *, limit: int = 100) -> list[Letter]:
        return [to_letter(row) for row in await self._rows("failed_messages", limit)]

    async def remembered(self, channel: str, *, limit: int = 100) -> list[Message]:
        return [to_message(row[0]) for row in await self._rows("remembered", channel, limit)]

    async def prune(self, retention: Retention, now: Instant) -> Pruned:
        pruning = self._round
        if pruning is None or pruning.retention != retention:
            await self._forget_keys(now - DAY)
            pruning = PruningRound(retention, now)
        # Until the slice is deleted there is no round to go on with: one that fails begins anew.
        self._round = None
        while pruning.needs_plan:
            await self._on(self._keeper, pruning.plan)
        doomed = pruning.take_slice()
        if not doomed:
            return Pruned(0)
        files = await self._write(delete_runs, doomed)
        self._round = pruning
        return Pruned(len(doomed), files)

    async def _forget_keys(self, before: Instant) -> None:
        while await self._write(forget_keys, before):
            pass

    async def backup(self, path: str) -> None:
        await self._on(self._keeper, _backup, Path(path))

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Check and migrate, and note that from here on an end without `close` is a crash."""
        has_meta = connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]
        was_clean = bool(has_meta) and meta(connection, "ended") == "clean"
        check_integrity(connection, self._path, self._advice(), was_clean=was_clean)
        migrate(connection, self._path)
        set_meta(connection, "ended", "running")

    def _forget(self) -> None:
        self._writer = self._reader = self._keeper = self._watched = None

    async def _opened(self, stack: AsyncExitStack) -> aiosqlite.Connection:
        connection = await self._connected()
        stack.push_async_callback(connection.close)
        return connection

    async def _connected(self) -> aiosqlite.Connection:
        # aiosqlite is handed a connection that is open already: after one that fails, its thread ends unawaited.
        raw = await asyncio.to_thread(self._connect)
        return await aiosqlite.Connection(lambda: raw, iter_chunk_size=64)

    async def _rows(self, name: str, *values: object) -> list[tuple[Any, ...]]:
        return await self._read(select, name, values)

    async def _read(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await self._on(self._reader, function, *args, **kwargs)

    async def _write(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """Run a function in a write transaction; after a failure the next write gets a fresh connection."""
        watched = self._watched
        if watched is None:
            raise StoreUnavailable(f"{self._path} is not open")
        if self._writer_is_suspect:
            await self._reopen_writer(watched)
        try:
            return await self._on(
                self._writer, watched.transaction, lambda raw: function(raw, *args, **kwargs)
            )
        except (StoreUnavailable, StoreCorrupt):
            self._writer_is_suspect = True
            raise

    async def _reopen_writer(self, watched: Watched) -> None:
        async with self._reopening:
            if not self._writer_is_suspect:
                return
            with told_as_ours(self._path, self._advice):
                watched.check()
                fresh = await self._connected()
            stale, self._writer = self._writer, fresh
            self._writer_is_suspect = False
            if stale is not None:
                with suppress(sqlite3.Error):
                    await stale.close()

    async def _on(
        self,
        connection: aiosqlite.Connection | None,
        function: Callable[Concatenate[sqlite3.Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """Run a function on the raw connection, in its thread."""
        if connection is None:
            raise StoreUnavailable(f"{self._path} is not open")
        with told_as_ours(self._path, self._advice):
            # Each of aiosqlite's own calls is a hop to its thread and back, about 70 µs: a transaction of many
            # statements goes there as one function, for which there is no public way.
            result: _T = await connection._execute(function, connection._conn, *args, **kwargs)  # type: ignore[no-untyped-call]
            return result

    def _newest_backup(self) -> Path | None:
        return newest_backup(self._backups)

    def _advice(self) -> str:
        """Return what to do about a ledger that must not be used."""
        newest = self._newest_backup()
        if newest is None:
            return (
                "Stop the engine, move the file away and restore it from a backup, or begin anew without it."
            )
        return f"Stop the engine, move the file away and restore it from a backup: the newest is {newest}."


def _write_batch(connection: sqlite3.Connection, batch: Batch) -> frozenset[str]:
    try:
        return BatchWriter(connection, row_by_row=False).write(batch)
    except (SomeRefused, UnicodeEncodeError):
        # Not a savepoint: with one open, SQLite copies every page that it touches, which trebles the cost of all.
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        return BatchWriter(connection, row_by_row=True).write(batch)


def _reserve_fences(connection: sqlite3.Connection) -> int:
    first = int(meta(connection, "next_fence") or 1)
    set_meta(connection, "next_fence", str(first + FENCE_BLOCK))
    return first


def _end(connection: sqlite3.Connection) -> None:
    set_meta(connection, "ended", "clean")


def _backup(connection: sqlite3.Connection, path: Path) -> None:
    """Write a copy under a name of its own, then rename it: what bears a backup's name is whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        move_durably(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
