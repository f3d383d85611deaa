"""A few lines that stand still: the head of a screen, its foot, a panel."""

from collections.abc import Callable

from textual.dom import DOMNode
from textual.strip import Strip

from cronsole_tui.views.line import Line
from cronsole_tui.widgets.drawn import Drawn


class Banner(Drawn):
    """Draws what `lines` returns for its width, and again whenever it is asked to."""

    DEFAULT_CSS = """
    Banner {
        overflow: hidden hidden;
        scrollbar-size: 0 0;
        scrollbar-gutter: auto;
    }
    """

    def __init__(self, lines: Callable[[int], tuple[Line, ...]], *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._lines = lines
        self._seen: tuple[Line, ...] = ()

    def redraw(self) -> None:
        """Ask for the lines again, and repaint the cells that differ."""
        self._seen = self._lines(self.size.width)
        self.refresh_lines()

    def strip_at(self, y: int) -> Strip:
        if not self._seen:
            self._seen = self._lines(self.size.width)
        return self.painter.line(self._seen[y] if y < len(self._seen) else (), self.size.width)

    def on_resize(self) -> None:
        super().on_resize()
        self._seen = ()


def redraw(screen: DOMNode, selector: str) -> None:
    """Draw a banner of a screen again; work that ends when the screen is gone already finds none, and is no fault."""
    for banner in screen.query(selector).results(Banner):
        banner.redraw()
