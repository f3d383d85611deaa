"""The list of schedules: which lanes match a query, and pages of them, built in slices that never hold the loop."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

from cronsole.clock import Clock
from cronsole.model.ask import ScheduleQuery
from cronsole.model.instant import Instant
from cronsole.model.schedule import Schedule
from cronsole.model.view import Page, ScheduleView
from cronsole.runtime.lane import Lane, Lanes
from cronsole.runtime.views import Wording, plugin_of, schedule_view, status_of, wording

_Test: TypeAlias = Callable[[Lane], bool]

# Two or three milliseconds of work each.
_VIEWS_AT_ONCE = 200
_LOOKS_AT_ONCE = 2_000
# How much of a definition's words may lie unused before those of removed schedules are forgotten.
_SPARE_WORDINGS = 1_000
# Ten megabytes of views.
_SHOWN_KEPT = 20_000


class _Shown:
    """How an idle lane was shown, and what that was made of: values that are never changed, only replaced."""

    __slots__ = ("_due", "_last_run", "_recent", "_schedule", "_state", "view")

    def __init__(self, lane: Lane, view: ScheduleView) -> None:
        self._schedule, self._state, self._due = lane.schedule, lane.state, lane.due
        self._recent, self._last_run = lane.recent, lane.last_run
        self.view = view

    def is_still(self, lane: Lane) -> bool:
        return (
            self._state is lane.state
            and self._schedule is lane.schedule
            and self._recent is lane.recent
            and self._last_run is lane.last_run
            and self._due == lane.due
        )


class Listing:
    """Shows lanes, and remembers of each definition what it says in words."""

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._wordings: dict[str, Wording] = {}
        self._shown: dict[str, _Shown] = {}

    async def page(self, query: ScheduleQuery) -> Page[ScheduleView]:
        """Return the matching schedules in the order in which they were defined, those after the cursor."""
        lanes = self._asked_for(query)
        tests = _tests(query)
        position = _position(lanes, query.after)
        limit = max(1, query.limit)
        found: list[Lane] = []
        while position < len(lanes) and len(found) <= limit:
            for lane in lanes[position : position + _LOOKS_AT_ONCE]:
                position += 1
                if not lane.is_leaving and all(test(lane) for test in tests):
                    found.append(lane)
                    if len(found) > limit:
                        break
            await asyncio.sleep(0)
        views = await self._views(found[:limit])
        is_last = len(found) <= limit
        return Page(items=views, next=None if is_last else _cursor(position - 1, found[limit - 1]))

    def view(self, lane: Lane) -> ScheduleView:
        return self._view(lane, self._clock.now())

    def _view(self, lane: Lane, now: Instant) -> ScheduleView:
        """Return a schedule as it stands; where nothing is under way and nothing has changed, as it was shown last."""
        if not lane.is_idle or (lane.due is not None and lane.due <= now):
            return schedule_view(lane, self._wording(lane.schedule), now)
        known = self._shown.get(lane.id)
        if known is not None and known.is_still(lane):
            return known.view
        view = schedule_view(lane, self._wording(lane.schedule), now)
        if len(self._shown) > _SHOWN_KEPT:
            self._shown.clear()
        self._shown[lane.id] = _Shown(lane, view)
        return view

    async def _views(self, lanes: list[Lane]) -> tuple[ScheduleView, ...]:
        views: list[ScheduleView] = []
        for start in range(0, len(lanes), _VIEWS_AT_ONCE):
            now = self._clock.now()
            views.extend(self._view(lane, now) for lane in lanes[start : start + _VIEWS_AT_ONCE])
            await asyncio.sleep(0)
        return tuple(views)

    def _asked_for(self, query: ScheduleQuery) -> list[Lane]:
        if not query.ids:
            return list(self._lanes)
        named = (self._lanes.get(schedule_id) for schedule_id in dict.fromkeys(query.ids))
        return [lane for lane in named if lane is not None]

    def _wording(self, schedule: Schedule) -> Wording:
        known = self._wordings.get(schedule.id)
        if known is not None and known.schedule is schedule:
            return known
        if len(self._wordings) > len(self._lanes) + _SPARE_WORDINGS:
            self._wordings.clear()
        made = self._wordings[schedule.id] = wording(schedule)
        return made


def _tests(query: ScheduleQuery) -> list[_Test]:
    """Return what a lane has to pass, the cheapest first."""
    tests: list[_Test] = []
    if query.sources:
        tests.append(lambda lane: lane.schedule.origin.kind in query.sources)
    if query.tags:
        tests.append(lambda lane: any(tag in lane.schedule.tags for tag in query.tags))
    if query.plugins:
        tests.append(lambda lane: plugin_of(lane.schedule) in query.plugins)
    if query.is_running is not None:
        tests.append(lambda lane: bool(lane.active) is query.is_running)
    if query.is_failing is not None:
        tests.append(lambda lane: lane.is_failing is query.is_failing)
    if query.statuses:
        tests.append(lambda lane: status_of(lane) in query.statuses)
    if query.words:
        words = tuple(word.casefold() for word in query.words)
        tests.append(lambda lane: _has_words(lane.schedule, words))
    return tests


def _has_words(schedule: Schedule, words: Iterable[str]) -> bool:
    text = f"{schedule.id}\n{schedule.description}".casefold()
    return all(word in text for word in words)


def _cursor(position: int, last: Lane) -> str:
    return f"{position}.{last.id}"


def _position(lanes: list[Lane], cursor: str | None) -> int:
    """Return where the page after a cursor begins; the place counts where the schedule is gone."""
    if cursor is None:
        return 0
    number, _, schedule_id = cursor.partition(".")
    position = int(number) if number.isascii() and number.isdecimal() else 0
    if 0 < position <= len(lanes) and lanes[position - 1].id == schedule_id:
        return position
    return next((place + 1 for place, lane in enumerate(lanes) if lane.id == schedule_id), position)
