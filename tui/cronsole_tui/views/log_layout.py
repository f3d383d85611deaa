"""Where the rows of a held log stand: pieces as one row each, or wrapped into as many as they take."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from cronsole.text import width
from cronsole_tui.views.line import Span
from cronsole_tui.views.log_lines import FAINT, LogLine, LogSpan, Piece, displayed, wrapped

# A row by the index of its piece, and its place within that.
Place: TypeAlias = tuple[int, int]
Beside: TypeAlias = Callable[[int], Span]

_CUT = LogSpan(" … w wraps", FAINT)


class Row(NamedTuple):
    """A row of a piece, the first being 0."""

    piece: Piece
    place: int
    line: LogLine


class LogLayout(NamedTuple):
    """Rows of some pieces at a width. `beside` makes what stands before a line, from its offset."""

    pieces: list[Piece]
    cells: int
    is_wrapped: bool = False
    beside: Beside | None = None

    def fills(self, height: int) -> bool:
        """Return whether there are as many rows as that, looking at no more than it takes."""
        for index in range(len(self.pieces)):
            height -= self.height_of(index)
            if height <= 0:
                return True
        return height <= 0

    def height_of(self, index: int) -> int:
        """Return how many rows a piece takes: none where it goes on with a line that is shown by its beginning."""
        piece = self.pieces[index]
        if not self.is_wrapped:
            return 1 if piece.is_start or index == 0 else 0
        return len(wrapped(displayed(piece), self._cells_of(piece)))

    def last_top(self, height: int) -> Place:
        """Return the row that is the top one where the last stands at the bottom."""
        for index in range(len(self.pieces) - 1, -1, -1):
            rows = self.height_of(index)
            if rows >= height:
                return index, rows - height
            height -= rows
        return 0, 0

    def moved(self, top: Place, delta: int, height: int) -> tuple[Place, int]:
        """Return the top after a move by rows, and by how many it could not be moved."""
        index, row = top
        last = self.last_top(height)
        while delta > 0 and (index, row) < last:
            row, delta = row + 1, delta - 1
            while row >= self.height_of(index):
                index, row = index + 1, row - self.height_of(index)
        while delta < 0 and (index, row) > (0, 0):
            row, delta = row - 1, delta + 1
            while row < 0 and index > 0:
                index -= 1
                row += self.height_of(index)
            row = max(0, row)
        return (index, row), delta

    def rows(self, top: Place, count: int) -> Iterator[Row]:
        """Yield the rows from one on."""
        index, skipped = top
        while index < len(self.pieces) and count > 0:
            piece = self.pieces[index]
            for place, line in enumerate(self._lines(index)[skipped : skipped + count], skipped):
                yield Row(piece, place, line)
                count -= 1
            index, skipped = index + 1, 0

    def _lines(self, index: int) -> tuple[LogLine, ...]:
        piece = self.pieces[index]
        line, cells = displayed(piece), self._cells_of(piece)
        if self.is_wrapped:
            return wrapped(line, cells)
        if not self.height_of(index):
            return ()
        goes_on = not piece.is_end and index + 1 < len(self.pieces) and not self.pieces[index + 1].is_start
        if not goes_on and sum(width(span.text) for span in line) <= cells:
            return (line,)
        return ((*wrapped(line, max(2, cells - len(_CUT.text)))[0], _CUT),)

    def _cells_of(self, piece: Piece) -> int:
        if self.beside is None or not piece.is_start:
            return self.cells
        return max(2, self.cells - width(self.beside(piece.begin).text))
