import os
import shlex
import subprocess
from pathlib import Path

import pytest

from cronsole.client.ssh_command import (
    Refusal,
    advice_for,
    dial_argv,
    forward_argv,
    refusal_in,
    told_socket,
    where_argv,
)
from cronsole.client.target import SshTarget

TARGET = SshTarget("web-1", "ann", 2222)


def far_side(home: Path, **environ: str) -> str:
    """Run what the far side is asked, as its login shell would, and return the socket that it tells."""
    command = where_argv(("ssh",), TARGET)[-1]
    env = {"PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home), **environ}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, check=True)
    return told_socket(f"Welcome!\n{done.stdout}")


def install(home: Path, name: str, text: str) -> None:
    program = home / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_the_host_comes_last_and_after_the_end_of_options():
    assert forward_argv(("ssh",), TARGET, "/l", "/r")[-6:] == ["-p", "2222", "-l", "ann", "--", "web-1"]
    assert dial_argv(("ssh",), SshTarget("h"), "/r")[-3:] == ["--", "h", "cronsole dial /r"]


def test_the_options_of_the_caller_come_first():
    assert forward_argv(("ssh", "-F", "x"), TARGET, "/l", "/r")[:3] == ["ssh", "-F", "x"]


def test_ssh_is_told_to_forward_and_never_to_ask():
    argv = forward_argv(("ssh",), TARGET, "/l.sock", "/r.sock")
    assert argv[argv.index("-L") + 1] == "/l.sock:/r.sock"
    assert {"-N", "BatchMode=yes", "ExitOnForwardFailure=yes", "StreamLocalBindUnlink=yes"} <= set(argv)


def test_a_forwarding_leaves_shared_connections_alone_and_a_command_may_use_them():
    assert "ControlPath=none" in forward_argv(("ssh",), TARGET, "/l", "/r")
    assert not [word for word in dial_argv(("ssh",), TARGET, "/r") if "Control" in word]


def test_the_far_shell_sees_the_path_as_one_word():
    assert shlex.split(dial_argv(("ssh",), TARGET, "/a b/c")[-1]) == ["cronsole", "dial", "/a b/c"]


def test_the_far_side_is_asked_by_its_own_cronsole(tmp_path: Path):
    install(tmp_path, "cronsole", 'test "$*" = "dial --where" && echo /srv/its.sock')
    assert far_side(tmp_path) == "/srv/its.sock"


@pytest.mark.skipif(os.geteuid() != 0, reason="`id` says who we are")
def test_root_without_cronsole_on_its_path_has_the_engine_of_the_system(tmp_path: Path):
    assert far_side(tmp_path) == "/var/lib/cronsole/cronsole.sock"


def test_a_user_without_cronsole_on_the_path_has_an_engine_of_their_own(tmp_path: Path):
    install(tmp_path, "id", "echo 1000")
    assert far_side(tmp_path) == f"{tmp_path}/.local/state/cronsole/cronsole.sock"
    assert far_side(tmp_path, XDG_STATE_HOME="/x") == "/x/cronsole/cronsole.sock"


def test_a_cronsole_that_does_not_know_the_question_is_passed_over(tmp_path: Path):
    install(tmp_path, "cronsole", "echo nonsense >&2; exit 2")
    install(tmp_path, "id", "echo 1000")
    assert far_side(tmp_path).endswith("/.local/state/cronsole/cronsole.sock")


def test_a_forced_command_tells_no_socket():
    assert told_socket("This account runs one command.\n") == ""


@pytest.mark.parametrize(
    "complaint",
    [
        "channel 2: open failed: administratively prohibited: open failed",
        "channel 1: open failed: unknown channel type: unsupported channel type",
        "bind [127.0.0.1]:80: Address already in use; Could not request local forwarding.",
    ],
)
def test_a_refused_forwarding_is_recognised(complaint: str):
    assert refusal_in(complaint) is Refusal.FORWARDING


def test_a_refused_login_is_recognised():
    assert refusal_in("ann@web-1: Permission denied (publickey).") is Refusal.LOGIN


def test_an_engine_that_is_not_there_is_no_refused_forwarding():
    assert refusal_in("channel 2: open failed: connect failed: open failed") is Refusal.OTHER


def test_the_advice_names_the_command_to_try_by_hand():
    assert "`ssh -p 2222 -l ann web-1`" in advice_for("Host key verification failed.", TARGET)
    assert "ssh-add" in advice_for("ann@web-1: Permission denied (publickey).", TARGET)
    assert advice_for("something else", TARGET) == ""
