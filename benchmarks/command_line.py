"""Seconds from the shell's exec to the answer of the two commands that people wait for."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.table import Row, main
from benchmarks.workload import median

GOALS_S = {("--version",): 0.15, ("next", "30 4 * * mon-fri"): 0.25}
_TIMES = 15


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each command."""
    del quick
    for arguments, goal in GOALS_S.items():
        seconds = median([_timed([sys.executable, "-m", "cronsole", *arguments]) for _ in range(_TIMES)])
        yield Row(f"cronsole {arguments[0]}, s", f"{seconds:.3f}", "", f"≤ {goal}", seconds <= goal)


def _timed(argv: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(rows)
