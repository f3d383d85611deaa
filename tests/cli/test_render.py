import io
import subprocess
import sys
from contextlib import redirect_stdout

import pytest
from rich.text import Text

from cronsole.cli import render


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(text: str, style: render.Style | None) -> str:
    """Return what reaches a terminal when the text is written."""
    with redirect_stdout(Terminal()) as terminal:
        render.out(text, style)
    return terminal.getvalue()


@pytest.fixture(autouse=True)
def _colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_style_is_shown_on_a_terminal():
    assert on_a_terminal("late", render.Style.BAD) == "\x1b[31mlate\x1b[0m\n"


def test_a_line_without_a_style_has_no_codes():
    assert on_a_terminal("fine", None) == "fine\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_style_is_left_out_where_the_environment_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    assert on_a_terminal("late", render.Style.BAD) == "late\n"


def test_a_style_is_left_out_of_a_pipe(capsys: pytest.CaptureFixture[str]):
    render.out("late", render.Style.BAD)
    assert capsys.readouterr().out == "late\n"


def test_errors_go_to_stderr(capsys: pytest.CaptureFixture[str]):
    render.err("no such schedule")
    assert capsys.readouterr() == ("", "no such schedule\n")


def test_a_value_is_one_line_of_json(capsys: pytest.CaptureFixture[str]):
    render.json_line({"id": "a\nb", "at": None})
    assert capsys.readouterr().out == '{"id":"a\\nb","at":null}\n'


def test_a_closed_stdout_is_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    render.out("nobody reads this", render.Style.GOOD)
    render.flush()


def test_a_reader_that_goes_away_ends_the_program_quietly():
    program = "from cronsole.cli import render\nwhile True: render.out('y' * 1000)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stderr
        child.stdout.read(1)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == render.PIPE_CLOSED


def test_what_rich_renders_is_plain_and_in_full_width_where_there_is_no_terminal():
    with redirect_stdout(io.StringIO()) as pipe:
        render.show(Text("x" * 500, "bold red"))
    assert pipe.getvalue() == "x" * 500 + "\n"


def test_what_rich_renders_is_never_read_as_markup():
    with redirect_stdout(io.StringIO()) as pipe:
        render.show("[bold]:smile:[/var/log]")
    assert pipe.getvalue() == "[bold]:smile:[/var/log]\n"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
    ],
)
def test_glyphs_are_shown_where_the_locale_is_utf_8(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: bool
):
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert render.has_glyphs() is expected


@pytest.mark.parametrize("name", ["linux", "dumb"])
def test_a_terminal_without_the_letters_gets_ascii(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("TERM", name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with redirect_stdout(Terminal()):
        assert not render.has_glyphs()


def test_letters_that_the_encoding_lacks_are_written_as_escapes():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    with redirect_stdout(stream):
        render.out("é東")
        render.flush()
    assert stream.buffer.getvalue() == b"\xe9\\u6771\n"
