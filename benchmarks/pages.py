"""How long a page of runs takes out of a large ledger, filter by filter: the newest page, a deep one, the worst.

Ten thousand schedules run; a fiftieth of the runs fail, a hundredth last over a minute, and one in ten thousand is
lost or was started by a person. A tenth of the schedules have long ceased to run, and so has one that was busy.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import table
from benchmarks.table import Row
from cronsole.model.run import Cause, Range, Run, RunState
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import CronSpec
from cronsole.store.base import Batch, Defined, RunFilter
from cronsole.store.sqlite import SqliteLedger

ROWS = 1_000_000
QUICK_ROWS = 100_000
SCHEDULES = 10_000
GOAL_MS = 20.0
OUTCOMES_GOAL_MS = 50.0

_BASE = 1_763_600_000_000
_STEP_MS = 100
_BUSY_ROWS = 8_000
_PAGE = 50
_BATCH = 2_000
# What a person is willing to wait for: so many pages are read of each filter.
_PAGES = 12
_FAILED, _LOST = (RunState.FAILED,), (RunState.LOST,)


class Timing(msgspec.Struct, frozen=True):
    """Pages of one filter, in milliseconds; how many rows they had, and whether one came back short."""

    name: str
    median: float
    worst: float
    rows: int
    short: int


def schedule_id(number: int) -> str:
    return f"backup-database-{number}"


def run(number: int) -> Run:
    """Return the number-th run."""
    at = _BASE + number * _STEP_MS
    cause = Cause.MANUAL if number % 10_000 == 77 else Cause.SLOT
    return Run(
        run_id=f"{at:011x}000000193node",
        schedule_id=schedule_id(_place(number)),
        cause=cause,
        state=_state(number),
        due_at=at,
        created_at=at,
        slot=at if cause is Cause.SLOT else None,
        stands_for=Range(1, at, at) if cause is Cause.SLOT else None,
        fence=number + 1,
        node="0193node",
        started_at=at + 3,
        finished_at=at + (90_000 + number % 900_000 if number % 100 == 13 else 5 + number % 4_000),
        exit_code=0,
        output="done",
        output_bytes=4,
    )


def _place(number: int) -> int:
    """Return whose the number-th run is: those with a number that ends in 0 have only run at the beginning."""
    place = (number * 2_654_435_761 >> 12) % SCHEDULES
    if number < 2 * _BUSY_ROWS and number % 2:
        return 0
    return place + 1 if place % 10 == 0 and number > 2 * _BUSY_ROWS else place


def _state(number: int) -> RunState:
    if number % 10_000 == 99:
        return RunState.LOST
    return RunState.FAILED if number % 50 == 0 else RunState.SUCCEEDED


def filters(rows: int) -> dict[str, RunFilter]:
    """Return the filters by name: common ones, rare ones, and those that no single index answers."""
    one, rare_one, busy_one = (schedule_id(7),), (schedule_id(10),), (schedule_id(0),)
    many = tuple(schedule_id(number) for number in range(0, SCHEDULES, 2))
    rare_many = tuple(schedule_id(number) for number in range(0, SCHEDULES, 10))
    nobody = tuple(f"nobody-{number}" for number in range(5_000))
    middle, late = _BASE + rows // 2 * _STEP_MS, _BASE + (rows - 600) * _STEP_MS
    return {
        "newest": RunFilter(),
        "one schedule": RunFilter(schedule_ids=one),
        "a schedule that ran long ago": RunFilter(schedule_ids=rare_one),
        "a busy schedule that ran long ago": RunFilter(schedule_ids=busy_one),
        "the busy schedule, failed": RunFilter(schedule_ids=busy_one, states=_FAILED),
        "the busy schedule, over 3.9 s": RunFilter(schedule_ids=busy_one, took_over_ms=3_900),
        "one schedule, failed": RunFilter(schedule_ids=one, states=_FAILED),
        "5,000 schedules": RunFilter(schedule_ids=many),
        "1,000 schedules that ran long ago": RunFilter(schedule_ids=rare_many),
        "5,000 schedules that never ran": RunFilter(schedule_ids=nobody),
        "5,000 schedules, failed": RunFilter(schedule_ids=many, states=_FAILED),
        "1,000 that ran long ago, failed": RunFilter(schedule_ids=rare_many, states=_FAILED),
        "5,000 schedules, lost": RunFilter(schedule_ids=many, states=_LOST),
        "5,000 schedules, over 10 min": RunFilter(schedule_ids=many, took_over_ms=600_000),
        "failed": RunFilter(states=_FAILED),
        "lost": RunFilter(states=_LOST),
        "failed, timed out or lost": RunFilter(states=(*_FAILED, RunState.TIMED_OUT, *_LOST)),
        "timed out (none)": RunFilter(states=(RunState.TIMED_OUT,)),
        "unfinished (none)": RunFilter(states=(RunState.QUEUED, RunState.RUNNING)),
        "by hand": RunFilter(causes=(Cause.MANUAL,)),
        "by hand, failed (none)": RunFilter(states=_FAILED, causes=(Cause.MANUAL,)),
        "backfill, succeeded (none)": RunFilter(states=(RunState.SUCCEEDED,), causes=(Cause.BACKFILL,)),
        "over 3.9 s": RunFilter(took_over_ms=3_900),
        "over 10 min": RunFilter(took_over_ms=600_000),
        "over an hour (none)": RunFilter(took_over_ms=3_600_000),
        "under 3 ms": RunFilter(took_under_ms=3),
        "under 0 ms (none)": RunFilter(took_under_ms=0),
        "until the middle": RunFilter(until=middle),
        "a minute in the middle, lost": RunFilter(since=middle, until=middle + 60_000, states=_LOST),
        "the last minute, 5,000 schedules": RunFilter(since=late, schedule_ids=many),
        "after all": RunFilter(since=_BASE + rows * _STEP_MS),
    }


async def fill(ledger: SqliteLedger, rows: int) -> None:
    """Write the schedules and their runs."""
    state = ScheduleState("", _BASE, _BASE, _BASE, 0, "trigger", "definition")
    defined = [
        Defined(
            Schedule(id=schedule_id(number), trigger=CronSpec("* * * * *")),
            msgspec.structs.replace(state, schedule_id=schedule_id(number)),
        )
        for number in range(SCHEDULES)
    ]
    await ledger.commit(Batch(states=list(defined)))
    for first in range(0, rows, _BATCH):
        await ledger.commit(Batch(runs=[run(number) for number in range(first, first + _BATCH)]))


async def timed(ledger: SqliteLedger, name: str, matching: RunFilter, rows: int) -> Timing:
    """Read pages from the newest on, and from the middle of the table on."""
    times: list[float] = []
    found = short = 0
    for start in (None, run(rows // 2).run_id):
        cursor = start
        for _ in range(_PAGES // 2):
            began = time.perf_counter()
            page = await ledger.runs_page(matching, limit=_PAGE, before=cursor)
            times.append((time.perf_counter() - began) * 1e3)
            found += len(page.runs)
            short += page.next is not None and len(page.runs) < _PAGE
            cursor = page.next
            if cursor is None:
                break
    return Timing(name, sorted(times)[len(times) // 2], max(times), found, short)


async def recent(ledger: SqliteLedger) -> tuple[float, float]:
    """Return the milliseconds of the newest outcomes of all schedules, and the longest wait of another reader."""
    began = time.perf_counter()
    outcomes = asyncio.ensure_future(ledger.recent_outcomes())
    waits = []
    while not outcomes.done():
        asked = time.perf_counter()
        await ledger.run("nothing")
        waits.append((time.perf_counter() - asked) * 1e3)
    await outcomes
    return (time.perf_counter() - began) * 1e3, max(waits)


async def measure(rows: int) -> tuple[list[Timing], tuple[float, float]]:
    """Return what each filter takes in a table of so many rows, and what the outcomes take."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder, "ledger.db"))
        await ledger.open()
        try:
            await fill(ledger, rows)
            timings = [await timed(ledger, *named, rows) for named in filters(rows).items()]
            return timings, await recent(ledger)
        finally:
            await ledger.close()


