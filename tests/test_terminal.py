import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.terminal import TerminalText

ATTACKS = [
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x1b[6n",
    "\x1b[2J\x1b[1;1H",
    "\x1b[?1049h",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gi=1;AAAA\x1b\\",
    "\x1bc",
    "\x1b(0",
    "\x9b6n\x9d0;title\x9c\x90q\x9c",
    "user\u202etxt.exe\u2066",
    "[/bold] [link=x]",
    "a\x07\x08\x0b\x0c\x7f",
    "\x1b[8mhidden\x1b[5mblinking",
    "\x1b[38;5m\x1b[38;5;8;8m\x1b[38:5;8m",
    "\x1b[" + "1;" * 40 + "1m",
    "\x1b[31\x1b[32mx",
    "safe\rfake",
    "\x1b",
    "\x1b[",
    "\x1b[31",
]
COLOURS = [
    "",
    "0",
    "1",
    "31",
    "01;31",
    "38;5;200",
    "48;2;1;2;3",
    "38:2::1:2:3",
    "1;38;5;8;4",
    "4:3",
    "97;100",
]

pieces = st.sampled_from(
    [
        *ATTACKS,
        *(f"\x1b[{code}m" for code in COLOURS),
        "\x1b",
        "[",
        "3",
        "8",
        ";",
        ":",
        "m",
        "\r",
        "\n",
        "é東",
    ]
)
streams = st.lists(pieces, max_size=12).map("".join)
SGR = re.compile(r"\x1b\[[0-9;:]*m")


def shown(*parts: str, has_colour: bool = True) -> str:
    text = TerminalText(has_colour=has_colour)
    return "".join(map(text.feed, parts)) + text.end()


def controls_in(text: str) -> set[str]:
    """Return the controls of a text besides breaks, tabs and colours."""
    return {char for char in SGR.sub("", text) if unicodedata.category(char) in {"Cc", "Cf"}} - {"\n", "\t"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_shown_as_text(attack: str):
    assert controls_in(shown(attack)) == set()
    assert SGR.findall(shown(attack)) in ([], ["\x1b[32m", "\x1b[0m"])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_split_at_any_place_is_shown_alike(attack: str):
    whole = shown(attack)
    assert {shown(attack[:at], attack[at:]) for at in range(len(attack) + 1)} == {whole}
    assert shown(*attack) == whole


@given(streams, st.lists(st.integers(0, 200), max_size=6))
def test_what_is_shown_does_not_depend_on_the_cuts(stream: str, cuts: list[int]):
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parts = [stream[begin:end] for begin, end in pairwise(places)]
    assert shown(*parts) == shown(stream)


@given(streams)
def test_nothing_but_breaks_tabs_and_colours_is_left_to_obey(stream: str):
    assert controls_in(shown(stream)) == set()


@given(st.text())
def test_any_text_at_all_is_safe(text: str):
    assert controls_in(shown(text)) <= {"\u200c", "\u200d"} | {
        char for char in text if unicodedata.category(char) == "Cf"
    } - set("\u202e\u2066\u200e\u200f\ufeff")


@given(streams)
def test_without_colour_no_escape_is_left(stream: str):
    assert "\x1b" not in shown(stream, has_colour=False)


@pytest.mark.parametrize("code", COLOURS)
def test_a_colour_survives(code: str):
    assert shown(f"\x1b[{code}mred\x1b[0m") == f"\x1b[{code}mred\x1b[0m"


def test_a_colour_that_was_left_on_is_turned_off_at_the_end():
    assert shown("\x1b[31mred") == "\x1b[31mred\x1b[0m"


def test_a_colour_that_was_turned_off_is_not_turned_off_again():
    assert shown("\x1b[31mred\x1b[m") == "\x1b[31mred\x1b[m"


def test_a_return_to_the_lines_start_begins_a_new_line_so_that_nothing_is_written_over():
    assert shown("rm -rf /\rls") == "rm -rf /\nls"


def test_a_line_of_another_system_ends_once():
    assert shown("one\r\ntwo\r", "\nthree") == "one\ntwo\nthree"


def test_what_hides_or_blinks_is_no_colour():
    assert shown("\x1b[8mx") == "\\x1b[8mx"


def test_what_is_held_back_is_bounded():
    text = TerminalText()
    assert len(text.feed("\x1b[" + "1" * 10_000)) > 9_000
