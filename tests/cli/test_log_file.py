import os
import subprocess
import sys
from pathlib import Path

import pytest

from cronsole.cli.log_file import LogFile
from cronsole.errors import CronsoleError


def test_lines_are_appended_to_what_is_there(tmp_path: Path):
    path = tmp_path / "engine.log"
    path.write_text("before\n")
    LogFile(path, takes=()).write("after\n")
    assert path.read_text() == "before\nafter\n"


def test_a_full_file_is_set_aside_and_two_are_all_there_is(tmp_path: Path):
    path = tmp_path / "engine.log"
    log = LogFile(path, most_bytes=20, takes=())
    for number in range(9):
        log.write(f"line {number}\n")
    assert path.read_text() == "line 8\n"
    assert log.older.read_text() == "line 6\nline 7\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_line_that_is_longer_than_a_file_may_be_is_written_all_the_same(tmp_path: Path):
    path = tmp_path / "engine.log"
    LogFile(path, most_bytes=3, takes=()).write("a long line\n")
    assert path.read_text() == "a long line\n"


def test_a_full_disk_loses_its_lines_and_not_those_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = LogFile(tmp_path / "engine.log", takes=())
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        log.write("lost\n")
    log.write("kept\n")
    assert (tmp_path / "engine.log").read_text() == "kept\n"


def test_nobody_else_can_read_it(tmp_path: Path):
    path = tmp_path / "new" / "engine.log"
    LogFile(path, takes=()).write("secret\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path):
    with pytest.raises(CronsoleError, match="cannot be written: Is a directory"):
        LogFile(tmp_path, takes=())


def test_what_goes_to_stderr_ends_up_in_the_newest_file(tmp_path: Path):
    path = tmp_path / "engine.log"
    program = (
        "import sys; from pathlib import Path; from cronsole.cli.log_file import LogFile\n"
        "log = LogFile(Path(sys.argv[1]), most_bytes=10)\n"
        "log.write('first line\\n'); log.write('second\\n')\n"
        "raise RuntimeError('seen')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert path.read_text().startswith("second\nTraceback")
    assert "RuntimeError: seen" in path.read_text()
