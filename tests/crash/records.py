"""The three records that the checker compares, and the lives of the engine between which they were made."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Watched:
    """What a schedule of a fixture promises; its slots are a plain pattern that repeats from the epoch on."""

    id: str
    period_ms: int
    offsets_ms: tuple[int, ...] = (0,)
    parallel: int | None = 1
    missed_run_policy: str = "run_once"
    has_retries: bool = False
    leaves_exit_status: bool = True
    jitter_ms: int = 0
    since: int | None = None
    until: int | None = None

    def slots(self, since: int, until: int) -> list[int]:
        """Return the slots from an instant on and before another."""
        first = since // self.period_ms * self.period_ms
        return [
            slot
            for start in range(first, until + 1, self.period_ms)
            for slot in (start + offset for offset in self.offsets_ms)
            if since <= slot < until
        ]

    def is_slot(self, at: int) -> bool:
        return at % self.period_ms in self.offsets_ms


@dataclass(frozen=True)
class Life:
    """One process of the engine, from before its launch to after its end; it is at work from `ready_at` on."""

    launched_at: int
    ended_at: int
    was_killed: bool = False
    ready_at: int | None = None

    def worked_since(self, at: int) -> int:
        """Return for how long it was at work after an instant."""
        return max(0, self.ended_at - max(at, self.ready_at or self.launched_at))


@dataclass(frozen=True)
class Row:
    """One row of the ledger."""

    run_id: str
    schedule_id: str
    state: str
    slot: int | None
    first: int | None = None
    last: int | None = None
    count: int | None = None
    cause: str = "slot"
    reason: str | None = None
    attempt: int = 1
    fence: int = 0
    due_at: int = 0
    created_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    retry_at: int | None = None

    @property
    def is_run(self) -> bool:
        return self.state not in ("skipped", "missed")

    @property
    def covers_a_range(self) -> bool:
        """A verdict without a run covers all of its slots; what was claimed as a run covers its own slot alone."""
        return not self.is_run and self.fence == 0 and self.first is not None

    @property
    def is_unended(self) -> bool:
        return self.state in ("queued", "starting", "running")


@dataclass(frozen=True)
class PastAttempt:
    """An attempt that was followed by another."""

    run_id: str
    attempt: int
    fence: int
    state: str


@dataclass(frozen=True)
class Ledger:
    rows: tuple[Row, ...] = ()
    attempts: tuple[PastAttempt, ...] = ()


@dataclass(frozen=True)
class Line:
    """What a job wrote: that an attempt of it began, or with which code it ended."""

    event: str
    run_id: str
    schedule_id: str
    slot: int | None
    attempt: int
    fence: int
    at: int
    pid: int = 0
    code: int | None = None


@dataclass(frozen=True)
class Bounds:
    """What counts as late, and how far the three records' clocks may be apart."""

    late_ms: int = 5_000
    early_ms: int = 20


@dataclass(frozen=True)
class Evidence:
    """All that the checker is given."""

    schedules: tuple[Watched, ...]
    lives: tuple[Life, ...]
    ledger: Ledger = field(default_factory=Ledger)
    journal: tuple[Line, ...] = ()
    bounds: Bounds = Bounds()
    stopped_cleanly: bool = True


def read_ledger(path: Path) -> Ledger:
    """Read the database file as any other program would."""
    columns = (
        "run_id, schedule_id, state, slot, stands_first, stands_last, stands_count, cause, reason, attempt, "
        "fence, due_at, created_at, started_at, finished_at, retry_at"
    )
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM runs ORDER BY run_id").fetchall()
        attempts = connection.execute(
            "SELECT run_id, attempt, fence, state FROM attempts ORDER BY run_id, attempt"
        ).fetchall()
    return Ledger(tuple(Row(*row) for row in rows), tuple(PastAttempt(*attempt) for attempt in attempts))


def read_journal(path: Path, boot_wall_ms: int) -> tuple[Line, ...]:
    """Read what the jobs wrote; they know the time since boot, which `boot_wall_ms` turns into wall time."""
    if not path.exists():
        return ()
    return parse_journal(path.read_text().splitlines(), boot_wall_ms)


def parse_journal(lines: Iterable[str], boot_wall_ms: int) -> tuple[Line, ...]:
    return tuple(_line(json.loads(line), boot_wall_ms) for line in lines)


def _line(fields: dict[str, object], boot_wall_ms: int) -> Line:
    slot, code = str(fields["slot"]), str(fields["code"])
    return Line(
        event=str(fields["event"]),
        run_id=str(fields["run"]),
        schedule_id=str(fields["schedule"]),
        slot=round(datetime.fromisoformat(slot).timestamp() * 1000) if slot else None,
        attempt=int(str(fields["attempt"])),
        fence=int(str(fields["fence"])),
        at=round(float(str(fields["up"])) * 1000) + boot_wall_ms,
        pid=int(str(fields["pid"])),
        code=int(code) if code else None,
    )
