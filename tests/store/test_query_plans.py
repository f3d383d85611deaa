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
        ("recent_outcomes", "COVERING INDEX runs_slot (schedule_id=? AND slot>?)"),
        ("recent_outcomes", "INDEX runs_slot (schedule_id=? AND slot=?)"),
        ("history", "INDEX runs_slot (schedule_id=? AND slot>?)"),
        ("failure_counts", "INDEX runs_state (state=? AND run_id>?)"),
        ("history", "INDEX runs_slot (schedule_id=? AND slot=?)"),
        ("cursor_at", "COVERING INDEX runs_created (created_at>?)"),
        ("count_of_schedules", "COVERING INDEX runs_slot (schedule_id=?)"),
        ("all_of_schedules", "COVERING INDEX runs_slot (schedule_id=?)"),
        ("reach_of_schedules", "COVERING INDEX runs_slot (schedule_id=?)"),
        ("page_of_schedules", "INDEX runs_slot (schedule_id=?)"),
        ("reach_of_unfinished", "INDEX runs_unfinished (run_id>? AND run_id<?)"),
        ("page_of_unfinished", "INDEX runs_unfinished (run_id>? AND run_id<?)"),
        ("reach_of_state", "INDEX runs_state (state=? AND run_id>? AND run_id<?)"),
        ("page_of_state", "INDEX runs_state (state=? AND run_id>? AND run_id<?)"),
        ("reach_of_cause", "COVERING INDEX runs_cause (cause=? AND run_id>? AND run_id<?)"),
        ("page_of_cause", "INDEX runs_cause (cause=? AND run_id>? AND run_id<?)"),
        ("reach_of_long", "COVERING INDEX runs_long (run_id>? AND run_id<?)"),
        ("page_of_long", "INDEX runs_long (run_id>? AND run_id<?)"),
        ("reach_of_all", "USING PRIMARY KEY (run_id>? AND run_id<?)"),
        ("page_of_all", "USING PRIMARY KEY (run_id>? AND run_id<?)"),
        ("stored_schedules", "INDEX schedules_source (source=?)"),
        ("schedules_in_force", "(schedule_id>?)"),
        ("audit_of_target", "INDEX audit_target (target=? AND entry<?)"),
        ("audit_of_actor", "INDEX audit_actor (actor=? AND entry<?)"),
        ("audit_of_verb", "INDEX audit_verb (verb=? AND entry<?)"),
        ("audit_of_all", "USING INTEGER PRIMARY KEY (rowid<?)"),
        ("key_used", "USING PRIMARY KEY (actor=? AND used_key=?)"),
        ("forget_keys", "COVERING INDEX used_keys_at (at<?)"),
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
        "reach_of_unfinished",
        "page_of_unfinished",
        "reach_of_state",
        "page_of_state",
        "reach_of_cause",
        "page_of_cause",
        "reach_of_long",
        "page_of_long",
        "reach_of_all",
        "page_of_all",
        "audit_of_target",
        "audit_of_actor",
        "audit_of_verb",
        "audit_of_all",
        "schedules_in_force",
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
