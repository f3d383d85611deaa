"""A page over a view: lines to read, which may be made anew while they are shown."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.screen import Screen

from cronsole_tui.keymap import Action
from cronsole_tui.views import heading, key_help
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from cronsole_tui.app import Console

Text: TypeAlias = Callable[[int], tuple[Line, ...]]

_ALWAYS = (
    *("back", "help", "down", "up", "top", "bottom"),
    *("page_down", "page_up", "half_down", "half_up"),
)


class PageScreen(Screen[None], inherit_bindings=False):
    """Scrolls with the keys of the tables; what goes back from a view, or quits it, closes the page.

    A page gives the names of the actions that hold on it besides, and a method `do_NAME` for each.
    """

    app: "Console"
    AUTO_FOCUS = None
    ACTIONS: ClassVar[tuple[str, ...]] = ()
    DEFAULT_CSS = """
    PageScreen { background: transparent; }
    PageScreen #head { height: 2; }
    PageScreen #page { height: 1fr; }
    PageScreen #foot { height: 1; dock: bottom; }
    """

    def __init__(self, text: Text, *, kind: str = "", named: str = "") -> None:
        super().__init__()
        self._text = text
        self._kind, self._named = kind, named

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done here, as the table of keys has it."""
        names = {*_ALWAYS, *self.ACTIONS}
        return tuple(
            action._replace(label="back") if action.name == "back" else action
            for action in self.app.scene.actions
            if action.name in names
        )

    def compose(self) -> ComposeResult:
        yield Banner(self._head, id="head")
        yield Lines(id="page")
        yield Banner(self._foot, id="foot")

    def on_mount(self) -> None:
        for action in self.actions:
            for key in action.keys:
                self._bindings.bind(key, f"act('{action.name}')", action.help, show=False)
        for key in next(action.keys for action in self.app.scene.actions if action.name == "quit"):
            self._bindings.bind(key, "app.leave" if key == "ctrl+c" else "act('back')", show=False)
        self.set_interval(1.0, self.tick)
        self.again()

    def on_resize(self) -> None:
        self.again()

    def tick(self) -> None:
        """A second has passed: draw again what counts it."""
        redraw(self, "#head")
        self.again()

    def again(self, text: Text | None = None) -> None:
        """Show the lines as they are by now."""
        self._text = text or self._text
        if self.size.width:
            for page in self.query("#page").results(Lines):
                page.show(self._text(self.size.width - 1))

    def told(self) -> Line:
        """Return what is said behind the name of the page."""
        return ()

    def _head(self, width: int) -> tuple[Line, ...]:
        scene = self.app.scene
        line = heading.page_line(self._kind, self._named, self.told(), width, scene.now(), scene.zone)
        return line, (Span(("-" if scene.ascii_only else "─") * width, Tone.RULE),)

    def _foot(self, width: int) -> tuple[Line, ...]:
        return (key_help.footer(self.actions, width),)

    def action_act(self, name: str) -> None:
        """Do what a key stands for."""
        getattr(self, f"do_{name}")()

    @property
    def _page(self) -> Lines:
        return self.query_one("#page", Lines)

    def do_back(self) -> None:
        self.dismiss()

    def do_help(self) -> None:
        if self._kind == "help":
            self.dismiss()
        else:
            self.app.show_help(self.actions)

    def do_down(self) -> None:
        self._page.move(1)

    def do_up(self) -> None:
        self._page.move(-1)

    def do_top(self) -> None:
        self._page.home()

    def do_bottom(self) -> None:
        self._page.end()

    def do_page_down(self) -> None:
        self._page.page(1)

    def do_page_up(self) -> None:
        self._page.page(-1)

    def do_half_down(self) -> None:
        self._page.half_page(1)

    def do_half_up(self) -> None:
        self._page.half_page(-1)
