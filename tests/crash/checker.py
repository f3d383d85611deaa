"""Compares what should have happened, what the ledger says and what the jobs say; names every contradiction."""

import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.crash import overlaps
from tests.crash.records import Evidence, Line, Row, Watched


class Kind(StrEnum):
    LOST = "a slot without a verdict"
    DOUBLE = "a slot twice"
    PHANTOM = "a verdict for what is no slot"
    MISCOUNTED = "a range with a wrong count"
    WRONGLY_MISSED = "a slot missed that the policy would run"
    UNCLAIMED = "a start without a committed claim"
    LATE = "a start too late"
    EARLY = "a start before its slot"
    OVERLAP = "an overlap that the policy forbids"
    GROUNDLESS_SKIP = "a slot skipped for an overlap with nothing"
    STALE_FENCE = "a fence that does not rise"
    UNRESOLVED = "a run left unresolved"
    DISAGREEMENT = "ledger and journal disagree on an end"


@dataclass(frozen=True)
class Finding:
    kind: Kind
    schedule_id: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.schedule_id}: {self.detail}"


Findings = Iterator[Finding]


def check(evidence: Evidence) -> list[Finding]:
    """Return every contradiction between the three records."""
    parts: tuple[Callable[[Evidence], Findings], ...] = (
        _verdicts,
        _ranges,
        _double_starts,
        _unclaimed_starts,
        _start_times,
        _overlaps,
        _skips,
        _fences,
        _unresolved,
        _ends,
        _unwitnessed,
    )
    return [finding for part in parts for finding in part(evidence)]


def _verdicts(evidence: Evidence) -> Findings:
    """Each expected slot has one verdict: a row of its own, or a place in a skipped or missed range."""
    rows = _rows_by_schedule(evidence)
    for schedule in evidence.schedules:
        verdicts: Counter[int] = Counter()
        for row in rows[schedule.id]:
            verdicts.update(_slots_of(schedule, row))
            if row.slot is not None and not schedule.is_slot(row.slot):
                yield Finding(Kind.PHANTOM, schedule.id, f"{row.state} at {row.slot}")
        for slot in _expected(evidence, schedule):
            if verdicts[slot] == 0:
                yield Finding(Kind.LOST, schedule.id, f"slot {slot}")
        for slot, count in verdicts.items():
            if count > 1:
                yield Finding(Kind.DOUBLE, schedule.id, f"slot {slot} has {count} verdicts")


def _expected(evidence: Evidence, schedule: Watched) -> list[int]:
    """Return the slots that must have a verdict: not the newest, which may still be on their way at the end."""
    if not evidence.lives:
        return []
    since = schedule.since if schedule.since is not None else evidence.lives[0].launched_at
    last = evidence.lives[-1].ended_at - evidence.bounds.late_ms
    until = last if schedule.until is None else min(last, schedule.until)
    return schedule.slots(since, until)


def _slots_of(schedule: Watched, row: Row) -> list[int]:
    if row.covers_a_range and row.first is not None and row.last is not None:
        return schedule.slots(row.first, row.last + 1)
    return [] if row.slot is None else [row.slot]


def _ranges(evidence: Evidence) -> Findings:
    for schedule in evidence.schedules:
        for row in _rows_by_schedule(evidence)[schedule.id]:
            if not row.covers_a_range or row.first is None or row.last is None:
                continue
            count = len(schedule.slots(row.first, row.last + 1))
            if count != row.count:
                yield Finding(Kind.MISCOUNTED, schedule.id, f"{row.count} told from {row.first}, {count} are")
            if row.state == "missed" and schedule.missed_run_policy == "run_all":
                yield Finding(Kind.WRONGLY_MISSED, schedule.id, f"{row.count} from {row.first}")


