"""Rows for the tables: which entries are shown in which order, drawn when they are looked at."""

from collections.abc import Callable, Iterable, Sequence

from cronsole.model.instant import Instant
from cronsole.model.view import EventView
from cronsole_tui.fleet import Fleet
from cronsole_tui.views import run_row, schedule_row
from cronsole_tui.views.columns import header
from cronsole_tui.views.entry import Entry, Key
from cronsole_tui.views.line import Line, Tone, cut, faded, said
from cronsole_tui.views.order import Order
from cronsole_tui.views.run_row import RunEntry, RunLook
from cronsole_tui.views.schedule_row import Look

_BETWEEN = "\x1f"

# The column that bears the arrow of each order.
_COLUMNS = {Order.NAME: "name", Order.NEXT: "next", Order.LAST: "last", Order.TOOK: "took"}


def text_of(key: Key) -> str:
    """Return a key as the tables want it."""
    return _BETWEEN.join(key)


def key_of(text: str) -> Key:
    host, _, name = text.partition(_BETWEEN)
    return host, name


class ScheduleRows:
    """Schedules by key in a settled order; what each says is read from the fleet when its row is drawn."""

    def __init__(
        self,
        fleet: Fleet,
        entries: Iterable[Entry],
        *,
        now: Callable[[], Instant],
        ascii_only: bool,
        order: Order,
        is_reversed: bool,
    ) -> None:
        self._fleet = fleet
        self.keys = [entry.key for entry in entries]
        self._now = now
        self._ascii_only = ascii_only
        self._order = order
        self._is_reversed = is_reversed

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        return text_of(self.keys[index])

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        entry = self._fleet.get(self.keys[index])
        if entry is None:
            return (said(f"    {self.keys[index][1]} is gone", Tone.FAINT),)
        line = schedule_row.row(entry, self._look(width), self._now(), is_marked=is_marked)
        # Where all of it is old, the whole table is dimmed.
        is_told_apart = self._fleet.has_many_hosts and self._fleet.host(entry.host).is_old
        return faded(line) if is_told_apart else line

    def header(self, width: int) -> Line:
        return header(
            schedule_row.placed(self._look(width)),
            sorted_by=_COLUMNS.get(self._order, ""),
            descending=self._is_reversed,
        )

    def _look(self, width: int) -> Look:
        fleet = self._fleet
        return Look(width, has_hosts=fleet.has_many_hosts, ascii_only=self._ascii_only, wishes=fleet.wishes)


class RunRows:
    """Runs as they were read, newest first."""

    def __init__(
        self, entries: Sequence[RunEntry], *, now: Callable[[], Instant], look: Callable[[int], RunLook]
    ) -> None:
        self.entries = list(entries)
        self._now = now
        self._look = look

    def __len__(self) -> int:
        return len(self.entries)

    def key(self, index: int) -> str:
        return text_of(self.entries[index].key)

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        return run_row.row(self.entries[index], self._look(width), self._now())

    def header(self, width: int) -> Line:
        return header(run_row.titles(self._look(width), self._now()))


class LineRows:
    """Lines that have a key each: choices in a list, events in a stream."""

    def __init__(self, keyed: Sequence[tuple[str, Line]], title: Line = ()) -> None:
        self.keyed = keyed
        self._title = title

    def __len__(self) -> int:
        return len(self.keyed)

    def key(self, index: int) -> str:
        return self.keyed[index][0]

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        return cut(self.keyed[index][1], width)

    def header(self, width: int) -> Line:
        return self._title


class EventRows:
    """Events of hosts, newest first; each is made a line when it is looked at."""

    def __init__(
        self, events: Sequence[tuple[str, EventView]], made: Callable[[str, EventView], Line], title: Line
    ) -> None:
        self.events = events
        self._made = made
        self._title = title

    def __len__(self) -> int:
        return len(self.events)

    def key(self, index: int) -> str:
        host, event = self.events[index]
        return f"{host}/{event.id}"

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        return cut(self._made(*self.events[index]), width)

    def header(self, width: int) -> Line:
        return self._title
