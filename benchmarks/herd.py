"""How late 300 commands begin that are due at one instant, as they write it down themselves, beside a loop in C."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.c_programs import compiled, herd_in_c
from benchmarks.observed import observe
from benchmarks.systems import System, commanders
from benchmarks.table import Row, main
from benchmarks.workload import Fires, Workload, median

HERD = 300
GOAL_OF_C = 1.5
GOAL_OF_BEST = 0.65
_HERDS = 3
_PERIOD_S = 5
_QUICK_PERIOD_S = 3


def rows(quick: bool) -> Iterator[Row]:
    """Yield the rows for the median and the 99th percentile."""
    systems = commanders(quick)
    told: dict[str, list[Fires]] = {name: [] for name in (*(system.name for system in systems), "C")}
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
        folder = Path(name)
        stamp, loop = compiled("stamp", folder), compiled("posix_spawn", folder)
        # In turns, so that a machine that slows down slows all of them.
        for _ in range(1 if quick else 3):
            for system in systems:
                told[system.name] += _herds(system, stamp, _QUICK_PERIOD_S if quick else _PERIOD_S)
            told["C"] += [herd_in_c(folder, loop, (stamp,), HERD) for _ in range(3)]
    for percent in (50, 99):
        late = {name: median([herd.lateness_ms(percent) for herd in herds]) for name, herds in told.items()}
        yield _row(percent, late)


def _herds(system: System, stamp: str, period_s: int) -> list[Fires]:
    workload = Workload(count=HERD, period_s=period_s, argv=(stamp, "stamps"))
    fires = observe(system, workload, _HERDS * period_s).fires
    herds = list(fires.by_instant().values())
    short = [len(herd.times) for herd in herds if len(herd.times) != HERD]
    if short:
        raise RuntimeError(f"{system.name} started {short} of {HERD} commands that were due at one instant")
    return herds


def _row(percent: int, late: dict[str, float]) -> Row:
    ours, floor = late["cronsole"], late["C"]
    others = {name: figure for name, figure in late.items() if name != "cronsole"}
    best = min(figure for name, figure in others.items() if name != "C")
    return Row(
        f"{HERD} commands due at once, late by, ms, p{percent}",
        f"{ours:.0f}",
        ", ".join(f"{name} {figure:.0f}" for name, figure in others.items()),
        f"≤ {GOAL_OF_C} × C, ≤ {GOAL_OF_BEST} × the best",
        ours <= GOAL_OF_C * floor and ours <= GOAL_OF_BEST * best,
    )


if __name__ == "__main__":
    main(rows)
