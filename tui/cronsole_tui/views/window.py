"""The stretch of time that a picture shows, and the levels of zoom that it moves between."""

from datetime import tzinfo
from typing import NamedTuple

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis, from_datetime, to_datetime
from cronsole_tui.views.line import Line, Span, Tone

SPANS: tuple[Millis, ...] = (
    10 * MINUTE,
    20 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    3 * DAY,
    7 * DAY,
    28 * DAY,
)
_STEPS: tuple[Millis, ...] = (
    *(SECOND * n for n in (10, 30)),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14)),
)


class Window(NamedTuple):
    """`cells` columns of time from `since` on, `cell_ms` each."""

    since: Instant
    cell_ms: Millis
    cells: int

    @property
    def until(self) -> Instant:
        return self.since + self.cell_ms * self.cells

    def column(self, at: Instant) -> int:
        """Return the column of an instant, which may lie outside."""
        return (at - self.since) // self.cell_ms

    def holds(self, at: Instant) -> bool:
        return self.since <= at < self.until


def around(now: Instant, span_ms: Millis, cells: int, *, shift_ms: Millis = 0) -> Window:
    """Return the window with now in its middle, moved by a shift; its cells begin at whole multiples of their size."""
    cell_ms = max(SECOND, span_ms // max(1, cells) // SECOND * SECOND)
    middle = (now + shift_ms) // cell_ms
    return Window((middle - cells // 2) * cell_ms, cell_ms, cells)


_NOW = "now"


def axis(window: Window, zone: tzinfo, now: Instant | None = None) -> Line:
    """Return the line of times: as many whole steps as have room, dates where a day begins, and where now is."""
    step = next((step for step in _STEPS if step >= 11 * window.cell_ms), _STEPS[-1])
    text = [" "] * window.cells
    # What would touch the word over now makes room for it.
    here = -len(_NOW) if now is None or not window.holds(now) else max(0, window.column(now) - 1)
    offset = _offset(window.since, zone)
    at = -(-(window.since + offset) // step) * step - offset
    while at < window.until:
        label = _label(at, step, zone)
        column = window.column(at)
        if column + len(label) <= window.cells and not here - len(label) <= column <= here + len(_NOW):
            text[column : column + len(label)] = label
        # A day may be longer or shorter than its hours.
        offset = _offset(at, zone)
        at += step
        at += offset - _offset(at, zone) if step >= HOUR else 0
    if here < 0 or here + len(_NOW) > window.cells:
        return (Span("".join(text), Tone.FAINT),)
    before, after = "".join(text[:here]), "".join(text[here + len(_NOW) :])
    return Span(before, Tone.FAINT), Span(_NOW, Tone.ACCENT), Span(after, Tone.FAINT)


def _offset(at: Instant, zone: tzinfo) -> Millis:
    offset = to_datetime(at).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND


def _label(at: Instant, step: Millis, zone: tzinfo) -> str:
    local = to_datetime(at).astimezone(zone)
    is_midnight = local.hour == local.minute == local.second == 0
    if step >= DAY or is_midnight:
        return f"{local:%a} {local.day} {local:%b}"
    return f"{local:%H:%M:%S}" if step < MINUTE else f"{local:%H:%M}"


def midnight_before(at: Instant, zone: tzinfo) -> Instant:
    """Return when the local day of an instant began."""
    local = to_datetime(at).astimezone(zone)
    return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0))
