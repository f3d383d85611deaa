"""A timeline in plain text: a scale of hours, a row for each schedule, and the minute in which most start."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rich.text import Text

from cronsole.cli.glyphs import BUSY, FAINT, STRONG
from cronsole.cli.times import Viewer
from cronsole.model.instant import DAY, MINUTE, Instant, to_datetime
from cronsole.text import pad, safe, width
from cronsole.triggers.zone import zone

_LEAST_CELLS: Final = 24
_WIDEST_NAME: Final = 32
_MOST_NAMED: Final = 5
_STEPS: Final = tuple(
    n * MINUTE for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200)
)

Rows = Mapping[str, tuple[Sequence[Instant], bool]]


class Window(NamedTuple):
    """What is shown: from when to when, and in how many cells of the terminal."""

    start: Instant
    end: Instant
    cells: int

    def place(self, at: Instant, cells: int) -> int:
        return min(cells - 1, (at - self.start) * cells // (self.end - self.start))


def timeline_lines(rows: Rows, window: Window, viewer: Viewer, *, has_glyphs: bool) -> Iterator[Text]:
    """Yield the scale, a row for each schedule, and the worst minute; a row that is cut is full to its end."""
    names = min(max(width(safe(name)) for name in rows), _WIDEST_NAME, max(8, window.cells // 3))
    cells = max(_LEAST_CELLS, window.cells - names - 2)
    yield Text(" " * (names + 2) + _scale(window, cells, viewer), FAINT)
    for name, (fires, is_cut) in rows.items():
        yield Text(pad(safe(name), names) + "  ").append_text(_row(fires, is_cut, window, cells, has_glyphs))
    yield _worst(rows, viewer)


def _scale(window: Window, cells: int, viewer: Viewer) -> str:
    """Return round times of the viewer's clock over the cells in which they begin."""
    span = window.end - window.start
    label = 13 if span > DAY else 6
    step = next((step for step in _STEPS if step * cells >= span * (label + 1)), _STEPS[-1])
    scale = [" "] * cells
    # Midnight there is where the steps are counted from.
    shift = zone(viewer.zone.key).offset_at(window.start)
    at = -(-(window.start + shift) // step) * step - shift
    while at < window.end:
        local = to_datetime(at).astimezone(viewer.zone)
        told = f"{local:%a %d %H:%M}" if span > DAY and step < DAY else f"{local:%H:%M}"
        if step >= DAY:
            told = f"{local:%a %d %b}"
        place = window.place(at, cells)
        if place + len(told) <= cells:
            scale[place : place + len(told)] = told
        at += step
    return "".join(scale).rstrip()


def _row(fires: Sequence[Instant], is_cut: bool, window: Window, cells: int, has_glyphs: bool) -> Text:
    counts = Counter(window.place(fire, cells) for fire in fires)
    full_from = window.place(fires[-1], cells) if is_cut else cells
    row = Text()
    for index in range(cells):
        count = counts[index]
        if index >= full_from or count > 9:
            row.append("▒" if has_glyphs else "#", FAINT)
        elif count > 1:
            row.append(str(count), BUSY)
        else:
            row.append(
                ("│" if has_glyphs else "|") if count else ("·" if has_glyphs else "."),
                "" if count else FAINT,
            )
    return row


def _worst(rows: Rows, viewer: Viewer) -> Text:
    """Return the minute in which most schedules start, and which; each counts once."""
    minutes: dict[Instant, list[str]] = {}
    for name, (fires, _) in rows.items():
        for minute in sorted({fire // MINUTE for fire in fires}):
            minutes.setdefault(minute * MINUTE, []).append(name)
    worst = min(minutes, key=lambda minute: (-len(minutes[minute]), minute))
    local = to_datetime(worst).astimezone(viewer.zone)
    together = minutes[worst]
    if len(together) == 1:
        return Text(f"No two start in the same minute. Times are {viewer.zone_name}.", FAINT)
    named = ", ".join(safe(name) for name in together[:_MOST_NAMED])
    rest = f" and {len(together) - _MOST_NAMED:,} more" if len(together) > _MOST_NAMED else ""
    return Text.assemble(
        (f"{local:%a %H:%M}: {len(together):,} at once", STRONG),
        (f" ({named}{rest}). Times are {viewer.zone_name}.", FAINT),
    )
