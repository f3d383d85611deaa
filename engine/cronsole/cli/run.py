"""`cronsole run`: the view on the engine of a configuration, which is started if none serves it yet."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from cronsole.cli import asking, render
from cronsole.cli.config_path import find_config
from cronsole.cli.connection import JsonOption, fail, misuse, target_of
from cronsole.cli.launch import Found, answering, find_or_start
from cronsole.cli.screen import AsciiOption, ReadOnlyOption, Show, ThemeOption, Wishes, ready_view
from cronsole.errors import ConfigError, CronsoleError, Unreachable
from cronsole.text import safe

_FIRST_CONFIG: Final = Path("cronsole.toml")
_SIGNALLED: Final = 128


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="The configuration; ./cronsole.toml by default.")
    ] = None,
    keeps: Annotated[
        bool | None,
        typer.Option(
            "--keep/--stop", help="On quitting, leave the engine that was started running, or stop it."
        ),
    ] = None,
    is_read_only: ReadOnlyOption = False,
    theme: ThemeOption = None,
    ascii_only: AsciiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch the engine that serves a configuration; start one if none does.

    On a terminal that is the console, or the list of `cronsole watch` where the console cannot be drawn. An engine
    started here lives in a session of its own and logs to engine.log in its state directory. On quitting you are
    asked whether it goes on, unless --keep or --stop has said so; an engine that ran before is left alone. Without a
    terminal --keep starts it and returns, and otherwise the engine runs in the foreground, as `cronsole engine` does.
    --json makes sure that it runs, keeps it and answers with its EngineView.
    """
    if as_json and keeps is False:
        misuse("--json leaves the engine running: it does not go with --stop")
    try:
        show = ready_view(Wishes(is_read_only, theme, ascii_only)) if not as_json else None
        found = _found(config, keeps=True if as_json else keeps)
    except CronsoleError as error:
        fail(error)
    except KeyboardInterrupt:
        raise SystemExit(render.INTERRUPTED) from None
    if show is None:
        render.json_line(found.view)
    elif keeps and not _has_terminal():
        render.out(safe(_whereabouts(found)))
    else:
        _watch(found, keeps, show)


def _found(config: Path | None, *, keeps: bool | None) -> Found:
    if config is None:
        named = os.environ.get("CRONSOLE_ENGINE")
        target = target_of(named, os.environ)
        view = asyncio.run(answering(target))
        if view is not None:
            return Found(target, view)
        if named:
            raise Unreachable(f"no engine answers at {named}, which CRONSOLE_ENGINE names")
    path = configuration(config)
    if not (keeps or _has_terminal()):
        target = target_of(None, os.environ, path)
        if asyncio.run(answering(target)) is None:
            # Nobody watches and nobody can be asked: this process becomes the engine, and its end the engine's.
            os.execv(sys.executable, [sys.executable, "-m", "cronsole", "engine", str(path)])
    return asyncio.run(find_or_start(path))


def configuration(config: Path | None) -> Path:
    """Return the configuration, be it one that the person wants written first."""
    try:
        return find_config(config)
    except ConfigError as error:
        if not (_has_terminal() and asking.can_ask()):
            raise ConfigError([f"{error}; write one with `cronsole init`"]) from error
        render.err("There is no configuration here yet.")
        if not asking.ask(f"write {_FIRST_CONFIG} to start from?"):
            raise CronsoleError(
                "nothing to run: name a configuration, or write one with `cronsole init`"
            ) from error
    from cronsole.cli import init

    init.command(_FIRST_CONFIG)
    return _FIRST_CONFIG


def _watch(found: Found, keeps: bool | None, show: Show) -> None:
    code: int | str | None = 0
    try:
        _see(found, show)
    except SystemExit as stop:
        code = stop.code
    if found.process is not None:
        # Whoever is cut off by a signal cannot be asked, and no schedule shall suffer from that.
        is_cut_off = isinstance(code, int) and code > _SIGNALLED
        _part_with(found, found.process, True if is_cut_off else keeps)
    raise SystemExit(code)


def _see(found: Found, show: Show) -> None:
    try:
        show([found.target], None)
    except CronsoleError as error:
        fail(error)
    except KeyboardInterrupt:
        return


def _part_with(found: Found, process: "subprocess.Popen[bytes]", keeps: bool | None) -> None:
    """Leave the engine that was started here running, or stop it."""
    if process.poll() is not None:
        render.err(f"the engine has ended with exit code {process.returncode}; its log is {found.log}")
        return
    if keeps is None and asking.can_ask():
        keeps = asking.ask("leave the engine running?", default=True)
    if keeps is False:
        _stop(process)
    else:
        # Whoever cannot be asked is somebody whose line was cut: no schedule shall suffer from that.
        render.err(safe(_whereabouts(found)))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    render.err("stopping the engine; what runs may finish, ctrl-c ends it …", render.Style.FAINT)
    process.send_signal(signal.SIGTERM)
    while True:
        try:
            process.wait()
            return
        except KeyboardInterrupt:
            process.send_signal(signal.SIGTERM)


def _whereabouts(found: Found) -> str:
    log = f", its log is {found.log}" if found.log is not None else ""
    return (
        f"the engine with pid {found.view.pid} serves {found.view.config}{log}; "
        f"`cronsole attach` shows it, `kill {found.view.pid}` stops it"
    )


def _has_terminal() -> bool:
    return render.is_on_terminal() and sys.stdin is not None and sys.stdin.isatty()
