import os
from pathlib import Path

import pytest
from tests.config.writing import NOW, Folder

from cronsole.config.load import load
from cronsole.errors import ConfigError


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ={}, now=NOW)
    return [problem.replace(f"{path.parent}/", "") for problem in caught.value.problems]


def test_a_file_that_is_not_there(tmp_path: Path):
    assert problems_of(tmp_path / "no.toml") == ["no.toml: there is no such file"]


def test_a_directory(tmp_path: Path):
    assert problems_of(tmp_path) == [f"{tmp_path.name}: is a directory; name a file in it"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(folder: Folder):
    path = folder.write("x = 1")
    path.chmod(0)
    assert problems_of(path) == ["c.toml: cannot be read: Permission denied"]


def test_a_link_that_leads_to_itself(tmp_path: Path):
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    assert problems_of(tmp_path / "loop.toml") == [
        "loop.toml: cannot be read: Too many levels of symbolic links"
    ]


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert problems_of(tmp_path / "pipe.toml") == ["pipe.toml: is not a regular file"]


def test_a_file_too_large_is_not_read(tmp_path: Path):
    with open(tmp_path / "big.toml", "wb") as file:
        file.truncate(100 * 1024**2)
    assert problems_of(tmp_path / "big.toml") == ["big.toml: is larger than 64 MB; divide it with include"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "c.toml:1: is empty; write at least one [[tasks]] entry"),
        (b" \n\n", "c.toml:1: is empty; write at least one [[tasks]] entry"),
        (b"# nothing\n", "c.toml:1: holds nothing; write at least one [[tasks]] entry"),
        (b"a = 1\nb = '\xff'\n", "c.toml:2: is not UTF-8 text: byte 0xff"),
        (b"a = 1\n\nb = '\x00'\n", "c.toml:3: holds a NUL character"),
        (b"a = 1\nb = \n", "c.toml:2: TOML syntax: Invalid value (column 5)"),
        (b"a = 1\na = 2\n", "c.toml:2: TOML syntax: Cannot overwrite a value (column 6)"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "c.toml:1: is nested too deeply"),
        (b"a = " + b"9" * 5000, "c.toml:1: a number has too many digits"),
        (b'a = """\n\n', "c.toml:3: TOML syntax: Unterminated string (column 1)"),
    ],
)
def test_a_file_that_is_no_toml(folder: Folder, content: bytes, told: str):
    assert folder.problems(content) == [told]


def test_a_byte_order_mark_is_no_fault(folder: Folder):
    assert len(folder.load('\ufeff[[tasks]]\nid = "t"\ncron = "5m"\n').schedules) == 1


def test_line_ends_of_other_systems_are_no_fault(folder: Folder):
    first, second = folder.load(
        '[[tasks]]\r\nid = "a"\r\ncron = "5m"\r\n\r\n[[tasks]]\r\nid = "b"\r\ncron = "5m"\r\n'
    ).schedules
    assert (first.origin.line, second.origin.line) == (1, 5)


@pytest.mark.parametrize("value", ["x", "${env:X}"])
def test_tables_far_too_deep_are_told_and_not_followed(folder: Folder, value: str):
    deep = ".".join("a" * 900)
    (problem,) = folder.problems(f'[[tasks]]\nid = "t"\ncron = "5m"\nconfig.{deep} = "{value}"\n')
    assert problem.startswith("c.toml:")
    assert "nested too deeply" in problem
