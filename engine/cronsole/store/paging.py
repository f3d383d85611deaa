"""One page of runs: which index leads to it, and how far it is followed, so that a page costs the same everywhere.

Every filter is answered by walking from the newest row back along some index that holds the matching rows among
others. A walk is bounded. A page that it could not fill says from where the next one goes on.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from cronsole.model.instant import Millis
from cronsole.model.run import Cause, RunState
from cronsole.store.base import RunFilter
from cronsole.store.statements import statements

# Rows of a walk along the table itself, which holds them one beside another, and along an index, from which each row
# is looked up. Most pages are filled, or known to be the last, after a short one; a long one takes some ten
# milliseconds.
_SHORT_WALK = (1_500, 500)
_LONG_WALK = (24_000, 2_000)

# Up to here all rows of the schedules are sorted, as far as the index tells of them; where the rest of the filter has
# to be looked up, half of the time goes there.
_SORTABLE = 24_000
_SORTABLE_MATCHING = 10_000

# What the index of long runs holds, as its migration has it.
_LONG_MS = 60_000

# What a column of 64 bits can hold.
_LONGEST_MS = 2**63 - 1

# Sorts behind every run id.
_END = "\U0010ffff"

# A way to walk: the name of its pair of statements, and the value that leads it.
_Way: TypeAlias = tuple[str, Mapping[str, str]]
_Ways: TypeAlias = list[_Way]
_ALONG_THE_TABLE: _Ways = [("all", {})]
_BY_SCHEDULE: _Way = ("schedules", {})


class RunIds(msgspec.Struct, frozen=True):
    """Run ids newest first, and the cursor behind which there may be more."""

    found: list[str]
    next: str | None = None


class _Span(msgspec.Struct, frozen=True):
    """Where is searched: from `floor` on, and before `before`."""

    floor: str
    before: str


class _Walked(msgspec.Struct, frozen=True):
    """What matches down to `reached`, where the walk ended."""

    found: list[str]
    reached: str


def page_of_run_ids(
    connection: sqlite3.Connection, matching: RunFilter, limit: int, before: str | None
) -> RunIds:
    """Return the newest run ids that match and come before the cursor, or as many as a bounded search finds."""
    span = _span(connection, matching, before)
    if span is None:
        return RunIds([])
    # One more than asked for tells whether another page follows.
    found, reached = _Search(connection, matching, limit + 1).newest_in(span)
    if len(found) > limit:
        return RunIds(found[:limit], found[limit - 1])
    return RunIds(found, reached if reached > span.floor else None)


def _span(connection: sqlite3.Connection, matching: RunFilter, before: str | None) -> _Span | None:
    """Return where the times of the filter lie among the run ids; None where no row is as new as `since`."""
    span = _Span("", before or _END)
    if matching.until is not None:
        first_after = _cursor_at(connection, matching.until)
        if first_after is not None:
            span = _Span("", min(span.before, first_after))
    if matching.since is None:
        return span
    floor = _cursor_at(connection, matching.since)
    return None if floor is None else _Span(floor, span.before)


def _cursor_at(connection: sqlite3.Connection, at: int) -> str | None:
    row = connection.execute(statements()["cursor_at"], (at,)).fetchone()
    return None if row is None else str(row[0])


class _Search:
    """One search for up to so many run ids."""

    def __init__(self, connection: sqlite3.Connection, matching: RunFilter, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._schedule_ids = tuple(dict.fromkeys(matching.schedule_ids))
        self._ways = _ways(matching)
        self._values = {
            "schedules": msgspec.json.encode(self._schedule_ids).decode(),
            "states": _listed(matching.states),
            "causes": _listed(matching.causes),
            "over": _bindable(matching.took_over_ms),
            "under": _bindable(matching.took_under_ms),
            "limit": limit,
        }

    def newest_in(self, span: _Span) -> tuple[list[str], str]:
        """Return what was found, and down to where everything that matches was."""
        walked = self._walk(self._ways, span, _SHORT_WALK)
        if len(walked.found) >= self._limit or walked.reached <= span.floor:
            return walked.found, walked.reached
        more = self._search_long(_Span(span.floor, walked.reached))
        return (walked.found + more.found)[: self._limit], more.reached

    def _search_long(self, span: _Span) -> _Walked:
        rows = self._rows_of_schedules()
        if rows is None:
            return self._walk(self._ways, span, _LONG_WALK)
        if not self._is_matching:
            return _Walked([row[0] for row in self._select("all_of_schedules", span)], span.floor)
        if rows <= _LONG_WALK[1]:
            return self._walk_one(_BY_SCHEDULE, span)
        return self._walk([*self._ways, [_BY_SCHEDULE]], span, _LONG_WALK)

    def _walk(self, choices: list[_Ways], span: _Span, bounds: tuple[int, int]) -> _Walked:
        """Walk the ways that get the furthest back within the bounds: they have the fewest of others between."""
        reaches = [self._reaches(ways, span, bounds) for ways in choices]
        chosen = min(range(len(choices)), key=lambda place: max(reaches[place]))
        walks = [
            self._walk_one(way, _Span(reach, span.before))
            for way, reach in zip(choices[chosen], reaches[chosen], strict=True)
        ]
        # Below the nearest end of a walk, rows of that walk may be missing between those of the others.
        reached = max(walk.reached for walk in walks)
        found = sorted((run_id for walk in walks for run_id in walk.found if run_id >= reached), reverse=True)
        return _Walked(found, reached)

    def _reaches(self, ways: _Ways, span: _Span, bounds: tuple[int, int]) -> list[str]:
        """Return how far back each of the ways gets when they share the bound."""
        rows = (bounds[0] if ways == _ALONG_THE_TABLE else bounds[1]) // len(ways)
        found = (self._select(f"reach_of_{name}", span, **values, rows=rows) for name, values in ways)
        return [span.floor if row is None else str(row[0]) for row in (cursor.fetchone() for cursor in found)]

    def _walk_one(self, way: _Way, span: _Span) -> _Walked:
        name, values = way
        found = [row[0] for row in self._select(f"page_of_{name}", span, **values)]
        return _Walked(found, found[-1] if len(found) == self._limit else span.floor)

    def _rows_of_schedules(self) -> int | None:
        """Return how many rows the schedules have; None where there are more than can be sorted, or no schedules."""
        if not self._schedule_ids:
            return None
        most = _SORTABLE_MATCHING if self._is_matching else _SORTABLE
        statement = statements()["count_of_schedules"]
        bound = statement.bind(schedules=self._values["schedules"], limit=most + 1)
        rows = int(self._connection.execute(statement, bound).fetchone()[0])
        return rows if rows <= most else None

    @property
    def _is_matching(self) -> bool:
        """Tell whether rows are filtered by more than their schedule."""
        values = self._values
        has_words = values["states"] or values["causes"]
        return bool(has_words) or values["over"] is not None or values["under"] is not None

    def _select(self, name: str, span: _Span, **values: Any) -> sqlite3.Cursor:
        statement = statements()[name]
        bound = {**self._values, "floor": span.floor, "before": span.before, **values}
        return self._connection.execute(statement, tuple(bound[name] for name in statement.names))


def _ways(matching: RunFilter) -> list[_Ways]:
    """Return what there is to choose from: ways that together meet every matching row."""
    found: list[_Ways] = []
    states, causes = set(matching.states), set(matching.causes)
    if states:
        final: _Ways = [("state", {"state": state.value}) for state in states if state.is_final]
        has_unfinished = any(not state.is_final for state in states)
        found.append([*final, ("unfinished", {})] if has_unfinished else final)
    if causes and Cause.SLOT not in causes:
        found.append([("cause", {"cause": cause.value}) for cause in causes])
    if matching.took_over_ms is not None and matching.took_over_ms >= _LONG_MS - 1:
        found.append([("long", {})])
    return found or [_ALONG_THE_TABLE]


def _bindable(duration: Millis | None) -> Millis | None:
    """Return the duration, or the nearest that a database can compare with."""
    return None if duration is None else max(-_LONGEST_MS, min(duration, _LONGEST_MS))


def _listed(words: tuple[RunState, ...] | tuple[Cause, ...]) -> str:
    return f",{','.join(words)}," if words else ""
