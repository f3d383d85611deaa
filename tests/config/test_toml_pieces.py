"""A long file is parsed in pieces; that it is, must not show."""

import pytest
from tests.config.writing import Folder

from cronsole.config.toml_document import TomlDocument


def tasks(count: int, extra: str = "") -> str:
    return "".join(f'[[tasks]]\nid = "t{n}"\ncron = "5m"\n{extra}' for n in range(count))


def test_a_long_file_is_never_parsed_as_a_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(TomlDocument, "_read_whole", lambda _: pytest.fail("parsed as a whole"))
    document = TomlDocument("[engine]\nmax_running = 1\n" + tasks(1234, "[tasks.conditions]\ndays = 'mon'\n"))
    entries = list(document.entries())
    assert len(entries) == 1234
    assert (entries[0][1], entries[-1][1]) == (3, 3 + 1233 * 5)
    assert document.top == {"engine": {"max_running": 1}}


@pytest.mark.parametrize("at", [0, 250, 499, 500, 501, 999])
def test_a_header_within_a_string_is_no_header(folder: Folder, at: int):
    blocks = tasks(1000).split("[[tasks]]")[1:]
    blocks[at] += "description = '''\n[[tasks]]\nid = \"fake\"\n[[tasks]]\n'''\n"
    schedules = folder.load("[[tasks]]" + "[[tasks]]".join(blocks)).schedules
    assert [schedule.id for schedule in schedules] == [f"t{n}" for n in range(1000)]
    assert schedules[at].description == '[[tasks]]\nid = "fake"\n[[tasks]]\n'
    assert schedules[-1].origin.line == 1 + 999 * 3 + (5 if at < 999 else 0)


def test_tables_behind_the_tasks_are_found(folder: Folder):
    configuration = folder.load(tasks(700) + "[engine]\nmax_running = 3\n")
    assert (configuration.settings.max_running, len(configuration.schedules)) == (3, 700)


def test_a_table_that_stands_twice_is_an_error_however_far_apart(folder: Folder):
    (problem,) = folder.problems("[engine]\n" + tasks(700) + "[engine]\n")
    assert problem.startswith("c.toml:2102: TOML syntax: ")


def test_an_error_in_a_late_piece_is_told_with_its_line(folder: Folder):
    assert folder.problems(tasks(700) + "[[tasks]]\nid = \n") == [
        "c.toml:2102: TOML syntax: Invalid value (column 6)"
    ]


def test_an_array_written_in_one_go_is_read_too(folder: Folder):
    configuration = folder.load('\ntasks = [\n  {id = "a", cron = "5m"},\n  {id = "b", cron = "5m"},\n]\n')
    assert [schedule.origin.line for schedule in configuration.schedules] == [2, 2]


def test_a_quoted_header_counts_as_one(folder: Folder):
    first, second = folder.load(
        '[[tasks]]\nid = "a"\ncron = "5m"\n[["tasks"]]\nid = "b"\ncron = "5m"\n'
    ).schedules
    assert (first.origin.line, second.origin.line) == (1, 4)
