"""What pages are made of: labelled lines, sections, and text from outside that is wrapped."""

from collections.abc import Iterable, Sequence

from cronsole.text import safe, truncate, width
from cronsole_tui.views.line import Line, Span, Tone, fitted, said

LABEL_CELLS = 14


def title(text: str, told: str = "") -> Line:
    return (Span(" "), said(text, Tone.STRONG), Span("   "), said(told, Tone.PLAIN))


def section(text: str) -> Line:
    return (Span(f" {text}", Tone.ACCENT),)


def side_by_side(left: Sequence[Line], right: Sequence[Line], cells: int) -> list[Line]:
    """Return two blocks of lines beside each other, each as wide as half the page."""
    half = cells // 2
    count = max(len(left), len(right))
    rows = [(*left, *[()] * (count - len(left))), (*right, *[()] * (count - len(right)))]
    return [
        (*fitted(one, half - 2), Span("  "), *fitted(other, cells - half))
        for one, other in zip(*rows, strict=True)
    ]


def field(label: str, *spans: Span) -> Line:
    """Return a labelled line."""
    return (Span(f"   {label:<{LABEL_CELLS}}", Tone.FAINT), *spans)


def fields(pairs: Iterable[tuple[str, str]]) -> list[Line]:
    """Return a line for each pair that has something to say."""
    return [field(label, said(text)) for label, text in pairs if text]


def wrapped(text: str, cells: int) -> list[str]:
    """Return safe text in lines of at most so many cells, broken between words where that is possible."""
    found: list[str] = []
    # A widget that has no room yet asks all the same.
    cells = max(1, cells)
    for paragraph in text.split("\n"):
        line = ""
        for word in safe(paragraph).split(" "):
            joined = f"{line} {word}" if line else word
            if width(joined) <= cells:
                line = joined
                continue
            if line:
                found.append(line)
            while width(word) > cells:
                head = truncate(word, cells)[:-1] or word[:1]
                found.append(head)
                word = word[len(head) :]
            line = word
        found.append(line)
    return found


def block(lines: Sequence[str], tone: Tone = Tone.PLAIN) -> list[Line]:
    """Return text from outside, indented as it stands."""
    return [(Span("   "), said(line, tone)) for line in lines]
