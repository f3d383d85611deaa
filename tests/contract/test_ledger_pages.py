"""The ledger's contract: pages of runs by many schedules and by duration, and their cursors."""

import pytest
from tests.contract.ledger_rows import SLOT, claim, make, manual

from cronsole.model.run import Cause, Run, RunState
from cronsole.store.base import Batch, Ledger, RunFilter

_MINUTE = 60_000


async def _took(ledger: Ledger, *durations: int | None) -> list[Run]:
    """Make a run of each duration, of two schedules in turn; None is one that never started."""
    runs = [claim(number, schedule_id=f"s{number % 2}") for number in range(1, len(durations) + 1)]
    for run, duration in zip(runs, durations, strict=True):
        began = None if duration is None else run.created_at
        await make(ledger, run, started_at=began, at=run.created_at + (duration or 0))
    return runs


async def _found(ledger: Ledger, matching: RunFilter) -> list[int]:
    return [int(run.run_id[:4]) for run in await ledger.runs(matching)]


@pytest.mark.parametrize(
    ("matching", "numbers"),
    [
        (RunFilter(took_over_ms=0), [6, 5, 4, 3]),
        (RunFilter(took_over_ms=999), [6, 5, 4, 3]),
        (RunFilter(took_over_ms=1_000), [6, 5, 4]),
        (RunFilter(took_over_ms=_MINUTE - 2), [6, 5, 4]),
        (RunFilter(took_over_ms=_MINUTE - 1), [6, 5]),
        (RunFilter(took_over_ms=_MINUTE), [6]),
        (RunFilter(took_over_ms=2 * _MINUTE), []),
        (RunFilter(took_over_ms=10**30), []),
        (RunFilter(took_over_ms=-(10**30)), [6, 5, 4, 3, 2]),
        (RunFilter(took_under_ms=1), [2]),
        (RunFilter(took_under_ms=1_000), [2]),
        (RunFilter(took_under_ms=1_001), [3, 2]),
        (RunFilter(took_under_ms=0), []),
        (RunFilter(took_over_ms=0, took_under_ms=_MINUTE), [4, 3]),
        (RunFilter(took_over_ms=_MINUTE - 1, schedule_ids=("s1",)), [5]),
        (RunFilter(took_over_ms=_MINUTE - 1, states=(RunState.FAILED,)), []),
        (RunFilter(took_over_ms=500, states=(RunState.SUCCEEDED,), until=5 * SLOT), [4, 3]),
    ],
)
async def test_runs_are_found_by_how_long_they_took(ledger: Ledger, matching: RunFilter, numbers: list[int]):
    await _took(ledger, None, 0, 1_000, _MINUTE - 1, _MINUTE, 2 * _MINUTE)
    await ledger.commit(Batch(claims=[claim(7)]))
    assert await _found(ledger, matching) == numbers


async def test_thousands_of_schedules_are_looked_for_at_once(ledger: Ledger):
    await make(ledger, *(claim(number, schedule_id=f"s{number}") for number in range(1, 30)))
    asked = tuple(f"s{number}" for number in range(0, 10_000, 2))
    assert await _found(ledger, RunFilter(schedule_ids=asked)) == list(range(28, 0, -2))
    matching = RunFilter(schedule_ids=asked, states=(RunState.SUCCEEDED,), causes=(Cause.SLOT,))
    assert await _found(ledger, matching) == list(range(28, 0, -2))


async def test_a_schedule_may_have_any_name(ledger: Ledger):
    names = ['a"b', "a,b", "a%", "ä\\", "[]", "", "a\nb"]
    await make(ledger, *(claim(number, schedule_id=name) for number, name in enumerate(names, 1)))
    for number, name in enumerate(names, 1):
        assert await _found(ledger, RunFilter(schedule_ids=(name,))) == [number]


async def test_the_last_page_has_no_cursor(ledger: Ledger):
    await make(ledger, *(claim(number) for number in range(1, 5)))
    first = await ledger.runs_page(RunFilter(), limit=2)
    assert ([run.fence for run in first.runs], first.next) == ([4, 3], first.runs[-1].run_id)
    last = await ledger.runs_page(RunFilter(), limit=2, before=first.next)
    assert ([run.fence for run in last.runs], last.next) == ([2, 1], None)


async def test_a_table_without_rows_has_one_empty_page(ledger: Ledger):
    page = await ledger.runs_page(RunFilter())
    assert (page.runs, page.next) == ((), None)


async def test_a_page_of_what_is_newer_than_all_is_empty_and_the_last(ledger: Ledger):
    await make(ledger, claim(1))
    page = await ledger.runs_page(RunFilter(since=9 * SLOT))
    assert (page.runs, page.next) == ((), None)


async def test_a_rare_run_among_thousands_is_found_by_going_on(ledger: Ledger):
    rows = [manual(1, run_id=f"m{number:06}", state=RunState.SUCCEEDED) for number in range(30_000)]
    rare = manual(2, run_id="a", state=RunState.SUCCEEDED, started_at=5, finished_at=12)
    await ledger.commit(Batch(runs=[rare, *rows]))
    found: list[str] = []
    page = await ledger.runs_page(RunFilter(took_over_ms=6, took_under_ms=8))
    while page.next is not None:
        found += [run.run_id for run in page.runs]
        page = await ledger.runs_page(RunFilter(took_over_ms=6, took_under_ms=8), before=page.next)
    assert found + [run.run_id for run in page.runs] == ["a"]
    assert [run.run_id for run in await ledger.runs(RunFilter(took_over_ms=6, took_under_ms=8))] == ["a"]


async def test_a_row_made_while_the_clock_was_behind_is_outside_of_the_time_it_was_not_made_in(
    ledger: Ledger,
):
    await make(ledger, claim(1), claim(5))
    await ledger.commit(Batch(runs=[manual(6, created_at=2 * SLOT)]))
    assert await _found(ledger, RunFilter(since=3 * SLOT)) == [5]
