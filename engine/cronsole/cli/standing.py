"""How a schedule stands: what it is counted as, in which order it is shown, and which words of a filter find it."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cronsole import marks
from cronsole.cli.glyphs import BAD, BUSY, FAINT, GOOD, OF_RUN, WARN, Look
from cronsole.errors import CronsoleError, nearest
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, ScheduleView


class Standing(StrEnum):
    """What can be said of a schedule now; several at once, and the first of them is shown."""

    FAILED = "failed"
    LATE = "late"
    RUNNING = "running"
    QUEUED = "queued"
    PAUSED = "paused"
    DISABLED = "disabled"
    DONE = "done"
    OK = "ok"
    NEVER = "never"
    ACTIVE = "active"


_OF_STATUS: Final = {
    ScheduleStatus.ACTIVE: Standing.ACTIVE,
    ScheduleStatus.PAUSED: Standing.PAUSED,
    ScheduleStatus.DISABLED: Standing.DISABLED,
    ScheduleStatus.EXHAUSTED: Standing.DONE,
}
_ALSO: Final = {
    "failing": "failed",
    "waiting": "queued",
    "exhausted": "done",
    "succeeded": "ok",
    "new": "never",
}
_LOOKS: Final = {
    Standing.FAILED: Look(*marks.FAILED, BAD),
    Standing.LATE: Look(*marks.LATE, BAD),
    Standing.RUNNING: Look(*marks.RUNNING, BUSY),
    Standing.QUEUED: Look(*marks.QUEUED, BUSY),
    Standing.PAUSED: Look(*marks.PAUSED, WARN),
    Standing.DISABLED: Look(*marks.DISABLED, FAINT),
    Standing.DONE: Look(*marks.EXHAUSTED, FAINT),
    Standing.OK: Look(*marks.OK, GOOD),
    Standing.NEVER: Look(*marks.NEVER_RAN, FAINT),
}


def standings(view: ScheduleView) -> tuple[Standing, ...]:
    """Return all that holds of a schedule, the most urgent first; no part of it hides another."""
    found = [
        (view.failures > 0, Standing.FAILED),
        (view.is_late, Standing.LATE),
        (bool(view.running), Standing.RUNNING),
        (view.waiting > 0, Standing.QUEUED),
        (view.status is not ScheduleStatus.ACTIVE, _OF_STATUS[view.status]),
        (view.last is not None and view.last.state is RunState.SUCCEEDED, Standing.OK),
        (view.last is None and not view.running, Standing.NEVER),
        (view.status is ScheduleStatus.ACTIVE, Standing.ACTIVE),
    ]
    return tuple(standing for holds, standing in found if holds)


def look_of(view: ScheduleView) -> Look:
    """Return how a schedule's state is shown."""
    first = standings(view)[0]
    if first is Standing.ACTIVE and view.last is not None:
        return OF_RUN[view.last.state]
    return _LOOKS[first]


class Order(StrEnum):
    URGENCY = "urgency"
    NAME = "name"
    NEXT = "next"
    LAST = "last"
    TOOK = "took"
    SOURCE = "source"


def ordered(views: Iterable[ScheduleView], order: Order) -> list[ScheduleView]:
    """Return the schedules in an order; those that are equal in it by name."""
    return sorted(views, key=lambda view: (*_KEYS[order](view), view.id))


def _urgency(view: ScheduleView) -> tuple[object, ...]:
    found = set(standings(view))
    if found & {Standing.FAILED, Standing.LATE}:
        return (0, 0 if Standing.FAILED in found else 1, 0.0)
    if found & {Standing.RUNNING, Standing.QUEUED}:
        return (1, 0 if Standing.RUNNING in found else 1, 0.0)
    if Standing.PAUSED in found:
        return (4, 0, 0.0)
    return (2 if view.next_due else 3, 0, _next(view)[0])


def _name(_view: ScheduleView) -> tuple[()]:
    """Return nothing: where all are equal, the name decides."""
    return ()


def _next(view: ScheduleView) -> tuple[float]:
    return (view.next_due.timestamp() if view.next_due else float("inf"),)


def _last(view: ScheduleView) -> tuple[float]:
    return (-view.last.at.timestamp() if view.last else float("inf"),)


def _took(view: ScheduleView) -> tuple[float]:
    return (-(view.last.duration_ms or 0) if view.last else 1,)


_KEYS: Final[dict[Order, Callable[[ScheduleView], tuple[object, ...]]]] = {
    Order.URGENCY: _urgency,
    Order.NAME: _name,
    Order.NEXT: _next,
    Order.LAST: _last,
    Order.TOOK: _took,
    Order.SOURCE: lambda view: (view.source.value, view.plugin, view.origin),
}


class Term(NamedTuple):
    """One word of a filter: what it looks at, what for, and whether it is to be absent."""

    field: str
    value: str
    is_negated: bool = False

    def matches(self, view: ScheduleView) -> bool:
        return _FIELDS[self.field](view, self.value) is not self.is_negated


_FIELDS: Final[dict[str, Callable[[ScheduleView, str], bool]]] = {
    "": lambda view, value: value in f"{view.id}\n{view.description}".lower(),
    "state": lambda view, value: value in standings(view),
    "tag": lambda view, value: value in map(str.lower, view.tags),
    "source": lambda view, value: value in (view.source.value, view.origin.lower()),
    "plugin": lambda view, value: value == view.plugin.lower(),
}


def parse_filter(words: Iterable[str]) -> tuple[Term, ...]:
    """Return the terms of words such as `state:failed #db !word`; a CronsoleError names the nearest spelling."""
    return tuple(_term(word) for text in words for word in text.split())


def _term(word: str) -> Term:
    is_negated = word.startswith("!") and len(word) > 1
    bare = word.removeprefix("!") if is_negated else word
    bare = f"tag:{bare[1:]}" if bare.startswith("#") and len(bare) > 1 else bare
    field, colon, value = bare.partition(":")
    if not colon or field.lower() not in _FIELDS or not field:
        # An id may hold a colon; a field that is all but spelled right is not meant as one.
        meant = nearest(field.lower(), (name for name in _FIELDS if name)) if colon else None
        if meant is not None:
            raise CronsoleError(f"{word!r} asks for the unknown field {field!r}; did you mean {meant!r}?")
        return Term("", bare.lower(), is_negated)
    if not value:
        raise CronsoleError(f"{word!r} names nothing to look for after the colon")
    field, value = field.lower(), value.lower()
    return Term(field, _state(value) if field == "state" else value, is_negated)


def _state(value: str) -> str:
    value = _ALSO.get(value, value)
    if value in set(Standing):
        return value
    known = [*Standing, *_ALSO]
    meant = nearest(value, known)
    hint = f"; did you mean {str(meant)!r}?" if meant else ""
    raise CronsoleError(f"{value!r} is no state of a schedule{hint} Known are: {', '.join(Standing)}")


def chosen(views: Iterable[ScheduleView], terms: Sequence[Term]) -> list[ScheduleView]:
    """Return the schedules for which every term holds."""
    return [view for view in views if all(term.matches(view) for term in terms)]
