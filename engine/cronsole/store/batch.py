"""One batch written on a raw SQLite connection, inside a transaction that the caller holds."""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import msgspec

from cronsole.model.message import MessageChange, Posted
from cronsole.model.run import Finished, Rejected, Requeued, Retrying, Run, RunChange, Started, Starting
from cronsole.store.base import (
    Archived,
    Batch,
    BreakerMoved,
    ClaimRetracted,
    Defined,
    Exhausted,
    KeyUsed,
    PauseSet,
    PluginRemembered,
    StateChange,
    WatermarkMoved,
)
from cronsole.store.messages import CHANGES as _MESSAGES
from cronsole.store.rows import (
    Row,
    archived_row,
    breaker_row,
    plain_claim_row,
    policy_row,
    run_row,
    schedule_row,
    set_pause_row,
    watermark_row,
)
from cronsole.store.statements import statements

_Encode: TypeAlias = Callable[[Any], Row]


class SomeRefused(Exception):
    """Fewer rows were written than handed over: the batch has to be written again row by row."""


def _finished_row(change: Finished) -> Row:
    values = msgspec.structs.astuple(change)
    return (*values[:3], change.state.value, *values[4:])


def _retrying_row(change: Retrying) -> Row:
    return change.run_id, change.fence, change.attempt, change.retry_at


def _rejected_row(change: Rejected) -> Row:
    return change.run_id, change.fence, change.at, change.reason.value, change.detail


# In the order in which they happen to a run.
_CHANGES: dict[type[RunChange], tuple[str, _Encode]] = {
    Requeued: ("requeued", msgspec.structs.astuple),
    Starting: ("starting", msgspec.structs.astuple),
    Started: ("started", msgspec.structs.astuple),
    Retrying: ("retrying", _retrying_row),
    Rejected: ("rejected", _rejected_row),
    Finished: ("finished", _finished_row),
}
_ORDER = {kind: place for place, kind in enumerate(_CHANGES)}

_STATES: dict[type[StateChange], tuple[tuple[str, _Encode], ...]] = {
    Defined: (
        ("keep_policy", lambda change: policy_row(change.schedule.policy)),
        ("define", schedule_row),
        ("define_watermark", lambda c: (c.schedule.id, c.state.watermark, c.state.runs_made)),
    ),
    PauseSet: (("set_pause", set_pause_row),),
    BreakerMoved: (("move_breaker", lambda c: (*breaker_row(c.breaker), c.schedule_id)),),
    Exhausted: (("exhaust", msgspec.structs.astuple),),
    Archived: (("archive", msgspec.structs.astuple),),
    WatermarkMoved: (
        ("move_watermark", msgspec.structs.astuple),
        ("move_scoped_watermarks", msgspec.structs.astuple),
    ),
}


