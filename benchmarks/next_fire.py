"""µs for the next fire of nine cron expressions with a zone, beside croniter, cronsim and APScheduler."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger as ApsTrigger
from croniter import croniter
from cronsim import CronSim

from benchmarks.table import Row
from cronsole.model.instant import from_datetime
from cronsole.model.trigger import CronSpec
from cronsole.triggers.compile import compile_trigger

TIMEZONE = "Europe/Berlin"
ZONE = ZoneInfo(TIMEZONE)
STEPS = 20
ROUNDS = 7
# Quiet days, just before the clock goes forward and back, and the days around a 29 February.
STARTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(ZONE)
    for text in (
        *("2026-01-15T00:00", "2026-03-28T20:00", "2026-03-29T00:55", "2026-07-01T12:00"),
        *("2026-10-24T20:00", "2026-10-25T00:55", "2028-02-28T00:00", "2028-12-31T20:00"),
    )
)

Step: TypeAlias = Callable[[], object]
Walk: TypeAlias = Callable[[datetime], Step]


class Case(NamedTuple):
    """One expression, and the words in which APScheduler has it."""

    name: str
    expression: str
    apscheduler: dict[str, str]


CASES = (
    Case("every minute", "* * * * *", {"minute": "*"}),
    Case("every five minutes", "*/5 * * * *", {"minute": "*/5"}),
    Case("daily at 02:30", "30 2 * * *", {"hour": "2", "minute": "30"}),
    Case(
        "weekdays from 9 to 17", "0 9-17 * * 1-5", {"day_of_week": "mon-fri", "hour": "9-17", "minute": "0"}
    ),
    Case("29 February", "0 0 29 2 *", {"month": "2", "day": "29", "hour": "0", "minute": "0"}),
    Case("last day of the month", "0 0 L * *", {"day": "last", "hour": "0", "minute": "0"}),
    # The kind of Friday the 13th: date and weekday must both match, as they must for APScheduler.
    Case(
        "1st, 13th, 25th if Friday",
        "0 0 */12 * 5",
        {"day": "*/12", "day_of_week": "fri", "hour": "0", "minute": "0"},
    ),
    Case("every ten seconds", "*/10 * * * * *", {"second": "*/10"}),
    Case("first Monday", "0 9 * * 1#1", {"day": "1st mon", "hour": "9", "minute": "0"}),
)


def rows(quick: bool) -> Iterator[Row]:
    """Yield the row: our median and our worst, and how much slower the fastest other is where it is closest."""
    del quick
    ours = [mean_us(cronsole_walk(case)) for case in CASES]
    worst = max(worst_us(cronsole_walk(case)) for case in CASES)
    others: dict[str, list[float]] = {
        "croniter": [mean_us(croniter_walk(case)) for case in CASES],
        "cronsim": [mean_us(cronsim_walk(case)) for case in CASES],
        "APScheduler": [mean_us(apscheduler_walk(case)) for case in CASES],
    }
    ratio = min(min(peers) / own for own, *peers in zip(ours, *others.values(), strict=True))
    middle = statistics.median(ours)
    told = ", ".join(f"{name} {min(means):.0f}-{max(means):.0f}" for name, means in others.items())
    yield Row(
        f"next fire of {len(CASES)} expressions, µs",
        f"{middle:.1f}, worst {worst:.1f}",
        f"{told}: {ratio:.1f} ×",
        "≤ 3, worst ≤ 15, ≥ 5 ×",
        middle <= 3 and worst <= 15 and ratio >= 5,
    )


def main() -> None:
    """Print the table: µs per next fire, and how many times faster than the fastest peer."""
    print(f"next fire in {TIMEZONE}, µs: {len(STARTS)} starts × {STEPS} steps, best of {ROUNDS} rounds")
    print(
        f"{'':28}{'cronsole':>10}{'worst':>8}{'croniter':>10}{'cronsim':>10}{'APScheduler':>13}{'ratio':>8}"
    )
    means, worsts, ratios = [], [], []
    for case in CASES:
        mean, worst = mean_us(cronsole_walk(case)), worst_us(cronsole_walk(case))
        peers = [mean_us(walk(case)) for walk in (croniter_walk, cronsim_walk, apscheduler_walk)]
        ratio = min(peers) / mean
        shown = f"{peers[0]:10.1f}{peers[1]:10.1f}{peers[2]:13.1f}"
        print(f"{case.name:28}{mean:10.2f}{worst:8.1f}{shown}{ratio:7.1f}×")
        means.append(mean)
        worsts.append(worst)
        ratios.append(ratio)
    summary = f"{statistics.median(means):10.2f}{max(worsts):8.1f}{'':33}{min(ratios):7.1f}×"
    print(f"{'median, worst, lowest ratio':28}{summary}")
    print(f"{'goal':28}{'≤ 3':>10}{'≤ 15':>8}{'':33}{'≥ 5':>7}×")


def mean_us(walk: Walk) -> float:
    """Return the µs of a step over all starts, each start at its best."""
    total = 0.0
    for start in STARTS:
        times = []
        for _ in range(ROUNDS):
            step = walk(start)
            began = time.perf_counter()
            for _ in range(STEPS):
                step()
            times.append(time.perf_counter() - began)
        total += min(times)
    return total / len(STARTS) / STEPS * 1e6


def worst_us(walk: Walk) -> float:
    """Return the µs of the slowest step, each step at its best."""
    best: dict[tuple[datetime, int], float] = {}
    for _ in range(ROUNDS):
        for start in STARTS:
            step = walk(start)
            for number in range(STEPS):
                began = time.perf_counter()
                step()
                taken = time.perf_counter() - began
                best[start, number] = min(taken, best.get((start, number), taken))
    return max(best.values()) * 1e6


def cronsole_walk(case: Case) -> Walk:
    trigger = compile_trigger(CronSpec(case.expression), schedule_id="bench", timezone=TIMEZONE)

    def walk(start: datetime) -> Step:
        at = from_datetime(start)

        def step() -> None:
            nonlocal at
            at = trigger.next(at) or at

        return step

    return walk


def croniter_walk(case: Case) -> Walk:
    def walk(start: datetime) -> Step:
        peer = croniter(
            case.expression,
            start,
            second_at_beginning=True,
            implement_cron_bug=True,  # Debian's rule for the two day fields
            max_years_between_matches=100,
        )
        return lambda: peer.get_next(datetime)

    return walk


def cronsim_walk(case: Case) -> Walk:
    def walk(start: datetime) -> Step:
        return CronSim(case.expression, start).__next__

    return walk


def apscheduler_walk(case: Case) -> Walk:
    trigger = ApsTrigger(timezone=ZONE, **case.apscheduler)

    def walk(start: datetime) -> Step:
        at = start

        def step() -> None:
            nonlocal at
            at = trigger.get_next_fire_time(at, at)

        return step

    return walk


if __name__ == "__main__":
    main()