def _double_starts(evidence: Evidence) -> Findings:
    starts = _starts(evidence)
    for (run_id, attempt), count in Counter((line.run_id, line.attempt) for line in starts).items():
        if count > 1:
            schedule_id = next(line.schedule_id for line in starts if line.run_id == run_id)
            yield Finding(Kind.DOUBLE, schedule_id, f"run {run_id} attempt {attempt} started {count} times")
    runs: dict[tuple[str, int], set[str]] = defaultdict(set)
    for line in starts:
        if line.slot is not None:
            runs[line.schedule_id, line.slot].add(line.run_id)
    for (schedule_id, slot), ids in runs.items():
        if len(ids) > 1:
            yield Finding(Kind.DOUBLE, schedule_id, f"slot {slot} was run as {', '.join(sorted(ids))}")


def _unclaimed_starts(evidence: Evidence) -> Findings:
    rows = {row.run_id: row for row in evidence.ledger.rows}
    for line in _starts(evidence):
        row = rows.get(line.run_id)
        if row is None:
            yield Finding(Kind.UNCLAIMED, line.schedule_id, f"run {line.run_id} is not in the ledger")
        elif not row.is_run or row.attempt < line.attempt:
            yield Finding(Kind.UNCLAIMED, line.schedule_id, f"run {line.run_id} is {row.state} there")
        elif row.state == "queued" and row.attempt == line.attempt:
            yield Finding(Kind.UNCLAIMED, line.schedule_id, f"run {line.run_id} waits there, and runs")


def _start_times(evidence: Evidence) -> Findings:
    """A first attempt starts soon after its slot, the engine's start and the end of what it had to wait for."""
    bounds = evidence.bounds
    launches = sorted(
        at for life in evidence.lives for at in (life.launched_at, life.ready_at) if at is not None
    )
    for schedule in evidence.schedules:
        ends = sorted(line.at for line in evidence.journal if _is_end_of(line, schedule))
        for line in _starts(evidence):
            if line.schedule_id != schedule.id or line.attempt > 1 or line.slot is None:
                continue
            if line.at < line.slot - bounds.early_ms:
                yield Finding(Kind.EARLY, schedule.id, f"slot {line.slot} started at {line.at}")
            may_start_at = max(
                line.slot + schedule.jitter_ms, _last_until(launches, line.at), _last_until(ends, line.at)
            )
            if line.at > may_start_at + bounds.late_ms:
                late_ms = line.at - may_start_at
                yield Finding(Kind.LATE, schedule.id, f"slot {line.slot} started {late_ms} ms late")


def _is_end_of(line: Line, schedule: Watched) -> bool:
    return line.event == "end" and line.schedule_id == schedule.id


def _last_until(ascending: list[int], at: int) -> int:
    position = bisect_right(ascending, at)
    return ascending[position - 1] if position else 0


def _overlaps(evidence: Evidence) -> Findings:
    for schedule in evidence.schedules:
        if schedule.parallel is None:
            continue
        for at, running in overlaps.crowds(overlaps.stretches(evidence, schedule.id), schedule.parallel):
            yield Finding(Kind.OVERLAP, schedule.id, f"at {at} ran {', '.join(running)}")


def _skips(evidence: Evidence) -> Findings:
    """Where a slot was skipped for an overlap, something of that schedule must have run about then."""
    slack = evidence.bounds.late_ms
    for schedule in evidence.schedules:
        stretches = overlaps.stretches(evidence, schedule.id)
        for row in _rows_by_schedule(evidence)[schedule.id]:
            if row.reason != "overlap" or schedule.has_retries:
                continue
            at = row.finished_at or row.due_at
            if not any(each.start - slack <= at <= each.end + slack for each in stretches):
                yield Finding(Kind.GROUNDLESS_SKIP, schedule.id, f"slot {row.slot}")


