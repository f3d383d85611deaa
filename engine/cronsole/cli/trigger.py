"""`cronsole trigger`: start a run of a schedule, now or at a time, and stay with it if asked."""

from datetime import datetime
from typing import Annotated, Any

import typer

from cronsole.cli.awaiting import Awaited, FollowOption, WaitOption
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.payload import KeyOption, PayloadOption, read_payload
from cronsole.cli.viewer import UtcOption, viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError
from cronsole.model.ask import TriggerAsk
from cronsole.model.instant import to_datetime, to_iso
from cronsole.triggers.moments import parse_moment


def command(
    schedule_id: Annotated[
        str, typer.Argument(metavar="ID", help="The schedule.", autocompletion=complete_ids)
    ],
    payload: PayloadOption = None,
    is_gated: Annotated[
        bool,
        typer.Option(
            "--gated", help="Heed its gates: paused, outside its hours, …; else they are passed by."
        ),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Start it then: 06:00, +2h, tomorrow 06:00, ISO 8601."),
    ] = None,
    is_utc: UtcOption = False,
    waits: WaitOption = False,
    follows: FollowOption = False,
    key: KeyOption = "",
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run, and print its id.

    With --wait or --follow it exits as the run did: 0 when it succeeded, the run's own code when it failed (1 where
    it has none), 124 when it timed out, 125 when it was lost, 130 when it was cancelled. A cut connection and a
    restart of the engine are waited out for a minute. --json answers with a RunView, the one of its end with --wait.
    """
    ask = TriggerAsk(
        payload=read_payload(payload),
        at=None if at is None else _start(at, is_utc),
        is_gated=is_gated,
    )
    awaited = Awaited(waits=waits, follows=follows, as_json=as_json)

    async def talk(client: Any) -> int:
        return await awaited.see(client, await client.trigger(schedule_id, ask, idempotency_key=key))

    raise SystemExit(speak(engine, token_file, talk))


def _start(at: str, is_utc: bool) -> datetime:
    now = SystemClock().now()
    try:
        start = parse_moment(at, now=now, timezone=viewer_zone(is_utc=is_utc))
    except CronsoleError as error:
        misuse(f"--at: {error}")
    if start < now:
        misuse(f"--at {at} is {to_iso(start)}, which has passed; leave it out to start now")
    return to_datetime(start)
