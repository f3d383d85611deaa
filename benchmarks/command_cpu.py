"""ms of the scheduler's own CPU for each command that it runs: the spawn is in it, what the command takes is not."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.c_programs import compiled
from benchmarks.observed import observe
from benchmarks.systems import commanders
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_MS = 0.5
_A_SECOND = 50


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row."""
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
        stamp = compiled("stamp", Path(name))
        workload = Workload(count=_A_SECOND, period_s=1, argv=(stamp, "stamps"))
        cost = {
            system.name: observe(system, workload, 5 if quick else 20).cpu_us_a_run / 1000
            for system in commanders(quick)
        }
    ours = cost.pop("cronsole")
    yield Row(
        f"own CPU per command, {_A_SECOND} a second, ms",
        f"{ours:.2f}",
        ", ".join([*(f"{name} {figure:.2f}" for name, figure in cost.items()), "supercronic 0.30 (quoted)"]),
        f"≤ {GOAL_MS}",
        ours <= GOAL_MS,
    )


if __name__ == "__main__":
    main(rows)
