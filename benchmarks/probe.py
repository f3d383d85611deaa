"""The handlers that in-process schedules call: they note when they were due and when they began.

What was noted is written when the process ends; until then only the file's existence tells that the first one came.
"""

import atexit
import os
import time
from array import array
from pathlib import Path

from benchmarks.workload import Fires, due_before
from cronsole.executors.context import RunContext

VARIABLE = "CRONSOLE_BENCH_PROBE"

_noted = array("q")


async def fired(context: RunContext) -> None:
    note(context)


def note(context: RunContext) -> None:
    """Note a fire, on whatever thread it is."""
    _note(context.scheduled_at_ms * 1_000_000, time.time_ns())


async def fired_unknowing(period_s: int, offset_ms: int) -> None:
    """Note a fire of a scheduler that does not tell its jobs when they were due."""
    now = time.time_ns()
    _note(due_before(now, period_s, offset_ms), now)


def _note(due_ns: int, began_ns: int) -> None:
    if not _noted:
        Path(os.environ[VARIABLE]).touch()
        atexit.register(_write)
    # One call, so that a pair stays one when several threads note theirs.
    _noted.extend((due_ns, began_ns))


def _write() -> None:
    Path(os.environ[VARIABLE]).write_bytes(_noted.tobytes())


def read(path: Path) -> Fires:
    """Return what a process that has ended has noted."""
    noted = array("q")
    noted.frombytes(path.read_bytes())
    pairs = zip(noted[::2], noted[1::2], strict=True)
    return Fires(tuple(sorted(pairs, key=lambda pair: pair[1])))
