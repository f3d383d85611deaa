"""How late handlers begin when a thousand of sixty thousand schedules are due each second."""

from collections.abc import Iterator

from benchmarks.observed import observe
from benchmarks.systems import APSCHEDULER, CRONSOLE
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_P99_MS = 50
SCHEDULES = 60_000
HERD = 1_000


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for fires that are spread over each second; given time, one for fires that share its begin."""
    seconds = 5 if quick else 30
    ours, other = _late(Workload(SCHEDULES, period_s=60, is_spread=True), seconds)
    yield Row(
        f"{SCHEDULES:,} schedules, 1,000 fires/s, late by, ms",
        _told(ours),
        f"APScheduler, no history: {_told(other)}",
        f"p50 / p99 ≤ {GOAL_P99_MS}",
        ours[1] <= GOAL_P99_MS,
    )
    if quick:
        return
    ours, other = _late(Workload(HERD, period_s=1), seconds)
    yield Row(
        f"{HERD:,} handlers due at one instant, late by, ms",
        _told(ours),
        f"APScheduler, no history: {_told(other)}",
    )


def _late(workload: Workload, seconds: int) -> list[tuple[float, float]]:
    fires = [observe(system, workload, seconds).fires for system in (CRONSOLE, APSCHEDULER)]
    return [(each.lateness_ms(50), each.lateness_ms(99)) for each in fires]


def _told(late: tuple[float, float]) -> str:
    return f"{late[0]:.0f} / {late[1]:.0f}"


if __name__ == "__main__":
    main(rows)
