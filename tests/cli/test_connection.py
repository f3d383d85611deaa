from pathlib import Path

import pytest

from cronsole.cli.connection import target_of
from cronsole.errors import ConfigError

HOME = {"HOME": "/home/ops", "XDG_STATE_HOME": ""}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


@pytest.mark.parametrize(
    "target", ["ssh://ops@web-1", "https://web-1:8443", "/run/c.sock", "unix:/run/c.sock"]
)
def test_an_engine_that_is_named_is_taken_as_named(target: str):
    assert target_of(target, HOME) == target


def test_a_state_directory_stands_for_the_socket_in_it(folder: Path):
    assert target_of(str(folder), HOME) == f"unix:{folder}/cronsole.sock"


def test_without_a_configuration_the_socket_is_in_the_default_state_directory():
    assert target_of(None, HOME) == "unix:/home/ops/.local/state/cronsole/cronsole.sock"


def test_an_empty_variable_names_no_engine():
    assert target_of("", HOME).endswith("/cronsole.sock")


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ('[engine]\nstate_dir = "state"\n', "state/cronsole.sock"),
        ('[engine]\nstate_dir = "${env:WHERE}/deep"\n', "there/deep/cronsole.sock"),
        ('[engine]\nstate_dir = "state"\n[api]\nsocket = "run/c.sock"\n', "run/c.sock"),
    ],
)
def test_the_configuration_that_would_be_used_says_where_the_socket_is(folder: Path, text: str, socket: str):
    (folder / "cronsole.toml").write_text(text + '[[tasks]]\nid = "a"\ncron = "nonsense"\n')
    assert target_of(None, HOME | {"WHERE": "there"}) == f"unix:{folder / socket}"


def test_a_configuration_in_yaml_is_read_too(folder: Path):
    (folder / "jobs.yaml").write_text("engine:\n  state_dir: state\n")
    assert target_of(None, HOME, Path("jobs.yaml")) == f"unix:{folder}/state/cronsole.sock"


def test_a_broken_configuration_that_was_merely_found_stops_nobody(folder: Path):
    (folder / "cronsole.toml").write_text("engine = [\n")
    assert target_of(None, HOME).startswith("unix:/home/ops")


def test_a_broken_configuration_that_was_named_is_told(folder: Path):
    (folder / "jobs.toml").write_text("engine = [\n")
    with pytest.raises(ConfigError, match=r"jobs\.toml:"):
        target_of(None, HOME, Path("jobs.toml"))
