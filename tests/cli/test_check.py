import json
from pathlib import Path

import pytest

from cronsole.cli.main import main

GOOD = '[[tasks]]\nid = "a"\ncron = "5m"\n'
BAD = '[[tasks]]\nid = "a"\ncron = "5m"\nretry = -1\ntime_out = "5m"\n'


def check(*args: str) -> object:
    """Return the exit code of `cronsole check`."""
    try:
        main(["check", *args])
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sound_file_is_summed_up(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "b.toml").write_text('[[tasks]]\nid = "b"\ncron = "5m"\n')
    (folder / "c.toml").write_text('include = "b.toml"\n' + GOOD)
    assert check("c.toml") == 0
    assert capsys.readouterr() == ("ok: 2 schedules in 2 files\n", "")


def test_the_default_file_is_found(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "cronsole.toml").write_text(GOOD)
    assert check() == 0
    assert capsys.readouterr().out == "ok: 1 schedule in 1 file\n"


def test_warnings_go_to_stderr_and_the_file_is_still_sound(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "c.toml").write_text(GOOD + "max_runs = 0\n")
    assert check("c.toml") == 0
    told = capsys.readouterr()
    assert told.out == "ok: 1 schedule in 1 file\n"
    assert told.err == 'warning: c.toml:1: tasks[0] "a": never fires: max_runs is 0\n'


def test_all_problems_go_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "c.toml").write_text(BAD)
    assert check("c.toml") == 2
    assert capsys.readouterr() == (
        "",
        'c.toml:4: tasks[0] "a": retry = -1: is out of range; accepted is 0 to 1,000\n'
        'c.toml:5: tasks[0] "a": time_out = "5m": unknown key; did you mean "timeout"?\n'
        "2 problems\n",
    )


def test_a_file_that_is_not_there_is_one_problem(capsys: pytest.CaptureFixture[str]):
    assert check("no.toml") == 2
    assert capsys.readouterr().err == "no.toml: there is no such file\n1 problem\n"


def test_programs_are_answered_in_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "c.toml").write_text(GOOD + "max_runs = 0\n")
    assert check("c.toml", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "schedules": 1,
        "files": ["c.toml"],
        "problems": [],
        "warnings": ['c.toml:1: tasks[0] "a": never fires: max_runs is 0'],
    }


def test_programs_are_told_of_problems_in_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "c.toml").write_text(BAD)
    assert check("c.toml", "--json") == 2
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert (answer["ok"], len(answer["problems"]), told.err) == (False, 2, "")


def test_where_there_are_plugins_it_says_that_they_are_not_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "cronsole.toml").write_text('plugin_roots = "plugins"\n')
    assert check() == 0
    assert capsys.readouterr().out == "ok: 0 schedules in 1 file; those of plugins come with the engine\n"
