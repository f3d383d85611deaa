"""The week as a picture: seven days by twenty-four hours, darker where more happens, with its scale."""

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import NamedTuple

from cronsole.model.instant import HOUR, Instant, to_datetime
from cronsole.text import plural
from cronsole_tui.views.line import Line, Span, Tone, cut, fitted
from cronsole_tui.views.moments import zone_name

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .:*#"
_NAME_CELLS = 12
# Below that, shades would make a picture of noise.
_WELL_ABOVE = 1.2


class Week(NamedTuple):
    """Counts of each hour since `since`, which begins a local day."""

    since: Instant
    counts: tuple[int, ...]
    what: str
    tone: Tone = Tone.ACCENT
    left_out: int = 0


def picture(week: Week, width: int, zone: tzinfo, *, ascii_only: bool = False) -> tuple[Line, ...]:
    """Return the lines of the picture; every cell has the same width, and the number in it where there is room."""
    cells = max(1, min(6, (width - _NAME_CELLS - 1) // 24))
    limits = scale(week.counts)
    shades = _ASCII_SHADES if ascii_only else _SHADES
    table = _by_day(week, zone)
    lines: list[Line] = [_hours(cells, zone_name(zone, week.since))]
    for name, counts in table:
        spans = [Span(f" {name:<{_NAME_CELLS - 1}}", Tone.FAINT)]
        spans += [_cell(count, limits, cells, shades, week.tone) for count in counts]
        lines.append(fitted(spans, width))
        if cells >= 4:
            lines.append(
                fitted([Span(" " * _NAME_CELLS), *(_number(count, cells) for count in counts)], width)
            )
    lines.append(())
    lines.append(cut(_legend(limits, shades, week), width))
    lines.append(cut(_told(week, table), width))
    return tuple(lines)


def scale(counts: Sequence[int]) -> tuple[int, ...]:
    """Return the least count of each shade, in even steps up to the most.

    The steps begin at the least of what there is, where all of it would be dark else and the most is well above.
    """
    most = max(counts, default=0)
    if not most:
        return (1,)
    least = min(count for count in counts if count > 0)
    floor = least if least * 2 > most and most >= least * _WELL_ABOVE else 0
    return tuple(
        dict.fromkeys(
            max(1, least if floor and not part else floor + -(-(most - floor) * part // 4))
            for part in range(4)
        )
    )


def shade(count: int, limits: Sequence[int]) -> int:
    """Return how dark a count is shown, 0 for none."""
    if count <= 0:
        return 0
    steps = sum(1 for limit in limits if count >= limit)
    # With few different counts the darkest shade is still the darkest.
    return steps + 4 - len(limits)


def _hours(cells: int, zone: str) -> Line:
    step = 1 if cells >= 3 else 3 if cells == 2 else 6
    labels = [f"{hour:02d}" if hour % step == 0 else "" for hour in range(24)]
    text = ["".ljust(cells)] * 24
    line = list(f" {zone}".ljust(_NAME_CELLS) + "".join(text) + "  ")
    for hour, label in enumerate(labels):
        start = _NAME_CELLS + hour * cells
        line[start : start + len(label)] = label
    return (Span("".join(line).rstrip(), Tone.FAINT),)


def _by_day(week: Week, zone: tzinfo) -> list[tuple[str, list[int]]]:
    """Return each local day with its local hours; an hour that a clock change leaves out stays empty."""
    days: dict[str, list[int]] = {}
    begin = to_datetime(week.since).astimezone(zone)
    for day in range(7):
        local = begin + timedelta(days=day)
        days[f"{local:%a} {local.day} {local:%b}"] = [0] * 24
    for position, count in enumerate(week.counts):
        local = to_datetime(week.since + position * HOUR).astimezone(zone)
        name = f"{local:%a} {local.day} {local:%b}"
        if name in days:
            days[name][local.hour] += count
    return list(days.items())


def _cell(count: int, limits: Sequence[int], cells: int, shades: str, tone: Tone) -> Span:
    gap = 1 if cells >= 3 else 0
    return Span(shades[shade(count, limits)] * (cells - gap) + " " * gap, tone)


def _number(count: int, cells: int) -> Span:
    text = f"{count}" if count < 10 ** (cells - 1) else f"{round(count / 1000)}k"
    return Span(text.ljust(cells)[:cells] if count else " " * cells, Tone.FAINT)


def _legend(limits: Sequence[int], shades: str, week: Week) -> Line:
    spans = [Span(" an hour".ljust(_NAME_CELLS), Tone.FAINT)]
    bounds = [*limits, None]
    for position, limit in enumerate(limits):
        following = bounds[position + 1]
        glyph = shades[position + 5 - len(limits)]
        upto = (
            f"–{following - 1}"
            if following is not None and following - 1 > limit
            else ""
            if following
            else "+"
        )
        spans += (Span(glyph * 2, week.tone), Span(f" {limit}{upto}   ", Tone.FAINT))
    return tuple(spans)


def _told(week: Week, table: Sequence[tuple[str, list[int]]]) -> Line:
    total = sum(week.counts)
    spans = [Span(" " * _NAME_CELLS), Span(f"{total:,} {week.what} in all", Tone.PLAIN)]
    if total:
        name, hours = max(table, key=lambda row: max(row[1]))
        hour = hours.index(max(hours))
        spans.append(Span(f", most on {name} from {hour:02d}:00: {max(hours):,}", Tone.STRONG))
    if week.left_out:
        spans.append(
            Span(f"; without {plural(week.left_out, 'schedule')} that fire too often to count", Tone.WARN)
        )
    return tuple(spans)
