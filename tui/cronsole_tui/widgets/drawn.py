"""A widget that draws strips, remembers what it drew, and refreshes only the cells that differ."""

import os
from typing import ClassVar

from rich.style import Style
from textual.geometry import Offset, Region
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

from cronsole_tui.themes import palette_of
from cronsole_tui.widgets.paint import Painter, changed_cells
from cronsole_tui.widgets.terminal import colours_of


class _WholeCells(ScrollBarRender):
    """A bar without eighths of cells, which not every terminal has, and which cost a repaint each."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


class Drawn(ScrollView, inherit_bindings=False):
    """What a subclass gives is `strip_at`. Keys are the screens' matter, which call its methods."""

    DEFAULT_CSS = """
    Drawn {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: transparent;
    }
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._drawn: dict[int, Strip] = {}
        self._painter: Painter | None = None
        self._is_dimmed = False

    @property
    def painter(self) -> Painter:
        """The painter of the theme that is on."""
        if self._painter is None:
            palette = palette_of(self.app.current_theme, colours_of(os.environ))
            self._painter = Painter(
                palette, self.rich_style + Style(dim=True) if self._is_dimmed else self.rich_style
            )
        return self._painter

    @property
    def is_dimmed(self) -> bool:
        """Whether all is drawn dim, because it is old."""
        return self._is_dimmed

    @is_dimmed.setter
    def is_dimmed(self, value: bool) -> None:
        if value != self._is_dimmed:
            self._is_dimmed = value
            self._repaint()

    def strip_at(self, y: int) -> Strip:
        """Return what is to be seen on a line of the widget, the top one being 0."""
        raise NotImplementedError

    def refresh_lines(self, y_start: int = 0, line_count: int = 0) -> None:
        """Look at the visible lines again and repaint the cells that differ; without a count, at all of them."""
        height = self.size.height
        stop = min(height, y_start + line_count) if line_count else height
        regions = []
        for y in range(y_start, stop):
            new = self.strip_at(y)
            old = self._drawn.get(y)
            cells = (0, self.size.width) if old is None else changed_cells(old, new)
            if cells is not None:
                self._drawn[y] = new
                regions.append(Region(cells[0], y, cells[1] - cells[0], 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        strip = self.strip_at(y)
        self._drawn[y] = strip
        return strip

    # Textual calls the handlers of every class that has one, the subclass's first.
    def on_mount(self) -> None:
        self.vertical_scrollbar.renderer = _WholeCells  # type: ignore[misc] # a bar of this widget alone
        self.app.theme_changed_signal.subscribe(self, lambda _: self._repaint())

    def on_focus(self) -> None:
        # Nobody writes here, so that the terminal's cursor need not be brought back after each frame.
        self.app.cursor_position = Offset(0, 0)

    def on_resize(self) -> None:
        self._drawn.clear()

    def _repaint(self) -> None:
        self._painter = None
        self._drawn.clear()
        self.refresh()
