"""A page of lines that scrolls: details, help, why."""

from collections.abc import Sequence
from typing import ClassVar

from textual.geometry import Size
from textual.strip import Strip

from cronsole_tui.views.line import Line, plain
from cronsole_tui.widgets.drawn import Drawn


class Lines(Drawn, can_focus=True):
    """Lines as they are, each cut at the widget's width."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(
        self,
        lines: Sequence[Line] = (),
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines = lines

    @property
    def text(self) -> str:
        """The whole page as plain text, for copying."""
        return "\n".join(plain(line).rstrip() for line in self._lines)

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """Show other lines, at the place where the page was left or from its top; what differs is drawn."""
        self._lines = lines
        self._fit()
        if from_top:
            self.home()
        self.refresh_lines()

    def move(self, delta: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + delta, animate=False, force=True)

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height - 1))

    def half_page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height // 2))

    def home(self) -> None:
        self.move(-len(self._lines))

    def end(self) -> None:
        self.move(len(self._lines))

    def strip_at(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        line = self._lines[index] if index < len(self._lines) else ()
        return self.painter.line(line, self.size.width)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        size = Size(self.size.width, len(self._lines))
        if size != self.virtual_size:
            self.virtual_size = size
