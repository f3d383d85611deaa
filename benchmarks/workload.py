"""What a scheduler is given to do, the same for each: schedules of a period, spread over it or all at once."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

NS = 1_000_000_000


class Workload(msgspec.Struct, frozen=True):
    """`count` schedules that fire every `period_s` seconds, a divisor of 60: all at once, or spread evenly over it.

    Each runs `argv`, or without one the handler of `benchmarks.probe`. A `period_s` of 0 never fires.
    """

    count: int
    period_s: int
    argv: tuple[str, ...] = ()
    is_spread: bool = False

    def offset_ms(self, number: int) -> int:
        """Return how long after each whole period a schedule is due."""
        return number * self.period_s * 1000 // self.count if self.is_spread else 0

    def first_at(self, number: int) -> str:
        """Return an instant long ago at which a schedule was due."""
        seconds, ms = divmod(self.offset_ms(number), 1000)
        return f"2026-01-01T00:00:{seconds:02d}.{ms:03d}Z"


class Fires(msgspec.Struct, frozen=True):
    """When each run was due and when it began, nanoseconds, in the order in which they began."""

    times: tuple[tuple[int, int], ...]

    def between(self, begin_ns: int, end_ns: int) -> "Fires":
        """Return the runs that were due in a stretch of time."""
        return Fires(tuple(pair for pair in self.times if begin_ns <= pair[0] < end_ns))

    def begun_between(self, begin_ns: int, end_ns: int) -> int:
        return sum(1 for _, began in self.times if begin_ns <= began < end_ns)

    def lateness_ms(self, percent: int) -> float:
        late = sorted(began - due for due, began in self.times)
        return late[min(len(late) * percent // 100, len(late) - 1)] / 1e6

    def by_instant(self) -> dict[int, "Fires"]:
        """Return the runs of each due instant."""
        found: dict[int, list[tuple[int, int]]] = {}
        for due, began in self.times:
            found.setdefault(due, []).append((due, began))
        return {due: Fires(tuple(times)) for due, times in found.items()}


def due_before(began_ns: int, period_s: int, offset_ms: int = 0) -> int:
    """Return the newest instant of the period at or before a time."""
    period, offset = period_s * NS, offset_ms * 1_000_000
    return (began_ns - offset) // period * period + offset


def stamped(path: Path, period_s: int) -> Fires:
    """Return the runs that commands have written down themselves."""
    began = sorted(int(line.split()[0]) for line in path.read_text().splitlines())
    return Fires(tuple((due_before(time, period_s), time) for time in began))


def median(figures: Sequence[float]) -> float:
    return sorted(figures)[len(figures) // 2]
