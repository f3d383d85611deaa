"""When the processes of a schedule ran, as they told it themselves, and where too many did at once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.crash.records import Evidence


@dataclass(frozen=True)
class Stretch:
    run_id: str
    start: int
    end: float


def stretches(evidence: Evidence, schedule_id: str) -> list[Stretch]:
    """Return the time of each attempt.

    One that could tell of no end was over when the ledger says that it was killed. Of a lost one the ledger knows
    nothing: it may still run.
    """
    told = {
        (line.run_id, line.attempt): line.at
        for line in evidence.journal
        if line.event == "end" and line.schedule_id == schedule_id
    }
    killed = {
        row.run_id: row.finished_at
        for row in evidence.ledger.rows
        if row.finished_at is not None and row.state in ("cancelled", "timed_out")
    }
    return sorted(
        (
            Stretch(
                line.run_id,
                line.at,
                told.get((line.run_id, line.attempt), killed.get(line.run_id, math.inf)),
            )
            for line in evidence.journal
            if line.event == "start" and line.schedule_id == schedule_id
        ),
        key=lambda stretch: stretch.start,
    )


def crowds(ordered: list[Stretch], most: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each start at which more ran than may; a start at the very instant of an end is none."""
    running: list[Stretch] = []
    for stretch in ordered:
        running = [each for each in running if each.end > stretch.start]
        running.append(stretch)
        if len(running) > most:
            yield stretch.start, [each.run_id for each in running]
