import pytest
from rich.color import Color
from textual.theme import BUILTIN_THEMES

from cronsole_tui.themes import DEFAULT, THEMES, default_theme, palette_of
from cronsole_tui.views.line import Tone
from cronsole_tui.widgets.terminal import Colours

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _rgb(colour: Color) -> tuple[int, int, int]:
    red, green, blue = colour.get_truecolor()
    return red, green, blue


@pytest.mark.parametrize(
    ("name", "ground", "least"),
    [("dark", _BLACK, 5.0), ("light", _WHITE, 4.5), ("high-contrast", _BLACK, 10.0)],
)
def test_every_tone_can_be_read_on_the_ground_that_its_theme_is_for(name, ground, least):
    theme = next(theme for theme in THEMES if theme.name == name)
    tones = palette_of(theme, Colours.ALL).tones
    for tone, style in tones.items():
        # A rule says nothing; it only parts.
        if style.color is not None and tone is not Tone.RULE:
            assert _contrast(_rgb(style.color), ground) >= least, tone


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_failure_differs_from_success_in_weight_and_not_in_hue_alone(theme):
    tones = palette_of(theme, Colours.ALL).tones
    assert tones[Tone.BAD].bold
    assert not tones[Tone.GOOD].bold


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
@pytest.mark.parametrize("colours", Colours)
def test_every_theme_of_textual_has_its_tones(name, colours):
    palette = palette_of(BUILTIN_THEMES[name], colours)
    assert set(palette.tones) == set(Tone)
    assert palette.cursor


def test_without_colours_there_are_attributes_alone():
    palette = palette_of(THEMES[0], Colours.NONE)
    for style in (*palette.tones.values(), palette.cursor, palette.found, palette.here):
        assert style.color is None
        assert style.bgcolor is None
    assert palette.cursor.reverse


def test_a_terminal_of_16_colours_keeps_its_own():
    for style in palette_of(THEMES[0], Colours.SIXTEEN).tones.values():
        assert style.color is None or style.color.type.name == "STANDARD"


def test_a_terminal_that_tells_of_its_light_ground_gets_the_light_theme():
    assert default_theme({"COLORFGBG": "0;15"}) == "light"
    assert default_theme({"COLORFGBG": "15;0"}) == DEFAULT
    assert default_theme({}) == DEFAULT
