"""Tables that fit the width they are shown in: columns shrink, then go, the least needed first.

Cells are rich Texts, never markup; whatever comes from outside is made safe on its way in.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from cronsole.text import pad, safe, truncate, width

GAP: Final = 2


class Column(NamedTuple):
    """One column.

    It is there from `from_width` on; to make room it shrinks to `least` cells, and those of the highest `rank` go.
    """

    title: str
    rank: int = 0
    from_width: int = 0
    least: int | None = None
    align: Literal["left", "right"] = "left"


Row = Sequence[Text]


class Table:
    """Rows under titles; laid out when it is rendered, so that it fits a terminal that changed its size."""

    def __init__(
        self, columns: Sequence[Column], rows: Sequence[Row], *, ellipsis: str = "…", style: str = ""
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._ellipsis = ellipsis
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wanted = [self._wanted(index) for index in range(len(self._columns))]
        widths = fit(self._columns, wanted, options.max_width)
        titles = [cell(column.title, "bold") for column in self._columns]
        for row in (titles, *self._rows):
            yield from self._line(console, row, widths)
            yield Segment.line()

    def _wanted(self, index: int) -> int:
        """Return the cells that a column would take, none where it holds nothing."""
        widest = max((row[index].cell_len for row in self._rows), default=1)
        return max(widest, width(self._columns[index].title)) if widest else 0

    def _line(self, console: Console, row: Row, widths: dict[int, int]) -> Iterator[Segment]:
        last = max((index for index in widths if row[index].plain), default=-1)
        for index, cells in widths.items():
            if index > last:
                return
            content = row[index]
            if content.spans:
                yield from _spanned(console, content, cells)
            else:
                yield Segment(
                    self._padded(content, cells, index, index == last), self._styled(console, content)
                )
            if index != last:
                yield Segment(" " * GAP)

    def _padded(self, content: Text, cells: int, index: int, is_last: bool) -> str:
        text = truncate(content.plain, cells)
        if self._ellipsis != "…" and text != content.plain:
            text = truncate(content.plain, cells).removesuffix("…") + self._ellipsis
        align = self._columns[index].align
        return text if is_last and align == "left" else pad(text, cells, align=align)

    def _styled(self, console: Console, content: Text) -> Style | None:
        style = self._style or content.style
        return console.get_style(style) if style else None


def cell(text: str, style: str = "") -> Text:
    """Return a cell with text from anywhere."""
    return Text(safe(text), style)


def fit(columns: Sequence[Column], wanted: Sequence[int], room: int) -> dict[int, int]:
    """Return the widths of the columns that are shown; a column that wants nothing is not."""
    shown = [index for index, column in enumerate(columns) if wanted[index] and column.from_width <= room]
    while True:
        widths = _shrunk(columns, {index: wanted[index] for index in shown}, room)
        if _taken(widths) <= room or len(shown) == 1:
            return widths
        shown.remove(max(shown, key=lambda index: (columns[index].rank, index)))


def _shrunk(columns: Sequence[Column], widths: dict[int, int], room: int) -> dict[int, int]:
    """Return the widths with the widest of those that may shrink made smaller, until they fit or none can."""
    excess = _taken(widths) - room
    while excess > 0:
        spare = {
            index: cells - least
            for index, cells in widths.items()
            if (least := columns[index].least) is not None and cells > least
        }
        if not spare:
            break
        widest = max(spare, key=lambda index: widths[index])
        others = max((widths[index] for index in spare if index != widest), default=0)
        spared = min(excess, spare[widest], max(1, widths[widest] - others))
        widths[widest] -= spared
        excess -= spared
    return widths


def _taken(widths: dict[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _spanned(console: Console, content: Text, cells: int) -> Iterator[Segment]:
    # Of a strip of runs the newest matter, and they stand at its end.
    excess = content.cell_len - cells
    yield from (content[excess:] if excess > 0 else content).render(console)
    if excess < 0:
        yield Segment(" " * -excess)
