"""Seconds and peak memory from a TOML file to the first plan of all its tasks, beside APScheduler.

Each figure is taken in a process of its own: peak memory is told of a process, not of a call.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Row

GOAL = "100,000 in ≤ 5 s and ≤ 300 MB"
SIZES = (60_000, 100_000)
QUICK_SIZES = (10_000,)
PEER_LIMIT = 60_000

# Fifty different ones in all: expressions repeat, as they do in real crontabs.
_EXPRESSIONS = (
    "*/{n} * * * *",
    "{n} 3 * * *",
    "{n} */2 * * 1-5",
    "{n} 4 1 * *",
    "0 {n} * * sun",
)


class Figure(NamedTuple):
    """What one load took, and how many tasks have a next fire."""

    seconds: float
    peak_mb: float
    planned: int


def expression(number: int) -> str:
    """Return the expression of a task; about fifty different ones."""
    return _EXPRESSIONS[number % len(_EXPRESSIONS)].format(n=number // len(_EXPRESSIONS) % 10 + 5)


def write_tasks(path: Path, count: int) -> None:
    """Write a file as people have them: a command, a description, tags, a timeout, retries."""
    with path.open("w", encoding="utf-8") as file:
        file.write('[engine]\ntimezone = "Europe/Berlin"\n')
        for number in range(count):
            file.write(
                f'\n[[tasks]]\nid = "job-{number:06d}"\ncron = "{expression(number)}"\n'
                f'command = "/usr/local/bin/job --number {number}"\ndescription = "job number {number}"\n'
                f'tags = ["db", "team-{number % 50}"]\ntimeout = "5m"\n'
                'retry = { attempts = 2, delay = "10s" }\n'
            )


def cronsole(path: Path) -> int:
    """Load, compile and ask for the first fire; return how many tasks have one."""
    from cronsole.config.load import load
    from cronsole.model.instant import from_iso
    from cronsole.triggers.compile import compile_trigger

    now = from_iso("2026-11-20T12:00Z")
    triggers = {
        schedule.id: compile_trigger(
            schedule.trigger,
            schedule_id=schedule.id,
            timezone=schedule.timezone,
            dst=schedule.dst,
            anchor_at=now,
        )
        for schedule in load(path, environ={}, now=now).schedules
    }
    return sum(trigger.next(now) is not None for trigger in triggers.values())


def apscheduler(path: Path) -> int:
    """Add as many jobs to a scheduler that keeps them in memory, and start it; the file is not even read."""
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.cron import CronTrigger

    scheduler = BackgroundScheduler(timezone="Europe/Berlin")
    for number in range(int(path.stem)):
        trigger = CronTrigger.from_crontab(expression(number), timezone="Europe/Berlin")
        scheduler.add_job(print, trigger, id=f"job-{number:06d}")
    scheduler.start(paused=True)
    planned = sum(job.next_run_time is not None for job in scheduler.get_jobs())
    scheduler.shutdown(wait=False)
    return planned


SYSTEMS: dict[str, Callable[[Path], int]] = {"cronsole": cronsole, "apscheduler": apscheduler}


def measure(system: str, path: Path) -> Figure:
    """Return the figure of one system, taken in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", system, str(path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    return Figure(*json.loads(done.stdout))


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each size; the goal is one for the largest."""
    for size in QUICK_SIZES if quick else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{size}.toml")
            write_tasks(path, size)
            ours = measure("cronsole", path)
            other = measure("apscheduler", path) if size <= PEER_LIMIT else None
        is_largest = size == SIZES[-1]
        yield Row(
            f"load {size:,} tasks, s, peak MB",
            f"{ours.seconds:.1f}, {ours.peak_mb:.0f}",
            f"APScheduler {other.seconds:.1f}, {other.peak_mb:.0f}"
            if other
            else "cronstable 60k 71, 1189 (quoted)",
            "≤ 5, ≤ 300" if is_largest else "",
            ours.seconds <= 5 and ours.peak_mb <= 300 if is_largest else None,
        )


def main(quick: bool = False) -> None:
    """Print the table."""
    print(f"load to first plan (goal: {GOAL})")
    print(f"  {'tasks':>8}  {'':<12}{'s':>7}{'peak MB':>10}")
    for size in QUICK_SIZES if quick else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{size}.toml")
            write_tasks(path, size)
            for system in SYSTEMS if size <= PEER_LIMIT else ("cronsole",):
                figure = measure(system, path)
                if figure.planned != size:
                    raise SystemExit(f"{system} has planned {figure.planned:,} of {size:,} tasks")
                print(f"  {size:>8,}  {system:<12}{figure.seconds:>7.2f}{figure.peak_mb:>10.0f}")


def _report(system: str, path: Path) -> None:
    """Take the figure in this process and write it for the one that asked."""
    import resource

    began = time.perf_counter()
    planned = SYSTEMS[system](path)
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, peak_mb, planned]))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _report(sys.argv[1], Path(sys.argv[2]))
    else:
        main("--quick" in sys.argv)