def _fences(evidence: Evidence) -> Findings:
    """Fences rise from claim to claim of a schedule, and from attempt to attempt of a run."""
    starts = _starts(evidence)
    for schedule in evidence.schedules:
        ours = [line for line in starts if line.schedule_id == schedule.id]
        claims = sorted(
            (line.slot, line.fence) for line in ours if line.slot is not None and line.attempt == 1
        )
        attempts = sorted((line.run_id, line.attempt, line.fence) for line in ours)
        for (_, before), (slot, after) in itertools.pairwise(claims):
            if after <= before:
                yield Finding(Kind.STALE_FENCE, schedule.id, f"{after} at slot {slot} follows {before}")
        for (run_id, _, before), (other, attempt, after) in itertools.pairwise(attempts):
            if run_id == other and after <= before:
                yield Finding(
                    Kind.STALE_FENCE,
                    schedule.id,
                    f"{after} in attempt {attempt} of {run_id} follows {before}",
                )


def _unresolved(evidence: Evidence) -> Findings:
    """After a clean stop nothing is under way, and what waits has something to wait for."""
    if not evidence.stopped_cleanly or not evidence.lives:
        return
    active_at: dict[str, int] = defaultdict(int)
    for line in evidence.journal:
        active_at[line.schedule_id] = max(active_at[line.schedule_id], line.at)
    for row in evidence.ledger.rows:
        if row.state in ("starting", "running"):
            yield Finding(Kind.UNRESOLVED, row.schedule_id, f"run {row.run_id} is {row.state}")
        elif row.state == "queued":
            due_at = max(row.due_at, row.retry_at or 0, active_at[row.schedule_id])
            if sum(life.worked_since(due_at) for life in evidence.lives) > 2 * evidence.bounds.late_ms:
                yield Finding(Kind.UNRESOLVED, row.schedule_id, f"run {row.run_id} waits for nothing")


def _ends(evidence: Evidence) -> Findings:
    """Every end that a job told of is in the ledger as it was told."""
    states = _attempt_states(evidence)
    lax = {schedule.id for schedule in evidence.schedules if not schedule.leaves_exit_status}
    ended = {(line.run_id, line.attempt): line.code or 0 for line in evidence.journal if line.event == "end"}
    for line in _starts(evidence):
        key = (line.run_id, line.attempt)
        state = states.get(key)
        if state is None or state in ("queued", "starting", "running"):
            continue
        expected = _states_after(ended.get(key))
        if state not in expected and not (state == "lost" and line.schedule_id in lax):
            told = f"ended with {ended[key]}" if key in ended else "told of no end"
            yield Finding(
                Kind.DISAGREEMENT, line.schedule_id, f"run {line.run_id} {told}, the ledger has {state}"
            )


def _states_after(code: int | None) -> tuple[str, ...]:
    """Return how an attempt may stand in the ledger: one without an end was killed."""
    if code is None:
        return ("cancelled", "timed_out")
    if code == 0:
        return ("succeeded", "cancelled", "timed_out")
    return ("failed", "cancelled", "timed_out")


def _unwitnessed(evidence: Evidence) -> Findings:
    """An attempt that the ledger says ran has told the journal so."""
    witnessed = {(line.run_id, line.attempt) for line in _starts(evidence)}
    watched = {schedule.id for schedule in evidence.schedules}
    schedule_of = {row.run_id: row.schedule_id for row in evidence.ledger.rows}
    for (run_id, attempt), state in _attempt_states(evidence).items():
        schedule_id = schedule_of.get(run_id, "")
        if state in ("succeeded", "failed") and (run_id, attempt) not in witnessed and schedule_id in watched:
            yield Finding(Kind.DISAGREEMENT, schedule_id, f"run {run_id} {state}, and told of no start")


def _attempt_states(evidence: Evidence) -> dict[tuple[str, int], str]:
    states = {(each.run_id, each.attempt): each.state for each in evidence.ledger.attempts}
    return states | {(row.run_id, row.attempt): row.state for row in evidence.ledger.rows if row.is_run}


def _starts(evidence: Evidence) -> list[Line]:
    return [line for line in evidence.journal if line.event == "start"]


def _rows_by_schedule(evidence: Evidence) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in evidence.ledger.rows:
        rows[row.schedule_id].append(row)
    return rows
