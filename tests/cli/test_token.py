import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cronsole.api.tokens import PREFIX, TokenFile, read_tokens
from cronsole.cli.main import main
from cronsole.clock import SystemClock


def token(*args: str) -> object:
    """Return the exit code of `cronsole token`."""
    try:
        main(["token", *args])
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


def test_a_token_is_printed_alone_and_opens_the_file(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert token("create", "deploy", "--role", "operator", "--expires", "90d", "--state", "state") == 0
    told = capsys.readouterr()
    secret = told.out.strip()
    assert secret.startswith(PREFIX)
    assert "shown this once" in told.err
    assert secret not in told.err
    found = TokenFile(folder / "state/tokens.json").find(secret, SystemClock().now())
    assert found is not None
    assert found.expires_at is not None
    assert (found.name, found.role, (found.expires_at - found.created_at).days) == ("deploy", "operator", 90)


def test_permissions_may_be_given_one_by_one(folder: Path):
    assert token("create", "a", "--permission", "read", "--permission", "exec", "--state", "state") == 0
    (made,) = read_tokens(folder / "state/tokens.json")
    assert (made.role, made.permissions) == ("", ("read", "exec"))


def test_without_a_word_a_token_may_only_read(folder: Path):
    assert token("create", "a", "--state", "state") == 0
    (made,) = read_tokens(folder / "state/tokens.json")
    assert (made.role, made.permissions) == ("viewer", ())


def test_the_file_and_the_roles_of_the_configuration_are_used(folder: Path):
    (folder / "cronsole.toml").write_text(
        '[api]\ntoken_file = "keys.json"\nroles = {deploy = ["read", "write"]}\n[[tasks]]\nid = "a"\ncron = "5m"\n'
    )
    assert token("create", "a", "--role", "deploy") == 0
    assert [each.role for each in read_tokens(folder / "keys.json")] == ["deploy"]


def test_an_unknown_role_is_refused_and_nothing_is_made(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert token("create", "a", "--role", "operatorr", "--state", "state") == 1
    assert 'did you mean "operator"?' in capsys.readouterr().err
    assert not (folder / "state").exists()


def test_the_list_shows_what_each_may_do_and_no_secret(capsys: pytest.CaptureFixture[str]):
    token("create", "deploy", "--role", "operator", "--state", "state")
    secret = capsys.readouterr().out.strip()
    assert token("list", "--state", "state") == 0
    told = capsys.readouterr().out
    assert "deploy" in told
    assert "operator" in told
    assert "never" in told
    assert secret.removeprefix(PREFIX) not in told


def test_programs_get_json(capsys: pytest.CaptureFixture[str]):
    token("create", "deploy", "--expires", "1d", "--state", "state", "--json")
    made = json.loads(capsys.readouterr().out)
    assert made["name"] == "deploy"
    assert made["token"].startswith(PREFIX)
    token("list", "--state", "state", "--json")
    (listed,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (listed["name"], listed["role"], listed["has_expired"]) == ("deploy", "viewer", False)
    assert "hash" not in listed
    token("revoke", "deploy", "--state", "state", "--json")
    assert json.loads(capsys.readouterr().out)["revoked"] is True


def test_a_revoked_token_is_gone(folder: Path, capsys: pytest.CaptureFixture[str]):
    token("create", "deploy", "--state", "state")
    assert token("revoke", "deploy", "--state", "state") == 0
    assert read_tokens(folder / "state/tokens.json") == ()
    assert token("revoke", "deploy", "--state", "state") == 1
    assert 'there is no token "deploy"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [
        ("create",),
        ("revoke",),
        ("list", "deploy"),
        ("list", "--role", "viewer"),
        ("revoke", "a", "--expires", "1d"),
        ("create", "a\nb"),
        ("create", "x" * 65),
        ("create", "a", "--expires", "0s"),
        ("create", "a", "--permission", "rule"),
        ("burn", "a"),
    ],
)
def test_a_wrong_call_is_refused_and_makes_nothing(folder: Path, args: tuple[str, ...]):
    assert token(*args, "--state", "state") == 2
    assert not (folder / "state").exists()


def test_an_expiry_that_is_no_duration_says_how_to_write_one(capsys: pytest.CaptureFixture[str]):
    assert token("create", "a", "--expires", "soon", "--state", "state") == 1
    assert "write it like 90s, 5m, 1h30m or 2d" in capsys.readouterr().err


def test_no_token_verb_loads_the_server(folder: Path):
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "cronsole",
            "token",
            "list",
            "--state",
            str(folder / "state"),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"litestar", "uvicorn", "textual", "aiosqlite"}
