"""The lines of a page about one thing: facts behind their labels, and headings between them."""

from typing import Final

from rich.text import Text

from cronsole.cli.glyphs import FAINT, STRONG
from cronsole.cli.tables import cell
from cronsole.text import pad, safe

LABEL_CELLS: Final = 11


def heading(word: str, beside: str = "") -> Text:
    return Text.assemble("\n", (word.upper(), STRONG), f"  {safe(beside)}" if beside else "")


def fact(label: str, told: str, beside: str = "", *, style: str = "") -> Text:
    """Return a line of a label, what is told, and what is said beside it."""
    line = Text(pad(f"  {label}", LABEL_CELLS) + " ").append_text(cell(told, style))
    return line.append(f"  {safe(beside)}", FAINT) if beside else line
