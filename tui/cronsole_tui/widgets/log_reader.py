"""Reads a log in pages around what is looked at, and searches it in a stream."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Protocol

from cronsole.model.view import LogChunk
from cronsole_tui.views.log_lines import without_colours
from cronsole_tui.views.log_window import LogWindow

PAGE_BYTES = 64 * 1024
_PAGES_OF_NEWS = 16


class ChunkSource(Protocol):
    """Bytes of a log from an offset on; a negative one counts from the end.

    What is no longer there is skipped: the chunk then begins after it, and tells how much was left out.
    """

    async def read(self, offset: int, limit: int) -> LogChunk: ...


class LogReader:
    """A window into a source, which grows by pages on either side.

    `seen_to` is where the log ended when it was last looked at, and `is_complete` that it will not grow.
    """

    def __init__(self, source: ChunkSource) -> None:
        self.source = source
        self.window = LogWindow()
        self.seen_to = 0
        self.is_complete = False

    @property
    def is_at_end(self) -> bool:
        """Whether the window holds the last that was seen of the log."""
        return self.window.end >= self.seen_to

    async def open_end(self) -> None:
        """Hold the last page."""
        chunk = await self.source.read(-PAGE_BYTES, PAGE_BYTES)
        self.window = LogWindow(chunk.offset)
        if chunk.data:
            # By way of the front, where a line that began before the page is left away.
            self.window = LogWindow(chunk.next_offset)
            self.window.prepend(chunk.data, is_start=chunk.offset == 0 or chunk.left_out > 0)
        self._saw(chunk)

    async def open_at(self, offset: int) -> None:
        """Hold the page that begins at an offset, which should be a line's."""
        if not self.seen_to:
            # What is there already is no news.
            self._saw(await self.source.read(-1, 1))
        chunk = await self.source.read(max(0, offset), PAGE_BYTES)
        self.window = LogWindow(chunk.offset - chunk.left_out)
        self.window.append(chunk.data, chunk.left_out)
        self._saw(chunk)

    async def read_after(self) -> int:
        """Add the next page; return how many pieces were dropped in front."""
        chunk = await self.source.read(self.window.end, PAGE_BYTES)
        self._saw(chunk)
        return self.window.append(chunk.data, chunk.left_out)

    async def read_before(self) -> int:
        """Add the page before; return how many pieces that made."""
        end = self.window.start
        start, data = await self._page_before(end)
        hole = end - start - len(data)
        return self.window.prepend(data, hole=hole, is_start=start == 0)

    async def follow(self) -> None:
        """Hold the end of what the log has grown to; what came faster than it could be read is passed over."""
        if not self.is_at_end:
            await self.open_end()
            return
        chunk = await self.source.read(self.window.end, PAGE_BYTES)
        self._saw(chunk)
        if len(chunk.data) < PAGE_BYTES:
            self.window.append(chunk.data, chunk.left_out)
        else:
            await self.open_end()

    async def count_news(self) -> int:
        """Return how many lines came since the log was last looked at; what there is room for is held."""
        lines = 0
        for _ in range(_PAGES_OF_NEWS):
            chunk = await self.source.read(self.seen_to, PAGE_BYTES)
            if self.is_at_end and not self.window.is_full:
                self.window.append(chunk.data, chunk.left_out)
            self._saw(chunk)
            lines += chunk.data.count(b"\n")
            if len(chunk.data) < PAGE_BYTES:
                break
        return lines

    async def find(self, pattern: re.Pattern[bytes], offset: int, *, backwards: bool = False) -> int | None:
        """Return the offset of the next line that matches, after or before a line's offset; None without one."""
        pages = self._pages_before(offset) if backwards else self._pages_after(offset)
        async for at, page in pages:
            if pattern.search(without_colours(page)):
                found = [line for line in _matching(pattern, page, at) if backwards or line > offset]
                if found:
                    return found[-1] if backwards else found[0]
            # A source in memory never waits, and other keys want to be heard.
            await asyncio.sleep(0)
        return None

    async def _pages_after(self, offset: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield pages of whole lines with their offsets, a line that is longer than a page in parts."""
        rest, offset = b"", max(0, offset)
        while True:
            chunk = await self.source.read(offset, PAGE_BYTES)
            if not chunk.data:
                break
            if chunk.left_out and rest:
                yield offset - len(rest), rest
                rest = b""
            data = rest + chunk.data
            begin, offset = chunk.offset - len(rest), chunk.next_offset
            cut = data.rfind(b"\n") + 1 or (len(data) if len(data) > PAGE_BYTES else 0)
            if cut:
                yield begin, data[:cut]
            rest = data[cut:]
        if rest:
            yield offset - len(rest), rest

    async def _pages_before(self, offset: int) -> AsyncIterator[tuple[int, bytes]]:
        rest = b""
        while offset > 0:
            start, data = await self._page_before(offset)
            if start + len(data) < offset and rest:
                yield offset, rest
                rest = b""
            data += rest
            # The line that the page begins within belongs to the page before it.
            cut = 0 if start == 0 or len(data) > 2 * PAGE_BYTES else (data.find(b"\n") + 1) or len(data)
            if cut < len(data):
                yield start + cut, data[cut:]
            rest, offset = data[:cut], start
        if rest:
            yield 0, rest

    async def _page_before(self, end: int) -> tuple[int, bytes]:
        """Return the last bytes before an offset, and theirs; between them and it may lie a hole."""
        reach = PAGE_BYTES
        while True:
            start = max(0, end - reach)
            chunk = await self.source.read(start, min(PAGE_BYTES, end - start))
            data = chunk.data[: max(0, end - chunk.offset)]
            if data:
                break
            if start == 0:
                return 0, b""
            # Nothing but a hole; its beginning may be far.
            reach *= 8
        start = chunk.offset
        # A long reach ends within what was kept before the hole; its last page is what is wanted.
        while start + len(data) < end:
            chunk = await self.source.read(start + len(data), min(PAGE_BYTES, end - start - len(data)))
            if chunk.offset >= end or not chunk.data:
                break
            start, data = chunk.offset, chunk.data[: end - chunk.offset]
        return start, data

    def _saw(self, chunk: LogChunk) -> None:
        self.seen_to = max(self.seen_to, chunk.next_offset)
        self.is_complete |= chunk.is_complete


def _matching(pattern: re.Pattern[bytes], page: bytes, at: int) -> list[int]:
    found = []
    for line in page.split(b"\n"):
        if pattern.search(without_colours(line)):
            found.append(at)
        at += len(line) + 1
    return found
