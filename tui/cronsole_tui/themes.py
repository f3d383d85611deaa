"""The console's themes: which colour each tone has, legible to the colour-blind, in 16 colours and in none.

Dark and light keep the terminal's own background, so that blank cells cost nothing and cut-off line ends can be
erased. Good is a calm teal and bad a bold orange: they differ in lightness and weight, not only in hue, and a screen
full of what is well does not outshout what is not.
"""

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.theme import Theme

from cronsole_tui.views.line import Tone
from cronsole_tui.widgets.terminal import Colours


class Palette(NamedTuple):
    """How each tone looks, and what a widget lays under the row or the text that it points at."""

    tones: Mapping[Tone, Style]
    cursor: Style
    marked: Style
    found: Style
    here: Style


def _palette(
    tones: Mapping[Tone, str],
    cursor: str,
    marked: str = "bold",
    found: str = "underline",
    here: str = "reverse",
) -> Palette:
    styles = {tone: Style.parse(tones.get(tone, "none")) for tone in Tone}
    return Palette(styles, *map(Style.parse, (cursor, marked, found, here)))


# By number, of the 256 that are the same on every terminal: a quarter fewer bytes than 24-bit colours.
_DARK = _palette(
    {
        Tone.STRONG: "bold",
        Tone.FAINT: "color(245)",
        Tone.RULE: "color(239)",
        Tone.GOOD: "color(73)",
        Tone.BAD: "bold color(209)",
        Tone.WARN: "color(221)",
        Tone.BUSY: "bold color(117)",
        Tone.QUIET: "color(103)",
        Tone.ACCENT: "color(147)",
        Tone.KEY: "bold color(222)",
    },
    cursor="bright_white on color(237)",
    found="color(16) on color(179)",
    here="bold color(16) on color(229)",
)
_LIGHT = _palette(
    {
        Tone.STRONG: "bold",
        Tone.FAINT: "color(242)",
        Tone.RULE: "color(250)",
        Tone.GOOD: "color(24)",
        Tone.BAD: "bold color(130)",
        Tone.WARN: "color(94)",
        Tone.BUSY: "bold color(25)",
        Tone.QUIET: "color(60)",
        Tone.ACCENT: "color(54)",
        Tone.KEY: "bold color(18)",
    },
    cursor="black on color(254)",
    found="color(16) on color(222)",
    here="bold color(231) on color(24)",
)
_CONTRAST = _palette(
    {
        Tone.PLAIN: "color(231)",
        Tone.STRONG: "bold color(231)",
        Tone.FAINT: "color(251)",
        Tone.RULE: "color(248)",
        Tone.GOOD: "color(123)",
        Tone.BAD: "bold underline color(215)",
        Tone.WARN: "bold color(228)",
        Tone.BUSY: "bold color(159)",
        Tone.QUIET: "color(225)",
        Tone.ACCENT: "bold color(189)",
        Tone.KEY: "bold color(228)",
    },
    cursor="reverse",
    found="color(16) on color(228)",
    here="bold color(16) on color(231)",
)
_ANSI = _palette(
    {
        Tone.STRONG: "bold",
        Tone.FAINT: "dim",
        Tone.RULE: "dim",
        Tone.GOOD: "cyan",
        Tone.BAD: "bold red",
        Tone.WARN: "yellow",
        Tone.BUSY: "bold blue",
        Tone.QUIET: "magenta",
        Tone.ACCENT: "blue",
        Tone.KEY: "bold yellow",
    },
    cursor="reverse",
)
_COLOURLESS = _palette(
    {
        Tone.STRONG: "bold",
        Tone.FAINT: "dim",
        Tone.RULE: "dim",
        Tone.BAD: "bold underline",
        Tone.WARN: "underline",
        Tone.BUSY: "bold",
        Tone.QUIET: "dim",
        Tone.KEY: "bold",
    },
    cursor="reverse",
)
_OURS = {"dark": _DARK, "light": _LIGHT, "high-contrast": _CONTRAST, "ansi": _ANSI}


