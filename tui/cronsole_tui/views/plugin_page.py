"""Everything about one plugin: a panel beside the table of them, and a page."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import NamedTuple, TypeAlias

from cronsole.model.instant import Instant, from_datetime, to_datetime
from cronsole.model.plugin import (
    CircuitView,
    CommandView,
    HealthView,
    PluginDetail,
    PluginStatus,
    PluginView,
)
from cronsole.model.view import ScheduleView
from cronsole.text import plural
from cronsole_tui.views import schedule_row
from cronsole_tui.views.columns import header
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.glyphs import Mark, shown
from cronsole_tui.views.line import Line, Span, Tone, beside, cut, fitted, line_width, said
from cronsole_tui.views.moments import clock, countdown, since, stamp, zone_name
from cronsole_tui.views.pages import LABEL_CELLS, field, section, wrapped
from cronsole_tui.views.plugin_row import MARKS
from cronsole_tui.views.schedule_row import Look

Page: TypeAlias = tuple[Line, ...]

_INDENT = LABEL_CELLS + 3
_COMMAND_CELLS = 18
_KIND_CELLS = 7

CLOSED = Mark("✓", "+", "closed", Tone.GOOD)
OPEN = Mark("✗", "x", "open", Tone.BAD)
PROBING = Mark("◌", "o", "probing", Tone.BUSY)

_MEANS = {
    PluginStatus.FAILED: "its schedules are not in force; mend it, then r loads it",
    PluginStatus.STALE: "what it declared before goes on; mend it, then r loads it",
    PluginStatus.UNLOADED: "it is no longer here; its history stays",
    PluginStatus.DISABLED: "it is switched off where it is configured",
}


class Asked(NamedTuple):
    """What a plugin said of itself when somebody asked it here, and when that was."""

    health: HealthView
    at: Instant


class Seen(NamedTuple):
    """How it is looked at: on whose clock, in how many cells, with which glyphs."""

    width: int
    now: Instant
    zone: tzinfo
    ascii_only: bool = False


def panel(plugin: PluginView, detail: PluginDetail | None, seen: Seen, *, asked: Asked | None = None) -> Page:
    """Return what is known at once, and what was read since of commands and declarations, in few lines."""
    lines = [_title(plugin, seen), *_standing(plugin, seen, asked)]
    if detail is not None:
        lines += _troubles(detail, seen)
        lines += _commands(detail, seen, is_brief=True)
    return tuple(cut(line, seen.width) for line in lines)


def column(
    detail: PluginDetail, schedules: Mapping[str, ScheduleView], seen: Seen, *, asked: Asked | None = None
) -> Page:
    """Return the page for a column beside the table, which has room for all of it."""
    return (_title(detail.plugin, seen), *page(detail, schedules, seen, asked=asked))


def _title(plugin: PluginView, seen: Seen) -> Line:
    origin: Line = (said(f"{plugin.origin} ", Tone.FAINT),)
    return beside((Span(" "), said(plugin.name, Tone.STRONG)), origin, seen.width)


def page(
    detail: PluginDetail, schedules: Mapping[str, ScheduleView], seen: Seen, *, asked: Asked | None = None
) -> Page:
    """Return how it stands, what went wrong, what it can do, and its schedules as the home view has them.

    `schedules` are those of its own that are in force, by id.
    """
    plugin = detail.plugin
    lines = _standing(plugin, seen, asked)
    if plugin.origin:
        lines += _texts("origin", plugin.origin, seen)
    lines.append(
        field(
            "priority",
            Span(f"{plugin.priority:,}"),
            Span("   of two that declare one id, the higher fires", Tone.FAINT),
        )
    )
    names = "  ".join(detail.remembers)
    lines += _texts("remembers", names or "nothing", seen, Tone.PLAIN if names else Tone.FAINT)
    lines += _troubles(detail, seen)
    lines += _commands(detail, seen)
    if detail.declared or plugin.status is PluginStatus.LOADED:
        lines += _schedules("schedules that it declares", detail.declared, schedules, seen)
    if detail.made:
        lines += _schedules("schedules that it made while it ran", detail.made, schedules, seen)
    return tuple(cut(line, seen.width) for line in lines)


def _standing(plugin: PluginView, seen: Seen, asked: Asked | None) -> list[Line]:
    mark = MARKS[plugin.status]
    state = Span(f"{shown(mark, ascii_only=seen.ascii_only)} {mark.word}", mark.tone)
    lines: list[Line] = [field("state", state)]
    if plugin.status in _MEANS:
        lines += _texts("", _MEANS[plugin.status], seen)
    if plugin.reason:
        tone = Tone.BAD if plugin.status is PluginStatus.FAILED else Tone.WARN
        lines += _texts("reason", plugin.reason, seen, tone)
    told = f"{stamp(plugin.since, seen.zone)}, {since(plugin.since, seen.now)}"
    lines.append(field("since", Span(told)))
    if plugin.carrier is not None:
        version = f", version {plugin.version}" if plugin.version else ""
        lines.append(field("kind", said(f"{_carried(plugin)}{version}")))
    lines.append(field("schedules", *_counts(plugin)))
    if asked is not None:
        lines += _health(asked, seen)
    return lines


def _texts(label: str, text: str, seen: Seen, tone: Tone = Tone.PLAIN) -> list[Line]:
    """Return a labelled text in as many lines as it takes."""
    texts = wrapped(text, max(20, seen.width - _INDENT - 1))
    return [field("" if number else label, Span(each, tone)) for number, each in enumerate(texts)]


def _carried(plugin: PluginView) -> str:
    return {"python": "Python", "process": "process", "grpc": "gRPC"}[str(plugin.carrier)] + " plugin"


def _counts(plugin: PluginView) -> Line:
    spans = [Span(f"{plugin.declared:,} declared" + (f", {plugin.made:,} made" if plugin.made else ""))]
    for count, word, tone in (
        (plugin.failing, "failing", Tone.BAD),
        (plugin.running, "running", Tone.BUSY),
        (plugin.refused, "refused", Tone.WARN),
        (plugin.shadowed, "shadowed", Tone.WARN),
    ):
        if count:
            spans.append(Span(f"   {count:,} {word}", tone))
    if plugin.circuits_open:
        spans.append(Span(f"   {plural(plugin.circuits_open, 'circuit')} open", Tone.WARN))
    return tuple(spans)


def _health(asked: Asked, seen: Seen) -> list[Line]:
    word, tone = ("well", Tone.GOOD) if asked.health.is_well else ("not well", Tone.BAD)
    told = f": {asked.health.detail}" if asked.health.detail else ""
    text = f"{word}{told}, {since(to_datetime(asked.at), seen.now)}"
    return _texts("health", text, seen, tone)


def _troubles(detail: PluginDetail, seen: Seen) -> list[Line]:
    """Return the declarations that are not in force, with the reason of each."""
    lines: list[Line] = []
    if detail.refused:
        lines += ((), section("declarations that were refused"))
        for refused in detail.refused:
            lines += _told(refused.schedule_id, refused.reason, seen)
    if detail.shadowed:
        lines += ((), section("declarations that wait for their id"))
        for shadowed in detail.shadowed:
            lines += _told(shadowed.schedule_id, f"held by {shadowed.held_by}", seen)
    return lines


def _told(name: str, reason: str, seen: Seen) -> list[Line]:
    """Return a declaration and why it is not in force, on one line where they have room."""
    head: Line = (Span("   ! ", Tone.WARN), said(name, Tone.STRONG))
    whole = (*head, said(f"   {reason}"))
    if line_width(whole) <= seen.width:
        return [whole]
    return [head, *((Span(f"       {text}"),) for text in wrapped(reason, max(20, seen.width - 8)))]


def _commands(detail: PluginDetail, seen: Seen, *, is_brief: bool = False) -> list[Line]:
    """Return what it can do, those whose circuit is open first; of one that was never loaded nothing is known."""
    if not detail.commands and (is_brief or detail.plugin.status is not PluginStatus.LOADED):
        return []
    found = sorted(detail.commands, key=lambda each: (not _is_open(each.circuit), each.name))
    lines: list[Line] = [(), section("commands")]
    for command in found:
        lines += _command(command, seen, is_brief=is_brief)
    return lines if found else [*lines, field("", Span("none", Tone.FAINT))]


def _command(command: CommandView, seen: Seen, *, is_brief: bool) -> list[Line]:
    """Return its name, beside that trouble with its circuit, then what it does and who calls it."""
    mark, circuit = circuit_told(command.circuit, seen)
    glyph = " " if command.circuit is None else shown(mark, ascii_only=seen.ascii_only)
    head: Line = (
        Span(f"   {glyph} ", mark.tone),
        *fitted((said(command.name, Tone.STRONG),), _COMMAND_CELLS - 1),
        Span(f" {'write' if command.is_write else 'read':<{_KIND_CELLS}}", Tone.FAINT),
    )
    is_loud = command.circuit is not None and command.circuit.failures > 0
    tone = mark.tone if _is_open(command.circuit) else Tone.WARN if is_loud else Tone.QUIET
    if is_brief:
        told = said(f"   {command.description}" if circuit else command.description)
        return [(*head, Span(circuit, tone), told)]
    callers = "called by " + (", ".join(command.schedules) or "no schedule")
    parts = [
        (circuit if is_loud else "", tone),
        (command.description, Tone.PLAIN),
        (callers if is_loud or not circuit else f"{callers}; {circuit}", Tone.FAINT),
    ]
    room = max(20, seen.width - _COMMAND_CELLS - _KIND_CELLS - 6)
    texts = [Span(text, tone) for words, tone in parts if words for text in wrapped(words, room)]
    margin = Span(" " * (_COMMAND_CELLS + _KIND_CELLS + 5))
    return [(*head, *texts[:1]), *((margin, text) for text in texts[1:])]


def _is_open(circuit: CircuitView | None) -> bool:
    return circuit is not None and circuit.opened_at is not None


def circuit_told(circuit: CircuitView | None, seen: Seen) -> tuple[Mark, str]:
    """Return how the circuit of a command stands; of one that has none there is nothing to tell."""
    if circuit is None:
        return CLOSED, ""
    if circuit.opened_at is None and not circuit.failures:
        return CLOSED, "circuit closed"
    failures = f"{plural(circuit.failures, 'failure')} in a row"
    if circuit.opened_at is None:
        return CLOSED, f"circuit closed, {failures}"
    if circuit.is_probing:
        return PROBING, f"circuit probing: one run is let through; {failures}"
    if circuit.open_until is None or from_datetime(circuit.open_until) <= seen.now:
        return OPEN, f"circuit open, the next run is let through to try it; {failures}"
    until = clock(circuit.open_until, seen.zone, now=seen.now)
    zone = zone_name(seen.zone, seen.now)
    return OPEN, f"circuit open until {until} {zone}, {countdown(circuit.open_until, seen.now)}; {failures}"


def _schedules(
    title: str, ids: Iterable[str], schedules: Mapping[str, ScheduleView], seen: Seen
) -> list[Line]:
    """Return schedules as rows of their table; one that was refused or waits for its id is not in force."""
    ids = tuple(ids)
    entries = [Entry("", schedules[name]) for name in ids if name in schedules]
    look = Look(seen.width, ascii_only=seen.ascii_only, wishes=schedule_row.wished(entries))
    rows = [_schedule(name, schedules.get(name), look, seen.now) for name in ids]
    if not rows:
        return [(), section(title), field("", Span("none", Tone.FAINT))]
    return [(), section(title), header(schedule_row.placed(look)), *rows]


def _schedule(name: str, known: ScheduleView | None, look: Look, now: Instant) -> Line:
    if known is None:
        return (Span("    "), said(name, Tone.FAINT), Span("   not in force", Tone.FAINT))
    return schedule_row.row(Entry("", known), look, now)
