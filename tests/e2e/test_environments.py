"""What the terminal is told to be, the console keeps to: on the wire, not only on the screen."""

import re

import pytest
from tests.e2e.conftest import Laying
from tests.e2e.place import Place
from tests.e2e.terminal import ENTER, ESCAPE, Terminal

TASKS = """
[[tasks]]
id = "well"
every = "100d"
command = "printf '\\\\033[31mred\\\\033[0m \\\\033[38;2;1;2;3mdeep\\\\033[0m grün\\\\n'"
description = "grüße, 世界"

[[tasks]]
id = "fails"
every = "100d"
command = "exit 1"
"""

_SGR = re.compile(rb"\x1b\[([\d;]*)m")


@pytest.fixture
def place(lay: Laying) -> Place:
    found = lay(TASKS)
    found.start_engine()
    return found


def tour(place: Place, **environ: str) -> Terminal:
    """See the table, a run that failed, a log with colours, the timeline, the palette and a page; then quit."""
    terminal = place.show("attach", environ=environ)
    terminal.wait_for("well", "fails", "live")
    terminal.press("*", "t")
    terminal.wait_for("Start 2 runs now?")
    terminal.press("y")
    terminal.wait_for("1 failing")
    terminal.press("*", "G")
    # The panel tells that the cursor is there.
    terminal.wait_for("output", "red deep")
    terminal.press("l")
    terminal.wait_for("red deep", "all of it")
    terminal.press(ESCAPE)
    terminal.wait_for("/ filter", "NAME", "1 failing")
    for key, text in (
        ("2", "now"),
        ("3", "STATE"),
        ("6", "WHAT"),
        ("1", "NAME"),
        (ENTER, "esc"),
        (ESCAPE, "/ filter"),
    ):
        terminal.press(key)
        terminal.wait_for(text)
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []
    return terminal


def colours(data: bytes) -> set[str]:
    """Return the SGR parameters that are colours, of which an extended one is told by its kind."""
    found = set()
    for parameters in _SGR.findall(data):
        codes = iter(parameters.decode().split(";"))
        for code in codes:
            if code in ("38", "48"):
                kind = next(codes)
                found.add(f"{code};{kind}")
                for _ in range(3 if kind == "2" else 1):
                    next(codes)
            elif code.isdigit() and (30 <= int(code) <= 49 or 90 <= int(code) <= 107):
                found.add(code)
    return found


def test_no_color_has_no_colour_at_all_and_still_tells_what_failed(place: Place) -> None:
    terminal = tour(place, NO_COLOR="1", COLORTERM="truecolor")
    assert colours(bytes(terminal.data)) == set()
    assert "✗" in terminal.data.decode()


def test_the_linux_console_has_sixteen_colours_and_letters_of_its_font(place: Place) -> None:
    terminal = tour(place, TERM="linux")
    assert not {code for code in colours(bytes(terminal.data)) if ";" in code}
    assert colours(bytes(terminal.data))


def test_a_terminal_of_256_colours_is_sent_no_others(place: Place) -> None:
    terminal = tour(place)
    assert not {code for code in colours(bytes(terminal.data)) if code.endswith(";2")}
    assert colours(bytes(terminal.data))


def test_a_locale_without_utf_8_is_sent_ascii_alone(place: Place) -> None:
    terminal = tour(place, LANG="C", LC_ALL="C")
    assert terminal.data.isascii(), sorted(
        set(terminal.data.decode(errors="replace")) - set(map(chr, range(128)))
    )


def test_the_linux_console_is_sent_ascii_alone(place: Place) -> None:
    terminal = tour(place, TERM="linux")
    assert terminal.data.isascii(), sorted(
        set(terminal.data.decode(errors="replace")) - set(map(chr, range(128)))
    )


def test_a_dumb_terminal_is_told_in_lines_and_sent_no_sequence(place: Place) -> None:
    terminal = place.show("attach", environ={"TERM": "dumb"})
    terminal.wait_for("well", "fails")
    terminal.press("\x03")
    terminal.end()
    assert terminal.disorder == []
    assert b"\x1b" not in terminal.data
