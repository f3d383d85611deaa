"""What the ledger costs: CPU per fire in batches of several sizes, and one page of runs out of a million."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from cronsole.model.run import Cause, Finished, Range, Run, RunState, Starting
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import CronSpec
from cronsole.store.base import Batch, Defined, Retention, RunFilter
from cronsole.store.sqlite import SqliteLedger

_BASE = 1_763_600_000_000
_BATCHES = (1, 10, 100, 1000)


def _claim(number: int, schedules: int, state: RunState = RunState.QUEUED) -> Run:
    slot = _BASE + number * 10
    return Run(
        run_id=f"{slot:011x}{number % 0xFFFFF:05x}0193node",
        schedule_id=f"backup-database-{number * 7919 % schedules}",
        cause=Cause.SLOT,
        state=state,
        due_at=slot,
        created_at=slot,
        slot=slot,
        stands_for=Range(1, slot, slot),
        fence=number + 1,
        node="0193node",
        unfenced=True,
        boot_id="boot",
    )


def _defined(schedule_id: str) -> Defined:
    state = ScheduleState(schedule_id, _BASE, _BASE, _BASE, 0, "trigger", "definition")
    return Defined(Schedule(id=schedule_id, trigger=CronSpec("* * * * *")), state)


def _batches(first: int, count: int, size: int, schedules: int) -> Iterator[list[Run]]:
    for start in range(first, first + count, size):
        yield [_claim(number, schedules) for number in range(start, min(start + size, first + count))]


def _finished(run: Run, number: int) -> Finished:
    # One run in fifty fails, so that the index of states has something rare in it.
    state = RunState.FAILED if number % 50 == 0 else RunState.SUCCEEDED
    slot = run.slot or 0
    return Finished(run.run_id, run.fence, slot + 5, state, 0, "", "done", "", 4, started_at=slot)


async def _fire(ledger: SqliteLedger, claims: list[Run], *, by_claim: bool) -> None:
    await ledger.commit(Batch(claims=claims))
    if not by_claim:
        starting = [Starting(run.run_id, run.fence, 1, run.due_at, "boot") for run in claims]
        await ledger.commit(Batch(changes=list(starting)))
    await ledger.commit(Batch(changes=[_finished(run, place) for place, run in enumerate(claims)]))


async def _cost_of_fires(ledger: SqliteLedger, first: int, count: int, size: int, schedules: int) -> int:
    """Print the CPU of claim, start and finish; return the number after the last."""
    for by_claim in (False, True):
        made = list(_batches(first, count, size, schedules))
        cpu, wall = time.process_time(), time.perf_counter()
        for claims in made:
            await _fire(ledger, claims, by_claim=by_claim)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        kind = "claim as starting + finish" if by_claim else "claim + start + finish"
        print(
            f"batch {size:>5}  {kind:<27} {cpu / count * 1e6:8.1f} µs CPU {wall / count * 1e6:8.1f} µs wall"
        )
        first += count
    return first


async def _timed(what: str, call: Callable[[], Awaitable[object]]) -> None:
    times = []
    for _ in range(9):
        began = time.perf_counter()
        await call()
        times.append(time.perf_counter() - began)
    print(f"{what:<44} {sorted(times)[4] * 1e3:8.2f} ms median {max(times) * 1e3:8.2f} ms worst")


async def _pages(ledger: SqliteLedger, schedules: int) -> None:
    one = ("backup-database-7",)
    filters = {
        "newest": RunFilter(),
        "one schedule": RunFilter(schedule_ids=one),
        "one schedule, failed": RunFilter(schedule_ids=one, states=(RunState.FAILED,)),
        "twenty schedules": RunFilter(schedule_ids=tuple(f"backup-database-{n}" for n in range(20))),
        "failed": RunFilter(states=(RunState.FAILED,)),
        "timed out (none)": RunFilter(states=(RunState.TIMED_OUT,)),
        "unfinished (none)": RunFilter(states=(RunState.QUEUED, RunState.RUNNING)),
        "cause manual (none)": RunFilter(causes=(Cause.MANUAL,)),
        "until the middle": RunFilter(until=_BASE + 2_000_000),
    }
    print(f"pages of 50, {schedules} schedules")
    for name, matching in filters.items():
        await _timed(f"  {name}", partial(ledger.runs, matching))
    await _timed("  last_runs", ledger.last_runs)
    await _timed("  slot_verdict", lambda: ledger.slot_verdict(one[0], _BASE + 7 * 10))


def _print_size(path: Path, rows: int) -> None:
    print(f"{rows} rows, {path.stat().st_size >> 20} MB")


async def _prune(ledger: SqliteLedger) -> None:
    began, rows, slices, worst = time.perf_counter(), 0, 0, 0.0
    while True:
        slice_began = time.perf_counter()
        pruned = await ledger.prune(Retention(keep_successes=80, keep_failures=80), _BASE)
        worst = max(worst, time.perf_counter() - slice_began)
        if not pruned.rows:
            break
        rows, slices = rows + pruned.rows, slices + 1
    took = time.perf_counter() - began
    print(f"prune: {rows} rows in {slices} slices, {took:.2f} s, worst call {worst * 1e3:.0f} ms")


async def _reopen(path: Path, *, is_clean: bool) -> SqliteLedger:
    began = time.perf_counter()
    ledger = SqliteLedger(path)
    await ledger.open()
    print(
        f"open after {'a clean' if is_clean else 'an unclean'} end: {(time.perf_counter() - began) * 1e3:.0f} ms"
    )
    return ledger


async def main(rows: int, schedules: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.db")
        ledger = SqliteLedger(path)
        await ledger.open()
        first = 0
        try:
            states = [_defined(f"backup-database-{number}") for number in range(schedules)]
            await ledger.commit(Batch(states=list(states)))
            for claims in _batches(first, 50_000, 1000, schedules):
                await _fire(ledger, claims, by_claim=True)
            first = 50_000
            for size in _BATCHES:
                first = await _cost_of_fires(ledger, first, min(20_000, 500 * size), size, schedules)
            for claims in _batches(first, rows - first, 1000, schedules):
                await _fire(ledger, claims, by_claim=True)
            _print_size(path, rows)
            await _pages(ledger, schedules)
            began = time.perf_counter()
            await ledger.backup(str(Path(folder, "backup.db")))
            print(f"backup: {time.perf_counter() - began:.2f} s")
            await ledger.close()
            ledger = await _reopen(path, is_clean=True)
            second = await _reopen(path, is_clean=False)
            await second.close()
            await _prune(ledger)
        finally:
            await ledger.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundred thousand rows in place of a million")
    parser.add_argument("--schedules", type=int, default=10_000)
    chosen = parser.parse_args(sys.argv[1:])
    asyncio.run(main(200_000 if chosen.quick else 1_000_000, chosen.schedules))
