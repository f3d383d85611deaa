"""An engine as one line of the nodes, and below it all that it says of itself."""

from datetime import tzinfo

from cronsole.model.instant import SECOND, Instant, Millis, from_datetime
from cronsole.text import human_duration
from cronsole_tui.views.columns import Column, Placed, place
from cronsole_tui.views.entry import Host, Link
from cronsole_tui.views.line import Line, Span, Tone, cut, faded, fitted, said
from cronsole_tui.views.moments import age, full
from cronsole_tui.views.pages import field, section, wrapped

COLUMNS = (
    Column("link", "", 4),
    Column("name", "HOST", 18, share=2),
    Column("state", "LINK", 16),
    Column("node", "NODE", 12, from_width=80),
    Column("version", "VERSION", 10, from_width=100),
    Column("up", "UP", 7),
    Column("clock", "CLOCK", 14, from_width=110),
    Column("running", "RUNNING", 9, from_width=70),
    Column("failing", "FAILING", 9),
    Column("schedules", "SCHEDULES", 11, from_width=90),
)

# Clocks that differ by less are in step for anybody who reads times.
_IN_STEP = SECOND // 2

LINKS = {
    Link.CONNECTING: ("○", "o", Tone.WARN),
    Link.LIVE: ("●", "*", Tone.GOOD),
    Link.STALE: ("◐", "~", Tone.WARN),
    Link.LOST: ("✗", "x", Tone.BAD),
}


def placed(width: int) -> tuple[Placed, ...]:
    return place(COLUMNS, width)


def row(host: Host, width: int, now: Instant, *, ascii_only: bool = False) -> Line:
    glyph, letter, tone = LINKS[host.link]
    spans: list[Span] = []
    for column in placed(width):
        if column.name == "link":
            spans += (Span(" "), Span(letter if ascii_only else glyph, tone), Span("  "))
        else:
            spans += (*fitted(_cell(column.name, host, now), column.cells - 1), Span(" "))
    return (*spans[:3], *faded(tuple(spans[3:]))) if host.is_old else tuple(spans)


def _cell(name: str, host: Host, now: Instant) -> Line:
    if name == "name":
        return (said(host.name, Tone.STRONG),)
    if name == "state":
        return (Span(told_link(host, now), LINKS[host.link][2]),)
    engine = host.engine
    if engine is None:
        return (Span("…", Tone.FAINT),)
    match name:
        case "node":
            return (said(engine.node),)
        case "version":
            return (said(engine.version, Tone.FAINT),)
        case "up":
            return (Span(age(now - from_datetime(engine.started_at))),)
        case "clock":
            is_off = host.offset_ms is not None and abs(host.offset_ms) >= _IN_STEP
            return (Span(told_offset(host.offset_ms), Tone.WARN if is_off else Tone.FAINT),)
        case "running":
            return (Span(f"{engine.counts.running:,}", Tone.BUSY if engine.counts.running else Tone.FAINT),)
        case "failing":
            return (Span(f"{engine.counts.failing:,}", Tone.BAD if engine.counts.failing else Tone.FAINT),)
        case _:
            return (Span(f"{engine.counts.schedules:,}"),)


def told_link(host: Host, now: Instant) -> str:
    """Return how it is with the link: `live 4ms`, `lost, 12s old`, `unreachable`."""
    if host.link is Link.LIVE:
        return "live" if host.latency_ms is None else f"live {host.latency_ms}ms"
    if host.heard_at is None:
        # It cannot be lost who was never heard.
        return "unreachable" if host.link is Link.LOST else host.link.value
    return f"{host.link}, {age(max(SECOND, now - host.heard_at))} old"


def told_offset(offset_ms: Millis | None) -> str:
    """Return how a node's clock stands to this machine's."""
    if offset_ms is None:
        return "not known"
    if abs(offset_ms) < _IN_STEP:
        return "in step"
    return f"{human_duration(abs(offset_ms))} {'ahead' if offset_ms > 0 else 'behind'}"


def panel(host: Host, *, width: int, zone: tzinfo) -> tuple[Line, ...]:
    """Return all that an engine says of itself."""
    lines: list[Line] = [(Span(" "), said(host.name, Tone.STRONG))]
    if host.trouble:
        told = wrapped(host.trouble, width - 20)
        lines += [
            field("" if number else "trouble", Span(text, Tone.BAD)) for number, text in enumerate(told)
        ]
    engine = host.engine
    if engine is None:
        return tuple(cut(line, width) for line in lines)
    counts = engine.counts
    lines += [
        field("runs as", said(f"{engine.user} on {engine.host}, process {engine.pid}")),
        field("since", Span(full(engine.started_at, zone))),
        field("configuration", said(f"{engine.config}, environment {engine.environment or 'not named'}")),
        field("state", said(engine.state_dir)),
        field("zone", said(engine.timezone)),
        field(
            "schedules",
            Span(
                f"{counts.active:,} active, {counts.paused:,} paused, {counts.disabled:,} disabled, "
                f"{counts.exhausted:,} done; {counts.queued:,} queued, {counts.late:,} late"
            ),
        ),
        field("clock", Span(told_offset(host.offset_ms)), Span("  beside this machine's", Tone.FAINT)),
        field(
            "you are",
            said(f"{engine.actor or 'not named'}: {', '.join(engine.permissions) or 'no permission'}"),
        ),
    ]
    for label, texts, tone in (
        ("problems", engine.problems, Tone.BAD),
        ("warnings", engine.warnings, Tone.WARN),
    ):
        if texts:
            lines += ((), section(label))
            lines += [(Span("   "), Span(text, tone)) for each in texts for text in wrapped(each, width - 4)]
    return tuple(cut(line, width) for line in lines)