def rows(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    for count in (QUICK_ROWS,) if quick else (QUICK_ROWS, ROWS):
        timings, (outcomes, wait) = asyncio.run(measure(count))
        worst = max(timings, key=lambda timing: timing.worst)
        medians = sorted(timing.median for timing in timings)
        yield Row(
            f"a page out of {count:,} runs, median / worst, ms",
            f"{medians[len(medians) // 2]:.1f} / {worst.worst:.1f}",
            f"{len(timings)} filters; worst: {worst.name}",
            f"≤ {GOAL_MS:.0f}",
            worst.worst <= GOAL_MS,
        )
        yield Row(
            f"12 outcomes of each of {SCHEDULES:,} schedules, ms",
            f"{outcomes:.0f}",
            f"the longest that another reader waits for it: {wait:.1f} ms",
            f"≤ 1,000, no wait over {OUTCOMES_GOAL_MS:.0f}",
            outcomes <= 1_000 and wait <= OUTCOMES_GOAL_MS,
        )


def main() -> None:
    """Print every filter, then the rows of the table; `--all` is for the eye, and not part of `make bench`."""
    if "--all" not in sys.argv:
        table.main(rows)
        return
    for count in (QUICK_ROWS, ROWS):
        timings, (outcomes, wait) = asyncio.run(measure(count))
        print(f"\n{count:,} rows{'median ms':>40}{'worst ms':>12}{'rows':>8}{'short':>8}")
        for timing in timings:
            print(
                f"  {timing.name:<42}{timing.median:9.2f}{timing.worst:12.2f}{timing.rows:8}{timing.short:8}"
            )
        print(f"  outcomes of {SCHEDULES:,} schedules: {outcomes:.0f} ms, another reader waits {wait:.1f} ms")


if __name__ == "__main__":
    main()
