"""Bytes of a terminal as keys: escape and a key are two; a sequence stays one, however it comes in pieces."""

from collections.abc import Iterable

import pytest
from textual import _parser, events
from textual.message import Message

from cronsole_tui.widgets import keyboard
from cronsole_tui.widgets.keyboard import Keyboard


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    for module in (_parser, keyboard):
        monkeypatch.setattr(module, "get_time", found)
    return found


def told(messages: Iterable[Message]) -> list[str]:
    """Keys by their names, other events by theirs."""
    return [
        message.key
        if isinstance(message, events.Key)
        else f"paste {message.text}"
        if isinstance(message, events.Paste)
        else type(message).__name__
        for message in messages
    ]


def heard(time: Time, *reads: str, gap_s: float = 0.05, is_typing: bool = False) -> list[str]:
    """What comes of reads with a pause between them, and of a long pause after the last."""
    parser = Keyboard(is_typing=lambda: is_typing)
    found: list[str] = []
    for data in reads:
        found += told(parser.feed(data))
        time.now += gap_s
        found += told(parser.tick())
    time.now += 5
    return found + told(parser.tick())


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1bj", ["escape", "j"]),
        ("\x1bjk", ["escape", "j", "k"]),
        ("\x1bP", ["escape", "P"]),
        ("\x1b1", ["escape", "1"]),
        ("\x1bf", ["escape", "f"]),
        ("\x1b/", ["escape", "slash"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b\t", ["escape", "tab"]),
        ("\x1b\x03", ["escape", "ctrl+c"]),
        ("\x1bé", ["escape", "é"]),
        ("\x1b[", ["escape", "left_square_bracket"]),
        ("\x1bO", ["escape", "O"]),
        ("\x1b[\x1b", ["escape", "left_square_bracket", "escape"]),
        ("\x1bj\x1b", ["escape", "j", "escape"]),
        ("\x1bj\x1b[A", ["escape", "j", "up"]),
        ("\x1b\x1bj", ["escape", "escape", "j"]),
        ("\x1b", ["escape"]),
        ("ab\x1b", ["a", "b", "escape"]),
    ],
)
def test_escape_and_what_comes_right_after_it_are_two_keys(time: Time, typed: str, keys: list[str]) -> None:
    assert heard(time, typed) == keys
    assert heard(time, *typed) == keys


SEQUENCES = [
    ("\x1b[A", ["up"]),
    ("\x1bOB", ["down"]),
    ("\x1b[6~", ["pagedown"]),
    ("\x1b[Z", ["shift+tab"]),
    ("\x1b[1;5C", ["ctrl+right"]),
    ("\x1b[27u", ["escape"]),
    ("\x1b[106u", ["j"]),
    ("\x1b[106;5u", ["ctrl+j"]),
    ("\x1b[<0;10;5M", ["MouseDown"]),
    ("\x1b[<64;10;5M", ["MouseScrollUp"]),
    ("\x1b[I", ["AppFocus"]),
    ("\x1b[O", ["AppBlur"]),
    ("\x1b[200~two words\x1b[201~", ["paste two words"]),
    ("\x1b[?2026;2$y", ["TerminalSupportsSynchronizedOutput"]),
]


@pytest.mark.parametrize(("bytes_", "keys"), SEQUENCES)
def test_a_sequence_is_what_it_was(time: Time, bytes_: str, keys: list[str]) -> None:
    assert heard(time, f"{bytes_}x") == [*keys, "x"]


@pytest.mark.parametrize(("bytes_", "keys"), SEQUENCES)
def test_a_sequence_may_come_in_pieces(time: Time, bytes_: str, keys: list[str]) -> None:
    for cut in range(1, len(bytes_)):
        assert heard(time, bytes_[:cut], f"{bytes_[cut:]}x") == [*keys, "x"], cut
    assert heard(time, *bytes_) == keys


def test_a_long_sequence_waits_for_a_slow_line(time: Time) -> None:
    assert heard(time, "\x1b[<0;1", "0;5Mx", gap_s=0.5) == ["MouseDown", "x"]


def test_the_keys_that_move_by_words_are_kept_where_somebody_types(time: Time) -> None:
    assert heard(time, "\x1bb", is_typing=True) == ["ctrl+left"]
    assert heard(time, "\x1bj", is_typing=True) == ["escape", "j"]


def test_an_escape_within_what_is_pasted_is_no_key(time: Time) -> None:
    pasted = "\x1b[200~a\x1b[31mb\x1b\x1b[201~"
    assert heard(time, pasted) == ["paste a[31mb"]
    assert heard(time, pasted[:6], *pasted[6:], gap_s=0.5) == ["paste a[31mb"]