DEFAULT = "dark"


def default_theme(environ: Mapping[str, str]) -> str:
    """Return the name of the theme to start with: light where the terminal says that its background is."""
    paper = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if paper in ("7", "15") else DEFAULT


_OWN = "ansi_default"


def _theme(name: str, tones: Mapping[str, str], *, is_dark: bool = True) -> Theme:
    """Return what Textual's own widgets are drawn with. `ansi` keeps the terminal's default colours as they are."""
    return Theme(
        name=name,
        ansi=True,
        dark=is_dark,
        foreground=_OWN,
        background=_OWN,
        surface=_OWN,
        panel=_OWN,
        boost=_OWN,
        primary=tones["accent"],
        secondary=tones["good"],
        success=tones["good"],
        warning=tones["warn"],
        error=tones["bad"],
        accent=tones["accent"],
        variables={
            "ansi-background": "ansi_black" if is_dark else "ansi_white",
            "ansi-foreground": "ansi_white" if is_dark else "ansi_black",
            "scrollbar": tones["faint"],
            "scrollbar-hover": tones["faint"],
            "scrollbar-active": tones["accent"],
            "scrollbar-background": _OWN,
            "scrollbar-background-hover": _OWN,
            "scrollbar-background-active": _OWN,
            "border": tones["faint"],
            "border-blurred": tones["faint"],
            "block-cursor-background": tones["accent"],
            "block-cursor-foreground": "ansi_black" if is_dark else "ansi_bright_white",
            "input-selection-background": tones["faint"],
            "footer-key-foreground": tones["warn"],
        },
    )


THEMES = (
    _theme(
        "dark",
        {"accent": "#afafff", "good": "#5fafaf", "warn": "#ffd75f", "bad": "#ff875f", "faint": "#585858"},
    ),
    _theme(
        "light",
        {"accent": "#5f0087", "good": "#005f87", "warn": "#875f00", "bad": "#af5f00", "faint": "#bcbcbc"},
        is_dark=False,
    ),
    _theme(
        "high-contrast",
        {"accent": "#d7d7ff", "good": "#87ffff", "warn": "#ffff87", "bad": "#ffaf5f", "faint": "#ffffff"},
    ),
    _theme(
        "ansi",
        {
            "accent": "ansi_blue",
            "good": "ansi_cyan",
            "warn": "ansi_yellow",
            "bad": "ansi_red",
            "faint": "ansi_bright_black",
        },
    ),
)


def palette_of(theme: Theme, colours: Colours) -> Palette:
    """Return the colours of the tones: attributes alone without colours, the terminal's own where it has few."""
    if colours == Colours.NONE:
        return _COLOURLESS
    if colours == Colours.SIXTEEN:
        return _ANSI
    return _OURS.get(theme.name) or _of_textual(theme)


def _of_textual(theme: Theme) -> Palette:
    """Return the tones of one of Textual's own themes, from the colours that it names."""
    if theme.ansi:
        return _ANSI
    colours = theme.to_color_system().generate()

    def hexed(name: str) -> str:
        found = colours[name]
        return found if found.startswith("#") and len(found) == 7 else colours["foreground"]

    faint = "#8a8a8a" if theme.dark else "#666666"
    return _palette(
        {
            Tone.STRONG: "bold",
            Tone.FAINT: faint,
            Tone.RULE: faint,
            Tone.GOOD: hexed("success"),
            Tone.BAD: f"bold {hexed('error')}",
            Tone.WARN: hexed("warning"),
            Tone.BUSY: f"bold {hexed('primary')}",
            Tone.QUIET: faint,
            Tone.ACCENT: hexed("accent"),
            Tone.KEY: f"bold {hexed('accent')}",
        },
        cursor=f"on {hexed('panel')}",
    )
