import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cronsole_tui.widgets.mirror import Mirror
from cronsole_tui.widgets.terminal import Colours

WIDTH, HEIGHT = 24, 8
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"

_LOOKS = st.sampled_from(["", "1", "31", "1;38;2;1;2;3", "48;5;17", "7", "4;32", "38;5;9;48;2;9;9;9"])
_ALPHABET = st.sampled_from(list("abc  -▂▃✗▶世界é "))


class _Screen:
    """A terminal to compare with, as it looks: what stands on a blank is its ground alone."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.screen.reset_mode(7)
        self._stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self._stream.feed(data)

    def seen(self) -> list[list[object]]:
        return [[self._cell(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]

    @staticmethod
    def _cell(cell: pyte.screens.Char) -> object:
        if cell.data == " " and not (cell.reverse or cell.underscore):
            return " ", cell.bg
        return tuple(cell)


@st.composite
def _rows(draw: st.DrawFn) -> str:
    """A row that is drawn whole, as Textual draws what has changed."""
    y = draw(st.integers(1, HEIGHT))
    out, left = f"\x1b[{y};1H", WIDTH
    while left > 0:
        text = draw(st.text(_ALPHABET, min_size=1, max_size=8))
        while cell_len(text) > left:
            text = text[:-1]
        text = text or " "
        look = draw(_LOOKS)
        out += f"\x1b[{look}m{text}\x1b[0m" if look else text
        left -= cell_len(text)
    return out


def _mirror(colours: Colours = Colours.ALL, screen: _Screen | None = None) -> Mirror:
    mirror = Mirror(WIDTH, HEIGHT, colours)
    mirror.feed(ENTER)
    (screen or _Screen()).feed(mirror.take())
    return mirror


@settings(max_examples=60)
@given(st.lists(st.lists(_rows(), min_size=1, max_size=HEIGHT).map("".join), max_size=6))
def test_the_screen_is_the_same_as_without_the_mirror(frames: list[str]):
    raw, frugal = _Screen(), _Screen()
    mirror = _mirror(screen=frugal)
    for frame in frames:
        mirror.feed(frame)
        raw.feed(frame)
        frugal.feed(mirror.take())
        assert frugal.seen() == raw.seen()


@settings(max_examples=40)
@given(st.integers(-6, 6), st.integers(0, 2), st.lists(_rows(), max_size=2))
def test_rows_that_moved_look_as_if_they_were_drawn_again(by: int, fixed: int, others: list[str]):
    raw, frugal = _Screen(), _Screen()
    mirror = _mirror(screen=frugal)
    for first in (10, 10 + by):
        rows = [f"\x1b[{y + 1};1H{f'row {first + y} ':-<{WIDTH}}" for y in range(fixed, HEIGHT)]
        for frame in ("".join(rows), *(others if first != 10 else [])):
            mirror.feed(frame)
            raw.feed(frame)
        frugal.feed(mirror.take())
        assert frugal.seen() == raw.seen()


def test_a_scroll_by_one_row_sends_one_row():
    mirror = _mirror()
    mirror.feed("".join(f"\x1b[{y};1H{f'row {y} ':-<{WIDTH}}" for y in range(1, HEIGHT + 1)))
    mirror.take()
    mirror.feed("".join(f"\x1b[{y};1H{f'row {y + 1} ':-<{WIDTH}}" for y in range(1, HEIGHT + 1)))
    assert len(mirror.take()) < WIDTH + 30


def test_a_row_that_stays_while_those_around_it_move_is_drawn_again():
    frugal = _Screen()
    mirror = _mirror(screen=frugal)
    for first in (10, 11):
        rows = [f"row {first + y}" if y != 4 else "rule" for y in range(HEIGHT)]
        mirror.feed("".join(f"\x1b[{y + 1};1H{row}" for y, row in enumerate(rows)))
        frugal.feed(mirror.take())
    assert [row.rstrip() for row in frugal.screen.display] == [
        *(f"row {number}" for number in range(11, 15)),
        "rule",
        *(f"row {number}" for number in range(16, 19)),
    ]


def test_half_a_wide_character_that_is_overwritten_leaves_a_blank():
    for column, left in ((1, "x z"), (2, " xz")):
        frugal = _Screen()
        mirror = _mirror(screen=frugal)
        mirror.feed(f"\x1b[1;1H世z\x1b[1;{column}Hx")
        frugal.feed(mirror.take())
        assert frugal.screen.display[0].rstrip() == left


def test_what_is_on_the_screen_already_is_not_sent():
    mirror = _mirror()
    mirror.feed("\x1b[1;1Hhello\x1b[2;1Hworld")
    mirror.take()
    mirror.feed("\x1b[1;1Hhello\x1b[2;1Hworlt")
    assert mirror.take() == "\bt"


def test_a_clock_that_ticks_costs_a_move_and_a_digit():
    mirror = _mirror()
    mirror.feed("".join(f"\x1b[{y};1Hin 2m 14s" for y in range(1, 6)))
    mirror.take()
    mirror.feed("".join(f"\x1b[{y};1Hin 2m 13s" for y in range(1, 6)))
    assert len(mirror.take()) <= 30


def test_a_row_that_loses_its_ground_is_erased_and_what_is_not_blank_is_sent():
    mirror = Mirror(120, 4)
    mirror.feed(f"{ENTER}\x1b[2;1H\x1b[48;5;237m{'backup':<60}{'in 2m':<60}\x1b[0m")
    mirror.take()
    mirror.feed(f"\x1b[2;1H{'backup':<60}{'in 2m':<60}")
    sent = mirror.take()
    assert "\x1b[K" in sent
    assert len(sent) <= 40


def test_a_row_that_is_full_is_sent_without_being_erased():
    mirror = Mirror(120, 4)
    mirror.feed(f"{ENTER}\x1b[2;1H{'a' * 120}")
    mirror.take()
    mirror.feed(f"\x1b[2;1H{'b' * 120}")
    assert len(mirror.take()) <= 120 + 10


def test_nothing_is_sent_but_what_passes_before_the_alternate_screen_is_entered():
    mirror = Mirror(WIDTH, HEIGHT)
    mirror.feed("\x1b[?25l")
    assert mirror.take() == "\x1b[?25l"


def test_nothing_is_drawn_after_the_alternate_screen_is_left():
    mirror = _mirror()
    mirror.feed(f"\x1b[1;1Hhello{LEAVE}\x1b[?25h")
    sent = mirror.take()
    assert sent.endswith(f"{LEAVE}\x1b[?25h")
    mirror.feed("\x1b[1;1Hghost")
    assert mirror.take() == ""


def test_what_is_not_drawing_passes_in_its_place():
    mirror = _mirror()
    mirror.feed("\x1b[1;1Ha\x07\x1b]52;c;eA==\x07\x1b[1;2Hb")
    sent = mirror.take()
    assert sent.index("a") < sent.index("\x07") < sent.index("\x1b]52;c;eA==\x07") < sent.index("b")


def test_after_another_program_wrote_everything_is_sent_again():
    frugal = _Screen()
    mirror = _mirror(screen=frugal)
    mirror.feed("\x1b[1;1Hhello")
    frugal.feed(mirror.take())
    frugal.feed("\x1b[1;1HBroadcast message\r\nfrom root")
    mirror.forget()
    frugal.feed(mirror.take())
    assert frugal.screen.display[0].rstrip() == "hello"
    assert frugal.screen.display[1].strip() == ""


def test_a_frame_that_was_not_sent_is_replaced_by_the_next():
    mirror = _mirror()
    mirror.feed("\x1b[1;1Hfirst")
    mirror.feed("\x1b[1;1Hlater")
    assert "first" not in mirror.take()


def test_a_frame_is_not_torn_in_two():
    mirror = _mirror()
    mirror.feed("\x1b[?2026h\x1b[1;1Hhalf")
    assert mirror.is_open
    mirror.feed("\x1b[?2026l")
    assert not mirror.is_open


def test_another_size_keeps_what_is_wanted():
    frugal = _Screen()
    mirror = _mirror(screen=frugal)
    mirror.feed("\x1b[1;1Hhello")
    mirror.resize(WIDTH - 4, HEIGHT)
    frugal.feed(mirror.take())
    assert frugal.screen.display[0].startswith("hello")


@pytest.mark.parametrize(
    ("colours", "sent"),
    [
        (Colours.ALL, "\x1b[1;38;2;255;135;95mx"),
        (Colours.MANY, "\x1b[1;38;5;209mx"),
        (Colours.SIXTEEN, "\x1b[1;91mx"),
        (Colours.NONE, "\x1b[1mx"),
    ],
)
def test_no_terminal_is_sent_more_colours_than_it_has(colours, sent):
    mirror = _mirror(colours)
    mirror.feed("\x1b[1;1H\x1b[1;38;2;255;135;95mx\x1b[0m")
    assert sent in mirror.take()
