"""`cronsole attach`: the view on engines that run, here or elsewhere."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cronsole.cli import render
from cronsole.cli.connection import JsonOption, TokenFileOption, fail, speak
from cronsole.cli.screen import AsciiOption, ReadOnlyOption, ThemeOption, Wishes, ready_view
from cronsole.errors import CronsoleError
from cronsole.model.view import EngineView

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

    On a terminal that is the console, otherwise the list of `cronsole watch`. --json answers with an EngineView for
    each of them, and shows nothing.
    """
    known = [_engine(target, token_file) for target in targets or (os.environ.get("CRONSOLE_ENGINE"),)]
    if as_json:
        for _, view in known:
            render.json_line(view)
        return
    try:
        ready_view(Wishes(is_read_only, theme, ascii_only))([target for target, _ in known], token_file)
    except CronsoleError as error:
        fail(error)


def _engine(named: str | None, token_file: Path | None) -> tuple[str, EngineView]:
    """Return a target and who answers there, before the screen is taken."""

    async def ask(client: "EngineClient") -> tuple[str, EngineView]:
        return client.target, await client.engine()

    return speak(named, token_file, ask)
