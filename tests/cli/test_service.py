import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from tests.cli.living import Place

from cronsole.cli.unit_text import MARK, Scope, Unit, quoted, unit_text
from cronsole.model.policy import OnEngineDeath

UNIT = ("xdg", "systemd", "user", "cronsole.service")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, '[[tasks]]\nid = "a"\nevery = "5m"\n')


def unit_of(*, scope: Scope = Scope.SYSTEM, is_confined: bool = False, **changes: object) -> str:
    fields = {
        "program": (shutil.which("true") or "/bin/true",),
        "config": Path("/etc/a b%c$d.toml"),
        "shutdown_grace_ms": 30_000,
        "on_engine_death": OnEngineDeath.KEEP,
        **changes,
    }
    return unit_text(Unit(scope=scope, is_confined=is_confined, **fields))  # type: ignore[arg-type]


def settings_of(unit: str) -> dict[str, str]:
    lines = [line for line in unit.splitlines() if "=" in line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@needs_systemd
@pytest.mark.parametrize("is_confined", [False, True])
@pytest.mark.parametrize("death", OnEngineDeath)
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, is_confined: bool, death: OnEngineDeath):
    file = tmp_path / "cronsole.service"
    for scope in Scope:
        file.write_text(unit_of(scope=scope, is_confined=is_confined, on_engine_death=death))
        # A user's unit is judged by the system's rules here: no user manager runs in a test.
        done = subprocess.run(
            ["systemd-analyze", "verify", file], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_tells_systemd_how_the_engine_is_watched_reloaded_and_stopped():
    found = settings_of(unit_of())
    assert (found["Type"], found["WatchdogSec"]) == ("notify", "60")
    assert found["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert found["RestartPreventExitStatus"] == "2"
    # The grace of the configuration, ten seconds for TERM, and time to say goodbye.
    assert int(found["TimeoutStopSec"]) == 60


@pytest.mark.parametrize(("death", "mode"), [(OnEngineDeath.KEEP, "process"), (OnEngineDeath.KILL, "mixed")])
def test_what_a_crash_leaves_running_is_what_the_configuration_says(death: OnEngineDeath, mode: str):
    assert settings_of(unit_of(on_engine_death=death))["KillMode"] == mode


def test_a_job_that_eats_all_memory_does_not_stop_the_service():
    assert settings_of(unit_of())["OOMPolicy"] == "continue"


def test_nothing_is_taken_from_jobs_unless_they_are_confined():
    taken = {"ProtectSystem", "ProtectHome", "PrivateTmp", "ReadOnlyPaths", "RestrictSUIDSGID", "User"}
    for scope in Scope:
        found = settings_of(unit_of(scope=scope))
        assert found["NoNewPrivileges"] == "no"
        assert taken.isdisjoint(found)


def test_confined_jobs_gain_no_rights_and_still_write_files():
    found = settings_of(unit_of(is_confined=True))
    assert found["NoNewPrivileges"] == "yes"
    assert {"ProtectSystem", "ProtectHome", "ReadOnlyPaths"}.isdisjoint(found)


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/etc/jobs.toml", "/etc/jobs.toml"),
        ("/a b", '"/a b"'),
        ("/100%", "/100%%"),
        ("/$HOME", "/$$HOME"),
        ('/a"b', '"/a\\"b"'),
        ("", '""'),
    ],
)
def test_a_word_of_the_command_line_reaches_the_engine_as_it_is(word: str, written: str):
    assert quoted(word) == written


def test_a_printed_unit_is_not_installed(place: Place):
    said = place.call("service", "install", "jobs.toml", "--user", "--print")
    assert said.code == 0, said
    assert said.out.startswith(MARK)
    assert f"engine {place.config}" in said.out
    assert not place.folder.joinpath(*UNIT).exists()


def test_a_users_service_is_installed_shown_and_removed(place: Place):
    said = place.call("service", "install", "jobs.toml", "--user")
    assert said.code == 0, said
    assert "systemctl --user enable --now cronsole" in said.out
    assert "enable-linger" in said.out
    file = place.folder.joinpath(*UNIT)
    assert place.call("service", "show", "--user", "--json").json["unit"] == file.read_text()
    assert place.call("service", "install", "jobs.toml", "--user", "--confined").code == 0
    assert "NoNewPrivileges=yes" in file.read_text()
    assert place.call("service", "uninstall", "--user").code == 0
    assert not file.exists()


def test_systemd_is_told_of_a_unit_and_of_its_end(place: Place):
    programs, calls = place.folder / "bin", place.folder / "calls"
    programs.mkdir()
    fake = programs / "systemctl"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    path = f"{programs}:{os.environ['PATH']}"
    place.call("service", "install", "jobs.toml", "--user", PATH=path)
    place.call("service", "uninstall", "--user", PATH=path)
    assert calls.read_text().splitlines() == [
        "--user daemon-reload",
        "--user disable --now cronsole.service",
        "--user daemon-reload",
    ]


def test_a_unit_that_somebody_else_wrote_is_left_alone(place: Place):
    file = place.folder.joinpath(*UNIT)
    file.parent.mkdir(parents=True)
    file.write_text("[Unit]\n")
    for deed in ("install", "uninstall"):
        said = place.call("service", deed, "--user", *(["jobs.toml"] if deed == "install" else []))
        assert said.code == 1, said
        assert "was not made by" in said.err
    assert file.read_text() == "[Unit]\n"


def test_what_is_not_installed_can_be_neither_shown_nor_removed(place: Place):
    for deed in ("show", "uninstall"):
        said = place.call("service", deed, "--user")
        assert said.code == 1, said
        assert "no service is installed" in said.err


def test_a_configuration_with_faults_is_not_installed(place: Place):
    place.write("[[tasks]]\n")
    said = place.call("service", "install", "jobs.toml", "--user")
    assert said.code == 2, said
    assert not place.folder.joinpath(*UNIT).exists()
