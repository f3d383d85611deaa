"""µs of CPU for each fire of a handler in the engine's process, with its durable row and its lines in the log."""

from collections.abc import Iterator

from benchmarks.observed import observe
from benchmarks.systems import APSCHEDULER, APSCHEDULER_SQLITE, CRONSOLE
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_US = 80
_A_SECOND = 1_000


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row."""
    workload = Workload(count=_A_SECOND, period_s=1)
    seconds = 4 if quick else 20
    ours = observe(CRONSOLE, workload, seconds).cpu_us_a_run
    others = {"in memory": observe(APSCHEDULER, workload, seconds).cpu_us_a_run}
    if APSCHEDULER_SQLITE.is_installed:
        others["SQLite"] = observe(APSCHEDULER_SQLITE, workload, seconds).cpu_us_a_run
    told = ", ".join(f"{name} {figure:.0f}" for name, figure in others.items())
    yield Row(
        "CPU per in-process fire, µs",
        f"{ours:.0f}",
        f"APScheduler: {told}",
        f"≤ {GOAL_US}",
        ours <= GOAL_US,
    )


if __name__ == "__main__":
    main(rows)
