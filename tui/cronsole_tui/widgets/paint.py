"""Lines of tones become strips of styles: the one place where a meaning gets its colour."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cronsole.text import width
from cronsole_tui.themes import Palette
from cronsole_tui.views.line import Line

_NOTHING = Style.null()
_NO_LINE = Style(underline=False)


class Painter:
    """Draws lines in the colours of a palette, on the ground of one widget."""

    def __init__(self, palette: Palette, ground: Style) -> None:
        self.palette = palette
        self.ground = ground
        self._styles = {tone: ground + style for tone, style in palette.tones.items()}
        # A row is mostly the row that it was: clocks tick in a few of its spans.
        self.line = lru_cache(2048)(self._line)

    def strip(self, segments: Iterable[tuple[str, Style]], cells: int, under: Style = _NOTHING) -> Strip:
        """Return any pieces of text as a strip of that many cells, one segment for neighbours that look alike."""
        merged: list[tuple[str, Style]] = []
        for text, style in segments:
            if not text:
                continue
            if merged and merged[-1][1] == style:
                merged[-1] = (merged[-1][0] + text, style)
            else:
                merged.append((text, style))
        found = [Segment(text, style) for text, style in merged]
        strip = Strip(found, sum(width(text) for text, _ in merged))
        return strip.adjust_cell_length(cells, self.ground + under)

    def _line(self, line: Line, cells: int, under: Style = _NOTHING) -> Strip:
        """Return a line as a strip; `under` lies beneath it, as a cursor does."""
        styles = self._styles
        if not under:
            return self.strip(_lined((text, styles[tone]) for text, tone in line), cells)
        ground, tones = self.ground + under, self.palette.tones
        # In reverse each colour would become a ground of its own, and the row a patchwork.
        laid = {
            tone: ground + (tones[tone].without_color if under.reverse else tones[tone]) for _, tone in line
        }
        return self.strip(_lined((text, laid[tone]) for text, tone in line), cells, under)


def _lined(segments: Iterable[tuple[str, Style]]) -> Iterator[tuple[str, Style]]:
    """Draw no line under the blanks that fill a cell up."""
    for text, style in segments:
        if style.underline and text.endswith(" "):
            said = text.rstrip(" ")
            yield said, style
            yield text[len(said) :], style + _NO_LINE
        else:
            yield text, style


def marked(segments: list[tuple[str, Style]], words: re.Pattern[str], mark: Style) -> list[tuple[str, Style]]:
    """Lay a mark over every place where the words are, also where it goes over several segments."""
    places = [found.span() for found in words.finditer("".join(text for text, _ in segments))]
    if not places:
        return segments
    laid: list[tuple[str, Style]] = []
    at = 0
    for text, style in segments:
        cuts = sorted(
            {0, len(text), *(min(max(edge - at, 0), len(text)) for place in places for edge in place)}
        )
        for begin, end in pairwise(cuts):
            is_in = any(first <= at + begin and at + end <= last for first, last in places)
            laid.append((text[begin:end], style + mark if is_in else style))
        at += len(text)
    return laid


def changed_cells(old: Strip, new: Strip) -> tuple[int, int] | None:
    """Return the first cell that differs between two strips, and the one after the last; None where none does."""
    if old == new:
        return None
    before, after = list(old), list(new)
    start = _common(before, after)
    end = _common([_reversed(one) for one in reversed(before)], [_reversed(one) for one in reversed(after)])
    cells = max(old.cell_length, new.cell_length)
    if old.cell_length != new.cell_length:
        return start, cells
    return start, max(start + 1, cells - end)


def _reversed(segment: Segment) -> Segment:
    return Segment(segment.text[::-1], segment.style)


def _common(one: list[Segment], other: list[Segment]) -> int:
    """Return how many cells two lists of segments begin with alike."""
    cells = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine == theirs:
            cells += mine.cell_length
            continue
        if mine.style == theirs.style:
            alike = 0
            for left, right in zip(mine.text, theirs.text, strict=False):
                if left != right:
                    break
                alike += 1
            # A joiner or an accent changes the character before it.
            cells += width(mine.text[: max(0, alike if mine.text.isascii() else alike - 1)])
        break
    return cells
