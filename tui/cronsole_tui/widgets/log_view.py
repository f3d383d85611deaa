"""A log of any size: the pages around what is looked at are held, and it follows only while its end is in view."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import ClassVar, TypeAlias

from rich.style import Style
from textual import events, work
from textual.message import Message
from textual.strip import Strip

from cronsole.errors import CronsoleError
from cronsole.text import width
from cronsole_tui.views.log_layout import Beside, LogLayout, Place, Row
from cronsole_tui.views.log_lines import LogLine, Piece, displayed
from cronsole_tui.widgets.drawn import Drawn
from cronsole_tui.widgets.log_reader import ChunkSource, LogReader
from cronsole_tui.widgets.paint import marked

_Reading: TypeAlias = Callable[[], Awaitable[None]]


class LogView(Drawn, can_focus=True):
    """Pieces of a log from one row on. `beside` makes what stands before a line, from its offset."""

    DEFAULT_CSS = "LogView { overflow-y: hidden; }"
    ALLOW_SELECT: ClassVar[bool] = False

    class Moved(Message):
        """Another part is shown, there is news, or a search has begun or ended."""

        def __init__(self, view: "LogView") -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> "LogView":
            return self.view

    class FindEnded(Message):
        """A search has come to a line, or to the log's end without one."""

        def __init__(self, view: "LogView", offset: int | None) -> None:
            super().__init__()
            self.view = view
            self.offset = offset

        @property
        def control(self) -> "LogView":
            return self.view

    class ReadFailed(Message):
        """The engine did not give what was asked for; what is held stays."""

        def __init__(self, view: "LogView", fault: CronsoleError) -> None:
            super().__init__()
            self.view = view
            self.fault = fault

        @property
        def control(self) -> "LogView":
            return self.view

    def __init__(
        self,
        source: ChunkSource | None = None,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.beside: Beside | None = None
        self.is_wrapped = False
        self.is_following = True
        self.is_finding = False
        self.new_lines = 0
        self._reader = LogReader(source) if source is not None else None
        self._turns = asyncio.Lock()
        self._top: Place = (0, 0)
        self._found: int | None = None
        self._pattern: re.Pattern[bytes] | None = None
        self._words: re.Pattern[str] | None = None
        self._rows: list[Row] = []

    @property
    def position(self) -> float:
        """How far into the log the last visible line is, from 0 to 1."""
        if self._reader is None or not self._reader.seen_to or not self._rows:
            return 1.0
        return min(1.0, self._rows[-1][0].end / self._reader.seen_to)

    @property
    def is_complete(self) -> bool:
        """Whether the log will not grow."""
        return self._reader is not None and self._reader.is_complete

    def show(self, source: ChunkSource, *, at_start: bool = False) -> None:
        """Show another log: its end, which is followed, or its beginning."""
        self._reader = LogReader(source)
        self._top, self._found, self.new_lines = (0, 0), None, 0
        self.is_following = not at_start
        self._read(partial(self._open, at_start))

    def poke(self) -> None:
        """Look whether the log has grown; ask this whenever it may have."""
        if not self.is_complete:
            self._read(self._news)

    def move(self, delta: int) -> None:
        """Move by rows; what is not held yet is read, and moved on into then."""
        left = self._step(delta)
        if delta < 0:
            self.is_following = False
        self._settle()
        if left or self._is_near_edge():
            self._read(partial(self._more, left))

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height - 1))

    def half_page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height // 2))

    def home(self) -> None:
        """Go to the first line."""
        self.is_following = False
        if self._reader is not None and self._reader.window.start == 0:
            self._top = (0, 0)
            self._settle()
        else:
            self._read(partial(self._open, at_start=True))

    def end(self) -> None:
        """Go to the last line, and follow what comes."""
        self.is_following = True
        if self._reader is not None and self._reader.is_at_end:
            self._settle()
        else:
            self._read(partial(self._open, at_start=False))

    def toggle_wrap(self) -> None:
        """Show long lines in full, or their beginnings."""
        self.is_wrapped = not self.is_wrapped
        self._top = (self._top[0], 0)
        self._settle()

    def find(self, text: str, *, backwards: bool = False) -> None:
        """Find a text from the top of what is shown; capitals count where the text has one. Empty ends a search."""
        self.cancel_find()
        self._found = self._pattern = self._words = None
        if text:
            flags = re.IGNORECASE if text == text.lower() else 0
            self._words = re.compile(re.escape(text), flags)
            self._pattern = re.compile(re.escape(text.encode()), flags)
            self.find_next(backwards=backwards)
        self.refresh_lines()

    def find_next(self, *, backwards: bool = False) -> None:
        """Go to the next line with the text, or to the one before."""
        if self._reader is None or self._pattern is None:
            return
        top = self._rows[0][0].begin if self._rows else 0
        here = self._found if self._found is not None else top if backwards else top - 1
        self.is_finding = True
        self.post_message(self.Moved(self))
        self._search(partial(self._find, self._reader, self._pattern, here, backwards))

    def cancel_find(self) -> None:
        """End a search that is under way."""
        self.workers.cancel_group(self, "find")
        self.is_finding = False

    def shown_text(self) -> str:
        """Return the visible lines as they are shown, wrapped ones whole."""
        return "\n".join(_plain(displayed(piece)) for piece in self._visible())

    def shown_bytes(self) -> bytes:
        """Return the bytes of the visible lines as they were written."""
        return b"".join(piece.data for piece in self._visible())

    def strip_at(self, y: int) -> Strip:
        cells, ground = self.size.width, self.painter.ground
        if y >= len(self._rows):
            return self.painter.line((), cells)
        piece, row, line = self._rows[y]
        segments = [(text, ground + _style(style)) for text, style in line]
        if self._words is not None:
            palette = self.painter.palette
            is_here = piece.begin == self._found
            segments = marked(segments, self._words, palette.here if is_here else palette.found)
        if self.beside is not None and piece.is_start:
            text, tone = self.beside(piece.begin)
            shown = " " * width(text) if row else text
            segments.insert(0, (shown, ground + self.painter.palette.tones[tone]))
        return self.painter.strip(segments, cells)

    def on_mount(self) -> None:
        if self._reader is not None:
            self._read(partial(self._open, at_start=not self.is_following))

    def on_resize(self) -> None:
        self._settle()
        self._read(self._fill)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.move(-3)

    @work(group="find", exclusive=True)
    async def _search(self, finding: _Reading) -> None:
        await self._telling(finding)

    @work(group="read")
    async def _read(self, reading: _Reading) -> None:
        await self._telling(partial(self._in_turn, reading))

    async def _in_turn(self, reading: _Reading) -> None:
        # One after another: each looks at what the one before has left.
        async with self._turns:
            await reading()
            self._settle()

    async def _telling(self, reading: _Reading) -> None:
        try:
            await reading()
        except CronsoleError as fault:
            self.is_finding = False
            self.post_message(self.ReadFailed(self, fault))

    async def _open(self, at_start: bool) -> None:
        if (reader := self._reader) is None:
            return
        await (reader.open_at(0) if at_start else reader.open_end())
        self._top = (0, 0)
        await self._fill()

    async def _fill(self) -> None:
        """Read on until there are as many rows as are visible, or no room for more of very long lines."""
        while (reader := self._reader) is not None and not self._layout().fills(self.size.height):
            if reader.window.is_full:
                break
            if not reader.is_at_end:
                await reader.read_after()
            elif reader.window.start > 0:
                self._top = (self._top[0] + await reader.read_before(), self._top[1])
            else:
                break

    async def _news(self) -> None:
        if (reader := self._reader) is None:
            return
        if self.is_following:
            await reader.follow()
        else:
            self.new_lines += await reader.count_news()

    async def _more(self, left: int) -> None:
        """Read on in the direction in which rows were missing, and move by what was missing."""
        if (reader := self._reader) is None:
            return
        if left >= 0 and not reader.is_at_end:
            dropped = await reader.read_after()
            self._top = (max(0, self._top[0] - dropped), self._top[1])
        if left <= 0 and reader.window.start > 0 and self._top[0] < self.size.height:
            self._top = (self._top[0] + await reader.read_before(), self._top[1])
        self._step(left)

    async def _find(self, reader: LogReader, pattern: re.Pattern[bytes], here: int, backwards: bool) -> None:
        offset = await reader.find(pattern, here, backwards=backwards)
        if offset is not None:
            self._found = offset
            self.is_following = False
            await self._go_to(reader, offset)
        self.is_finding = False
        self.post_message(self.FindEnded(self, offset))
        self._settle()

    async def _go_to(self, reader: LogReader, offset: int) -> None:
        async with self._turns:
            if not reader.window.start <= offset < reader.window.end:
                await reader.open_at(offset)
                if offset > 0:
                    await reader.read_before()
            self._top = (reader.window.at(offset), 0)
            self._step(-(self.size.height // 3))

    def _is_near_edge(self) -> bool:
        """Whether what follows or comes before what is shown is about to be needed."""
        if (reader := self._reader) is None:
            return False
        height = self.size.height
        is_low = self._top[0] + 2 * height > len(reader.window) and not reader.is_at_end
        return is_low or (self._top[0] < height and reader.window.start > 0)

    def _settle(self) -> None:
        """Put the end at the bottom where it is followed, take up what is visible, and draw what differs."""
        if (reader := self._reader) is None or not self.size.height:
            return
        count = len(reader.window)
        self._top = (max(0, min(self._top[0], count - 1)), self._top[1])
        layout = self._layout()
        last = layout.last_top(self.size.height)
        if self.is_following or self._top >= last:
            self._top = last
            self.is_following = reader.is_at_end
        if self.is_following:
            self.new_lines = 0
        self._rows = list(layout.rows(self._top, self.size.height))
        self.refresh_lines()
        self.post_message(self.Moved(self))

    def _step(self, delta: int) -> int:
        """Move the top by rows within what is held; return by how many it could not."""
        self._top, left = self._layout().moved(self._top, delta, self.size.height)
        return left

    def _layout(self) -> LogLayout:
        pieces = self._reader.window.pieces if self._reader is not None else []
        return LogLayout(pieces, self.size.width, self.is_wrapped, self.beside)

    def _visible(self) -> list[Piece]:
        return list(dict.fromkeys(piece for piece, *_ in self._rows))


@lru_cache(1024)
def _style(said: str) -> Style:
    return Style.parse(said) if said else Style.null()


def _plain(line: LogLine) -> str:
    return "".join(span.text for span in line)
