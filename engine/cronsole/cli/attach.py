"""`cronsole attach`: the view on engines that run, here or elsewhere."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from cronsole.cli import render
from cronsole.cli.connection import JsonOption, TokenFileOption, fail, reach
from cronsole.cli.screen import AsciiOption, ReadOnlyOption, ThemeOption, Wishes, ready_view
from cronsole.errors import CronsoleError, Unreachable
from cronsole.model.view import EngineView
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient


def command(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET…",
            help="Engines: unix:PATH, ssh://[user@]host, https://host:port; by default that of $CRONSOLE_ENGINE, or the"
            " one of this machine.",
        ),
    ] = None,
    token_file: TokenFileOption = None,
    is_read_only: ReadOnlyOption = False,
    theme: ThemeOption = None,
    ascii_only: AsciiOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch engines that run already, several in one table; quitting leaves them as they are.

    On a terminal that is the console, which opens as soon as one of them answers and goes on asking the others;
    otherwise the list of `cronsole watch`. --json answers with an EngineView for each of them, and shows nothing.
    """
    try:
        # A target that nobody can mean is a mistake, and not an engine that is down.
        asked = [reach(target, token_file) for target in targets or (os.environ.get("CRONSOLE_ENGINE"),)]
        heard = _heard(asked, waits_for_all=as_json)
        if as_json:
            _print(heard)
            return
        if not heard.views:
            _fail_all(heard)
        show = ready_view(Wishes(is_read_only, theme, ascii_only))
        show([client.target for client in asked], token_file)
    except CronsoleError as error:
        fail(error)


class _Heard(NamedTuple):
    """What engines said of themselves, and why others did not, both in the order in which they were named."""

    views: Sequence[EngineView]
    errors: Sequence[CronsoleError]


def _heard(asked: "Sequence[EngineClient]", *, waits_for_all: bool) -> _Heard:
    import asyncio  # a question of --help needs none

    return asyncio.run(_ask(asked, waits_for_all=waits_for_all))


async def _ask(asked: "Sequence[EngineClient]", *, waits_for_all: bool) -> _Heard:
    """Ask all of them at once, until one has answered or all have: one that is down takes its time to say nothing."""
    import asyncio

    answers: dict[int, EngineView | CronsoleError] = {}

    async def ask(place: int, client: "EngineClient") -> None:
        answers[place] = answer = await _who(client)
        if isinstance(answer, EngineView) and not waits_for_all:
            for other in tasks[:place] + tasks[place + 1 :]:
                other.cancel()

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(ask(place, client), name=f"who is at {client.target}")
            for place, client in enumerate(asked)
        ]
    heard = [answers[place] for place in sorted(answers)]
    return _Heard(
        [answer for answer in heard if isinstance(answer, EngineView)],
        [answer for answer in heard if isinstance(answer, CronsoleError)],
    )


async def _who(client: "EngineClient") -> EngineView | CronsoleError:
    try:
        async with client:
            return await client.engine()
    except CronsoleError as error:
        return error


def _print(heard: _Heard) -> None:
    for view in heard.views:
        render.json_line(view)
    if heard.errors:
        _fail_all(heard)


def _fail_all(heard: _Heard) -> NoReturn:
    """Tell of each engine why it did not answer; who answered no weighs more than who did not answer at all."""
    *others, worst = sorted(heard.errors, key=lambda error: not isinstance(error, Unreachable))
    for error in others:
        render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.BAD)
    fail(worst)
