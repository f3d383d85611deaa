"""`cronsole plan`: what a reload would add, remove and move, before it does."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cronsole.cli import render
from cronsole.cli.connection import CALLED_WRONGLY, EngineOption, JsonOption, TokenFileOption, speak
from cronsole.errors import NotNow
from cronsole.model.prospect import PlanView
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient


def command(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="The configuration; the engine that serves it is asked. The default one otherwise."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days the fires are compared.")] = 7,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a reload would add, change and remove, and which fires come and go in the days ahead.

    Exits with 0 when a reload can go through, and with 2 when the files have faults. --json answers with a PlanView.
    """
    path = None if config is None else os.path.realpath(config)
    plan = speak(engine, token_file, lambda client: _planned(client, path, days), config=config)
    if as_json:
        render.json_line(plan)
    else:
        _show(plan)
    if plan.problems:
        raise SystemExit(CALLED_WRONGLY)


async def _planned(client: "EngineClient", path: str | None, days: int) -> PlanView:
    if path is not None:
        served = (await client.engine()).config
        if os.path.realpath(served) != path:  # noqa: ASYNC240 - nothing else waits in this loop
            raise NotNow(f"the engine at {client.target} serves {served}, and not {path}")
    return await client.reload(preview=True, days=days)


def _show(plan: PlanView) -> None:
    from cronsole.cli.plan_text import plan_lines
    from cronsole.cli.times import Viewer

    for problem in plan.problems:
        render.err(safe(problem))
    for warning in plan.warnings:
        render.err(f"warning: {safe(warning)}", render.Style.WARN)
    if plan.problems:
        count = len(plan.problems)
        told = f"{count:,} problem{'' if count == 1 else 's'}; a reload would change nothing"
        render.err(told, render.Style.BAD)
        return
    for line in plan_lines(plan, Viewer.here(), has_glyphs=render.has_glyphs()):
        render.show(line)
