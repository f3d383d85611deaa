"""However the console ends, the terminal is as it was before, and nothing is left behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import Laying
from tests.e2e.place import Place, end
from tests.e2e.terminal import PATIENCE_S, Terminal

TASKS = """
[[tasks]]
id = "steady"
every = "100d"
command = "true"
"""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_CRASHING = Path(__file__).with_name("crashing.py")


@pytest.fixture
def place(lay: Laying) -> Place:
    found = lay(TASKS)
    found.start_engine()
    return found


def shown(place: Place) -> Terminal:
    terminal = place.show("attach")
    terminal.wait_for("steady", "● live")
    assert "the alternate screen" in terminal.disorder
    return terminal


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_a_key_that_quits_restores_the_terminal(place: Place, key: str) -> None:
    terminal = shown(place)
    terminal.press(key)
    assert terminal.end() == 0
    assert terminal.disorder == []
    assert "steady" not in terminal.text


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_restores_the_terminal_and_is_told_by_the_exit_code(
    place: Place, number: signal.Signals
) -> None:
    terminal = shown(place)
    terminal.signal(number)
    assert terminal.end() == 128 + number
    assert terminal.disorder == []
    assert terminal.text.strip() == ""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_restores_the_terminal_also_while_the_screen_is_not_painted_yet(
    place: Place, number: signal.Signals
) -> None:
    terminal = place.show("attach")
    terminal.until(lambda _: "the alternate screen" in terminal.disorder, "the alternate screen")
    terminal.signal(number)
    assert terminal.end() == 128 + number
    assert terminal.disorder == []


def test_whoever_is_cut_off_is_asked_nothing_and_the_engine_goes_on(lay: Laying) -> None:
    place = lay(TASKS)
    terminal = place.show("run", str(place.config))
    terminal.wait_for("steady")
    terminal.signal(signal.SIGTERM)
    assert terminal.end() == 128 + signal.SIGTERM
    assert terminal.disorder == []
    assert "leave the engine running" not in terminal.text
    assert place.json("list")


def test_a_line_that_is_cut_ends_the_console(place: Place) -> None:
    terminal = shown(place)
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGHUP


def test_a_line_that_is_cut_leaves_the_engine_that_was_started_running(lay: Laying) -> None:
    place = lay(TASKS)
    terminal = place.show("run", str(place.config))
    terminal.wait_for("steady")
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    assert [words for _, words in place.processes() if "run" in words] == []
    assert place.json("list")


def test_a_stop_and_a_go_on_leave_and_take_the_screen(place: Place) -> None:
    terminal = shown(place)
    terminal.signal(signal.SIGTSTP)
    os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOWAIT)
    assert terminal.disorder == []
    terminal.signal(signal.SIGCONT)
    terminal.wait_for("steady", "● live")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


@pytest.mark.parametrize(("where", "key"), [("key", "z"), ("row", ""), ("feed", "")])
def test_a_crash_restores_the_terminal_and_says_what_happened(place: Place, where: str, key: str) -> None:
    terminal = place.show_program(
        [sys.executable, str(_CRASHING), where, f"unix:{place.state}/cronsole.sock"]
    )
    if key:
        terminal.wait_for("steady")
        terminal.press(key)
    if where == "feed":
        terminal.wait_for("steady")
        place.call("trigger", "steady")
    assert terminal.end() == 1
    assert terminal.disorder == []
    assert "RuntimeError" in terminal.text
    assert b"\x1b]52" not in terminal.data


def test_an_engine_that_dies_leaves_its_last_picture_and_its_age(place: Place) -> None:
    terminal = shown(place)
    ((pid, _),) = [found for found in place.processes() if "engine" in found[1]]
    end(pid, signal.SIGKILL)
    terminal.wait_for("steady", "lost,", " old")
    place.start_engine()
    terminal.wait_for("steady", "● live")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


def test_an_engine_that_died_is_told_when_one_quits(lay: Laying) -> None:
    place = lay(TASKS)
    terminal = place.show("run", str(place.config))
    terminal.wait_for("steady", "● live")
    place.stop_engine()
    terminal.wait_for("steady", "lost")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []
    assert "the engine has ended with exit code 0" in terminal.text


def test_without_an_engine_the_screen_is_not_even_taken(lay: Laying) -> None:
    place = lay(TASKS)
    terminal = place.show("attach")
    assert terminal.end() != 0
    assert terminal.disorder == []
    assert b"\x1b[?1049h" not in terminal.data
    assert "no engine answers" in terminal.text


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
def test_a_killed_tmux_takes_the_console_along_and_not_the_engine(place: Place) -> None:
    socket = place.folder / "tmux.sock"
    tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
    environ = place.environ
    console = f"{sys.executable} -m cronsole attach"
    subprocess.run([*tmux, "new-session", "-d", "-x", "120", "-y", "36", console], env=environ, check=True)
    terminal = Terminal([*tmux, "attach"], environ, place.folder)
    place.terminals.append(terminal)
    terminal.wait_for("steady", "● live")
    subprocess.run([*tmux, "kill-server"], env=environ, check=True)
    terminal.end()
    for pid, words in place.processes():
        if "attach" in words:
            end(pid, 0)
    socket.unlink(missing_ok=True)
    assert place.json("list")
