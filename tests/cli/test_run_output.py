import pytest

from cronsole.cli.run_output import TerminalWriter

STREAM = "\x1b[32mgrün\x1b[0m \x1b]52;c;aGk=\x07 東京\x1b[6n".encode() + b" \xff\x9b2J\r\nend"
SHOWN = "\x1b[32mgrün\x1b[0m \\x1b]52;c;aGk=\\x07 東京\\x1b[6n \\xff\\x9b2J\nend\n"


def written(*parts: bytes) -> str:
    texts: list[str] = []
    writer = TerminalWriter(texts.append, has_colour=True)
    for part in parts:
        writer(part)
    writer.end()
    return "".join(texts)


def test_bytes_become_text_that_a_terminal_cannot_obey():
    assert written(STREAM) == SHOWN


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_bytes_may_be_cut_anywhere(at: int):
    assert written(STREAM[:at], STREAM[at:]) == SHOWN


def test_bytes_may_come_one_by_one():
    assert written(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == SHOWN


def test_a_line_that_was_left_open_is_ended():
    assert written(b"no newline") == "no newline\n"
    assert written(b"newline\n") == "newline\n"
    assert written() == ""


def test_each_attempt_begins_with_a_clean_decoder():
    texts: list[str] = []
    writer = TerminalWriter(texts.append, has_colour=True)
    writer(b"\xe6\x9d")
    writer.end()
    writer("東\n".encode())
    writer.end()
    assert "".join(texts) == "\\xe6\\x9d\n東\n"
