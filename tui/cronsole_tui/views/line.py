"""The one thing that views make and widgets draw: lines of text whose colours are named by what they mean."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from cronsole.text import pad, safe, truncate, width


class Tone(StrEnum):
    """What a piece of text means; a theme gives each its colour, and none is told by colour alone."""

    PLAIN = "plain"
    STRONG = "strong"
    FAINT = "faint"
    RULE = "rule"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    BUSY = "busy"
    QUIET = "quiet"
    ACCENT = "accent"
    KEY = "key"


class Span(NamedTuple):
    """A piece of text in one tone. Text from outside has been through `safe`."""

    text: str
    tone: Tone = Tone.PLAIN


Line: TypeAlias = tuple[Span, ...]


def said(text: str, tone: Tone = Tone.PLAIN) -> Span:
    """Return a span of text from outside, with all that a terminal could obey made visible."""
    return Span(safe(text), tone)


def line_width(line: Iterable[Span]) -> int:
    """Return how many cells a line takes."""
    return sum(width(span.text) for span in line)


def fitted(line: Iterable[Span], cells: int) -> Line:
    """Return the line in exactly that many cells: cut with an ellipsis, or filled up with spaces."""
    found: list[Span] = []
    left = cells
    spans = [span for span in line if span.text]
    for position, span in enumerate(spans):
        taken = width(span.text)
        is_last = position == len(spans) - 1
        if taken > left or (taken == left and not is_last):
            found.append(Span(truncate(span.text + ("" if is_last else "……"), left), span.tone))
            left = 0
            break
        found.append(span)
        left -= taken
    if left > 0:
        found.append(Span(" " * left))
    return tuple(found)


def cut(line: Line, cells: int) -> Line:
    """Return the line as it is where it has room, else cut with an ellipsis."""
    return fitted(line, cells) if line_width(line) > cells else line


def beside(left: Line, right: Line, width: int) -> Line:
    """Return two lines as one, the second against the right edge; it is left out where there is no room for it."""
    gap = width - line_width(left) - line_width(right)
    return cut(left, width) if gap < 2 else (*left, Span(" " * gap), *right)


def faded(line: Line) -> Line:
    """Return the line with nothing in it that stands out: what it says is old."""
    return tuple(Span(span.text, Tone.FAINT) for span in line)


def cell(span: Span, cells: int, *, right: bool = False) -> Span:
    """Return the span in exactly that many cells."""
    return Span(pad(span.text, cells, align="right" if right else "left"), span.tone)


def plain(line: Iterable[Span]) -> str:
    """Return the text of a line alone."""
    return "".join(span.text for span in line)
