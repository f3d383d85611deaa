"""`cronsole retry`: do once more what a failed run was for."""

from typing import Annotated, Any

import typer

from cronsole.cli.awaiting import Awaited, FollowOption, WaitOption
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, speak
from cronsole.cli.log import find_run


def command(
    word: Annotated[
        str,
        typer.Argument(
            metavar="RUN|SCHEDULE",
            help="A run that ended, or the schedule whose latest failed run is meant.",
            autocompletion=complete_ids,
        ),
    ],
    waits: WaitOption = False,
    follows: FollowOption = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start what an ended run was for once more, as a run of its own, and print its id.

    Exits as `cronsole trigger` does. --json answers with a RunView, the one of its end with --wait.
    """
    awaited = Awaited(waits=waits, follows=follows, as_json=as_json)

    async def talk(client: Any) -> int:
        failed = await find_run(client, word, is_failed=True)
        return await awaited.see(client, await client.retry(failed.run_id))

    raise SystemExit(speak(engine, token_file, talk))
