"""How characters look on a terminal, and the shortest sequence that leads from one look to another."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem

from cronsole_tui.widgets.terminal import Colours

# The attributes that a blank shows: underline, blink, reverse, strike, double underline, frame, overline.
_SEEN_ON_BLANKS = frozenset(("4", "5", "6", "7", "9", "21", "51", "52", "53"))
_OFF = {
    "22": ("1", "2"),
    "23": ("3",),
    "24": ("4", "21"),
    "25": ("5", "6"),
    "27": ("7",),
    "28": ("8",),
    "29": ("9",),
    "54": ("51", "52"),
    "55": ("53",),
}
# Those that every terminal knows.
_EVERYWHERE = ("22", "24", "25", "27")
_ATTRIBUTES = frozenset(code for codes in _OFF.values() for code in codes)
_SYSTEMS = {Colours.SIXTEEN: ColorSystem.STANDARD, Colours.MANY: ColorSystem.EIGHT_BIT}


class Look(NamedTuple):
    """Attributes and colours as SGR parameters; an empty colour is the terminal's own."""

    attributes: tuple[str, ...] = ()
    ink: str = ""
    paper: str = ""


PLAIN = Look()


@lru_cache(4096)
def looked(look: Look, parameters: str, colours: Colours) -> Look:
    """Return what becomes of a look by an SGR sequence, in the colours that the terminal has."""
    attributes, ink, paper = set(look.attributes), look.ink, look.paper
    codes = iter(parameters.split(";"))
    for code in codes:
        if code.strip("0") == "":
            attributes, ink, paper = set(), "", ""
        elif code in _ATTRIBUTES:
            attributes.add(code)
        elif code in _OFF:
            attributes.difference_update(_OFF[code])
        elif code in ("38", "48"):
            colour = _extended(code, next(codes, ""), codes, colours)
            ink, paper = (colour, paper) if code == "38" else (ink, colour)
        elif code[:1] in ("3", "9"):
            ink = "" if code == "39" or not colours else code
        elif code[:1] == "4" or len(code) == 3:
            paper = "" if code == "49" or not colours else code
    return Look(tuple(sorted(attributes)), ink, paper)


def _extended(code: str, kind: str, codes: Iterator[str], colours: Colours) -> str:
    count = {"5": 1, "2": 3}.get(kind, 0)
    values = [int(next(codes, "0") or 0) for _ in range(count)]
    if not colours or not count:
        return ""
    if (system := _SYSTEMS.get(colours)) is None:
        return ";".join((code, kind, *map(str, values)))
    colour = Color.from_ansi(values[0]) if count == 1 else Color.from_rgb(*values)
    return ";".join(colour.downgrade(system).get_ansi_codes(foreground=code == "38"))


@lru_cache(4096)
def on_blank(look: Look) -> Look:
    """Return what of a look can be seen on a blank."""
    seen = tuple(code for code in look.attributes if code in _SEEN_ON_BLANKS)
    return Look(seen, look.ink if seen else "", look.paper)


@lru_cache(4096)
def between(before: Look, after: Look) -> str:
    """Return the shortest sequence that turns one look into another."""
    if before == after:
        return ""
    if after == PLAIN:
        return "\x1b[m"
    anew = ["", *after.attributes, *_filled(after.ink, after.paper)]
    gone = set(before.attributes) - set(after.attributes)
    ends = [end for end in _EVERYWHERE if gone & set(_OFF[end])]
    if not gone <= {code for end in ends for code in _OFF[end]}:
        return f"\x1b[{';'.join(anew)}m"
    # What is ended may have ended more than what is gone, as bold and dim end together.
    kept = set(before.attributes) - {code for end in ends for code in _OFF[end]}
    added = ends + [code for code in after.attributes if code not in kept]
    if after.ink != before.ink:
        added.append(after.ink or "39")
    if after.paper != before.paper:
        added.append(after.paper or "49")
    return f"\x1b[{min(';'.join(anew), ';'.join(added), key=len)}m"


def _filled(*codes: str) -> list[str]:
    return [code for code in codes if code]
