"""`cronsole pause`: schedules rest, for good or until a time."""

from datetime import datetime
from typing import Annotated

import typer

from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse
from cronsole.cli.effect import (
    AllOption,
    Deed,
    DryRunOption,
    PluginOption,
    TagOption,
    YesOption,
    selection_of,
)
from cronsole.cli.viewer import UtcOption, viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError
from cronsole.model.ask import PauseAsk
from cronsole.model.instant import to_datetime, to_iso
from cronsole.triggers.moments import parse_moment


def command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID…", help="The schedules.", autocompletion=complete_ids),
    ] = None,
    tags: TagOption = None,
    plugins: PluginOption = None,
    everything: AllOption = False,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Go on by itself then: 06:00, 2h, tomorrow 06:00, ISO 8601."
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stands beside the pause.")
    ] = "",
    is_utc: UtcOption = False,
    is_agreed: YesOption = False,
    is_dry: DryRunOption = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause schedules: their slots are skipped, and what runs goes on.

    Before more than one schedule of a tag, a plugin or all of them are paused, it is said what that skips, and asked.
    --json answers with an EffectView.
    """
    select = selection_of(ids, tags, plugins, everything)
    end = None if until is None else _end(until, is_utc)

    deed = Deed(
        "pause",
        "paused",
        lambda client, preview: client.pause(
            PauseAsk(until=end, reason=reason, select=select, preview=preview)
        ),
    )
    deed.carry_out(engine, token_file, is_wide=not ids, is_agreed=is_agreed, is_dry=is_dry, as_json=as_json)


def _end(until: str, is_utc: bool) -> datetime:
    now = SystemClock().now()
    try:
        end = parse_moment(until, now=now, timezone=viewer_zone(is_utc=is_utc))
    except CronsoleError as error:
        misuse(f"--until: {error}")
    if end <= now:
        misuse(f"--until {until} is {to_iso(end)}, which has passed: the pause would end at once")
    return to_datetime(end)
