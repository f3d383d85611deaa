"""Rows read on a raw SQLite connection: by a statement's name, by run id, or a page of them."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from cronsole.model.run import Run
from cronsole.store.base import RunFilter, RunsPage
from cronsole.store.paging import page_of_run_ids
from cronsole.store.rows import to_run
from cronsole.store.statements import statements


def select(connection: sqlite3.Connection, name: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    return connection.execute(statements()[name], values).fetchall()


def runs_found_by(connection: sqlite3.Connection, name: str, values: tuple[object, ...]) -> list[Run]:
    """Return the rows whose ids a statement finds."""
    return _runs(connection, [row[0] for row in select(connection, name, values)])


def _runs(connection: sqlite3.Connection, run_ids: Iterable[str]) -> list[Run]:
    statement = statements()["run"]
    rows = (connection.execute(statement, (run_id,)).fetchone() for run_id in run_ids)
    return [to_run(row) for row in rows if row is not None]


def page_of_runs(
    connection: sqlite3.Connection, matching: RunFilter, limit: int, before: str | None
) -> RunsPage:
    """Return the newest rows that match and come before the cursor."""
    page = page_of_run_ids(connection, matching, limit, before)
    found = _runs(connection, page.found)
    # Ids and times of creation part ways where a clock went back.
    return RunsPage(tuple(run for run in found if matching.spans(run.created_at)), page.next)
