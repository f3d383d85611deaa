"""Recognise the processes of runs that outlived the engine that started them."""

import os
from functools import cache
from pathlib import Path

from cronsole.executors import tree
from cronsole.executors.base import Process
from cronsole.executors.spawn import SPOOL_SUFFIX


@cache
def boot_id() -> str:
    """Return what tells this boot of the machine from every other."""
    return tree.read("/proc/sys/kernel/random/boot_id").decode().strip()


def open_process(process: Process) -> int | None:
    """Return a pidfd of the very process, None when it has ended or its pid is another's by now."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return None
    seen = tree.stat(process.pid)
    if seen is None or seen.is_zombie or seen.started != process.pid_started:
        os.close(fd)
        return None
    return fd


def find_by_run_id(run_id: str, attempt: int | None = None) -> Process | None:
    """Return the first process of a run, for a crash between the spawn and its record.

    It is the oldest process that names the run and leads its own session. Where the exit status is spooled, the
    first process has ended already, and what is found here is something that it left behind.
    """
    census = tree.take_census()
    leaders = [
        seen
        for pid, seen in census.stats.items()
        if seen.session == pid and not seen.is_zombie and _is_marked(census.marks.get(pid), run_id, attempt)
    ]
    if not leaders:
        return None
    first = min(leaders, key=lambda seen: seen.started)
    return Process(first.pid, first.started)


def spooled_exit(output_path: Path | str) -> int | None:
    """Return the exit status that the shell of a command left behind, None where it left none."""
    text = tree.read(f"{output_path}{SPOOL_SUFFIX}", 16).strip()
    return int(text) if text.isdigit() else None


def age_s(process: Process, boottime: float) -> float:
    """Return for how long a process has run; wall-clock steps do not touch it."""
    return max(boottime - process.pid_started / os.sysconf("SC_CLK_TCK"), 0.0)


def _is_marked(mark: tree.Mark | None, run_id: str, attempt: int | None) -> bool:
    return mark is not None and mark[0] == run_id and (attempt is None or mark[1] == str(attempt))
