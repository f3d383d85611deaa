"""`cronsole check`: read a configuration as the engine would, and show everything that is wrong with it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cronsole.cli import render
from cronsole.cli.config_path import find_config
from cronsole.clock import SystemClock
from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.settings import Configuration

BROKEN = 2
"""The exit code of a configuration that cannot be used."""


def command(
    config: Annotated[
        Path | None, typer.Argument(help="The configuration; ./cronsole.toml by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Check a configuration and show all of its faults.

    Exits with 0 when it can be used, warnings or not, and with 2 when it cannot.
    """
    try:
        configuration = load(find_config(config), environ=os.environ, now=SystemClock().now())
    except ConfigError as error:
        _tell_problems(error.problems, as_json)
        raise SystemExit(BROKEN) from error
    if as_json:
        render.json_line(
            {
                "ok": True,
                "schedules": len(configuration.schedules),
                "files": configuration.files,
                "problems": [],
                "warnings": configuration.warnings,
            }
        )
        return
    for warning in configuration.warnings:
        render.err(f"warning: {warning}", render.Style.WARN)
    render.out(summary(configuration), render.Style.GOOD)


def summary(configuration: Configuration) -> str:
    """Return what was found, in one line."""
    schedules, files = len(configuration.schedules), len(configuration.files)
    settings = configuration.settings
    has_plugins = any(one.enabled for one in settings.plugins) or bool(settings.plugin_roots)
    return (
        f"ok: {schedules:,} schedule{'' if schedules == 1 else 's'}"
        f" in {files:,} file{'' if files == 1 else 's'}"
        f"{'; those of plugins come with the engine' if has_plugins else ''}"
    )


def _tell_problems(problems: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        render.json_line({"ok": False, "schedules": 0, "files": [], "problems": problems, "warnings": []})
        return
    for problem in problems:
        render.err(problem)
    render.err(f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}", render.Style.BAD)
