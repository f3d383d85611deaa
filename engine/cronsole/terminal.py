"""Makes the output of a program safe for a terminal: colours survive, every other control sequence is shown as text.

What a colour is, is decided here, for the console's logs too.
"""

import re
from typing import Final

from cronsole.text import safe

RESET: Final = "\x1b[0m"

# Colour and weight. What hides (8) or blinks (5, 6) is no colour.
_PLAIN_CODE: Final = r"0?[0-4]|4:[0-5]|0?[79]|2[1-9]|3[0-79]|4[0-79]|5[39]|9[0-7]|10[0-7]"
# The signs within one colour are of one kind: terminals disagree about a mixture, and might read an 8 by itself.
_BYTE: Final = r"(?:0?[0-9]{1,2}|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_WIDE_CODE: Final = (
    rf"[345]8;5;{_BYTE}|[345]8;2(?:;{_BYTE}){{3}}"
    rf"|[345]8:5:{_BYTE}|[345]8:2:[0-9]{{0,3}}(?::{_BYTE}){{3}}|[345]8:2(?::{_BYTE}){{3}}"
)
_CODE: Final = rf"(?:{_WIDE_CODE}|{_PLAIN_CODE})"
_LONGEST: Final = 62
COLOUR: Final = re.compile(rf"\x1b\[(?=[0-9;:]{{0,{_LONGEST}}}m)(?:{_CODE}(?:;{_CODE})*)?m")
"""A sequence that says nothing but how what follows looks, as `\x1b[1;31m` does."""
_ENDS_COLOUR: Final = re.compile(r"\x1b\[0*m")
# The beginning of what may yet turn out to be a colour, or of a line's end.
_OPEN: Final = re.compile(rf"(?:\x1b(?:\[[0-9;:]{{0,{_LONGEST}}})?|\r)\Z")
_PIECE: Final = re.compile(rf"({COLOUR.pattern}|\r\n?)")


class TerminalText:
    """A filter over text that comes in pieces, cut anywhere.

    A return to the line's start begins a new line, so that nothing is written over what was there. Without
    `has_colour`, colours are left out.
    """

    def __init__(self, *, has_colour: bool = True) -> None:
        self._has_colour = has_colour
        self._held = ""
        self._is_coloured = False

    def feed(self, text: str) -> str:
        """Return what of the text, and of what was held back before it, can be shown now."""
        text = self._held + text
        opened = _OPEN.search(text)
        self._held = opened.group() if opened else ""
        return self._shown(text[: opened.start()] if opened else text)

    def end(self) -> str:
        """Return what was held back, and the reset of a colour that was left on."""
        held, self._held = self._held, ""
        shown = self._shown(held)
        if self._is_coloured:
            self._is_coloured = False
            shown += RESET
        return shown

    def _shown(self, text: str) -> str:
        # Nothing to obey, nothing to look for: most output is plain.
        if "\x1b" not in text and "\r" not in text:
            return safe(text, keeps_breaks=True)
        return "".join(map(self._piece, _PIECE.split(text)))

    def _piece(self, piece: str) -> str:
        if piece.startswith("\r"):
            return "\n"
        if COLOUR.fullmatch(piece) is None:
            return safe(piece, keeps_breaks=True)
        if not self._has_colour:
            return ""
        self._is_coloured = _ENDS_COLOUR.fullmatch(piece) is None
        return piece
