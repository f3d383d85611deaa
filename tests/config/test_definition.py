import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from tests.config.schedules import CHANNELS, schedules
from tests.config.writing import NOW, Folder

from cronsole.config.definition import as_table, as_toml, executes, merged, read_definition
from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.channel import LogChannel
from cronsole.model.policy import Overlap, Policy
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import Settings
from cronsole.model.trigger import CronSpec

SETTINGS = Settings(timezone="Asia/Tokyo", max_running=9, channels=tuple(map(LogChannel, CHANNELS)))
THOROUGH = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
HEAD = '[engine]\ntimezone = "Asia/Tokyo"\nmax_running = 9\n' + "".join(
    f'[notify."{name}"]\ntype = "log"\n' for name in CHANNELS
)


def read(table: dict[str, Any], environ: dict[str, str] | None = None) -> Schedule:
    return read_definition(table, Origin(), settings=SETTINGS, environ=environ or {})


def at_home(schedule: Schedule) -> Schedule:
    return msgspec.structs.replace(schedule, origin=Origin())


def problems(table: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(table)
    return caught.value.problems


@THOROUGH
@given(schedules)
def test_a_table_reads_back_as_the_schedule_that_it_shows(schedule: Schedule) -> None:
    table = json.loads(msgspec.json.encode(as_table(schedule)))
    assert read(table, {"HOME": "/h", "URL": "http://x"}) == schedule


@THOROUGH
@given(schedules)
def test_an_entry_of_toml_reads_back_as_the_schedule_that_it_shows(
    tmp_path: Path, schedule: Schedule
) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes((HEAD + as_toml(as_table(schedule))).encode())
    (found,) = load(file, environ={"HOME": "/h", "URL": "http://x"}, now=NOW).schedules
    assert at_home(found) == schedule


def test_every_schedule_of_the_tour_reads_back_from_its_table_and_from_toml(tmp_path: Path) -> None:
    tour = load("sample.toml", environ={}, now=NOW)
    for schedule in tour.schedules:
        again = read_definition(as_table(schedule), Origin(), settings=tour.settings, environ={})
        assert again == at_home(schedule)
    file = tmp_path / "c.toml"
    file.write_text(
        '[notify.ops]\ntype = "log"\n' + "".join(as_toml(as_table(each)) for each in tour.schedules)
    )
    again_all = load(file, environ={}, now=NOW).schedules
    assert list(map(at_home, again_all)) == list(map(at_home, tour.schedules))


def test_a_table_holds_no_default_but_the_zone_which_another_engine_may_choose_otherwise() -> None:
    assert as_table(Schedule("a", CronSpec("@daily"))) == {"id": "a", "cron": "@daily", "timezone": "UTC"}


def test_durations_instants_and_sizes_are_shown_as_people_write_them(folder: Folder) -> None:
    schedule = folder.task(
        'every = "90m"\nstart_at = 2026-01-01T00:00:03Z\ncommand = "true"\ntimeout = "90s"\n'
        'limits = {memory = "256MB", cpu = "5s"}\nretry = 2\nconditions = {hours = "22:00-24:00", days = "mon-tue"}\n'
    )
    assert as_table(schedule) == {
        "id": "t",
        "every": "1h30m",
        "start_at": "2026-01-01T00:00:03Z",
        "timezone": "UTC",
        "command": "true",
        "timeout": "1m30s",
        "retry": {"attempts": 2},
        "limits": {"memory": "256MB", "cpu": "5s"},
        "conditions": {"days": ["mon", "tue"], "hours": ["22:00-24:00"]},
    }


def test_how_many_may_run_in_parallel_is_told_where_the_engine_would_choose_it() -> None:
    policy = Policy(overlap=Overlap.ALLOW, max_parallel=1)
    table = as_table(Schedule("a", CronSpec("@daily"), policy=policy))
    assert (table["overlap"], table["max_parallel"]) == ("allow", 1)


def test_text_that_only_looks_like_a_reference_stays_text(folder: Folder) -> None:
    schedule = folder.task('description = "costs $${env:HOME}"\n')
    assert schedule.description == "costs ${env:HOME}"
    assert as_table(schedule)["description"] == "costs $${env:HOME}"


def test_a_script_of_several_lines_stays_readable_in_toml() -> None:
    told = as_toml({"id": "a", "cron": "5m", "command": 'set -e\necho "\\n"\n'})
    assert told == '[[tasks]]\nid = "a"\ncron = "5m"\ncommand = """\nset -e\necho "\\\\n"\n"""\n'


@pytest.mark.parametrize(
    "text", ['a\n"""\nb', 'a\n""""""', 'a\n"', "\na\r\n\\", "a\n[[tasks]]\nb", "a\n\tb\x7f\x00"[:-1]]
)
def test_a_text_of_several_lines_reads_back_whatever_is_in_it(folder: Folder, text: str) -> None:
    (schedule,) = folder.load(as_toml({"id": "a", "cron": "5m", "description": text})).schedules
    assert schedule.description == text


def test_null_in_a_config_survives_toml_which_has_none(folder: Folder) -> None:
    told = as_toml({"id": "a", "cron": "5m", "config": {"x": [None]}})
    (schedule,) = folder.load(told).schedules
    assert schedule.config == '{"x":[null]}'


def test_every_fault_of_a_definition_is_told_with_its_key() -> None:
    assert problems({"id": "a b", "cron": "61 * * * *", "timeout": 5}) == (
        'definition: id = "a b": holds a character that no id may; accepted are letters, digits and marks such as '
        '. _ - / :; did you mean "a-b"?',
        "definition: cron = \"61 * * * *\": minute (column 1 of '61 * * * *'): 61 is out of range; accepted are 0–59",
        'definition: timeout = 5: is a number without a unit; write "5s" for seconds',
    )
    assert problems({"id": "a"}) == (
        "definition: cron: is missing; a task has one of cron, every, at, after",
    )
    assert problems({"id": "a", "cron": "5m", "comand": "x"}) == (
        'definition: comand = "x": unknown key; did you mean "command"?',
    )


def test_a_relative_path_is_refused_for_there_is_no_folder_to_start_from() -> None:
    (told,) = problems({"id": "a", "cron": "5m", "command": "x", "cwd": "work"})
    assert told.startswith('definition: cwd = "work": is relative')


def test_a_zone_that_is_not_named_is_the_engines() -> None:
    assert read({"id": "a", "cron": "@daily"}).timezone == "Asia/Tokyo"


def test_merging_follows_rfc_7396() -> None:
    table = {"id": "a", "cron": "5m", "retry": {"attempts": 3, "delay": "5s"}, "tags": ["a", "b"]}
    changes = {
        "retry": {"delay": None, "jitter": "1s"},
        "tags": ["c"],
        "cron": None,
        "every": "9m",
        "http": {"url": None},
    }
    assert merged(table, changes) == {
        "id": "a",
        "retry": {"attempts": 3, "jitter": "1s"},
        "tags": ["c"],
        "every": "9m",
        "http": {},
    }


def test_a_second_spelling_takes_the_place_of_the_first() -> None:
    assert merged({"id": "a", "cron": "5m"}, {"schedule": "9m"}) == {"id": "a", "schedule": "9m"}


def test_merging_what_is_nested_beyond_measure_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"config": deep}
    with pytest.raises(ConfigError, match="nested too deeply"):
        merged({}, deep)
    assert not executes(deep)
    while deep:  # else the interpreter would free it recursively
        deep = deep["config"]


