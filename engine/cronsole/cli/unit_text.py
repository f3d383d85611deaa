"""The systemd unit of an engine: pure text, with the reason beside each line that has one."""

import re
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec

from cronsole.model.instant import SECOND, Millis
from cronsole.model.policy import OnEngineDeath

NAME: Final = "cronsole.service"
MARK: Final = "# Made by `cronsole service install`"
"""The beginning of every unit that is ours, and may therefore be replaced and removed."""

_KILL_AFTER_GRACE: Final = 10
_MARGIN: Final = 20

_TEXT: Final = """\
{mark}, which makes it anew; change it with `systemctl{scope} edit cronsole`.

[Unit]
Description=Cronsole, the scheduler you can watch
{after}
[Service]
# The engine says when its schedules fire, and has to say every so often that they still do.
Type=notify
NotifyAccess=main
WatchdogSec=60
ExecStart={start}
ExecReload=/bin/kill -HUP $MAINPID
{place}
# Back at once after a crash; but a configuration that cannot be used (2) is not better a second later.
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2
TimeoutStartSec=300
# A stop drains: engine.shutdown_grace for what runs, then TERM and KILL, all by the engine.
TimeoutStopSec={stop_seconds}
{kill}
# One job that eats all memory is that job's failure, not the engine's end.
OOMPolicy=continue
# Jobs inherit what stands here, as they did from cron: no limit on their number, no pipe that never breaks.
TasksMax=infinity
IgnoreSIGPIPE=no
UMask=0022

{sandbox}
[Install]
WantedBy={target}
"""
_KILL: Final = {
    # Under `mixed`, systemd would kill the very commands that the engine is to find again after a crash.
    OnEngineDeath.KEEP: """\
# engine.on_engine_death is "keep": commands outlive a crash of the engine, which adopts them when it is back.
KillMode=process""",
    OnEngineDeath.KILL: """\
# engine.on_engine_death is "kill": TERM goes to the engine alone, which drains; what is left then is killed.
KillMode=mixed""",
}
_OPEN: Final = """\
# A sandbox around the engine is one around every job, and a job may be anything: a backup writes where it was told
# to, an upgrade replaces programs, mail is handed over by a setgid program, some jobs call sudo or load a module.
# Whoever may not do it under cron may not do it here either; nothing more is taken away. The engine itself needs no
# more than its state directory, which it keeps to itself, and listens on a socket in it.
# Do your jobs need no more than the rights of their user? Then `cronsole service install --confined`.
NoNewPrivileges=no
"""
_CONFINED: Final = """\
# No job gets more rights than its user: no sudo, no setuid or setgid program (mail by sendmail and ping among them).
NoNewPrivileges=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictRealtime=yes
SystemCallArchitectures=native
"""
_CONFINED_SYSTEM: Final = """\
# No job changes the running kernel, its modules, clock or log. Files stay writable, for jobs write files.
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
"""


class Scope(Enum):
    """Whose service manager it is for: the machine's, or that of one user."""

    SYSTEM = "system"
    USER = "user"


class Unit(msgspec.Struct, frozen=True):
    """What of a unit depends on whom it is for."""

    program: tuple[str, ...]
    config: Path
    scope: Scope
    shutdown_grace_ms: Millis
    on_engine_death: OnEngineDeath
    is_confined: bool = False
    makes_state_dir: bool = True
    """Whether the state directory is the system's default, which systemd can make."""


def unit_text(unit: Unit) -> str:
    """Return the unit file."""
    is_system = unit.scope is Scope.SYSTEM
    words = [*unit.program, "engine", str(unit.config)]
    return _TEXT.format(
        mark=MARK,
        scope="" if is_system else " --user",
        after=_after(is_system),
        start=" ".join(map(quoted, words)),
        place=_place(unit),
        stop_seconds=-(-unit.shutdown_grace_ms // SECOND) + _KILL_AFTER_GRACE + _MARGIN,
        kill=_KILL[unit.on_engine_death],
        sandbox=_sandbox(unit),
        target="multi-user.target" if is_system else "default.target",
    )


def quoted(word: str) -> str:
    """Return a word of a command line as systemd reads it back: it expands `%` and `$`, and parts at blanks."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if escaped and not re.search(r"[\s\"'\\;]", escaped):
        return escaped
    inner = escaped.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _after(is_system: bool) -> str:
    if not is_system:
        return ""
    # Jobs read files from elsewhere and run as users from elsewhere; a clock that is set late makes runs late.
    return "After=remote-fs.target nss-user-lookup.target time-sync.target\n"


def _place(unit: Unit) -> str:
    if unit.scope is Scope.USER:
        return "WorkingDirectory=%h"
    if not unit.makes_state_dir:
        return "WorkingDirectory=/"
    return "WorkingDirectory=/\nStateDirectory=cronsole\nStateDirectoryMode=0700"


def _sandbox(unit: Unit) -> str:
    if not unit.is_confined:
        return _OPEN
    return _CONFINED + (_CONFINED_SYSTEM if unit.scope is Scope.SYSTEM else "")
