"""The orders of a table of schedules; the first one is by urgency."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from cronsole.model.instant import FAR_FUTURE, from_datetime
from cronsole.model.view import ScheduleStatus
from cronsole_tui.views.entry import Entry, is_failing


class Order(StrEnum):
    URGENCY = "urgency"
    NAME = "name"
    NEXT = "next run"
    LAST = "last run"
    TOOK = "duration"


def following(order: Order) -> Order:
    """Return the order that comes after one, around in a circle."""
    orders = list(Order)
    return orders[(orders.index(order) + 1) % len(orders)]


def arranged(entries: Iterable[Entry], order: Order, *, is_reversed: bool = False) -> list[Entry]:
    """Return the entries in an order; those that are alike in it stay by name."""
    found = sorted(entries, key=_by_name)
    if order is not Order.NAME:
        found.sort(key=_KEYS[order])
    return found[::-1] if is_reversed else found


def _by_name(entry: Entry) -> tuple[str, str]:
    return entry.schedule.id, entry.host


def _urgency(entry: Entry) -> tuple[int, int]:
    """Failed and late first, the newest trouble on top; then what runs, what comes next, and what rests."""
    schedule = entry.schedule
    if is_failing(schedule) or schedule.is_late:
        since = schedule.failing_since
        return 0, -(from_datetime(since) if since else 0)
    if schedule.running:
        return 1, min(from_datetime(run.at) for run in schedule.running)
    if schedule.status is ScheduleStatus.PAUSED:
        return 3, 0
    return (2, _next(entry)) if schedule.status is ScheduleStatus.ACTIVE else (4, 0)


def _next(entry: Entry) -> int:
    due = entry.schedule.next_due
    is_active = entry.schedule.status is ScheduleStatus.ACTIVE
    return FAR_FUTURE if due is None or not is_active else from_datetime(due)


def _last(entry: Entry) -> int:
    last = entry.schedule.last
    return -from_datetime(last.at) if last else 0


def _took(entry: Entry) -> int:
    return -(entry.schedule.typical_ms or 0)


_KEYS: dict[Order, Callable[[Entry], Any]] = {
    Order.URGENCY: _urgency,
    Order.NEXT: _next,
    Order.LAST: _last,
    Order.TOOK: _took,
}
