"""`cronsole resume`: paused schedules go on, and open circuits are closed."""

from typing import Annotated

import typer

from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption
from cronsole.cli.effect import (
    AllOption,
    Deed,
    DryRunOption,
    PluginOption,
    TagOption,
    YesOption,
    selection_of,
)
from cronsole.model.ask import ResumeAsk


def command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID…", help="The schedules.", autocompletion=complete_ids),
    ] = None,
    tags: TagOption = None,
    plugins: PluginOption = None,
    everything: AllOption = False,
    catch_up: Annotated[
        bool,
        typer.Option("--catch-up", help="Let each schedule's policy make up for what the pause skipped."),
    ] = False,
    is_agreed: YesOption = False,
    is_dry: DryRunOption = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let paused schedules go on from now, and close a circuit that failures opened.

    Before more than one schedule of a tag, a plugin or all of them go on, it is said what that starts, and asked.
    --json answers with an EffectView.
    """
    select = selection_of(ids, tags, plugins, everything)
    deed = Deed(
        "resume",
        "resumed",
        lambda client, preview: client.resume(ResumeAsk(catch_up=catch_up, select=select, preview=preview)),
    )
    deed.carry_out(engine, token_file, is_wide=not ids, is_agreed=is_agreed, is_dry=is_dry, as_json=as_json)
