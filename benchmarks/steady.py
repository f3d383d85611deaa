"""How late one command a second begins, as it writes it down itself; ours is claimed durably before."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.c_programs import compiled
from benchmarks.observed import observe
from benchmarks.systems import commanders
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_MS = 2.0


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row."""
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
        stamp = compiled("stamp", Path(name))
        workload = Workload(count=1, period_s=1, argv=(stamp, "stamps"))
        late = {
            system.name: observe(system, workload, 6 if quick else 30).fires.lateness_ms(50)
            for system in commanders(quick)
        }
    ours = late.pop("cronsole")
    yield Row(
        "one command a second, late by, ms, p50",
        f"{ours:.1f}",
        ", ".join([*(f"{name} {figure:.1f}" for name, figure in late.items()), "supercronic 1.8 (quoted)"]),
        f"≤ {GOAL_MS}",
        ours <= GOAL_MS,
    )


if __name__ == "__main__":
    main(rows)
