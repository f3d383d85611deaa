"""`cronsole events`: what the engine did of late, and with -f what it does."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.times import Viewer
from cronsole.cli.viewer import viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import TriggerError
from cronsole.model.event import Level
from cronsole.model.instant import to_datetime
from cronsole.model.view import EventView
from cronsole.text import safe
from cronsole.triggers.moments import Toward, parse_moment

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

OLDEST: Final = "oldest"
"""Asks the stream for everything that the engine remembers."""
_HEARTBEAT: Final = "heartbeat"
_OF_THE_LINK: Final = frozenset({"lost", "found", "resync"})
_STYLES: Final = {
    Level.DEBUG: render.Style.FAINT,
    Level.INFO: None,
    Level.WARNING: render.Style.WARN,
    Level.ERROR: render.Style.BAD,
}


def command(
    is_followed: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens now.")] = False,
    since: Annotated[
        str | None, typer.Option(help="From a time on, as far as the engine remembers: 10m, 03:00.")
    ] = None,
    schedules: Annotated[
        list[str] | None, typer.Option("--schedule", metavar="ID", help="Only of the schedule.")
    ] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only of the kind, such as RunFinished.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=0, help="How many of the past; 50 by default.")
    ] = None,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happened, the newest last.

    The engine remembers its last 10,000 events; what is older is in `cronsole runs` and `cronsole audit`. With -f it
    begins with what happens now, or with --since or --limit. --json answers with one EventView a line.
    """
    is_wanted = _wanted(frozenset(schedules or ()), frozenset(map(_plain, kinds or ())), _moment(since))
    if limit is None:
        limit = 100_000 if since is not None else 0 if is_followed else 50
    speak(
        engine,
        token_file,
        lambda client: _tell(client, is_wanted, limit, is_followed=is_followed, as_json=as_json),
        is_endless=True,
    )


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        now = SystemClock().now()
        return to_datetime(parse_moment(since, now=now, timezone=viewer_zone(), toward=Toward.PAST))
    except TriggerError as error:
        misuse(str(error))


def _plain(kind: str) -> str:
    """Return a kind however it is spelled: RunFinished, run-finished, run_finished."""
    return kind.replace("_", "").replace("-", "").lower()


def _wanted(
    schedules: frozenset[str], kinds: frozenset[str], since: datetime | None
) -> Callable[[EventView], bool]:
    def is_wanted(event: EventView) -> bool:
        return (
            (not schedules or event.schedule_id in schedules)
            and (not kinds or _plain(event.kind) in kinds)
            and (since is None or event.at >= since)
        )

    return is_wanted


async def _tell(
    client: "EngineClient",
    is_wanted: Callable[[EventView], bool],
    limit: int,
    *,
    is_followed: bool,
    as_json: bool,
) -> None:
    write = render.json_line if as_json else _writer(Viewer.here())
    async with aclosing(_events(client, OLDEST if limit else None)) as events:
        if limit:
            for event in await _past(events, is_wanted, limit):
                write(event)
        render.flush()
        if not is_followed:
            return
        async for event in events:
            if event.kind in _OF_THE_LINK:
                _tell_of_the_link(event)
            elif event.kind != _HEARTBEAT and is_wanted(event):
                write(event)
                render.flush()


async def _events(client: "EngineClient", since: str | None) -> AsyncGenerator[EventView, None]:
    async for event in client.events(since):
        yield event


async def _past(
    events: AsyncIterator[EventView], is_wanted: Callable[[EventView], bool], limit: int
) -> deque[EventView]:
    """Return the last of what had happened when the first heartbeat came."""
    past: deque[EventView] = deque(maxlen=limit)
    async for event in events:
        if event.kind == _HEARTBEAT:
            break
        if event.kind not in _OF_THE_LINK and is_wanted(event):
            past.append(event)
    return past


def _tell_of_the_link(event: EventView) -> None:
    """Tell that the link broke, once, and that it is up again; and that events are missing."""
    if event.kind != "lost" or event.fields.get("attempt") == 1:
        render.err(f"{event.kind}: {safe(event.message)}", render.Style.WARN)


def _writer(viewer: Viewer) -> Callable[[EventView], None]:
    def write(event: EventView) -> None:
        told = f"{viewer.stamp(event.at)}  {event.level.value:<7}  {safe(event.message or event.kind)}"
        render.out(told, _STYLES[event.level])

    return write
