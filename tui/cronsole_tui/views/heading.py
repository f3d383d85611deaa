"""The lines above the table: which engines, how they do, which view, which filter."""

from collections.abc import Sequence
from datetime import tzinfo

from cronsole.model.instant import SECOND, Instant, to_datetime
from cronsole.model.view import Counts
from cronsole.text import plural, safe, truncate
from cronsole_tui.views.entry import Host, Link
from cronsole_tui.views.line import Line, Span, Tone, beside, cut, line_width, said
from cronsole_tui.views.moments import age, stamp

HINT = "words  !word  state:failed  #tag  plugin:  source:  host:"

VIEWS = ("Schedules", "Timeline", "Runs", "Monitors", "Nodes", "Events")

# A name that is longer would push the counts out, which are what one looks for.
_NAME_CELLS = 32

_LINKS = {
    Link.CONNECTING: ("○", "o", Tone.WARN),
    Link.LIVE: ("●", "*", Tone.GOOD),
    Link.STALE: ("◐", "~", Tone.WARN),
    Link.LOST: ("✗", "x", Tone.BAD),
}


def total(hosts: Sequence[Host]) -> Counts:
    """Return the counts of all hosts together."""
    known = [host.engine.counts for host in hosts if host.engine is not None]
    names = Counts.__struct_fields__
    return Counts(**{name: sum(getattr(counts, name) for counts in known) for name in names})


def top_line(
    hosts: Sequence[Host], width: int, now: Instant, zone: tzinfo, *, ascii_only: bool = False
) -> Line:
    """Return who is watched, how many of what, and the time; what has no room is left out, never cut in half."""
    left: list[Line] = [(Span(" cronsole ", Tone.ACCENT),)]
    left += [_host(host, now, ascii_only=ascii_only) for host in hosts[:2]]
    if len(hosts) > 2:
        left.append((Span(f" +{len(hosts) - 2} hosts", Tone.FAINT),))
    right = (Span(f"{stamp(to_datetime(now), zone)} ", Tone.FAINT),)
    parts = _counted(total(hosts), ascii_only=ascii_only)
    found: list[Span] = [span for line in left for span in line]
    room = width - line_width(right) - 1
    for part in parts:
        if line_width(found) + line_width(part) + 2 <= room:
            found += (Span("  "), *part)
    gap = width - line_width(found) - line_width(right)
    if gap < 1:
        return tuple(found)
    return (*found, Span(" " * gap), *right)


def _host(host: Host, now: Instant, *, ascii_only: bool) -> Line:
    glyph, letter, tone = _LINKS[host.link]
    name = truncate(safe(host.name), _NAME_CELLS)
    spans = [Span(" "), Span(name, Tone.STRONG), Span("  "), Span(letter if ascii_only else glyph, tone)]
    if host.link is Link.LIVE:
        spans.append(Span(" live" if host.latency_ms is None else f" live {host.latency_ms}ms", Tone.FAINT))
    elif host.heard_at is None:
        spans.append(Span(f" {host.link}", tone))
    else:
        seen = age(max(SECOND, now - host.heard_at))
        spans.append(Span(f" {host.link}, {seen} old", tone))
    return tuple(spans)


def _counted(counts: Counts, *, ascii_only: bool) -> list[Line]:
    """Return what is counted, the most urgent last to be left out."""
    del ascii_only
    parts: list[Line] = []
    if counts.failing:
        parts.append((Span(f"{counts.failing:,} failing", Tone.BAD),))
    if counts.late:
        parts.append((Span(f"{counts.late:,} late", Tone.BAD),))
    parts.append((Span(f"{counts.running:,} running", Tone.BUSY if counts.running else Tone.FAINT),))
    if counts.queued:
        parts.append((Span(f"{counts.queued:,} queued", Tone.BUSY),))
    if counts.paused:
        parts.append((Span(f"{counts.paused:,} paused", Tone.WARN),))
    parts.append((Span(plural(counts.schedules, "schedule"), Tone.FAINT),))
    return parts


def tab_line(current: str, width: int, told: str = "") -> Line:
    """Return the views with their keys, the current one set off, and on the right how the table is sorted."""
    spans: list[Span] = [Span(" ")]
    for position, name in enumerate(VIEWS, start=1):
        is_current = name == current
        spans.append(Span(f"{position}", Tone.KEY))
        spans.append(Span(f" {name}", Tone.STRONG if is_current else Tone.FAINT))
        spans.append(Span("  "))
    gap = width - line_width(spans) - len(told) - 1
    if told and gap >= 1:
        spans += (Span(" " * gap), Span(told, Tone.FAINT))
    return tuple(spans)


def page_line(kind: str, name: str, told: Line, width: int, now: Instant, zone: tzinfo) -> Line:
    """Return the head of a page: what it is about, what is to be said of that, and the time."""
    left: list[Span] = [Span(f" {kind} ", Tone.ACCENT)]
    if name:
        left += (Span(" "), said(name, Tone.STRONG))
    if told:
        left += (Span("  "), *told)
    return beside(tuple(left), (Span(f"{stamp(to_datetime(now), zone)} ", Tone.FAINT),), width)


def filter_line(text: str, shown: int, known: int, width: int, problem: str = "") -> Line:
    """Return the filter that holds, in words, and how much of the table it leaves."""
    if not text:
        return beside((Span(" / ", Tone.KEY), Span(HINT, Tone.FAINT)), (Span(f"all {known:,} ", Tone.FAINT),), width)
    counted = f"{shown:,} of {known:,} "
    spans: list[Span] = [Span(" / ", Tone.KEY), said(text, Tone.STRONG)]
    if problem:
        spans += (Span("  "), said(problem, Tone.WARN))
    return beside(cut(tuple(spans), width - len(counted) - 2), (Span(counted, Tone.ACCENT),), width)
