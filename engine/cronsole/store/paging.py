"""One page of runs: which index leads to it, so that a page costs the same in a table of any size."""

import sqlite3
from collections.abc import Iterator

from cronsole.model.run import Cause, RunState
from cronsole.store.base import RunFilter
from cronsole.store.statements import statements

# Up to here the rows of one schedule are sorted faster than the table is walked from its end.
_SORTABLE_ROWS = 10_000

# Sorts behind every run id.
_END = "\U0010ffff"


def page_of_run_ids(
    connection: sqlite3.Connection, matching: RunFilter, limit: int, before: str | None
) -> list[str]:
    """Return the newest run ids that match and come before the cursor, `since` left to the caller."""
    cursor = before or _END
    if matching.until is not None:
        found = connection.execute(statements()["cursor_at"], (matching.until,)).fetchone()
        cursor = cursor if found is None else min(cursor, found[0])
    run_ids: set[str] = set()
    for name, values in _walks(connection, matching):
        statement = statements()[name]
        bound = statement.bind(**values, before=cursor, limit=limit)
        run_ids.update(row[0] for row in connection.execute(statement, bound))
    return sorted(run_ids, reverse=True)[:limit]


def _walks(connection: sqlite3.Connection, matching: RunFilter) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the statements whose results together hold the page."""
    for schedule_id in dict.fromkeys(matching.schedule_ids):
        if _is_sortable(connection, schedule_id):
            yield _of_schedule(matching, schedule_id)
        else:
            yield from _of_any(matching, schedule_id)
    if not matching.schedule_ids:
        yield from _of_any(matching, "")


def _is_sortable(connection: sqlite3.Connection, schedule_id: str) -> bool:
    limit = _SORTABLE_ROWS + 1
    counted = connection.execute(statements()["count_up_to"], (schedule_id, limit)).fetchone()[0]
    return bool(counted < limit)


def _of_schedule(matching: RunFilter, schedule_id: str) -> tuple[str, dict[str, str]]:
    if not matching.states and not matching.causes:
        return "page_of_schedule", {"schedule_id": schedule_id}
    return "page_of_schedule_matching", {
        "schedule_id": schedule_id,
        "states": _listed(matching.states),
        "causes": _listed(matching.causes),
    }


def _of_any(matching: RunFilter, schedule_id: str) -> Iterator[tuple[str, dict[str, str]]]:
    causes = _listed(matching.causes)
    if matching.states:
        for state in matching.states:
            values = {"state": state.value, "schedule_id": schedule_id, "causes": causes}
            yield ("page_of_state" if state.is_final else "page_unfinished"), values
    elif matching.causes and Cause.SLOT not in matching.causes and not schedule_id:
        for cause in matching.causes:
            yield "page_of_cause", {"cause": cause.value}
    else:
        yield "page_of_all", {"schedule_id": schedule_id, "causes": causes}


def _listed(words: tuple[RunState, ...] | tuple[Cause, ...]) -> str:
    return f",{','.join(words)}," if words else ""
