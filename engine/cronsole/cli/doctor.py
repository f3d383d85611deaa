"""`cronsole doctor`: looks at the machine, the configuration and the engine, and says what to do about each fault."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Final

import typer

import cronsole
from cronsole.cli import machine, render
from cronsole.cli.config_path import find_config
from cronsole.cli.connection import SAYS_NO, EngineOption, JsonOption, TokenFileOption, reach, target_of
from cronsole.cli.findings import Finding, Grade, Report, bad, doubtful, well
from cronsole.clock import SystemClock
from cronsole.errors import ConfigError, CronsoleError, Unreachable
from cronsole.model.view import EngineView
from cronsole.text import plural, safe

_LOOKS: Final = {
    Grade.OK: ("✓", "+", render.Style.GOOD),
    Grade.WARN: ("!", "!", render.Style.WARN),
    Grade.BAD: ("✗", "x", render.Style.BAD),
}
_SECONDS: Final = 10.0
_SLOW_LOOP_MS: Final = 100.0


def command(
    config: Annotated[
        Path | None, typer.Argument(help="The configuration; ./cronsole.toml by default.")
    ] = None,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at what an engine needs, and say what to do where something is amiss.

    Exits with 1 when something is bad. --json answers with one object: {"ok": …, "findings": [{"name", "grade": ok,
    warn or bad, "told", "advice"}, …]}.
    """
    findings = tuple(_findings(config, engine, token_file))
    is_well = all(finding.grade is not Grade.BAD for finding in findings)
    if as_json:
        render.json_line(Report(is_well, findings))
    else:
        _show(findings)
    if not is_well:
        raise SystemExit(SAYS_NO)


def _findings(config: Path | None, engine: str | None, token_file: Path | None) -> Iterator[Finding]:
    yield well("cronsole", cronsole.__version__)
    yield machine.clock()
    yield machine.zones()
    yield machine.sqlite()
    yield from machine.limits()
    yield machine.ssh(os.environ)
    yield machine.terminal(os.environ)
    yield _configuration(config)
    try:
        target = target_of(engine, os.environ, config)
    except CronsoleError as error:
        yield bad("engine", str(error), "mend the configuration")
        return
    socket = _socket_of(target)
    if socket is not None:
        yield machine.socket_path(socket)
        yield from machine.state_directory(Path(socket).parent)
    yield from _engine(engine, token_file, config, target)


def _socket_of(target: str) -> str | None:
    """Return the path of a socket on this machine, None for a target elsewhere."""
    if target.startswith("unix:"):
        return target.removeprefix("unix:")
    return target if target.startswith("/") else None


def _configuration(config: Path | None) -> Finding:
    from cronsole.config.load import load

    name = "config"
    try:
        path = find_config(config)
    except ConfigError as error:
        return doubtful(name, str(error), "name one, or begin one with `cronsole init`")
    try:
        found = load(path, environ=os.environ, now=SystemClock().now())
    except ConfigError as error:
        return bad(name, f"{path}: {plural(len(error.problems), 'problem')}", "see `cronsole check`")
    if found.warnings:
        return doubtful(name, f"{path}: {plural(len(found.warnings), 'warning')}", "see `cronsole check`")
    return well(name, f"{path}: {plural(len(found.schedules), 'schedule')}")


def _engine(
    engine: str | None, token_file: Path | None, config: Path | None, target: str
) -> Iterator[Finding]:
    try:
        view = asyncio.run(_asked(engine, token_file, config))
    except Unreachable as error:
        socket = _socket_of(target)
        if engine is None and (socket is None or not os.path.exists(socket)):
            yield doubtful("engine", f"none runs at {target}", "start one with `cronsole engine`")
        else:
            yield bad("engine", str(error), "start it with `cronsole engine`, or look into its log")
    except TimeoutError:
        yield bad("engine", f"no answer within {_SECONDS:g} s from {target}", "look into the engine's log")
    except CronsoleError as error:
        yield bad("engine", str(error), "ask as the engine's user, or with a token that is valid there")
    else:
        yield from engine_findings(view, cronsole.__version__)


async def _asked(engine: str | None, token_file: Path | None, config: Path | None) -> EngineView:
    async with asyncio.timeout(_SECONDS), reach(engine, token_file, config=config) as client:
        return await client.engine()


def engine_findings(view: EngineView, version: str) -> Iterator[Finding]:
    """Grade what an engine tells of itself."""
    who = f"{view.version} on {view.host}, pid {view.pid}, {plural(view.counts.schedules, 'schedule')}"
    if view.version != version:
        told = f"{who}; this command is {version}"
        yield doubtful("engine", told, "restart the engine after an update, or update this command")
    else:
        yield well("engine", who)
    if view.is_troubled:
        yield bad(
            "ledger", "it cannot be written, so nothing starts", "look at its disk and the engine's log"
        )
    if view.problems:
        told = f"{plural(len(view.problems), 'problem')} in the files; the last good set is in force"
        yield bad("reload", told, f"mend {view.problems[0]}; `cronsole plan` shows all")
    if view.loop_lag_ms > _SLOW_LOOP_MS:
        told = f"the engine's loop is {view.loop_lag_ms:.0f} ms behind"
        yield doubtful("load", told, "find the handler that blocks, or run it in a thread")
    if view.counts.failing or view.counts.late:
        told = f"{view.counts.failing:,} failing, {view.counts.late:,} late"
        yield doubtful("schedules", told, "see `cronsole list --failing`")


def _show(findings: tuple[Finding, ...]) -> None:
    has_glyphs = render.has_glyphs()
    for finding in findings:
        glyph, plain, style = _LOOKS[finding.grade]
        sign = glyph if has_glyphs else plain
        head = f"{sign} {finding.grade.value:<4}  {finding.name:<10}  "
        for line in _wrapped(finding.told, head):
            render.out(line, None if finding.grade is Grade.OK else style)
        for line in _wrapped(finding.advice, " " * len(head)):
            render.out(line, render.Style.FAINT)


def _wrapped(told: str, head: str) -> list[str]:
    """Return a sentence in lines below each other; in one where stdout is no terminal."""
    if not render.is_on_terminal():
        return [head + safe(told)] if told else []
    cells = max(40, render.terminal_width())
    return wrap(safe(told), cells, initial_indent=head, subsequent_indent=" " * len(head))
