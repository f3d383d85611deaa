from hypothesis import given
from hypothesis import strategies as st

from cronsole.terminal import TerminalText
from cronsole_tui.views.log_lines import (
    PIECE_BYTES,
    LogSpan,
    Piece,
    displayed,
    split,
    wrapped,
)
from cronsole_tui.views.log_window import CAP_BYTES, LogWindow

_LIVELY = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from(
            [
                b"\r",
                b"\n",
                b"\r\n",
                b"\t",
                b"\x1b[31m",
                b"\x1b[0m",
                b"\x1b[38;2;1;2;3m",
                b"\x1b]52;c;eA==\x07",
                b"\x1b[2J",
                b"\x9b6n",
                b"\x1bP",
                "\u202e".encode(),
                "世".encode(),
                b"[/bold]",
                b"\x1b[",
                b"\x1b",
                b"x" * PIECE_BYTES,
            ]
        ),
    ),
    max_size=30,
)


def _text(data: bytes) -> list[str]:
    return ["".join(span.text for span in displayed(piece)) for piece in split(data, 0)]


def _line(data: bytes) -> tuple[LogSpan, ...]:
    return displayed(next(iter(split(data, 0))))


def test_colours_are_kept_and_end_where_they_end():
    assert _line(b"a \x1b[1;31mred\x1b[0m b\n") == (
        LogSpan("a "),
        LogSpan("red", "bold red"),
        LogSpan(" b"),
    )


def test_colours_by_number_by_value_and_by_colons_are_kept():
    assert _line(b"\x1b[38;5;209ma\x1b[48;2;1;2;3mb\x1b[38:2::16:32:48mc\n") == (
        LogSpan("a", "color(209)"),
        LogSpan("b", "color(209) on #010203"),
        LogSpan("c", "#102030 on #010203"),
    )


def test_an_attribute_can_be_taken_off_alone():
    assert _line(b"\x1b[1;4;94ma\x1b[22mb\x1b[39mc\n") == (
        LogSpan("a", "bold underline bright_blue"),
        LogSpan("b", "underline bright_blue"),
        LogSpan("c", "underline"),
    )


def test_colours_begin_anew_on_each_line():
    assert [displayed(piece) for piece in split(b"\x1b[31mred\nplain\n", 0)] == [
        (LogSpan("red", "red"),),
        (LogSpan("plain"),),
    ]


def test_hidden_text_is_shown():
    assert _line(b"\x1b[8mpassword\x1b[0m\n") == (LogSpan(r"\x1b[8mpassword"),)


def test_what_has_no_picture_here_is_no_text_either():
    assert _line(b"\x1b[53;58;5;9;1mover\x1b[59;25;28mb\n") == (LogSpan("overb", "bold"),)


_LOOKS = st.lists(
    st.sampled_from(
        ["1", "4:3", "31", "91", "38;5;7", "38;5;300", "48;2;1;2;3", "38:2::1:2:3", "58;5;1", "5", "8", "99"]
    )
)


@given(_LOOKS)
def test_a_log_in_the_console_takes_for_a_colour_what_the_command_line_does(codes: list[str]):
    written = f"a\x1b[{';'.join(codes)}mb"
    shown = TerminalText(has_colour=False)
    assert _text(f"{written}\n".encode()) == [shown.feed(written) + shown.end()]


def test_every_other_sequence_is_shown_as_text():
    assert _text(b"\x1b]52;c;eA==\x07|\x1b[2J|\x1b[6n|\x1bPq|\x9b|\x00\n") == [
        r"\x1b]52;c;eA==\x07|\x1b[2J|\x1b[6n|\x1bPq|\x9b|\x00"
    ]


def test_a_colour_that_does_not_exist_is_shown_as_text():
    assert _text(b"\x1b[38;5;999ma \x1b[77mb\n") == [r"\x1b[38;5;999ma \x1b[77mb"]


def test_text_that_turns_its_direction_is_shown_as_an_escape():
    assert _text("a\u202eb\n".encode()) == [r"a\u202eb"]


