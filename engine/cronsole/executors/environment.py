"""The environment of a command: clean, with what its schedule adds and what the run is told of itself."""

import pwd
import re
from collections.abc import Mapping
from pathlib import Path

from cronsole.executors.base import Job, StartFault
from cronsole.model.action import Command
from cronsole.model.instant import to_iso

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUN_ID = "CRONSOLE_RUN_ID"
ATTEMPT = "CRONSOLE_ATTEMPT"

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
# The kernel's MAX_ARG_STRLEN: no single variable or argument may be longer.
_LONGEST = 131_071


def base_environment(
    environ: Mapping[str, str], account: pwd.struct_passwd, *, is_other: bool
) -> dict[str, str]:
    """Return what every command of an account starts from; another user's PATH is not the engine's."""
    base = {name: environ[name] for name in _KEPT if environ.get(name)}
    if is_other or "PATH" not in base:
        base["PATH"] = DEFAULT_PATH
    if "LC_ALL" not in base:
        base.setdefault("LANG", "C.UTF-8")
    base["HOME"] = account.pw_dir or "/"
    base["USER"] = base["LOGNAME"] = account.pw_name
    base["SHELL"] = "/bin/sh"
    return base


def run_environment(base: Mapping[str, str], command: Command, job: Job) -> dict[str, str]:
    """Return the whole environment of one attempt; what the run is told of itself cannot be overridden."""
    env = dict(base)
    if command.env_file is not None:
        env.update(read_env_file(Path(command.env_file)))
    env.update(command.env)
    env[RUN_ID] = job.run_id
    env["CRONSOLE_SCHEDULE"] = job.schedule_id
    env["CRONSOLE_SLOT"] = "" if job.slot is None else to_iso(job.slot)
    env[ATTEMPT] = str(job.attempt)
    env["CRONSOLE_FENCE"] = str(job.fence)
    env["CRONSOLE_RUN_COUNT"] = str(job.run_count)
    env["CRONSOLE_IS_CATCHUP"] = "1" if job.is_catchup else "0"
    env["CRONSOLE_CONFIG"] = job.config
    env["CRONSOLE_PAYLOAD"] = job.payload
    if len(job.config) + len(job.payload) > _LONGEST // 8:
        _refuse_what_is_too_long(env)
    return env


def _refuse_what_is_too_long(env: Mapping[str, str]) -> None:
    for name, value in env.items():
        size = len(name) + 1 + len(value.encode(errors="surrogateescape"))
        if size > _LONGEST:
            raise StartFault(
                f"{name} takes {size:,} bytes; an environment variable may take {_LONGEST:,} at most",
                is_final=True,
            )


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file of KEY=VALUE lines; StartFault names the line that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise StartFault(f"cannot read env_file {path}: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise StartFault(f"env_file {path} is not UTF-8 text", is_final=True) from fault
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            raise StartFault(f"{path}:{number}: not KEY=VALUE", is_final=True)
        found[name] = _value(value.strip(), f"{path}:{number}")
    return found


def _value(text: str, place: str) -> str:
    """Return a value without its quotes or the comment behind it; single quotes keep backslashes."""
    if not text.startswith(("'", '"')):
        if text.startswith("#"):
            return ""
        return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
    quoted = _QUOTED.match(text)
    if quoted is None:
        raise StartFault(f"{place}: the quote is not closed", is_final=True)
    rest = text[quoted.end() :].strip()
    if rest and not rest.startswith("#"):
        raise StartFault(f"{place}: text behind the closing quote", is_final=True)
    if quoted[1] is not None:
        return quoted[1]
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), quoted[2])
