"""The engines that this console watches: how each is reached, how it does, and what it says of itself."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from cronsole.text import plural
from cronsole_tui.scene import Scene
from cronsole_tui.screens.tables import TableView
from cronsole_tui.views import node_row
from cronsole_tui.views.columns import header
from cronsole_tui.views.entry import Host
from cronsole_tui.views.heading import found_line
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.live_table import LiveTable


class NodesScreen(TableView):
    """A row for each host; what the one under the cursor says stands below."""

    TITLED = "Nodes"

    DEFAULT_CSS = """
    NodesScreen #table { height: 1fr; min-height: 4; }
    NodesScreen #panel { height: 3fr; }
    """

    def __init__(self, scene: Scene) -> None:
        self._hosts: list[Host] = []
        super().__init__(scene)
        self.table.source = self

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield Banner(self._panel, id="panel")

    # The table's rows are this screen's own: each is a host.

    def __len__(self) -> int:
        return len(self._hosts)

    def key(self, index: int) -> str:
        return self._hosts[index].name

    def header(self, width: int) -> Line:
        return header(node_row.placed(width))

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        host = self.scene.fleet.host(self._hosts[index].name)
        return node_row.row(host, width, self.scene.now(), ascii_only=self.scene.ascii_only)

    def empty_lines(self) -> tuple[Line, ...]:
        return ((), (Span("   No node matches. Clear the filter with esc.", Tone.STRONG),))

    def filter_lines(self, width: int) -> Line:
        return found_line(self.filter, plural(len(self._hosts), "node"), width)

    def fleet_changed(self) -> None:
        words = self.filter.casefold().split()
        hosts = self.scene.fleet.hosts
        self._hosts = [host for host in hosts if all(word in host.name.casefold() for word in words)]
        self.table.show()
        self.tick()

    def filtered(self) -> None:
        self.fleet_changed()

    def tick(self) -> None:
        super().tick()
        redraw(self, "#panel")

    @on(LiveTable.CursorMoved)
    def _moved(self) -> None:
        redraw(self, "#panel")

    def _panel(self, width: int) -> tuple[Line, ...]:
        key = self.table.cursor_key
        if key is None:
            return (self.rule(width),)
        scene = self.scene
        host = scene.fleet.host(key)
        return (
            self.rule(width),
            *node_row.panel(host, width=width, zone=scene.zone_of(host_zone(host))),
        )

    def do_open(self) -> None:
        """Show the schedules of the node."""
        key = self.table.cursor_key
        if key is not None:
            self.app.show_host(key)

    @on(LiveTable.RowOpened)
    def _opened(self) -> None:
        self.do_open()

    def do_copy(self) -> None:
        key = self.table.cursor_key
        if key is not None:
            self.app.copy(key)


def host_zone(host: Host) -> str:
    return "" if host.engine is None else host.engine.timezone
