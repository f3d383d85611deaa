import json
from pathlib import Path

import pytest

from cronsole.cli.main import main

CONFIG = """
[[tasks]]
id = "backup"
cron = "0 * * * *"
command = "true"

[[tasks]]
id = "report"
cron = "30 1 * * *"
command = "true"
timezone = "Europe/Berlin"
"""
EVENTS = """
[[down]]
from = 2026-03-02T01:30:00Z
to = 2026-03-02T04:30:00Z

[[duration]]
schedule = "backup"
fixed = "90s"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.toml"
    path.write_text(EVENTS)
    return path


def run(*args: object) -> int:
    try:
        main(["simulate", *map(str, args)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_every_verdict_is_a_row(config, events, capsys):
    assert run(config, "--from", "2026-03-02T00:10Z", "--to", "5h", "--events", events) == 0
    assert capsys.readouterr().out == (
        "time                 schedule  verdict        slot                 cause     reason\n"
        "2026-03-02 00:30:00  report    succeeded      2026-03-02 00:30:00  slot\n"
        "2026-03-02 01:01:30  backup    succeeded      2026-03-02 01:00:00  slot      took 1m 30s\n"
        "2026-03-02 01:30:00            ·                                             the engine dies\n"
        "2026-03-02 04:30:00            ·                                             the engine starts\n"
        "2026-03-02 04:30:00  backup    missed         2026-03-02 03:00:00  slot      "
        "2 slots from 2026-03-02 02:00:00 to 2026-03-02 03:00:00\n"
        "2026-03-02 04:31:30  backup    succeeded      2026-03-02 04:00:00  catchup   "
        "3 slots from 2026-03-02 02:00:00 to 2026-03-02 04:00:00, took 1m 30s\n"
        "2026-03-02 05:01:30  backup    succeeded      2026-03-02 05:00:00  slot      took 1m 30s\n"
        "\n"
        "In 5h: 4 succeeded, 1 missed. Times are UTC.\n"
        "Missed: 2 slots.\n"
        "Made up for: 1 catch-up; 0 retries.\n"
        "Worst minute: 2026-03-02 00:30:00, when 1 run starts: report (1).\n"
    )


def test_json_lines_end_with_a_summary(config, capsys):
    assert run(config, "--from", "2026-03-02T00:10Z", "--to", "2026-03-02T02:10Z", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["run", "run", "run", "summary"]
    assert lines[-1]["states"] == {"succeeded": 3}


def test_a_reload_brings_another_file_into_force(config, tmp_path, capsys):
    (tmp_path / "new.toml").write_text('[[tasks]]\nid = "backup"\ncron = "15 * * * *"\ncommand = "true"\n')
    events = tmp_path / "events.toml"
    events.write_text('[[reload]]\nat = 2026-03-02T01:10:00Z\nconfig = "new.toml"\n')
    run(config, "--from", "2026-03-02T01:05Z", "--to", "1h30m", "--events", events, "--json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["at"] for line in lines[:-1]] == [
        "2026-03-02T01:10:02Z",
        "2026-03-02T01:15Z",
        "2026-03-02T02:15Z",
    ]


def test_a_reload_with_faults_is_told_and_leaves_the_old_set_in_force(config, tmp_path, capsys):
    (tmp_path / "new.toml").write_text("[[tasks]\n")
    events = tmp_path / "events.toml"
    events.write_text('[[reload]]\nat = 2026-03-02T01:10:00Z\nconfig = "new.toml"\n')
    assert run(config, "--from", "2026-03-02T01:05Z", "--to", "1h", "--events", events) == 0
    told = capsys.readouterr()
    assert "new.toml" in told.err
    assert "has faults: the old set stays in force" in told.out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--from", "2026-03-02T00:00Z", "--to", "2026-03-01T00:00Z"], "is not after --from"),
        (["--from", "yesterday"], "'yesterday' is not a time"),
        (["--to", "5x"], "unknown unit 'x'"),
        (["--events", "nowhere.toml"], "nowhere.toml: No such file"),
    ],
)
def test_what_cannot_be_used_is_refused(config, args, told, capsys):
    assert run(config, *args) == 2
    assert told in capsys.readouterr().err


def test_a_configuration_with_faults_is_refused(tmp_path, capsys):
    path = tmp_path / "jobs.toml"
    path.write_text('[[tasks]]\nid = "x"\ncron = "99 * * * *"\ncommand = "true"\n')
    assert run(path) == 2
    assert "jobs.toml" in capsys.readouterr().err


def test_an_unknown_schedule_in_the_events_is_refused(config, tmp_path, capsys):
    events = tmp_path / "events.toml"
    events.write_text('[[cancel]]\nat = 2026-03-02T01:10:00Z\nschedule = "backups"\n')
    assert run(config, "--events", events) == 2
    assert "'backup' is" in capsys.readouterr().err
