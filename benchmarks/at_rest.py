"""What an engine costs that has nothing to do: resident memory, and CPU."""

from collections.abc import Iterator

from benchmarks.observed import observe
from benchmarks.systems import CRONSOLE, commanders
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_MB = 60
GOAL_PERCENT = 0.2
_FEW = Workload(count=100, period_s=0, argv=("/bin/true",))
_MANY = Workload(count=1_000, period_s=0, argv=("/bin/true",))


def rows(quick: bool) -> Iterator[Row]:
    """Yield the rows for memory and for CPU."""
    resident = {system.name: observe(system, _FEW, 1).resident_mb for system in commanders(quick)}
    ours = resident.pop("cronsole")
    yield Row(
        "resident memory, 100 schedules, API on, MB",
        f"{ours:.0f}",
        ", ".join(
            [*(f"{name} {figure:.0f}" for name, figure in resident.items()), "supercronic 20 (quoted)"]
        ),
        f"≤ {GOAL_MB}",
        ours <= GOAL_MB,
    )
    percent = observe(CRONSOLE, _MANY, 8 if quick else 30).percent_of_a_core
    yield Row(
        "idle, 1,000 schedules, % of a core",
        f"{percent:.2f}",
        "",
        f"≤ {GOAL_PERCENT}",
        percent <= GOAL_PERCENT,
    )


if __name__ == "__main__":
    main(rows)
