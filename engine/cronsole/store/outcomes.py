"""What became of a schedule's runs: the newest of them in brief, and what all that are kept say together."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from cronsole.model.instant import Instant, Millis
from cronsole.model.run import RunState
from cronsole.store.base import Ended, History, Timed
from cronsole.store.rows import to_ended
from cronsole.store.statements import statements

# Ids of schedules read at once, and schedules whose runs are: either takes a few milliseconds.
SCHEDULES_AT_ONCE = 1_000
_SLICE_SCHEDULES = 50

# How many slots of a schedule are looked at for runs among verdicts without one.
_LOOKED_AT = 500

# How many rows count for the figures of a schedule: what is kept by default is far below it.
_COUNTED = 10_000

# How many durations tell what is usual.
_TIMED = 500
_TIMED_STATES = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.TIMED_OUT})


def slices(schedule_ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids in as many at a time as may be read at once."""
    ids = iter(schedule_ids)
    while some := list(islice(ids, _SLICE_SCHEDULES)):
        yield some


def recent_outcomes(
    connection: sqlite3.Connection, schedule_ids: Iterable[str], limit: int
) -> dict[str, tuple[Ended, ...]]:
    """Return the newest finished runs of each schedule that has any, the oldest first."""
    statement = statements()["recent_outcomes"]
    found = {}
    for schedule_id in schedule_ids:
        bound = statement.bind(schedule_id=schedule_id, looked_at=_LOOKED_AT, limit=limit)
        ended = sorted(map(to_ended, connection.execute(statement, bound)), key=attrgetter("run_id"))
        if ended:
            found[schedule_id] = tuple(ended[-limit:])
    return found


def history(connection: sqlite3.Connection, schedule_id: str) -> History:
    """Return what the kept rows of a schedule say."""
    statement = statements()["history"]
    rows = connection.execute(statement, statement.bind(schedule_id=schedule_id, looked_at=_COUNTED))
    return tally(rows)


def failure_counts(
    connection: sqlite3.Connection, since: Instant, until: Instant, bucket_ms: Millis
) -> dict[int, int]:
    """Return how many runs failed in each bucket of a stretch of time."""
    floor = connection.execute(statements()["cursor_at"], (since,)).fetchone()
    if floor is None:
        return {}
    statement = statements()["failure_counts"]
    counts: Counter[int] = Counter()
    for state in RunState:
        if state.is_failure:
            bound = statement.bind(
                state=state.value, floor=floor[0], since=since, until=until, bucket_ms=bucket_ms
            )
            counts.update(dict(connection.execute(statement, bound).fetchall()))
    return dict(counts)


def tally(rows: Iterable[Sequence[Any]]) -> History:
    """Return what rows of the statement `history`, in any order, say together."""
    counts: Counter[RunState] = Counter()
    timed: list[Timed] = []
    successes: list[int] = []
    failures: list[tuple[int, int]] = []
    for word, created_at, started_at, finished_at in rows:
        state = RunState(word)
        counts[state] += 1
        if finished_at is None:
            continue
        began_at = created_at if started_at is None else started_at
        if state is RunState.SUCCEEDED:
            successes.append(finished_at)
        elif state.is_failure:
            failures.append((finished_at, began_at))
        if state in _TIMED_STATES and started_at is not None:
            timed.append(Timed(finished_at, max(0, finished_at - started_at), state))
    last_success = max(successes, default=None)
    since = [began for ended, began in failures if last_success is None or ended > last_success]
    return History(
        counts=dict(counts),
        timed=tuple(sorted(timed, key=attrgetter("finished_at"))[-_TIMED:]),
        last_success=last_success,
        last_failure=max(failures)[0] if failures else None,
        failing_since=min(since, default=None),
    )
