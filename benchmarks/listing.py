"""How long a list of 10,000 schedules takes from an engine to a client, and for how long it holds up the engine.

Each schedule has run a dozen times. The stall is the longest that another process waits for an answer to a question
of no work, while the list is asked for again and again; both share the machine with the client.
"""

import asyncio
import http.client
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import table
from benchmarks.systems import CRONSOLE, ROOT
from benchmarks.table import Row
from benchmarks.workload import Workload, median
from cronsole.client.engine import EngineClient
from cronsole.config.load import load
from cronsole.model.ask import ScheduleQuery
from cronsole.model.run import Cause, Run, RunState
from cronsole.model.view import ScheduleView
from cronsole.runtime.enactment import first_seen
from cronsole.store.base import Batch, Defined
from cronsole.store.sqlite import SqliteLedger

SCHEDULES = 10_000
QUICK_SCHEDULES = 2_000
GOAL_MS = 150.0
STALL_GOAL_MS = 10.0

_RUNS = 12
_PAGE = 5_000
_TIMES = 12
_PATIENCE_S = 120.0
_BATCH = 2_000


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row for the list and the row for the stall."""
    count = QUICK_SCHEDULES if quick else SCHEDULES
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name, _engine(Path(name), count) as path:
        took, stall = asyncio.run(_measure(path, count))
    reached = None if quick else median(took) <= GOAL_MS
    yield Row(
        f"list of {count:,} schedules to a client, ms: median, worst",
        f"{median(took):.0f}, {max(took):.0f}",
        "",
        f"≤ {GOAL_MS:.0f} at {SCHEDULES:,}",
        reached,
    )
    yield Row(
        "longest that another client waits meanwhile, ms",
        f"{stall:.1f}",
        "",
        f"≤ {STALL_GOAL_MS:.0f}",
        None if quick else stall <= STALL_GOAL_MS,
    )


async def _measure(path: Path, count: int) -> tuple[list[float], float]:
    took: list[float] = []
    async with EngineClient.at(f"unix:{path}") as client:
        await _history_is_known(client)
        with _pinging(path) as ping:
            for _ in range(_TIMES):
                began = time.perf_counter()
                found = await _all(client)
                took.append((time.perf_counter() - began) * 1000)
                assert len(found) == count
                await asyncio.sleep(0.05)
            output, _ = ping.communicate(b"\n", _PATIENCE_S)
    return took, float(output)


async def _all(client: EngineClient) -> list[ScheduleView]:
    """Return every schedule, page after page."""
    page = await client.schedules(ScheduleQuery(limit=_PAGE))
    found = list(page.items)
    while page.next is not None:
        page = await client.schedules(ScheduleQuery(limit=_PAGE, after=page.next))
        found.extend(page.items)
    return found


async def _history_is_known(client: EngineClient) -> None:
    """Wait until the engine has recalled how the runs of the last schedule went."""
    last = None
    while last is None or len(last.recent) < _RUNS:
        await asyncio.sleep(0.2)
        last = (await _all(client))[-1]


@contextmanager
def _engine(folder: Path, count: int) -> Iterator[Path]:
    """Start an engine whose schedules have all run, and yield its socket."""
    workload = Workload(count=count, period_s=0, argv=("/bin/true",))
    CRONSOLE.arguments(workload, folder)
    state = folder / "state"
    state.mkdir(mode=0o700)
    asyncio.run(_fill(folder / "bench.toml", state))
    process = CRONSOLE.start(workload, folder)
    try:
        path = state / "cronsole.sock"
        deadline = time.monotonic() + _PATIENCE_S
        while not _answers(path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "log").read_text())
            time.sleep(0.1)
        yield path
        process.terminate()
        process.wait(_PATIENCE_S)
    finally:
        process.kill()
        process.wait()


async def _fill(config: Path, state: Path) -> None:
    now = time.time_ns() // 1_000_000
    schedules = load(config, now=now, environ=os.environ).schedules
    ledger = SqliteLedger(state / "ledger.db")
    await ledger.open()
    try:
        await ledger.commit(Batch(states=[Defined(each, first_seen(each, now)) for each in schedules]))
        runs = [
            _run(schedule.id, number * len(schedules) + place, now)
            for number in range(_RUNS)
            for place, schedule in enumerate(schedules)
        ]
        for start in range(0, len(runs), _BATCH):
            await ledger.commit(Batch(runs=runs[start : start + _BATCH]))
    finally:
        await ledger.close()


def _run(schedule_id: str, number: int, now: int) -> Run:
    at = now - 3_600_000 + number
    return Run(
        run_id=f"{at:011x}00000benchrun",
        schedule_id=schedule_id,
        cause=Cause.SLOT,
        state=RunState.FAILED if number % 50 == 0 else RunState.SUCCEEDED,
        due_at=at,
        created_at=at,
        started_at=at + 2,
        finished_at=at + 100 + number % 70,
        exit_code=0,
    )


def _answers(path: Path) -> bool:
    try:
        _ask(path)
    except OSError:
        return False
    return True


def _ask(path: Path) -> None:
    connection = http.client.HTTPConnection("cronsole")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    connection.close()


@contextmanager
def _pinging(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "benchmarks.listing", "--ping", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _ping(path: Path) -> None:
    """Ask again and again until told to stop, and print how long the slowest answer took."""
    worst = 0.0
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        began = time.perf_counter()
        _ask(path)
        worst = max(worst, time.perf_counter() - began)
    print(worst * 1000)


if __name__ == "__main__":
    if "--ping" in sys.argv:
        _ping(Path(sys.argv[-1]))
    else:
        table.main(rows)
