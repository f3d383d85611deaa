"""Draws what a terminal shows as SVG: a cell of the terminal is a cell of the picture, and nothing is fetched."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.strip import Strip

from cronsole.text import width

# A dark panel stands on GitHub's light page as it does on its dark one.
# The sixteen colours are those of the terminal's own palette, here a quiet one.
_THEME: Final = TerminalTheme(
    (22, 24, 29),
    (208, 211, 217),
    [
        (54, 58, 66),
        (224, 108, 117),
        (142, 192, 124),
        (229, 192, 123),
        (97, 175, 239),
        (198, 140, 221),
        (95, 175, 175),
        (208, 211, 217),
    ],
    [
        (92, 99, 112),
        (255, 135, 95),
        (166, 218, 149),
        (255, 215, 95),
        (135, 215, 255),
        (215, 175, 255),
        (135, 215, 215),
        (255, 255, 255),
    ],
)
_FONT: Final = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
_CELL_WIDTH, _LINE_HEIGHT, _FONT_SIZE = 8, 18, 13
_BASELINE, _MARGIN = 13, 12
# Words of ASCII together, as far as one space lies between them; blocks and lines together; any other letter by
# itself, for a fallback font must not push what follows it.
_APART: Final = re.compile(r"[!-~]+(?: [!-~]+)*|[─━▁-▏░▒▓]+|[^ -~]")


class Piece(NamedTuple):
    """Neighbouring cells that look alike: where they are, their class names, and their text; blank ones are paper."""

    row: int
    column: int
    classes: str
    text: str


def pieces(strips: Sequence[Strip]) -> list[Piece]:
    """Return all that is to be seen, row by row; blank cells only where they have a colour of their own."""
    return [piece for row, strip in enumerate(strips) for piece in _row_pieces(row, strip)]


def _row_pieces(row: int, strip: Strip) -> Iterator[Piece]:
    column = 0
    for text, style, _ in _merged(strip):
        paper, ink = _classes(style or Style())
        if paper:
            yield Piece(row, column, paper, " " * width(text))
        for found in _APART.finditer(text):
            yield Piece(row, column + width(text[: found.start()]), ink, found.group())
        column += width(text)


def _merged(strip: Strip) -> Iterator[Segment]:
    """Yield the strip with neighbours of one look as one, whichever widgets they belong to."""
    return iter(Segment.simplify(Segment(text, _look(style)) for text, style, _ in strip))


def _look(style: Style | None) -> Style:
    """Return a style without the links and the meta data that a widget attached to it."""
    if style is None:
        return Style()
    return Style(
        color=style.color,
        bgcolor=style.bgcolor,
        bold=style.bold,
        dim=style.dim,
        underline=style.underline,
        reverse=style.reverse,
    )


def _classes(style: Style) -> tuple[str, str]:
    """Return the class of the paper, and those of the ink: its colour, then what else it is."""
    ink, paper = style.color, style.bgcolor
    if style.reverse:
        ink = Color.parse("black") if paper is None else paper
        paper = Color.parse("white") if style.color is None else style.color
    words = [f"f{_name(ink)}" if _is_set(ink) else ""]
    words += ["b" if style.bold else "", "d" if style.dim else "", "u" if style.underline else ""]
    return f"p{_name(paper)}" if _is_set(paper) else "", " ".join(filter(None, words))


def _is_set(color: Color | None) -> bool:
    return color is not None and not color.is_default


def _name(color: Color | None) -> str:
    assert color is not None
    return str(color.number) if color.number is not None else color.get_truecolor(_THEME).hex[1:]


def svg(strips: Sequence[Strip], title: str) -> str:
    """Return the picture of a screen."""
    found = pieces(strips)
    cells = max(strip.cell_length for strip in strips)
    across, down = cells * _CELL_WIDTH + 2 * _MARGIN, len(strips) * _LINE_HEIGHT + 2 * _MARGIN
    told = escape(title)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" height="{down}"'
            f' role="img" aria-label="{told}">',
            f"<title>{told}</title>",
            f"<style>{_css(found)}</style>",
            f'<rect width="{across}" height="{down}" rx="8" fill="{_THEME.background_color.hex}"/>',
            f'<g transform="translate({_MARGIN} {_MARGIN})">',
            *map(_drawn, found),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _css(found: Sequence[Piece]) -> str:
    rules = [
        f"text{{font:{_FONT_SIZE}px {_FONT};fill:{_THEME.foreground_color.hex}}}",
        ".b{font-weight:700}.d{opacity:.6}.u{text-decoration:underline}",
    ]
    for word in sorted({word for piece in found for word in piece.classes.split()}):
        if len(word) > 1:
            rules.append(f"{'rect' if word[0] == 'p' else 'text'}.{word}{{fill:{_hex(word[1:])}}}")
    return "".join(rules)


def _hex(name: str) -> str:
    if len(name) == 6:
        return f"#{name}"
    return Color.from_ansi(int(name)).get_truecolor(_THEME).hex


def _drawn(piece: Piece) -> str:
    x, y, across = piece.column * _CELL_WIDTH, piece.row * _LINE_HEIGHT, width(piece.text) * _CELL_WIDTH
    named = f' class="{piece.classes}"' if piece.classes else ""
    if not piece.text.strip():
        return f'<rect{named} x="{x}" y="{y}" width="{across}" height="{_LINE_HEIGHT}"/>'
    return f'<text{named} x="{x}" y="{y + _BASELINE}" textLength="{across}">{escape(piece.text)}</text>'


def substance(picture: str) -> list[tuple[str, str]]:
    """Return what of a picture has to be as it is on the screen: its texts, and their classes."""
    return re.findall(r'<text(?: class="([^"]*)")? [^>]*>([^<]*)</text>', picture)
