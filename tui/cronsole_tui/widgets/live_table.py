"""A table of any number of rows that draws the visible ones alone, with a cursor and marks that stay on their rows."""

from itertools import zip_longest
from typing import ClassVar, Protocol

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from cronsole_tui.views.line import Line
from cronsole_tui.widgets.drawn import Drawn

_HEADER_LINES = 1


class RowSource(Protocol):
    """Rows by index. A key is a row's own, and is asked for again wherever the row may have gone."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str: ...

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line: ...

    def header(self, width: int) -> Line: ...


class NoRows:
    """The rows of a table that has not been given any."""

    def __len__(self) -> int:
        return 0

    def key(self, index: int) -> str:
        raise IndexError(index)

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        raise IndexError(index)

    def header(self, width: int) -> Line:
        return ()


class LiveTable(Drawn, can_focus=True):
    """A header, rows, a cursor. `empty` is what stands there without rows."""

    ALLOW_SELECT: ClassVar[bool] = False

    class CursorMoved(Message):
        """The cursor stands on another row; `key` is None where there is none."""

        def __init__(self, table: "LiveTable", key: str | None, index: int) -> None:
            super().__init__()
            self.table = table
            self.key = key
            self.index = index

        @property
        def control(self) -> "LiveTable":
            return self.table

    class RowOpened(Message):
        """A row was double-clicked, or opened by its key."""

        def __init__(self, table: "LiveTable", key: str, index: int) -> None:
            super().__init__()
            self.table = table
            self.key = key
            self.index = index

        @property
        def control(self) -> "LiveTable":
            return self.table

    def __init__(
        self,
        source: RowSource | None = None,
        *,
        empty: tuple[Line, ...] = (),
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.source: RowSource = NoRows() if source is None else source
        self.empty = empty
        self._index = 0
        self._key: str | None = self.source.key(0) if len(self.source) else None
        self._marks: set[str] = set()

    @property
    def cursor_index(self) -> int:
        return self._index

    @property
    def cursor_key(self) -> str | None:
        """The row under the cursor; None where there are no rows."""
        return self._key

    @property
    def marks(self) -> frozenset[str]:
        """The keys of the marked rows, also of those that are filtered out now."""
        return frozenset(self._marks)

    def show(self, source: RowSource | None = None) -> None:
        """Show these rows, or the same ones after they changed; the cursor goes where its row went."""
        if source is not None:
            self.source = source
        was_visible = self._is_visible(self._index)
        self._fit()
        count = len(self.source)
        index = self._whereabouts(self._key)
        if index is None:
            self._stand_on(min(self._index, count - 1) if count else 0)
        else:
            self._index = index
        if was_visible:
            self._reveal()
        self.refresh_lines()

    def point_at(self, key: str) -> bool:
        """Put the cursor on a row by its key; return whether there is such a row."""
        index = self._whereabouts(key)
        if index is not None:
            self.move_to(index)
        return index is not None

    def move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self._index + delta)

    def move_to(self, index: int) -> None:
        """Move the cursor to a row by its index, or to the one that is nearest to it."""
        left, top = self._index, self.scroll_offset.y
        self._stand_on(max(0, min(index, len(self.source) - 1)))
        self._reveal()
        if self.scroll_offset.y == top:
            # The clocks in the other rows wait for their tick; where it scrolled, all of it is repainted anyway.
            for row in (left, self._index):
                self._refresh_row(row)

    def page(self, direction: int) -> None:
        """Move down (1) or up (-1) by as many rows as are visible."""
        self.move(direction * max(1, self._visible_rows - 1))

    def half_page(self, direction: int) -> None:
        self.move(direction * max(1, self._visible_rows // 2))

    def home(self) -> None:
        self.move_to(0)

    def end(self) -> None:
        self.move_to(len(self.source) - 1)

    def open(self) -> None:
        """Open the row under the cursor."""
        if self._key is not None:
            self.post_message(self.RowOpened(self, self._key, self._index))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take the mark off it."""
        if self._key is not None:
            self._marks ^= {self._key}
            self.refresh_lines()

    def mark_all(self) -> None:
        """Mark every row that is shown; take all marks off where each is marked already."""
        keys = {self.source.key(index) for index in range(len(self.source))}
        self._marks = set() if keys <= self._marks else self._marks | keys
        self.refresh_lines()

    def clear_marks(self) -> None:
        self._marks.clear()
        self.refresh_lines()

    def strip_at(self, y: int) -> Strip:
        width = self.size.width
        # What lies under the scroll bar is not to be seen.
        cells = width - self.scrollbar_gutter.right
        if y < _HEADER_LINES:
            return self.painter.line(self.source.header(cells), width)
        index = self.scroll_offset.y + y - _HEADER_LINES
        if index >= len(self.source):
            place = y - _HEADER_LINES
            is_said = not len(self.source) and place < len(self.empty)
            return self.painter.line(self.empty[place] if is_said else (), width)
        is_cursor = index == self._index
        is_marked = bool(self._marks) and self.source.key(index) in self._marks
        palette = self.painter.palette
        under = palette.marked if is_marked else Style.null()
        if is_cursor:
            under = under + palette.cursor
        return self.painter.line(self.source.line(index, cells, is_cursor, is_marked), width, under)

    def on_mount(self) -> None:
        self._fit()

    def on_resize(self) -> None:
        self._fit()
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - _HEADER_LINES
        if event.y < _HEADER_LINES or index >= len(self.source):
            return
        self.move_to(index)
        if event.chain == 2:
            self.open()

    @property
    def _visible_rows(self) -> int:
        return max(0, self.size.height - _HEADER_LINES)

    def _is_visible(self, index: int) -> bool:
        return 0 <= index - self.scroll_offset.y < self._visible_rows

    def _refresh_row(self, index: int) -> None:
        if self._is_visible(index):
            self.refresh_lines(index - self.scroll_offset.y + _HEADER_LINES, 1)

    def _fit(self) -> None:
        size = Size(self.size.width, len(self.source) + _HEADER_LINES)
        if size != self.virtual_size:
            self.virtual_size = size

    def _stand_on(self, index: int) -> None:
        key = self.source.key(index) if len(self.source) else None
        has_moved = key != self._key
        self._index, self._key = index, key
        if has_moved:
            self.post_message(self.CursorMoved(self, key, index))

    def _reveal(self) -> None:
        """Scroll by as little as shows the cursor."""
        top = self.scroll_offset.y
        first = min(self._index, max(top, self._index - self._visible_rows + 1))
        if first != top:
            self.scroll_to(y=first, animate=False, force=True)

    def _whereabouts(self, key: str | None) -> int | None:
        """Return where a row went, looking near its old place first."""
        count = len(self.source)
        here = min(self._index, count - 1)
        for up, down in zip_longest(range(here, -1, -1), range(here + 1, count)):
            for index in (up, down):
                if index is not None and self.source.key(index) == key:
                    return index
        return None
