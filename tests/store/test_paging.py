"""Pages against a plain search through all rows, with walks so short that most searches are cut off."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cronsole.model.run import Cause, Range, Run, RunState
from cronsole.store import paging
from cronsole.store.base import Batch, RunFilter
from cronsole.store.batch import BatchWriter
from cronsole.store.database_file import connect, create

_SCHEDULES = ("a", "b", "c")
_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.LOST, RunState.QUEUED, RunState.RUNNING)
_DURATIONS = (None, 5, 59_999, 60_000, 70_000)


def _run(number: int, schedule_id: str, state: RunState, cause: Cause, duration: int | None) -> Run:
    has_slot = cause is Cause.SLOT
    ended = state.is_final and duration is not None
    return Run(
        run_id=f"{number:04}",
        schedule_id=schedule_id,
        cause=cause,
        state=state,
        due_at=number,
        created_at=number,
        slot=number if has_slot else None,
        stands_for=Range(1, number, number) if has_slot else None,
        started_at=number if ended else None,
        finished_at=number + (duration or 0) if state.is_final else None,
    )


rows = st.lists(
    st.tuples(
        st.sampled_from(_SCHEDULES),
        st.sampled_from(_STATES),
        st.sampled_from(Cause),
        st.sampled_from(_DURATIONS),
    ),
    max_size=40,
).map(lambda fields: [_run(number, *each) for number, each in enumerate(fields, 1)])
bounds = st.none() | st.integers(0, 42)
filters = st.builds(
    RunFilter,
    schedule_ids=st.lists(st.sampled_from((*_SCHEDULES, "nobody")), max_size=3).map(tuple),
    states=st.lists(st.sampled_from(_STATES), max_size=3).map(tuple),
    causes=st.lists(st.sampled_from(Cause), max_size=2).map(tuple),
    since=bounds,
    until=bounds,
    took_over_ms=st.none() | st.sampled_from((0, 5, 59_999, 60_000)),
    took_under_ms=st.none() | st.sampled_from((5, 60_000, 70_001)),
)


def _matches(run: Run, matching: RunFilter) -> bool:
    took = None if run.started_at is None or run.finished_at is None else run.finished_at - run.started_at
    over, under = matching.took_over_ms, matching.took_under_ms
    return (
        (not matching.schedule_ids or run.schedule_id in matching.schedule_ids)
        and (not matching.states or run.state in matching.states)
        and (not matching.causes or run.cause in matching.causes)
        and matching.spans(run.created_at)
        and (over is None or (took is not None and took > over))
        and (under is None or (took is not None and took < under))
    )


@pytest.fixture
def connection(path: Path):
    create(path)
    connection = connect(path)
    yield connection
    connection.close()


@pytest.fixture(params=[(0, 0), (3, 8), (100, 100)], ids=["never", "few", "all"])
def short_walks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks of a few rows; schedules are sorted never, where they have few rows, or always."""
    sortable, matching = request.param
    monkeypatch.setattr(paging, "_SHORT_WALK", (3, 2))
    monkeypatch.setattr(paging, "_LONG_WALK", (6, 4))
    monkeypatch.setattr(paging, "_SORTABLE", sortable)
    monkeypatch.setattr(paging, "_SORTABLE_MATCHING", matching)


@pytest.mark.usefixtures("short_walks")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(rows, filters, st.integers(1, 7))
def test_pages_together_hold_every_row_that_matches_once_and_in_order(
    connection: sqlite3.Connection, runs: list[Run], matching: RunFilter, limit: int
):
    connection.execute("DELETE FROM runs")
    BatchWriter(connection, row_by_row=False).write(Batch(runs=runs))
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = paging.page_of_run_ids(connection, matching, limit, cursor)
        found += page.found
        assert len(page.found) <= limit
        assert page.next is None or cursor is None or page.next < cursor
        cursor = page.next
        if cursor is None:
            break
    assert found == [run.run_id for run in reversed(runs) if _matches(run, matching)]


@pytest.mark.usefixtures("short_walks")
@pytest.mark.parametrize(
    "matching",
    [
        RunFilter(),
        RunFilter(took_under_ms=5),
        RunFilter(states=(RunState.SUCCEEDED, RunState.QUEUED), took_under_ms=5),
        RunFilter(schedule_ids=("a",), took_over_ms=70_000),
    ],
)
def test_a_page_looks_at_few_rows_however_many_there_are(connection: sqlite3.Connection, matching: RunFilter):
    runs = [_run(number, "a", RunState.SUCCEEDED, Cause.SLOT, 60_000) for number in range(1, 2_000)]
    BatchWriter(connection, row_by_row=False).write(Batch(runs=runs))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 10)
    paging.page_of_run_ids(connection, matching, 5, None)
    assert steps <= 200
