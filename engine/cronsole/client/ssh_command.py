"""The command lines of ssh, and what its complaints mean; no shell on our side ever sees them."""

import re
import shlex
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from cronsole.client.target import SshTarget

SSH_FAILED: Final = 255
"""The exit code by which ssh says that it failed itself, rather than the far command."""

_MARK: Final = "cronsole-socket:"

# Run by `sh` whatever the login shell is, which may be csh or fish. A shell's greeting goes to stdout too; the mark
# tells our line from it. The rules are those of the engine's own default state directory.
_WHERE: Final = (
    "p=$(cronsole dial --where 2>/dev/null); "
    'if [ -z "$p" ]; then '
    "p=${XDG_STATE_HOME:-$HOME/.local/state}/cronsole/cronsole.sock; s=/var/lib/cronsole/cronsole.sock; "
    'if [ "$(id -u)" = 0 ] || { [ ! -S "$p" ] && [ -S "$s" ]; }; then p=$s; fi; '
    f'fi; printf "{_MARK}%s\\n" "$p"'
)

# ssh notices a dead link within 9 s. LogLevel has to be INFO, at which ssh tells of a refused channel.
_OPTIONS: Final = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "3",
    "ServerAliveCountMax": "2",
    "LogLevel": "INFO",
    "ForwardAgent": "no",
    "ForwardX11": "no",
}
# A forwarding asked of the user's shared connection (ControlMaster) would live on in it when we are gone, so that it
# gets a connection of its own; commands may share one.
_FORWARD_OPTIONS: Final = {
    "ControlMaster": "no",
    "ControlPath": "none",
    "ExitOnForwardFailure": "yes",
    "StreamLocalBindUnlink": "yes",
    "StreamLocalBindMask": "0177",
}
# What the user's configuration forwards on every login is not wanted here, and may be in use already.
_COMMAND_OPTIONS: Final = {"ClearAllForwardings": "yes", "RemoteCommand": "none"}


class Refusal(StrEnum):
    """What a complaint of ssh comes to, as far as it matters for what is tried next."""

    FORWARDING = "forwarding"
    LOGIN = "login"
    OTHER = "other"


_NO_FORWARDING: Final = re.compile(
    r"administratively prohibited|unknown channel type|[Cc]ould not request local forwarding"
    r"|remote port forwarding failed"
)
# Each with what helps against it; the first that occurs is told.
_ADVICE: Final = (
    ("Host key verification failed", "run `{ssh}` once by hand, to check and accept its key"),
    ("Permission denied", "ssh asks no questions here: load a key with `ssh-add`, and try `{ssh}`"),
    ("Too many authentication failures", "name the key in ~/.ssh/config, with IdentitiesOnly"),
    ("Could not resolve hostname", "look at the name, and at Host in ~/.ssh/config"),
    ("not found", "install cronsole there, on the PATH of a login without a terminal"),
)


def forward_argv(ssh: Sequence[str], target: SshTarget, local: str, remote: str) -> list[str]:
    """Return what forwards a socket here to one there, and nothing else."""
    forward = ["-N", "-n", "-T", *_flags({**_OPTIONS, **_FORWARD_OPTIONS}), "-L", f"{local}:{remote}"]
    return [*ssh, *forward, *_destination(target)]


def where_argv(ssh: Sequence[str], target: SshTarget) -> list[str]:
    """Return what asks the far side where its engine's socket is."""
    return [*_command(ssh, target), f"sh -c {shlex.quote(_WHERE)}"]


def dial_argv(ssh: Sequence[str], target: SshTarget, remote: str) -> list[str]:
    """Return what bridges one connection over stdin and stdout."""
    return [*_command(ssh, target), f"cronsole dial {shlex.quote(remote)}" if remote else "cronsole dial"]


def told_socket(output: str) -> str:
    """Return the socket that the far side told, or nothing where it did not answer as asked."""
    told = [line.partition(_MARK)[2] for line in output.splitlines() if _MARK in line]
    return told[-1].strip() if told else ""


def refusal_in(complaint: str) -> Refusal:
    if _NO_FORWARDING.search(complaint):
        return Refusal.FORWARDING
    return Refusal.LOGIN if "Permission denied" in complaint else Refusal.OTHER


def advice_for(complaint: str, target: SshTarget) -> str:
    """Return what to try, in a clause; nothing where ssh's own words have to do."""
    by_hand = shlex.join(["ssh", *_destination(target, ends_options=False)])
    return next((advice.format(ssh=by_hand) for sign, advice in _ADVICE if sign in complaint), "")


def _command(ssh: Sequence[str], target: SshTarget) -> list[str]:
    return [*ssh, "-T", *_flags({**_OPTIONS, **_COMMAND_OPTIONS}), *_destination(target)]


def _flags(options: dict[str, str]) -> list[str]:
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _destination(target: SshTarget, *, ends_options: bool = True) -> list[str]:
    port = [] if target.port is None else ["-p", str(target.port)]
    user = ["-l", target.user] if target.user else []
    return [*port, *user, *(["--"] if ends_options else []), target.host]