def test_a_progress_bar_shows_its_last_state_and_tells_of_the_others():
    assert _text(b"10%\r20%\r100%\n") == ["100% (+2 overwritten)"]


def test_what_a_shorter_state_does_not_cover_stays():
    assert _text(b"downloading\rok\n") == ["okwnloading (+1 overwritten)"]


def test_a_return_before_the_newline_overwrites_nothing():
    assert _text(b"dos\r\nline\r\n") == ["dos", "line"]


def test_a_progress_bar_of_a_megabyte_is_one_line():
    assert _text(b"50%\r" * 250_000 + b"done\n") == ["done (+250,000 overwritten)"]


def test_tabs_go_to_their_columns_in_wide_text_too():
    assert _text("a\tb\t世\tc\n".encode()) == ["a       b       世      c"]


def test_a_character_that_is_not_whole_yet_is_waited_for():
    assert _text(b"caf\xc3") == ["caf"]
    assert _text(b"caf\xc3\xa9") == ["café"]


def test_a_sequence_that_is_not_whole_yet_is_waited_for():
    assert _text(b"a\x1b[3") == ["a"]
    assert _text(b"a\x1b[3\n") == [r"a\x1b[3"]


def test_a_long_line_is_cut_between_characters():
    pieces = list(split("世".encode() * 10_000 + b"\n", 0))
    assert "".join(displayed(piece)[0].text for piece in pieces) == "世" * 10_000
    assert [piece.is_start for piece in pieces] == [True] + [False] * (len(pieces) - 1)


def test_a_line_whose_end_lies_on_the_cut_is_not_taken_for_overwritten():
    for length in range(PIECE_BYTES - 3, PIECE_BYTES + 3):
        shown = "".join(_text(b"x" * length + b"\r\n"))
        assert shown == "x" * length


def test_a_hole_says_how_much_is_missing():
    assert displayed(Piece(5, 5, b"", hole=1234)) == (LogSpan("… 1,234 bytes left out …", "dim"),)


def test_a_wrapped_line_keeps_its_colours():
    assert wrapped((LogSpan("abcdef", "red"), LogSpan("gh")), 4) == (
        (LogSpan("abcd", "red"),),
        (LogSpan("ef", "red"), LogSpan("gh")),
    )


def test_a_wide_character_is_not_cut_by_wrapping():
    assert wrapped((LogSpan("a世界"),), 4) == ((LogSpan("a世"),), (LogSpan("界"),))


@given(_LIVELY)
def test_no_line_ever_holds_what_a_terminal_obeys(parts: list[bytes]):
    shown = "".join(_text(b"".join(parts)))
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)


@given(_LIVELY)
def test_pieces_hold_every_byte_that_is_not_overwritten(parts: list[bytes]):
    data = b"".join(parts)
    at = 0
    for piece in split(data, 0):
        assert piece.begin == at
        assert data[piece.offset : piece.end] == piece.data
        assert piece.begin == piece.offset or data[piece.offset - 1 : piece.offset] == b"\r"
        at = piece.end
    assert at == len(data)


@given(_LIVELY)
def test_a_log_looks_the_same_however_it_comes_in_chunks(parts: list[bytes]):
    whole, grown = LogWindow(), LogWindow()
    whole.append(b"".join(parts))
    for part in parts:
        grown.append(part)
    assert [displayed(piece) for piece in grown.pieces] == [displayed(piece) for piece in whole.pieces]
    assert grown.end == whole.end


@given(st.integers(0, 3 * CAP_BYTES), st.integers(1, 100_000))
def test_a_window_never_holds_much_more_than_its_cap(count: int, size: int):
    window = LogWindow()
    for _ in range(min(40, count // size + 1)):
        window.append(b"x" * size + b"\n")
    assert sum(len(piece.data) for piece in window.pieces) <= CAP_BYTES + size + 1
    assert window.start == window.pieces[0].begin
