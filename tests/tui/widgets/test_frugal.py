"""What a terminal is really sent, in a real pseudo-terminal."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest
from benchmarks.pty_terminal import PtyTerminal, pty_terminal
from textual.app import App
from textual.events import Key

from cronsole_tui.widgets.frugal import FrugalDriver

APP = str(Path(__file__).with_name("apps") / "table_app.py")
WIDTH, HEIGHT = 120, 36
_QUIET_S = 0.15
# What pyte does not know, and would draw.
_PRIVATE = re.compile(rb"\x1b\[[<>?][0-9;]*[a-zA-Z]|\x1b\[\?\d+\$p")


def _heard(terminal: PtyTerminal) -> bytes:
    return terminal.hear(10, _QUIET_S).data


def _screen(data: bytes) -> list[list[object]]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.ByteStream(screen).feed(_PRIVATE.sub(b"", data))
    return [
        [
            (cell.data, cell.bg, cell.reverse, *((cell.fg, cell.bold) if cell.data != " " else ()))
            for cell in (screen.buffer[y][x] for x in range(WIDTH))
        ]
        for y in range(HEIGHT)
    ]


def _until_shown(terminal: PtyTerminal, heard: bytes, wanted: object, *, after: bytes = b"") -> bytes:
    """Listen until the screen is as wanted, from some point of what is heard on."""
    ends = time.monotonic() + 20
    while True:
        heard += terminal.hear(0.3, 0.05).data
        if _screen(heard.partition(after)[2] if after else heard) == wanted:
            return heard
        assert time.monotonic() < ends, "the screen never became what it should be"


def _after(keys: list[str], *options: str, environ: dict[str, str] | None = None) -> list[bytes]:
    """Return what came out at the start and after each key."""
    with pty_terminal([sys.executable, APP, "--still", *options], environ=environ) as terminal:
        heard = [terminal.hear_until(b"schedule-000034") + terminal.hear(0.3).data]
        for key in keys:
            terminal.press(key)
            heard.append(_heard(terminal))
        # What a loaded machine was too slow to draw within the pause.
        heard[-1] += terminal.hear(0.5).data
    return heard


@pytest.mark.parametrize(
    "keys", [["j", "j", "k"], ["G", *"kkk"], ["\x04"] * 3 + ["\x15", " ", "j", " "], ["G", "g"]]
)
def test_the_screen_is_the_same_as_with_the_driver_of_textual(keys):
    frugal, plain = _after(keys), _after(keys, "--plain")
    assert _screen(b"".join(frugal)) == _screen(b"".join(plain))
    assert len(b"".join(frugal)) < len(b"".join(plain)) / 2


def test_one_key_sends_two_rows_and_a_scroll_sends_no_more():
    heard = _after([*"jjj", *["\x04"] * 2, *"jjj"])
    assert all(len(data) <= 600 for data in heard[1:4])
    assert all(len(data) <= 600 for data in heard[6:])


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({"TERM": "linux"}, lambda codes: not re.search(rb"(?:^|;)[34]8;", codes)),
        ({"TERM": "xterm-256color", "COLORTERM": ""}, lambda codes: not re.search(rb"(?:^|;)[34]8;2", codes)),
        ({"NO_COLOR": "1"}, lambda codes: not re.search(rb"(?:^|;)(?:[349][0-8]|10[0-7])(?:;|$)", codes)),
        ({"TERM": "dumb"}, lambda codes: not re.search(rb"(?:^|;)(?:[349][0-8]|10[0-7])(?:;|$)", codes)),
    ],
)
def test_a_terminal_is_sent_no_colours_that_it_has_not(
    environ: dict[str, str], allowed: Callable[[bytes], bool]
):
    heard = b"".join(_after(["j", " ", "j"], environ=environ))
    sequences = re.findall(rb"\x1b\[([0-9;]*)m", heard)
    assert sequences
    assert all(allowed(codes) for codes in sequences)


def test_the_terminal_is_left_as_it_was_found():
    with pty_terminal([sys.executable, APP, "--still"]) as terminal:
        start = terminal.hear_until(b"schedule-000010")
        terminal.press("q")
        last = terminal.hear(20).data
    assert b"\x1b[?1049l" in last
    after = last.partition(b"\x1b[?1049l")[2]
    assert b"\x1b[K" not in after
    assert b"schedule" not in after
    assert b"\x1b[?25h" in after
    before = start.partition(b"\x1b[?1049h")[0]
    assert b"\x1b[K" not in before


def test_the_screen_comes_back_after_another_program():
    with pty_terminal([sys.executable, APP, "--still"]) as terminal:
        start = terminal.hear_until(b"schedule-000034")
        terminal.press("s")
        outside = terminal.hear_until(b"another program")
        outside = _until_shown(terminal, outside, _screen(start), after=b"\x1b[?1049h")
    away = outside.partition(b"\x1b[?1049l")[2].partition(b"\x1b[?1049h")[0]
    assert b"another program" in away
    assert b"schedule" not in away


def test_a_terminal_that_takes_nothing_gets_the_latest_screen_once_it_does():
    with pty_terminal([sys.executable, APP, "--still", "--rows", "5000"]) as terminal:
        start = terminal.hear_until(b"schedule-000034") + _heard(terminal)
        # Far more than a pseudo-terminal holds, in screens that have nothing in common.
        for _ in range(300):
            terminal.press("\x04")
        terminal.press("g")
        _until_shown(terminal, start, _screen(start))


async def test_the_frame_that_is_drawn_after_a_key_is_its_answer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    driver = FrugalDriver(App(), size=(80, 24))
    now = driver._loop.time()
    for _ in range(10):
        driver._pace.sent(now)
    driver.write("a clock")
    assert driver._pace.wait_s(now + 0.1) > 0
    driver.send_message(Key("j", "j"))
    await asyncio.sleep(0)
    driver.write("an answer")
    assert driver._pace.wait_s(now + 0.1) == 0
