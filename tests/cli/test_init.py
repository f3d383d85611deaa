from pathlib import Path

import pytest
from tests.cli.living import Place, Said


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "")


def checked(place: Place, name: str = "cronsole.toml") -> Said:
    return place.call("check", name, "--json")


def test_what_init_writes_passes_the_check_without_a_warning(place: Place):
    said = place.call("init", TZ="Asia/Tokyo")
    assert said.code == 0, said
    assert "cronsole run cronsole.toml" in said.out
    found = checked(place).json
    assert (found["ok"], found["schedules"], found["warnings"]) == (True, 2, [])
    assert 'timezone = "Asia/Tokyo"' in (place.folder / "cronsole.toml").read_text()


def test_init_overwrites_nothing(place: Place):
    file = place.folder / "mine.toml"
    file.write_text("precious")
    said = place.call("init", "mine.toml")
    assert said.code == 1, said
    assert "mine.toml is there already" in said.err
    assert file.read_text() == "precious"


def test_init_makes_the_folders_that_are_missing(place: Place):
    assert place.call("init", "new/deep/jobs.toml").code == 0
    assert checked(place, "new/deep/jobs.toml").json["ok"]


def test_a_crontab_comes_in_by_stdin_and_what_is_left_out_is_told(place: Place):
    said = place.call("init", "--from-crontab", "-", stdin="@daily /bin/a\n61 * * * * /bin/b\n")
    assert said.code == 0, said
    assert "line 2: kept as a comment" in said.err
    assert "1 task" in said.out
    assert checked(place).json["schedules"] == 1


def test_a_systems_crontab_comes_from_a_file(place: Place):
    (place.folder / "crontab").write_text("17 * * * * root cd / && run-parts /etc/cron.hourly\n")
    said = place.call("init", "--from-crontab", "crontab", "--system", "--json")
    assert said.json == {"path": "cronsole.toml", "tasks": 1, "told": [], "warnings": []}
    assert 'user = "root"' in (place.folder / "cronsole.toml").read_text()


def test_a_crontab_that_is_not_there_is_told_and_nothing_is_written(place: Place):
    said = place.call("init", "--from-crontab", "nowhere")
    assert said.code == 1, said
    assert "nowhere cannot be read" in said.err
    assert not (place.folder / "cronsole.toml").exists()


def test_bytes_that_are_no_text_do_not_stop_an_import(place: Place):
    (place.folder / "crontab").write_bytes(b"# caf\xe9\n@daily /bin/a\n")
    assert place.call("init", "--from-crontab", "crontab").code == 0
    assert checked(place).json["schedules"] == 1