@pytest.mark.parametrize(
    "harmless",
    [
        {},
        {"http": "http://localhost"},
        {"http": {"url": "http://localhost", "body": "$HOME ${HOME}"}},
        {"publish": {"channel": "a", "message": "b", "url": "redis://localhost"}},
        {"config": {"a": 1}, "retry": 3, "conditions": {"days": "mon", "expression": "now.getHours() > 3"}},
    ],
)
def test_a_record_a_request_and_a_message_execute_nothing(harmless: dict[str, Any]) -> None:
    assert not executes({"id": "a", "cron": "5m", **harmless})


@pytest.mark.parametrize(
    "harmful",
    [
        {"command": "true"},
        {"handler": "a:b"},
        {"plugin": "a"},
        {"celery": {"task": "a", "broker": "b"}},
        {"env": {}},
        {"env_file": "/a"},
        {"cwd": "/"},
        {"user": "root"},
        {"notify": "ops"},
        {"description": "${env:HOME}"},
        {"description": "${file:/etc/shadow}"},
        {"description": "$${env:HOME}"},
        {"description": "${env:NO:-default}"},
        {"tags": ["a", "${env:HOME}"]},
        {"config": {"a": [{"b": "x ${file:/etc/shadow}"}]}},
        {"config": {"${env:HOME}": 1}},
        {"http": {"url": "http://x", "headers": {"X": "${env:TOKEN}"}}},
        {"conditions": {"expression": "env.TOKEN.startsWith('a')"}},
        {"conditions": {"expression": "int(env['TOKEN']) > 0"}},
        {"${env:HOME}": 1},
    ],
)
def test_whatever_runs_something_or_looks_at_the_machine_executes(harmful: dict[str, Any]) -> None:
    assert executes({"id": "a", "cron": "5m", **harmful})


@given(schedules)
@THOROUGH
def test_what_is_merged_with_nothing_is_the_same(schedule: Schedule) -> None:
    assert merged(as_table(schedule), {}) == as_table(schedule)


def test_the_maker_of_a_definition_is_its_origin() -> None:
    origin = Origin(SourceKind.API, "ann")
    schedule = read_definition({"id": "a", "cron": "5m"}, origin, settings=SETTINGS, environ={})
    assert (str(schedule.origin), schedule.origin.kind) == ("ann", "api")
