import pwd
from pathlib import Path

import pytest

from cronsole.executors.base import StartFault
from cronsole.executors.environment import DEFAULT_PATH, base_environment, read_env_file

ACCOUNT = pwd.struct_passwd(("ann", "x", 1000, 1000, "", "/home/ann", "/bin/zsh"))


def env_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "env"
    path.write_text(text)
    return path


def test_the_base_names_the_account_and_keeps_path_language_and_zone():
    environ = {"PATH": "/opt/bin", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "TOKEN": "secret"}
    assert base_environment(environ, ACCOUNT, is_other=False) == {
        "PATH": "/opt/bin",
        "LANG": "de_DE.UTF-8",
        "TZ": "Asia/Tokyo",
        "HOME": "/home/ann",
        "USER": "ann",
        "LOGNAME": "ann",
        "SHELL": "/bin/sh",
    }


def test_another_user_does_not_get_the_engines_path():
    assert base_environment({"PATH": "/root/bin"}, ACCOUNT, is_other=True)["PATH"] == DEFAULT_PATH


def test_a_language_is_set_where_there_is_none():
    assert base_environment({}, ACCOUNT, is_other=False)["LANG"] == "C.UTF-8"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("A = spaced ", "spaced"),
        ("export A=exported", "exported"),
        ("A=", ""),
        ("A=word # comment", "word"),
        ("A=# comment", ""),
        ("A=a#b", "a#b"),
        ("A='single $x \\n # kept'", "single $x \\n # kept"),
        ('A="double \\"x\\"\\n\\\\" # comment', 'double "x"\n\\'),
        ("A=a=b", "a=b"),
    ],
)
def test_an_env_file_reads_quotes_and_comments(tmp_path: Path, line: str, value: str):
    assert read_env_file(env_file(tmp_path, f"# first\n\n{line}\n")) == {"A": value}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("no equals sign", "not KEY=VALUE"),
        ("1A=x", "not KEY=VALUE"),
        ("A='open", "the quote is not closed"),
        ('A="x" y', "text behind the closing quote"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, fault: str):
    path = env_file(tmp_path, f"B=1\n{line}\n")
    with pytest.raises(StartFault, match=f"{path}:2: {fault}") as caught:
        read_env_file(path)
    assert caught.value.is_final


def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "env"
    path.write_bytes(b"A=\xff")
    with pytest.raises(StartFault, match="is not UTF-8 text"):
        read_env_file(path)
