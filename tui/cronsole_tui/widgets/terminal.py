"""What the terminal can show, told from its environment before Textual is imported."""

from collections.abc import Mapping
from enum import IntEnum


class Colours(IntEnum):
    """How many colours a terminal is sent. NONE still has bold, dim, underline and reverse."""

    NONE = 0
    SIXTEEN = 16
    MANY = 256
    ALL = 1 << 24


def colours_of(environ: Mapping[str, str]) -> Colours:
    """Return how many colours to use; NO_COLOR comes before all, and a Linux console never has more than 16."""
    term = environ.get("TERM", "").lower()
    if environ.get("NO_COLOR") or term in ("", "dumb", "unknown"):
        return Colours.NONE
    if term == "linux" or term.endswith("-16color"):
        return Colours.SIXTEEN
    # Over SSH the variable COLORTERM seldom arrives, and 256 colours are what these names stand for.
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return Colours.ALL
    return Colours.MANY if "256color" in term or term in ("xterm-kitty", "alacritty") else Colours.SIXTEEN


def is_unicode(environ: Mapping[str, str]) -> bool:
    """Return whether the locale and the terminal can be trusted with more than ASCII."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return environ.get("TERM") not in ("linux", "dumb") and "utf" in locale.lower()


def textual_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what has to be in the environment when Textual is imported: no animation, and the colours there are.

    What the user has set is left as it is.
    """
    systems = {Colours.ALL: "truecolor", Colours.MANY: "256"}
    wanted = {
        # How soon a key is answered; how many frames are sent is for the driver to say.
        "TEXTUAL_FPS": "120",
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_COLOR_SYSTEM": systems.get(colours_of(environ), "standard"),
    }
    return {name: value for name, value in wanted.items() if name not in environ}
