from hypothesis import given
from hypothesis import strategies as st
from rich.cells import split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from cronsole_tui.themes import THEMES, palette_of
from cronsole_tui.views.line import Span, Tone
from cronsole_tui.widgets.paint import Painter, changed_cells
from cronsole_tui.widgets.terminal import Colours

_RED, _PLAIN = Style.parse("red"), Style.null()
_SEGMENTS = st.lists(
    st.tuples(st.text("ab 世é", min_size=1, max_size=4), st.sampled_from([_RED, _PLAIN])).map(
        lambda pair: Segment(*pair)
    ),
    max_size=6,
)


def _painter() -> Painter:
    return Painter(palette_of(THEMES[0], Colours.ALL), Style.null())


def test_neighbours_that_look_alike_are_one_segment():
    strip = _painter().line((Span("a", Tone.GOOD), Span("b", Tone.GOOD), Span("c")), 3)
    assert [segment.text for segment in strip] == ["ab", "c"]


def test_a_line_is_filled_up_or_cut_to_its_cells():
    painter = _painter()
    assert painter.line((Span("世界"),), 3).text == "世 "
    assert painter.line((Span("世"),), 5).cell_length == 5


def test_what_lies_under_a_line_keeps_the_tones_apart():
    painter = _painter()
    strip = painter.line((Span("a", Tone.GOOD), Span("b", Tone.BAD)), 4, painter.palette.cursor)
    grounds = {str(segment.style.bgcolor) for segment in strip if segment.style}
    inks = [segment.style.color for segment in strip if segment.style]
    assert len(grounds) == 1
    assert inks[0] != inks[1]


def test_a_digit_that_changed_is_one_cell():
    old, new = Strip([Segment("in 14s", _RED)]), Strip([Segment("in 13s", _RED)])
    assert changed_cells(old, new) == (4, 5)


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    """Each cell as what is written there; the second half of a wide character is empty."""
    return [
        (part, segment.style)
        for segment in strip
        for start, end, width in split_graphemes(segment.text)[0]
        for part in (segment.text[start:end], "")[: max(1, width)]
    ]


@given(_SEGMENTS, _SEGMENTS)
def test_cells_outside_the_change_are_the_same(before: list[Segment], after: list[Segment]):
    old = Strip(before).adjust_cell_length(30, _PLAIN)
    new = Strip(after).adjust_cell_length(30, _PLAIN)
    start, end = changed_cells(old, new) or (30, 30)
    assert _cells(old)[:start] == _cells(new)[:start]
    assert _cells(old)[end:] == _cells(new)[end:]
