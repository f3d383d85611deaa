"""`cronsole init`: a configuration to start from, bare or made from a crontab."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cronsole.cli import render
from cronsole.cli.connection import JsonOption, fail, misuse
from cronsole.cli.crontab_import import Imported, import_crontab
from cronsole.cli.starter import starter
from cronsole.cli.viewer import viewer_zone
from cronsole.clock import SystemClock
from cronsole.config.load import load
from cronsole.errors import ConfigError, CronsoleError
from cronsole.text import plural, safe


def command(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The file to write; it must not be there yet.")
    ] = Path("cronsole.toml"),
    crontab: Annotated[
        str | None, typer.Option("--from-crontab", metavar="FILE|-", help="Translate a crontab; - is stdin.")
    ] = None,
    is_system: Annotated[
        bool, typer.Option("--system", help="The crontab names a user in each line, as /etc/crontab does.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a commented configuration to start from; nothing is ever overwritten.

    `crontab -l | cronsole init --from-crontab -` takes over what cron does. What cannot be translated stays in the
    file as a comment, and is told.
    """
    if is_system and crontab is None:
        misuse("--system says how a crontab is read: name one with --from-crontab FILE")
    try:
        made = Imported(starter(viewer_zone()), 2, ()) if crontab is None else _import(crontab, is_system)
        _write(path, made.text)
        warnings = load(path, now=SystemClock().now(), environ=os.environ).warnings
    except CronsoleError as error:
        fail(error)
    if as_json:
        render.json_line({"path": str(path), "tasks": made.tasks, "told": made.told, "warnings": warnings})
        return
    for told in made.told:
        render.err(f"{crontab}: {safe(told)}", render.Style.WARN)
    for warning in warnings:
        render.err(f"warning: {safe(warning)}", render.Style.WARN)
    render.out(safe(f"wrote {path}: {plural(made.tasks, 'task')}"), render.Style.GOOD)
    render.out(safe(f"next: cronsole run {path}"))


def _import(crontab: str, is_system: bool) -> Imported:
    try:
        raw = sys.stdin.buffer.read() if crontab == "-" else Path(crontab).read_bytes()
    except OSError as error:
        raise CronsoleError(f"the crontab {crontab} cannot be read: {error.strerror}") from error
    # Cron knows no encoding; a byte that is no UTF-8 could stand in no configuration.
    text = raw.decode("utf-8", errors="replace")
    return import_crontab(text, is_system=is_system, timezone=viewer_zone())


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise CronsoleError(
            f"{path} is there already; move it away, or name another: cronsole init PATH"
        ) from error
    except OSError as error:
        raise ConfigError([f"{path} cannot be written: {error.strerror}"]) from error
