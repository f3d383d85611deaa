"""How long a simulation of 30 days of 1,000 schedules takes: 70 % daily, 25 % hourly, 5 % every ten minutes."""

import time
from collections.abc import Iterator

from benchmarks.table import Row
from cronsole.model.instant import DAY, from_iso
from cronsole.model.policy import Policy, Retry
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Settings
from cronsole.model.trigger import CronSpec
from cronsole.simulate import Happenings, simulate
from cronsole.simulate.happenings import Down, Duration, Failure

SCHEDULES = 1_000
DAYS = 30
GOAL_SECONDS = 5.0
START = from_iso("2026-03-15T00:00Z")  # the spring transition lies within


def fleet(policy: Policy) -> list[Schedule]:
    """Return the mix of schedules, none of them aligned with its neighbour."""
    return [
        Schedule(f"job-{number}", CronSpec(_expression(number)), timezone="Europe/Berlin", policy=policy)
        for number in range(SCHEDULES)
    ]


def _expression(number: int) -> str:
    if number < SCHEDULES * 0.70:
        return f"{number % 60} {number % 24} * * *"
    if number < SCHEDULES * 0.95:
        return f"{number % 60} * * * *"
    return f"{number % 10}-59/10 * * * *"


def measure(policy: Policy, happenings: Happenings) -> tuple[int, float, float]:
    """Return how many entries a simulation tells, and how many seconds it takes: on the wall, and of CPU."""
    schedules = fleet(policy)
    wall, cpu = time.perf_counter(), time.process_time()
    told = simulate(schedules, Settings(), start=START, end=START + DAYS * DAY, happenings=happenings)
    entries = sum(1 for _ in told)
    return entries, time.perf_counter() - wall, time.process_time() - cpu


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row."""
    del quick
    _, wall, _ = measure(Policy(), Happenings())
    yield Row(
        f"simulate {DAYS} days of {SCHEDULES:,} schedules, s",
        f"{wall:.1f}",
        "",
        f"≤ {GOAL_SECONDS:.0f}",
        wall <= GOAL_SECONDS,
    )


def main() -> None:
    """Print both figures beside the goal."""
    eventful = Happenings(
        down=(Down(begin=START + 2 * DAY, end=START + 3 * DAY),),
        duration=(Duration(median=60_000),),
        failure=(Failure(probability=0.05),),
    )
    print(f"simulate {DAYS} days of {SCHEDULES:,} schedules, goal {GOAL_SECONDS:.1f} s")
    for name, policy, happenings in (
        ("nothing happens", Policy(), Happenings()),
        ("durations, failures, retries, an outage", Policy(retry=Retry(attempts=1)), eventful),
    ):
        entries, wall, cpu = measure(policy, happenings)
        print(f"  {name:40} {wall:5.2f} s  {cpu:5.2f} s of CPU  {entries:,} entries")


if __name__ == "__main__":
    main()
