"""The plugins of the engines: which are loaded and which failed, and why."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

import msgspec
from textual import events, on
from textual.containers import Container
from textual.timer import Timer
from textual.widget import Widget

from cronsole.errors import CronsoleError
from cronsole.model.plugin import PluginDetail
from cronsole.text import plural
from cronsole_tui.keymap import Scope
from cronsole_tui.plugin_verbs import OF_PLUGINS, in_force
from cronsole_tui.scene import Scene
from cronsole_tui.screens.tables import TableView
from cronsole_tui.sources import text_of
from cronsole_tui.views import heading, plugin_page, plugin_row
from cronsole_tui.views.columns import header
from cronsole_tui.views.entry import Key, Link
from cronsole_tui.views.line import Line, Span, Tone, faded, said
from cronsole_tui.views.pages import wrapped
from cronsole_tui.views.plugin_page import Seen
from cronsole_tui.views.plugin_row import PluginEntry, PluginLook
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.live_table import LiveTable
from cronsole_tui.working import start

_PANEL_DELAY = 0.15
# As beside the schedules, which have as many columns.
_TABLE_CELLS, _PANEL_CELLS = 112, 90

_WHAT_ONE_IS = (
    "A plugin brings schedules of its own and what they do: a Python class,",
    "a program that speaks JSON, or a service that speaks gRPC.",
    "Put one into a folder of plugin_roots, or write a [plugins.NAME] table,",
    "and reload with R. docs/plugins.md takes you there.",
)


class PluginsScreen(TableView):
    """A row for each plugin, what failed first; what is known of the one at the cursor stands beside or below."""

    TITLED = heading.PLUGINS
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE, Scope.PLUGINS)

    DEFAULT_CSS = """
    PluginsScreen #main { height: 1fr; layout: vertical; }
    PluginsScreen #table { height: 2fr; min-height: 5; }
    PluginsScreen #panel { height: 3fr; width: 100%; }
    PluginsScreen.-wide #main { layout: horizontal; }
    PluginsScreen.-wide #table { width: 1fr; height: 1fr; }
    PluginsScreen.-wide #panel { height: 1fr; }
    """

    def __init__(self, scene: Scene) -> None:
        self._entries: list[PluginEntry] = []
        self._details: dict[Key, PluginDetail] = {}
        self._pending: Timer | None = None
        self._wanted: Key | None = None
        super().__init__(scene)
        self._arrange()
        self.table.source = self

    def body(self) -> Iterable[Widget]:
        found, table = super().body()
        yield found
        yield Container(table, Banner(self._panel, id="panel"), id="main")

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        is_wide = self.has_class("-wide")
        room = max(_PANEL_CELLS // 2, min(_PANEL_CELLS, event.size.width - _TABLE_CELLS))
        self.query_one("#panel").styles.width = room if is_wide else "100%"

    # The table's rows are this screen's own: each is a plugin.

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        return text_of(self._entries[index].key)

    def header(self, width: int) -> Line:
        return header(plugin_row.placed(self._look(width)))

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        entry = self._entries[index]
        line = plugin_row.row(entry, self._look(width), self.scene.now())
        is_told_apart = self.scene.fleet.has_many_hosts and self.scene.fleet.host(entry.host).is_old
        return faded(line) if is_told_apart else line

    def _look(self, width: int) -> PluginLook:
        scene = self.scene
        return PluginLook(width, has_hosts=scene.fleet.has_many_hosts, ascii_only=scene.ascii_only)

    def empty_lines(self) -> tuple[Line, ...]:
        hosts = self.scene.fleet.hosts
        trouble = next((host.plugins_trouble for host in hosts if host.plugins_trouble), "")
        rest: Iterable[str] = ()
        if self.filter:
            told, rest = "No plugin matches.", ("Clear the filter with esc, or change it with /.",)
        elif any(host.plugins is not None for host in hosts):
            told, rest = "No plugins.", _WHAT_ONE_IS
        elif trouble:
            told, rest = "The engine does not tell of its plugins.", wrapped(trouble, 76)
        elif all(host.link is Link.LOST for host in hosts):
            told, rest = "Nothing is known yet.", ("It is tried again every two seconds.",)
        else:
            told = "Reading …"
        return ((), (Span(f"   {told}", Tone.STRONG),), *((said(f"   {text}"),) for text in rest))

    def filter_hint(self) -> str:
        return "words: a name, a status, a carrier; !word"

    def told_order(self) -> str:
        return "failed first"

    def told_found(self) -> str:
        return plural(len(self._entries), "plugin")

    def filter_lines(self, width: int) -> Line:
        return heading.found_line(self.filter, self.told_found(), width, hint=self.filter_hint())

    def _arrange(self) -> None:
        known = (
            PluginEntry(host.name, plugin) for host in self.scene.fleet.hosts for plugin in host.plugins or ()
        )
        self._entries = plugin_row.arranged(
            entry for entry in known if plugin_row.matches(entry, self.filter)
        )

    def fleet_changed(self) -> None:
        self._arrange()
        self.table.show()
        self._reach_wanted()
        self.tick()
        self._look_closer()

    def filtered(self) -> None:
        self.fleet_changed()

    def tick(self) -> None:
        super().tick()
        redraw(self, "#panel")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._watch(is_watched=True)

    def on_screen_suspend(self) -> None:
        self._watch(is_watched=False)

    def _watch(self, *, is_watched: bool) -> None:
        for feed in self.scene.feeds.values():
            feed.watch_plugins(is_watched=is_watched)

    def point_at(self, key: Key) -> None:
        """Put the cursor on a plugin when the table stands, and take off a filter that hides it."""
        self._wanted = key
        self.filter = ""
        self.call_after_refresh(self.fleet_changed)

    def _reach_wanted(self) -> None:
        # A table without a size cannot tell which rows are to be seen.
        if self._wanted is not None and self.table.size.height and self.table.point_at(text_of(self._wanted)):
            self._wanted = None

    @property
    def entry(self) -> PluginEntry | None:
        """The plugin at the cursor."""
        key = self.table.cursor_key
        return next((entry for entry in self._entries if text_of(entry.key) == key), None)

    @on(LiveTable.CursorMoved)
    def _moved(self) -> None:
        redraw(self, "#panel")
        self._look_closer()

    def _look_closer(self) -> None:
        """Ask for what the panel shows, once the cursor has stood still for a moment."""
        if self._pending is not None:
            self._pending.stop()
        self._pending = self.set_timer(_PANEL_DELAY, self._ask)

    def _ask(self) -> None:
        entry = self.entry
        if entry is not None and self.is_shown:
            start(self, partial(self._read, entry.key), "panel")

    async def _read(self, key: Key) -> None:
        host, name = key
        try:
            self._details[key] = await self.scene.client(host).plugins.show(name)
        except CronsoleError:
            # What is known already stays; that it is old, the head says.
            return
        redraw(self, "#panel")

    def _panel(self, width: int) -> tuple[Line, ...]:
        entry, scene = self.entry, self.scene
        is_wide = self.has_class("-wide")
        bar = Span("| " if scene.ascii_only else "│ ", Tone.RULE)
        lines: tuple[Line, ...] = ()
        if entry is not None:
            seen = Seen(width - 2 if is_wide else width, scene.now(), scene.zone, scene.ascii_only)
            lines = self._told(entry, seen, is_wide=is_wide)
            lines = tuple(map(faded, lines)) if scene.fleet.host(entry.host).is_old else lines
        if not is_wide:
            return (self.rule(width), *lines)
        height = self.query_one("#panel", Banner).size.height
        return tuple((bar, *line) for line in (*lines, *[()] * (height - len(lines))))

    def _told(self, entry: PluginEntry, seen: Seen, *, is_wide: bool) -> tuple[Line, ...]:
        asked, detail = self.app.plugin_verbs.asked.get(entry.key), self._details.get(entry.key)
        if not is_wide or detail is None:
            return plugin_page.panel(entry.plugin, detail, seen, asked=asked)
        # How it stands is known sooner than all that is known of it.
        detail = msgspec.structs.replace(detail, plugin=entry.plugin)
        theirs = in_force(detail, entry.host, self.scene.fleet)
        known = {each.schedule.id: each.schedule for each in theirs}
        return plugin_page.column(detail, known, seen, asked=asked)

    def action_act(self, name: str) -> None:
        if name not in OF_PLUGINS:
            super().action_act(name)
        elif self.entry is not None:
            if self.has_class("-filtering"):
                self.end_filtering()
            self.app.plugin_verbs.do(name, self.entry.key)
        else:
            self.app.tell("There is no plugin under the cursor.")

    @on(LiveTable.RowOpened)
    def _opened(self) -> None:
        if self.entry is not None:
            self.app.open_plugin(*self.entry.key)

    def do_copy(self) -> None:
        if self.entry is not None:
            self.app.copy(self.entry.plugin.name)

    def do_previous_view(self) -> None:
        """It stands behind the views that have a number."""
        self.app.show_view(-1)

    def do_next_view(self) -> None:
        self.app.show_view(0)