class BatchWriter:
    """Writes a batch all at once where every row is granted, else row by row to learn which are not.

    Row by row it also replaces text that no database can hold, so that one undecodable output cannot block the
    writes of everyone else.
    """

    def __init__(self, connection: sqlite3.Connection, *, row_by_row: bool) -> None:
        self._connection = connection
        self._row_by_row = row_by_row
        self._refused: set[str] = set()

    def write(self, batch: Batch) -> frozenset[str]:
        """Return the run ids refused; raise SomeRefused where only row by row can tell which."""
        if batch.keys:
            self._use_keys(batch.keys)
        for kind, changes in groupby(batch.states, key=type):
            self._change_states(kind, list(changes))
        if batch.claims:
            self._claim(batch.claims)
        if batch.runs:
            self._write("insert_run", [run for run in batch.runs if run.run_id not in self._refused], run_row)
        if batch.changes:
            self._change_runs(batch.changes)
        if batch.audit:
            # The last field is the entry's number, which the ledger gives it.
            self._executemany("add_audit", [msgspec.structs.astuple(entry)[:-1] for entry in batch.audit])
        if batch.messages:
            self._change_messages(batch.messages)
        for remembered in batch.remembered:
            if remembered.run_id not in self._refused:
                self._remember(remembered)
        return frozenset(self._refused)

    def _remember(self, remembered: PluginRemembered) -> None:
        """Merge into what the plugin remembers: here, so that no other merge comes in between."""
        rows = self._connection.execute(statements()["plugin_state"], (remembered.plugin,)).fetchall()
        state = msgspec.json.decode(rows[0][0], type=dict[str, Any]) if rows else {}
        updates = msgspec.json.decode(remembered.updates, type=dict[str, Any])
        text = msgspec.json.encode(state | updates).decode()
        self._executemany("keep_plugin_state", [(remembered.plugin, text, remembered.at)])

    def _use_keys(self, keys: Sequence[KeyUsed]) -> None:
        """Write down the keys; where one is taken, its runs are refused."""
        rows = [msgspec.structs.astuple(used)[:-1] for used in keys]
        if not self._row_by_row:
            if self._executemany("use_key", rows) < len(rows):
                raise SomeRefused
            return
        for used, row in zip(keys, rows, strict=True):
            if not self._executemany("use_key", [row]):
                self._refused.update(used.run_ids)

    def _change_states(self, kind: type[StateChange], changes: Sequence[Any]) -> None:
        if kind is ClaimRetracted:
            for change in changes:
                self._retract(change)
            return
        for name, encode in _STATES[kind]:
            self._executemany(name, [encode(change) for change in changes])

    def _retract(self, change: ClaimRetracted) -> None:
        found = self._connection.execute(
            statements()["retract_claim"], (change.run_id, change.schedule_id)
        ).fetchall()
        if not found:
            self._refused.add(change.run_id)
            return
        scope = found[0][0]
        self._executemany("return_watermark", [(change.watermark, change.schedule_id, scope)])

    def _claim(self, claims: Sequence[Run]) -> None:
        if self._row_by_row:
            for run in claims:
                if self._executemany("claim_full", [run_row(run)]):
                    self._executemany("raise_watermark", [watermark_row(run)])
                else:
                    self._refused.add(run.run_id)
            return
        # A claim may depend on the one before it for the same schedule; others may be written in any order.
        if len({(run.schedule_id, run.scope) for run in claims}) < len(claims):
            raise SomeRefused
        plain, full = [], []
        for run in claims:
            row = plain_claim_row(run)
            if row is None:
                full.append(run_row(run))
            else:
                plain.append(row)
        granted = self._executemany("claim_plain", plain) if plain else 0
        granted += self._executemany("claim_full", full) if full else 0
        if granted < len(claims):
            raise SomeRefused
        self._executemany("raise_watermark", [watermark_row(run) for run in claims])

    def _change_runs(self, changes: Sequence[RunChange]) -> None:
        for stage in _stages(changes):
            for kind, (name, encode) in _CHANGES.items():
                of_kind = stage.get(kind)
                if not of_kind:
                    continue
                if kind is Retrying:
                    self._executemany("archive_attempt", [archived_row(change) for change in of_kind])
                self._write(name, of_kind, encode)

    def _change_messages(self, changes: Sequence[MessageChange]) -> None:
        """Write what has become of messages, those of refused runs left out: such a run ended otherwise."""
        for kind, of_kind in groupby(changes, key=type):
            told = [c for c in of_kind if not (isinstance(c, Posted) and c.message.run_id in self._refused)]
            for name, rows in _MESSAGES[kind]:
                self._executemany(name, [row for change in told for row in rows(change)])

    def _write(self, name: str, items: Sequence[Any], encode: _Encode) -> None:
        """Write one row for each item; an item whose row was not written is refused."""
        if not self._row_by_row:
            if self._executemany(name, [encode(item) for item in items]) < len(items):
                raise SomeRefused
            return
        for item in items:
            if not self._executemany(name, [encode(item)]):
                self._refused.add(item.run_id)

    def _executemany(self, name: str, rows: Sequence[Row]) -> int:
        if self._row_by_row:
            rows = [tuple(_storable(value) for value in row) for row in rows]
        return self._connection.executemany(statements()[name], rows).rowcount


def _stages(changes: Sequence[RunChange]) -> list[dict[type[RunChange], list[Any]]]:
    """Group changes by kind, in stages within which each run goes through kinds in their order of happening."""
    stages: list[dict[type[RunChange], list[Any]]] = [{}]
    reached: dict[str, int] = {}
    for change in changes:
        kind = type(change)
        place = _ORDER[kind]
        if reached.get(change.run_id, -1) >= place:
            stages.append({})
            reached = {}
        reached[change.run_id] = place
        stages[-1].setdefault(kind, []).append(change)
    return stages


def _storable(value: object) -> object:
    """Return the value with lone surrogates replaced, which UTF-8 has no bytes for."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
