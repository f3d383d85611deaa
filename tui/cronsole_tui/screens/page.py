"""A page over a view: lines to read, which may be made anew while they are shown."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.banner import Banner
from cronsole_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from cronsole_tui.app import Console

Text: TypeAlias = Callable[[int], tuple[Line, ...]]


class PageScreen(Screen[None], inherit_bindings=False):
    """Scrolls with the keys of the tables; `esc` and `q` go back."""

    app: "Console"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "close", "back"),
        ("j,down", "scroll(1)", "down"),
        ("k,up", "scroll(-1)", "up"),
        ("pagedown,ctrl+d,space", "page(1)", "a page down"),
        ("pageup,ctrl+u", "page(-1)", "a page up"),
        ("g,home", "edge(0)", "to the top"),
        ("G,end", "edge(1)", "to the bottom"),
        ("ctrl+c", "app.leave", "quit"),
    ]
    DEFAULT_CSS = """
    PageScreen { background: transparent; }
    PageScreen #page { height: 1fr; }
    PageScreen #foot { height: 1; dock: bottom; }
    """

    def __init__(self, text: Text, *, told: str = "") -> None:
        super().__init__()
        self._text = text
        self._told = told

    def compose(self) -> ComposeResult:
        yield Lines(id="page")
        yield Banner(self._foot, id="foot")

    def on_mount(self) -> None:
        self.again()

    def on_resize(self) -> None:
        self.again()

    def again(self, text: Text | None = None) -> None:
        """Show the lines as they are by now."""
        self._text = text or self._text
        if self.size.width:
            self.query_one("#page", Lines).show(self._text(self.size.width - 1))

    def _foot(self, width: int) -> tuple[Line, ...]:
        left = (
            Span(" esc", Tone.KEY),
            Span(" back  ", Tone.FAINT),
            Span("j k", Tone.KEY),
            Span(" scroll  ", Tone.FAINT),
        )
        return ((*left, Span(self._told, Tone.FAINT)),)

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, by: int) -> None:
        self.query_one("#page", Lines).move(by)

    def action_page(self, direction: int) -> None:
        self.query_one("#page", Lines).page(direction)

    def action_edge(self, end: int) -> None:
        page = self.query_one("#page", Lines)
        (page.end if end else page.home)()
