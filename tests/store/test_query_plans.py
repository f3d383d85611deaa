"""No question that is asked often reads the whole table: each is led by an index."""

import sqlite3
from pathlib import Path

import pytest

from cronsole.store.database_file import connect, create
from cronsole.store.statements import statements


@pytest.fixture
def connection(path: Path):
    create(path)
    connection = connect(path)
    yield connection
    connection.close()


def _plan(connection: sqlite3.Connection, name: str) -> str:
    statement = statements()[name]
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * len(statement.names))
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("name", "led_by"),
    [
        ("run", "USING PRIMARY KEY (run_id=?)"),
        ("starting", "USING PRIMARY KEY (run_id=?)"),
        ("started", "USING PRIMARY KEY (run_id=?)"),
        ("finished", "USING PRIMARY KEY (run_id=?)"),
        ("unfinished_runs", "INDEX runs_unfinished"),
        ("slot_verdict", "INDEX runs_slot (schedule_id=? AND slot>?)"),
        ("cursor_at", "COVERING INDEX runs_created (created_at>?)"),
        ("count_up_to", "COVERING INDEX runs_slot (schedule_id=?)"),
        ("page_of_schedule", "COVERING INDEX runs_slot (schedule_id=?)"),
        ("page_of_schedule_matching", "INDEX runs_slot (schedule_id=?)"),
        ("page_unfinished", "INDEX runs_unfinished"),
        ("page_of_state", "INDEX runs_state (state=? AND run_id<?)"),
        ("page_of_cause", "INDEX runs_cause (cause=? AND run_id<?)"),
        ("page_of_all", "USING PRIMARY KEY (run_id<?)"),
        ("crowded_schedules", "COVERING INDEX runs_slot (schedule_id>?)"),
        ("excess_runs", "INDEX runs_slot (schedule_id=?)"),
        ("aged_failures", "INDEX runs_state (state=?)"),
        ("aged_successes", "INDEX runs_created (created_at<?)"),
        ("delete_run", "USING PRIMARY KEY (run_id=?)"),
        ("waiting_channels", "INDEX outbox_pending"),
        ("pending_messages", "INDEX outbox_pending (channel=? AND due_at<?)"),
        ("failed_messages", "INDEX outbox_failed"),
        ("forget_given_up", "INDEX outbox_failed (failed_at<?)"),
        ("message_sent", "USING PRIMARY KEY (message_id=? AND channel=?)"),
        ("remembered", "INDEX memory_channel (channel=?)"),
    ],
)
def test_an_index_leads_to_the_rows(connection: sqlite3.Connection, name: str, led_by: str):
    assert led_by in _plan(connection, name)


@pytest.mark.parametrize(
    "name",
    [
        "page_unfinished",
        "page_of_state",
        "page_of_cause",
        "page_of_all",
        "unfinished_runs",
        "cursor_at",
        "pending_messages",
        "remembered",
    ],
)
def test_a_page_is_read_in_its_order_and_not_sorted(connection: sqlite3.Connection, name: str):
    assert "TEMP B-TREE" not in _plan(connection, name)


def test_every_statement_fits_the_tables(connection: sqlite3.Connection):
    for name in statements():
        assert _plan(connection, name) is not None
