"""A plugin as one line of their table, and the order in which they stand."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from cronsole import marks
from cronsole.model.instant import Instant
from cronsole.model.plugin import PluginStatus, PluginView
from cronsole_tui.views.columns import Column, Placed, place
from cronsole_tui.views.entry import Key
from cronsole_tui.views.glyphs import Mark, shown
from cronsole_tui.views.line import Line, Span, Tone, fitted, said
from cronsole_tui.views.moments import since
from cronsole_tui.views.query import split

COLUMNS = (
    Column("mark", "", 4),
    Column("host", "HOST", 12),
    Column("name", "NAME", 14, share=2),
    Column("status", "STATUS", 10),
    Column("schedules", "SCHEDULES", 12, share=1),
    Column("failing", "FAILING", 8),
    Column("running", "RUNNING", 8, from_width=76),
    Column("circuits", "CIRCUITS", 10, from_width=66),
    Column("refused", "REFUSED", 8, from_width=110),
    Column("carrier", "CARRIER", 9, from_width=90),
    Column("version", "VERSION", 10, from_width=100),
    Column("since", "SINCE", 9, from_width=70),
)

_TONES = {
    PluginStatus.LOADED: Tone.GOOD,
    PluginStatus.FAILED: Tone.BAD,
    PluginStatus.STALE: Tone.WARN,
    PluginStatus.UNLOADED: Tone.FAINT,
    PluginStatus.DISABLED: Tone.FAINT,
}
MARKS: Mapping[PluginStatus, Mark] = {
    status: Mark(*marks.OF_PLUGIN[status], tone) for status, tone in _TONES.items()
}


class PluginEntry(NamedTuple):
    """A plugin of a host."""

    host: str
    plugin: PluginView

    @property
    def key(self) -> Key:
        return self.host, self.plugin.name


class PluginLook(NamedTuple):
    """What decides how rows look, apart from the plugins."""

    width: int
    has_hosts: bool = False
    ascii_only: bool = False


def placed(look: PluginLook) -> tuple[Placed, ...]:
    return place(COLUMNS, look.width, without=frozenset() if look.has_hosts else frozenset({"host"}))


def arranged(entries: Iterable[PluginEntry]) -> list[PluginEntry]:
    """Return the most urgent first, each of its kind by name."""
    return sorted(entries, key=lambda entry: (entry.plugin.urgency, entry.plugin.name, entry.host))


def matches(entry: PluginEntry, text: str) -> bool:
    """Tell whether all words of a filter occur in what is known of a plugin; one with `!` in front must not."""
    plugin = entry.plugin
    known = (entry.host, plugin.name, plugin.status, plugin.carrier or "", plugin.origin, plugin.reason)
    whole = "\n".join(known).casefold()
    words = [word.casefold() for word in split(text)]
    return all((word[1:] not in whole) if word[:1] == "!" and word[1:] else word in whole for word in words)


def row(entry: PluginEntry, look: PluginLook, now: Instant) -> Line:
    """Return the line of a plugin; each cell ends with at least one space."""
    mark = MARKS[entry.plugin.status]
    spans: list[Span] = []
    for column in placed(look):
        if column.name == "mark":
            spans += (Span(" "), Span(shown(mark, ascii_only=look.ascii_only), mark.tone), Span("  "))
        else:
            spans += (*fitted(_cell(column.name, entry, now), column.cells - 1), Span(" "))
    return tuple(spans)


def _cell(name: str, entry: PluginEntry, now: Instant) -> Line:
    if name == "since":
        return (Span(since(entry.plugin.since, now), Tone.FAINT),)
    return (said(entry.host, Tone.FAINT),) if name == "host" else _CELLS[name](entry.plugin)


def _name(plugin: PluginView) -> Line:
    is_resting = plugin.status in (PluginStatus.UNLOADED, PluginStatus.DISABLED)
    return (said(plugin.name, Tone.FAINT if is_resting else Tone.STRONG),)


def _schedules(plugin: PluginView) -> Line:
    made = Span(f" + {plugin.made:,} made" if plugin.made else "", Tone.FAINT)
    return Span(f"{plugin.declared:,}", Tone.PLAIN if plugin.declared else Tone.FAINT), made


def _count(count: int, tone: Tone, word: str = "") -> Line:
    return (Span(f"{count:,}{word}", tone),) if count else ()


_CELLS: Mapping[str, Callable[[PluginView], Line]] = {
    "name": _name,
    "status": lambda plugin: (Span(MARKS[plugin.status].word, MARKS[plugin.status].tone),),
    "schedules": _schedules,
    "failing": lambda plugin: _count(plugin.failing, Tone.BAD),
    "running": lambda plugin: _count(plugin.running, Tone.BUSY),
    "refused": lambda plugin: _count(plugin.refused, Tone.WARN),
    "circuits": lambda plugin: _count(plugin.circuits_open, Tone.WARN, " open"),
    "carrier": lambda plugin: (Span(plugin.carrier or "", Tone.FAINT),),
    "version": lambda plugin: (said(plugin.version, Tone.FAINT),),
}
