"""Nothing that came from outside is obeyed by the terminal, and the log keeps it byte for byte."""

import shlex
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import Laying
from tests.e2e.forging import NAMES, forged
from tests.e2e.payloads import foreign, modes, numbered, payloads
from tests.e2e.place import Place
from tests.e2e.terminal import ENTER, ESCAPE, Terminal

EVIL = "\x1b]52;c;ZXZpbA==\x07 \x1b[6n \x9b6n \u202e [/bold] \x1b]0;owned\x07"
_TOML_EVIL = EVIL.encode("unicode_escape").decode().replace("\\x", "\\u00")
# Writes a file in pieces that end in the midst of sequences, each flushed by itself.
_DRIP = """
import os, sys
data = open(sys.argv[1], 'rb').read()
for start in range(0, len(data), 3):
    os.write(1, data[start:start + 3])
"""


def tasks(folder: Path) -> str:
    file, drip = folder / "payloads", folder / "drip.py"
    file.write_bytes(b"".join(numbered()))
    drip.write_text(_DRIP)
    words = " ".join(shlex.quote(str(each)) for each in (sys.executable, drip, file))
    return f"""
[defaults]
description = "{_TOML_EVIL}"

[[tasks]]
id = "prints"
every = "100d"
command = "cat {file}"

[[tasks]]
id = "drips"
every = "100d"
command = "{words}"

[[tasks]]
id = "fails"
every = "100d"
command = ["/no/such/{_TOML_EVIL}"]

[[tasks]]
id = "complains"
every = "100d"
command = "tail -c 400 {file} >&2; exit 3"
"""


@pytest.fixture
def place(lay: Laying) -> Place:
    found = lay("")
    found.config.write_text(found.config.read_text() + tasks(found.folder))
    found.start_engine()
    return found


def test_there_are_two_hundred_of_them() -> None:
    assert len(list(payloads())) >= 200


def test_no_sequence_of_a_job_reaches_the_terminal_from_any_view(place: Place) -> None:
    terminal = place.show("attach", environ={"LOGNAME": EVIL.replace("\x9b", "")}, height=50)
    terminal.wait_for("prints", "complains", "live")
    terminal.press("*", "t")
    terminal.wait_for("Start 4 runs now?")
    terminal.press("y")
    terminal.wait_for("2 failing")
    terminal.press("*")
    for name in ("prints", "drips", "complains", "fails"):
        visit(terminal, name)
    for key, text in (("2", "fails"), ("3", "STATE"), ("6", "fails"), ("1", "TOOK")):
        terminal.press(key)
        terminal.wait_for(text, "live")
    assert foreign(bytes(terminal.data)) == set()
    opening = modes(bytes(terminal.data))
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []
    assert foreign(bytes(terminal.data)) == set()
    assert b"\x1b[?1049l" not in b"".join(opening)
    assert terminal.screen.title == ""
    expected = b"".join(numbered())
    logs = [path.read_bytes() for path in (place.state / "output").rglob("*.log")]
    assert sum(log == expected for log in logs) == 2


def visit(terminal: Terminal, name: str) -> None:
    """Look at the panel, the page, the run and the whole log of a schedule."""
    terminal.press("g", f"/{name}")
    terminal.wait_for("1 of 4")
    terminal.press(ENTER)
    terminal.wait_for("sorted by", "1 of 4", name)
    terminal.until(lambda seen: "output " in seen, "the panel")
    terminal.press("l")
    terminal.wait_for("all of it")
    for keys in ("g", "w", "g"):
        terminal.press(keys)
        for _ in range(9):
            terminal.press("\x1b[6~")
            terminal.look(0.1)
    terminal.press("T")
    back(terminal, "1 of 4")
    for key, text in (("w", "why "), (ENTER, "definition"), ("h", "STATE")):
        terminal.press(key)
        terminal.wait_for(text, "esc back" if key != "h" else "schedule:")
        if key != "h":
            back(terminal, "1 of 4")
    terminal.press(ENTER)
    terminal.wait_for("esc back", "fence")
    back(terminal, "STATE")
    terminal.press("1")
    terminal.wait_for("1 of 4")
    terminal.press(ESCAPE)
    terminal.wait_for("4 schedules")


def back(terminal: Terminal, *texts: str) -> None:
    """Go back to a table. A key right behind esc would be another key."""
    terminal.press(ESCAPE)
    terminal.until(lambda seen: "esc back" not in seen and "╭" not in seen, "the end of what was open")
    terminal.wait_for("/ filter", *texts)


def test_an_engine_that_lies_about_its_names_is_shown_and_not_obeyed(lay: Laying) -> None:
    place = lay(
        "".join(
            f'\n[[tasks]]\nid = "{name}"\nevery = "100d"\ncommand = "exit 1"\ntags = ["{name}"]\n'
            for name in NAMES
        )
    )
    place.start_engine()
    with forged(place.state / "cronsole.sock", place.folder / "forged.sock") as socket:
        terminal = place.show("attach", f"unix:{socket}")
        terminal.wait_for("osc", "markup-[/bold]", "\\x1b")
        for name in NAMES:
            place.call("trigger", name)
        terminal.wait_for("failing")
        for key, text in (("l", "all of it"), ("w", "esc back"), (ENTER, "esc back"), (":", "╭")):
            terminal.press(key)
            terminal.wait_for(text)
            back(terminal, "TOOK")
        for key, text in (("3", "STATE"), ("6", "WHAT"), ("2", "UTC"), ("1", "TOOK")):
            terminal.press(key)
            terminal.wait_for(text)
        terminal.press("\x03")
        assert terminal.end() == 0
    assert terminal.disorder == []
    assert foreign(bytes(terminal.data)) == set()
