"""Which finished rows a ledger lets go of, found and deleted in slices so that no commit waits for long."""

import sqlite3

from cronsole.model.instant import Instant
from cronsole.store.base import Retention
from cronsole.store.statements import statements

# Deleting a slice holds the write lock for some ten milliseconds.
SLICE_ROWS = 1_000

# What one look ahead may find and read.
_PLANNED_ROWS = 20_000
_LOOKED_AT_ROWS = 50_000
_LOOKED_AT_SCHEDULES = 200


class PruningRound:
    """One round over a ledger: first what is too old, then schedule by schedule what is too many."""

    def __init__(self, retention: Retention, now: Instant) -> None:
        self.retention = retention
        self._now = now
        self._doomed: list[tuple[str, str]] = []
        self._after: str | None = None
        self._is_planned = False

    @property
    def is_complete(self) -> bool:
        return self._is_planned and not self._doomed

    @property
    def needs_plan(self) -> bool:
        return not self._is_planned and not self._doomed

    def plan(self, connection: sqlite3.Connection) -> None:
        """Look a bounded way ahead for rows to delete."""
        if self._after is None:
            self._doomed = self._aged(connection)
            if len(self._doomed) < _PLANNED_ROWS:
                self._after = ""
        else:
            self._look_at_schedules(connection, self._after)
        # Rows of one time lie together, whichever schedules they are of: deleted so, they share their pages.
        self._doomed.sort()

    def take_slice(self) -> list[tuple[str, str]]:
        """Return the next rows to delete, as run id and output file."""
        taken, self._doomed = self._doomed[:SLICE_ROWS], self._doomed[SLICE_ROWS:]
        return taken

    def _aged(self, connection: sqlite3.Connection) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        ages = {
            "aged_failures": self.retention.max_failure_age_ms,
            "aged_successes": self.retention.max_success_age_ms,
        }
        for name, age in ages.items():
            if age is not None:
                limit = _PLANNED_ROWS - len(found)
                found += connection.execute(statements()[name], (self._now - age, limit)).fetchall()
        return found

    def _look_at_schedules(self, connection: sqlite3.Connection, after: str) -> None:
        keep = self.retention
        least = min(keep.keep_successes, keep.keep_failures)
        crowded = connection.execute(
            statements()["crowded_schedules"], (after, least, _LOOKED_AT_SCHEDULES)
        ).fetchall()
        excess = statements()["excess_runs"]
        looked_at = 0
        for schedule_id, rows in crowded:
            limit = _PLANNED_ROWS - len(self._doomed)
            bound = excess.bind(
                schedule_id=schedule_id,
                keep_failures=keep.keep_failures,
                keep_successes=keep.keep_successes,
                limit=limit,
            )
            found = connection.execute(excess, bound).fetchall()
            self._doomed += found
            looked_at += rows
            if len(found) == limit:
                return
            self._after = schedule_id
            if looked_at >= _LOOKED_AT_ROWS:
                return
        self._is_planned = len(crowded) < _LOOKED_AT_SCHEDULES


def delete_runs(connection: sqlite3.Connection, doomed: list[tuple[str, str]]) -> tuple[str, ...]:
    """Delete the runs with their attempts; return the output files that nothing names any more."""
    files = [output_file for _, output_file in doomed if output_file]
    for run_id, _ in doomed:
        files += [row[0] for row in connection.execute(statements()["attempt_files"], (run_id,))]
    connection.executemany(statements()["delete_run"], [(run_id,) for run_id, _ in doomed])
    return tuple(files)
