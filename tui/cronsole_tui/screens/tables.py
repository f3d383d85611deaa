"""What the views with a table have in common: moving, a filter that applies while it is typed, copying."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from cronsole_tui.keymap import Scope
from cronsole_tui.scene import Scene
from cronsole_tui.screens.frame import Frame
from cronsole_tui.views.line import Line
from cronsole_tui.widgets.banner import redraw
from cronsole_tui.widgets.fields import settled
from cronsole_tui.widgets.live_table import LiveTable


class FilterField(Input):
    """Where a filter is typed; the table can be moved in meanwhile, and a run be stopped at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.act('down')", show=False),
        Binding("up", "screen.act('up')", show=False),
        Binding("ctrl+x", "screen.act('stop')", show=False),
        # Before the next key is looked at: that one is for the table.
        Binding("enter", "screen.accept_filter", show=False, priority=True),
    ]


class TableView(Frame):
    """A view gives its rows; the table under `self.table` and the filter in `self.filter` are kept here."""

    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE, Scope.TABLE)

    DEFAULT_CSS = """
    TableView #filter {
        display: none; layer: notes; dock: top; offset: 3 2; height: 1; border: none; padding: 0;
        background: transparent;
    }
    TableView.-filtering #filter { display: block; }
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.filter = ""
        self.table = LiveTable(id="table", empty=self.empty_lines(), classes="data")

    def body(self) -> Iterable[Widget]:
        field = FilterField(id="filter", placeholder=self.filter_hint(), compact=True)
        field.cursor_blink = False
        yield field
        yield self.table

    def empty_lines(self) -> tuple[Line, ...]:
        """Return what stands in the table's place while it has no rows."""
        return ()

    def filter_hint(self) -> str:
        """Return what can be typed into the filter."""
        return "words, !word"

    def filtered(self) -> None:
        """The filter has changed."""
        raise NotImplementedError

    @property
    def is_filtered(self) -> bool:
        return bool(self.filter)

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()
        # Not by its message, which comes when the letter is drawn already: both are to go out as one frame.
        self.watch(self.query_one("#filter", Input), "value", self._narrow, init=False)

    def tick(self) -> None:
        super().tick()
        self.table.empty = self.empty_lines()
        self.table.refresh_lines()

    def do_filter(self) -> None:
        self.add_class("-filtering")
        field = self.query_one("#filter", Input)
        field.value = self.filter
        # At once, so that what is typed next is typed into it.
        self.set_focus(field)
        redraw(self, "#head")

    def _narrow(self, typed: str) -> None:
        if self.has_class("-filtering") and typed != self.filter:
            self.filter = typed
            self.filtered()
            redraw(self, "#head")

    async def action_accept_filter(self) -> None:
        await settled(self.query_one("#filter", Input))
        self.end_filtering()

    def end_filtering(self) -> None:
        """Keep the filter, and go back to the table."""
        self.remove_class("-filtering")
        self.set_focus(self.table)
        redraw(self, "#head")

    def do_back(self) -> None:
        if self.filter or self.has_class("-filtering"):
            self.filter = ""
            self.end_filtering()
            self.filtered()

    def do_down(self) -> None:
        self.table.move(1)

    def do_up(self) -> None:
        self.table.move(-1)

    def do_top(self) -> None:
        self.table.home()

    def do_bottom(self) -> None:
        self.table.end()

    def do_page_down(self) -> None:
        self.table.page(1)

    def do_page_up(self) -> None:
        self.table.page(-1)

    def do_half_down(self) -> None:
        self.table.half_page(1)

    def do_half_up(self) -> None:
        self.table.half_page(-1)

    def do_open(self) -> None:
        self.table.open()
