import json
from pathlib import Path

import pytest

from cronsole.errors import ConfigError
from cronsole.model.instant import MINUTE, from_iso
from cronsole.model.settings import Configuration, Settings
from cronsole.simulate.events_file import check_names, load_happenings
from cronsole.simulate.happenings import (
    CancelAt,
    Down,
    Duration,
    Failure,
    Happenings,
    PauseAt,
    ReloadAt,
    ResumeAt,
    SessionAt,
    Sleep,
    Step,
    TriggerAt,
)

T1, T2 = from_iso("2026-03-29T01:00Z"), from_iso("2026-03-29T02:00Z")
EVERYTHING = """
[[down]]
from = 2026-03-29T01:00:00Z
to = 2026-03-29T02:00:00Z
how = "stop"
[[sleep]]
from = 2026-03-29T01:00:00Z
to = 2026-03-29T02:00:00Z
[[step]]
at = 2026-03-29T01:00:00Z
by = "-90m"
[[pause]]
at = 2026-03-29T01:00:00Z
until = 2026-03-29T02:00:00Z
tag = "db"
reason = "moved"
[[resume]]
at = 2026-03-29T02:00:00Z
catch_up = true
[[trigger]]
at = 2026-03-29T01:00:00Z
schedule = "a"
[[cancel]]
at = 2026-03-29T01:00:00Z
[[session]]
at = 2026-03-29T01:00:00Z
active = true
[[reload]]
at = 2026-03-29T01:00:00Z
config = "new.toml"
[[duration]]
median = "5m"
stop = "3s"
[[failure]]
slots = [2026-03-29T01:00:00Z]
exit_code = 78
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refuse(_: ReloadAt) -> Configuration | None:
    return None


def read(path: Path) -> Happenings:
    return load_happenings(path, refuse)


def faults(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as told:
        read(path)
    return tuple(problem.replace(f"{path.parent}/", "") for problem in told.value.problems)


def test_every_kind_of_happening_can_be_written(tmp_path):
    path = written(tmp_path, "events.toml", EVERYTHING)
    assert read(path) == Happenings(
        down=(Down(begin=T1, end=T2, how="stop"),),
        sleep=(Sleep(begin=T1, end=T2),),
        step=(Step(at=T1, by=-90 * MINUTE),),
        pause=(PauseAt(at=T1, until=T2, tag="db", reason="moved"),),
        resume=(ResumeAt(at=T2, catch_up=True),),
        trigger=(TriggerAt(at=T1, schedule="a"),),
        cancel=(CancelAt(at=T1),),
        session=(SessionAt(at=T1, active=True),),
        reload=(ReloadAt(at=T1, config=str(tmp_path / "new.toml")),),
        duration=(Duration(median=5 * MINUTE, stop=3_000),),
        failure=(Failure(slots=frozenset({T1}), exit_code=78),),
    )


def test_json_has_the_same_keys(tmp_path):
    text = json.dumps({"step": [{"at": "2026-03-29T01:00:00Z", "by": "1h"}]})
    assert read(written(tmp_path, "events.json", text)).step == (Step(at=T1, by=60 * MINUTE),)


def test_json_lines_hold_one_happening_each(tmp_path):
    text = (
        '{"kind": "cancel", "at": "2026-03-29T01:00:00Z"}\n\n{"kind": "cancel", "at": "2026-03-29T02:00Z"}\n'
    )
    assert read(written(tmp_path, "events.jsonl", text)).cancel == (CancelAt(at=T1), CancelAt(at=T2))


def test_a_time_without_an_offset_is_local(tmp_path):
    path = written(tmp_path, "events.toml", "[[cancel]]\nat = 2026-03-29T03:00:00\n")
    assert load_happenings(path, refuse, "Europe/Berlin").cancel == (CancelAt(at=T1),)


def test_a_reload_is_read_when_the_file_is(tmp_path):
    path = written(tmp_path, "events.toml", '[[reload]]\nat = 2026-03-29T01:00:00Z\nconfig = "new.toml"\n')
    found = Configuration(settings=Settings(max_running=3), schedules=(), files=())
    assert load_happenings(path, lambda _: found).reload[0].configuration is found


def test_all_faults_are_told_at_once_with_their_places(tmp_path):
    text = """
    [[pauze]]
    at = 2026-03-29T01:00:00Z
    [[down]]
    from = 2026-03-29T02:00:00Z
    to = 2026-03-29T01:00:00Z
    [[step]]
    at = 2026-03-29T01:00:00Z
    by = "90"
    [[duration]]
    schedule = "a"
    [[pause]]
    at = "soon"
    """
    assert [each.partition(" - ")[0] for each in faults(written(tmp_path, "e.toml", text))] == [
        "e.toml: nothing is called 'pauze'; 'pause' is",
        "e.toml: down 1: `to` must be after `from`",
        "e.toml: step 1: by: '90' has a number without a unit: write it like 90s, 5m, 1h30m or 2d",
        "e.toml: duration 1: a duration needs `fixed`, `median`, or `max`",
        "e.toml: pause 1: at: 'soon' is not a time: write it like 2026-03-29T02:30 or 2026-03-29T02:30:00+01:00",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("e.toml", "[[pause]\n", "Expected"),
        ("e.json", "[]", "a table of lists is expected"),
        ("e.json", '{"pause": {}}', "pause: a list is expected"),
        ("e.json", "{", "truncated"),
        ("e.jsonl", '{"at": 1}', "e.jsonl:1: each line has its kind"),
        ("e.yaml", "", "ends in .toml"),
        ("e.toml", "[[cancel]]\nat = 5\n", "a time is expected"),
        ("e.toml", "[[step]]\nat = 2026-03-29T01:00:00Z\nby = 5\n", "a duration is expected"),
        ("e.toml", '[[cancel]]\nat = 2026-03-29T01:00:00Z\nwhy = "x"\n', "unknown field `why`"),
        ("e.json", '{"cancel": [3]}', "Expected `object`, got `int`"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, name, text, told):
    (problem,) = faults(written(tmp_path, name, text))
    assert told in problem


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert faults(tmp_path / "e.toml") == ("e.toml: No such file or directory",)


def test_a_schedule_that_no_configuration_has_is_refused_with_the_nearest_name(tmp_path):
    happenings = Happenings(trigger=(TriggerAt(at=T1, schedule="backups"),))
    with pytest.raises(ConfigError, match="trigger 1: no schedule is called 'backups'; 'backup' is"):
        check_names(tmp_path, happenings, ["backup", "other"])
