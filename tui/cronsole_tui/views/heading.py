"""The lines above the table: which engines, how they do, which view, which filter."""

from collections.abc import Sequence
from datetime import tzinfo

from cronsole.model.instant import Instant, to_datetime
from cronsole.model.view import Counts
from cronsole.text import plural, safe, truncate
from cronsole_tui.views.entry import Host, Link
from cronsole_tui.views.line import Line, Span, Tone, beside, cut, fitted, line_width, said
from cronsole_tui.views.moments import stamp
from cronsole_tui.views.node_row import LINKS, told_link

HINT = "words  !word  state:failed  #tag  plugin:  source:  host:"

VIEWS = ("Schedules", "Timeline", "Runs", "Monitors", "Nodes", "Events")
PLUGINS = "Plugins"

# A name that is longer would push the counts out, which are what one looks for.
_NAME_CELLS = 32


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
    # Of many those come first that somebody has to know of.
    named = hosts if len(hosts) <= 2 else sorted(hosts, key=lambda host: host.link is Link.LIVE)
    for host in named[:2]:
        # Further from the next one than from what is said of it.
        apart = Span("  " if len(left) > 1 else "")
        left.append((apart, *_host(host, now, ascii_only=ascii_only)))
    if len(hosts) > 2:
        left.append((Span(f"   +{plural(len(hosts) - 2, 'host')}", Tone.FAINT),))
    parts = _counted(total(hosts), ascii_only=ascii_only)
    found: list[Span] = [span for line in left for span in line]
    urgent = sum(line_width(part) + 2 for part in parts if part[0].tone is Tone.BAD)
    right = _clock(width - line_width(found) - urgent - 2, now, zone)
    room = width - line_width(right) - 1
    for part in parts:
        if line_width(found) + line_width(part) + 2 <= room:
            found += (Span("  "), *part)
    gap = width - line_width(found) - line_width(right)
    if gap < 1:
        return tuple(found)
    return (*found, Span(" " * gap), *right)


def _clock(room: int, now: Instant, zone: tzinfo) -> Line:
    """Return the time: without its day, or none, where what needs somebody would have no room else."""
    moment = to_datetime(now)
    for told in (stamp(moment, zone), f"{moment.astimezone(zone):%H:%M:%S %Z}"):
        if len(told) + 1 <= room:
            return (Span(f"{told} ", Tone.FAINT),)
    return ()


def _host(host: Host, now: Instant, *, ascii_only: bool) -> Line:
    glyph, letter, tone = LINKS[host.link]
    name = truncate(safe(host.name), _NAME_CELLS)
    told = Span(f" {told_link(host, now)}", Tone.FAINT if host.link is Link.LIVE else tone)
    return Span(" "), Span(name, Tone.STRONG), Span("  "), Span(letter if ascii_only else glyph, tone), told


def _counted(counts: Counts, *, ascii_only: bool) -> list[Line]:
    """Return what is counted, the most urgent last to be left out."""
    del ascii_only
    parts: list[Line] = []
    if counts.failing:
        parts.append((Span(f"{counts.failing:,} failing", Tone.BAD),))
    if counts.late:
        parts.append((Span(f"{counts.late:,} late", Tone.BAD),))
    if counts.plugins_troubled:
        parts.append((Span(f"{plural(counts.plugins_troubled, 'plugin')} failed", Tone.BAD),))
    parts.append((Span(f"{counts.running:,} running", Tone.BUSY if counts.running else Tone.FAINT),))
    if counts.queued:
        parts.append((Span(f"{counts.queued:,} queued", Tone.BUSY),))
    if counts.paused:
        parts.append((Span(f"{counts.paused:,} paused", Tone.WARN),))
    parts.append((Span(plural(counts.schedules, "schedule"), Tone.FAINT),))
    return parts


def tab_line(
    current: str, width: int, told: str = "", *, is_urgent: bool = False, plugins_key: str = ""
) -> Line:
    """Return the views with their keys, the current one set off, and on the right how the table is sorted.

    What is urgent takes the views' place where there is no other. The plugins have their key where there are any.
    """
    spans: list[Span] = [Span(" ")]
    tabs = [(str(position), name) for position, name in enumerate(VIEWS, start=1)]
    for key, name in [*tabs, (plugins_key, PLUGINS)] if plugins_key else tabs:
        is_current = name == current
        spans.append(Span(key, Tone.KEY))
        spans.append(Span(f" {name}", Tone.STRONG if is_current else Tone.FAINT))
        spans.append(Span("  "))
    gap = width - line_width(spans) - len(told) - 1
    if told and gap >= 1:
        spans += (Span(" " * gap), Span(told, Tone.ACCENT if is_urgent else Tone.FAINT))
    elif told and is_urgent:
        return (*fitted(spans, max(0, width - len(told) - 3)), Span("  "), Span(told, Tone.ACCENT))
    return tuple(spans)


def trouble_line(hosts: Sequence[Host], width: int) -> Line:
    """Return what keeps a host from being heard, and that it is tried again; nothing where all are well."""
    for host in hosts:
        if host.link is Link.LOST and host.trouble:
            again: Line = (Span("tried again every 2 s ", Tone.FAINT),)
            who = f"{host.name}: " if len(hosts) > 1 else ""
            return beside((Span(" "), said(f"{who}{host.trouble}", Tone.BAD)), again, width)
        if host.engine is not None and host.engine.is_troubled:
            return cut((Span(" "), said(f"{host.name}: its ledger cannot be written", Tone.BAD)), width)
    return ()


def page_line(kind: str, name: str, told: Line, width: int, now: Instant, zone: tzinfo) -> Line:
    """Return the head of a page: what it is about, what is to be said of that, and the time."""
    left: list[Span] = [Span(f" {kind} ", Tone.ACCENT)]
    if name:
        left += (Span(" "), said(name, Tone.STRONG))
    if told:
        left += (Span("  "), *told)
    return beside(tuple(left), (Span(f"{stamp(to_datetime(now), zone)} ", Tone.FAINT),), width)


def found_line(text: str, told: str, width: int, problem: str = "", hint: str = "words  !word") -> Line:
    """Return a filter as it was typed, what is wrong with it, and how much it finds."""
    found: Line = (Span(f"{told} ", Tone.ACCENT if text else Tone.FAINT),)
    if not text:
        return beside((Span(" / ", Tone.KEY), Span(hint, Tone.FAINT)), found, width)
    left: Line = (Span(" / ", Tone.KEY), said(text, Tone.STRONG))
    left = (*left, Span("  "), said(problem, Tone.WARN)) if problem else left
    return beside(cut(left, width - line_width(found) - 2), found, width)


def told_count(shown: int, count: int, *, is_loading: bool = False) -> str:
    """Return how many schedules are shown of how many there are, and that some are yet to be read."""
    if is_loading:
        return f"{shown:,} of {count:,}, loading"
    return f"{shown:,} of {count:,}"


def filter_line(
    text: str, shown: int, count: int, width: int, problem: str = "", *, is_loading: bool = False
) -> Line:
    """Return the filter over schedules that holds, and how much of the table it leaves."""
    is_all = not text and not is_loading
    told = f"all {count:,}" if is_all else told_count(shown, count, is_loading=is_loading)
    return found_line(text, told, width, problem, HINT)
