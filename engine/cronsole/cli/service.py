"""`cronsole service`: the engine as a service of systemd, for the machine or for one user."""

import os
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cronsole.cli import render
from cronsole.cli.config_path import find_config
from cronsole.cli.connection import JsonOption, fail, misuse
from cronsole.cli.unit_text import MARK, NAME, Scope, Unit, unit_text
from cronsole.clock import SystemClock
from cronsole.config.load import load
from cronsole.errors import CronsoleError
from cronsole.text import safe

_SYSTEM_DIR: Final = Path("/etc/systemd/system")
_PATIENCE_SECONDS: Final = 60


class Deed(StrEnum):
    INSTALL = "install"
    UNINSTALL = "uninstall"
    SHOW = "show"


def command(
    deed: Annotated[Deed, typer.Argument(metavar="install|uninstall|show", help="What to do with the unit.")],
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="With install: the configuration it serves.")
    ] = None,
    for_user: Annotated[
        bool, typer.Option("--user", help="A service of your own, not of the machine; needs no root.")
    ] = False,
    is_confined: Annotated[
        bool,
        typer.Option("--confined", help="With install: for jobs that need no more rights than their user."),
    ] = False,
    only_prints: Annotated[
        bool, typer.Option("--print", help="With install: print the unit and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Install the engine as a service of systemd, remove it, or show the unit that is installed.

    `install` writes the unit and says how it is started; what runs already goes on until it is restarted.
    """
    if deed is not Deed.INSTALL and (config is not None or is_confined or only_prints):
        misuse(f"CONFIG, --confined and --print go with install, not with {deed.value}")
    scope = Scope.USER if for_user else Scope.SYSTEM
    try:
        if deed is Deed.SHOW:
            _show(scope, as_json)
        elif deed is Deed.UNINSTALL:
            _uninstall(scope, as_json)
        else:
            _install(_unit(config, scope, is_confined), only_prints=only_prints, as_json=as_json)
    except CronsoleError as error:
        fail(error)


def unit_path(scope: Scope) -> Path:
    """Return where the unit of a scope is installed."""
    if scope is Scope.SYSTEM:
        return _SYSTEM_DIR / NAME
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "systemd" / "user" / NAME


def _unit(config: Path | None, scope: Scope, is_confined: bool) -> Unit:
    path = find_config(config).absolute()
    settings = load(path, now=SystemClock().now(), environ=os.environ).settings
    return Unit(
        program=_program(),
        config=path,
        scope=scope,
        shutdown_grace_ms=settings.shutdown_grace_ms,
        on_engine_death=settings.on_engine_death,
        is_confined=is_confined,
        makes_state_dir=settings.state_dir is None,
    )


def _program() -> tuple[str, ...]:
    """Return how this very program is started by somebody with another PATH."""
    beside = Path(sys.executable).with_name("cronsole")
    return (str(beside),) if os.access(beside, os.X_OK) else (sys.executable, "-m", "cronsole")


def _install(unit: Unit, *, only_prints: bool, as_json: bool) -> None:
    text, path = unit_text(unit), unit_path(unit.scope)
    if only_prints:
        render.json_line({"path": str(path), "unit": text}) if as_json else render.out(text.rstrip("\n"))
        return
    _refuse_a_strangers(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CronsoleError(_not_written(path, unit.scope, error)) from error
    doubts = _verify(path, unit.scope)
    reloaded = _systemctl(unit.scope, "daemon-reload")
    start = f"{_command(unit.scope)} enable --now cronsole"
    if as_json:
        render.json_line(
            {"path": str(path), "unit": text, "doubts": doubts, "reloaded": reloaded, "next": start}
        )
        return
    for doubt in doubts:
        render.err(f"systemd-analyze: {safe(doubt)}", render.Style.WARN)
    render.out(safe(f"wrote {path}"), render.Style.GOOD)
    if not reloaded:
        render.err(f"systemd could not be told; once it runs: {_command(unit.scope)} daemon-reload")
    render.out(f"start it, now and at each boot: {start}")
    if unit.scope is Scope.USER:
        render.out("let it run while you are logged out: loginctl enable-linger")


def _uninstall(scope: Scope, as_json: bool) -> None:
    path = unit_path(scope)
    if not path.exists():
        raise CronsoleError(f"no service is installed: there is no {path}")
    _refuse_a_strangers(path)
    stopped = _systemctl(scope, "disable", "--now", NAME)
    try:
        path.unlink()
    except OSError as error:
        raise CronsoleError(_not_written(path, scope, error)) from error
    _systemctl(scope, "daemon-reload")
    if as_json:
        render.json_line({"path": str(path), "stopped": stopped})
        return
    render.out(safe(f"removed {path}; its schedules, ledger and configuration stay"), render.Style.GOOD)
    if not stopped:
        render.err("systemd could not be told to stop it: look with `cronsole engine` whether one still runs")


def _show(scope: Scope, as_json: bool) -> None:
    path = unit_path(scope)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        option = " --user" if scope is Scope.USER else ""
        raise CronsoleError(
            f"no service is installed: there is no {path}; install one with `cronsole service install{option}`"
        ) from error
    except OSError as error:
        raise CronsoleError(f"{path} cannot be read: {error.strerror}") from error
    if as_json:
        render.json_line({"path": str(path), "unit": text})
        return
    render.out(safe(f"# {path}"), render.Style.FAINT)
    render.out(safe(text.rstrip("\n"), keeps_breaks=True))


def _refuse_a_strangers(path: Path) -> None:
    """Leave alone a unit that somebody else wrote under our name."""
    try:
        is_ours = path.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    except OSError:
        return
    if not is_ours:
        raise CronsoleError(f"{path} was not made by `cronsole service install`; move it away first")


def _not_written(path: Path, scope: Scope, error: OSError) -> str:
    hint = "; be root, or use --user" if scope is Scope.SYSTEM and isinstance(error, PermissionError) else ""
    return f"{path} cannot be written: {error.strerror}{hint}"


def _verify(path: Path, scope: Scope) -> list[str]:
    """Return what systemd-analyze finds wrong with the unit; nothing where it is not installed or cannot work."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return []
    words = [program, *(["--user"] if scope is Scope.USER else []), "verify", str(path)]
    done = _run(words)
    if done is None or done.returncode == 0:
        return []
    return [line for line in done.stderr.splitlines() if NAME in line]


def _systemctl(scope: Scope, *words: str) -> bool:
    program = shutil.which("systemctl")
    if program is None:
        return False
    done = _run([program, *(["--user"] if scope is Scope.USER else []), *words])
    return done is not None and done.returncode == 0


def _run(words: list[str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _command(scope: Scope) -> str:
    return "systemctl --user" if scope is Scope.USER else "systemctl"
