"""`cronsole timeline`: the coming hours, one row for each schedule, and the minute in which most start together."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.list import every_schedule
from cronsole.cli.standing import Order, chosen, ordered, parse_filter
from cronsole.cli.times import Viewer
from cronsole.errors import CronsoleError
from cronsole.model.ask import ScheduleQuery
from cronsole.model.instant import DAY, Instant, from_datetime, to_datetime
from cronsole.model.view import FireView, ScheduleView
from cronsole.triggers.duration import parse_duration
from cronsole.triggers.moments import Toward, parse_moment

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

MOST_FIRES: Final = 1_000
"""What one schedule is asked for; where it fires more often than that, the rest of its row is shown as full."""
_AT_ONCE: Final = 8
_SKIPPED: Final = "skipped"


class Coming(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of --json: the fires of a schedule within the window; `is_cut` tells that there are more."""

    schedule_id: str
    fires: tuple[FireView, ...]
    is_cut: bool = False


def command(
    words: Annotated[
        list[str] | None, typer.Argument(help="Which schedules, as `cronsole list` filters them.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", help="When to begin; now by default.")] = None,
    span: Annotated[str, typer.Option("--for", help="How far to look: 90m, 12h, 7d.")] = "24h",
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show when schedules fire in the hours ahead: a mark for each fire, a figure where several fall together.

    What is paused fires nothing until the pause ends; what does not fire in that time is left out. --json answers with
    one line for each schedule: {"schedule_id": …, "fires": [FireView, …]}, those included that a gate will skip, which
    their note tells.
    """
    viewer = Viewer.here()
    try:
        terms = parse_filter(words or ())
        start = viewer.now
        if begin is not None:
            start = parse_moment(begin, now=start, timezone=viewer.zone.key, toward=Toward.FUTURE)
        end = start + parse_duration(span)
        if not start < end <= start + 366 * DAY:
            raise CronsoleError(f"--for {span} is no window of time; from a minute to a year are accepted")
    except CronsoleError as error:
        misuse(str(error))

    async def ask(client: "EngineClient") -> list[Coming]:
        views = chosen(await every_schedule(client, ScheduleQuery()), terms)
        return await _coming(client, ordered(views, Order.NEXT), start, end)

    found = speak(engine, token_file, ask)
    if as_json:
        for coming in found:
            render.json_line(coming)
        return
    _show({coming.schedule_id: coming for coming in found}, start, end, viewer)


def _fires_from(view: ScheduleView, start: Instant) -> Instant | None:
    """Return from when on a schedule may fire: never where it has no next fire, or a pause without an end."""
    if view.next_due is None:
        return None
    if view.pause is None:
        return max(start, from_datetime(view.next_due) - 1)
    return None if view.pause.until is None else max(start, from_datetime(view.pause.until) - 1)


async def _coming(
    client: "EngineClient", views: list[ScheduleView], start: Instant, end: Instant
) -> list[Coming]:
    """Return the fires of each schedule that fires in the window, few asked at a time."""
    room = asyncio.Semaphore(_AT_ONCE)
    found: dict[str, Coming] = {}

    async def ask(schedule_id: str, since: Instant) -> None:
        async with room:
            fires = await client.fires(schedule_id, count=MOST_FIRES, after=to_datetime(since))
        within = tuple(fire for fire in fires if start <= from_datetime(fire.due) < end)
        if within:
            is_cut = len(fires) == MOST_FIRES and from_datetime(fires[-1].due) < end
            found[schedule_id] = Coming(schedule_id, within, is_cut)

    async with asyncio.TaskGroup() as group:
        for view in views:
            since = _fires_from(view, start)
            if since is not None and since < end:
                group.create_task(ask(view.id, since), name=f"fires {view.id}")
    return [found[view.id] for view in views if view.id in found]


def _show(found: Mapping[str, Coming], start: Instant, end: Instant, viewer: Viewer) -> None:
    from cronsole.cli.timeline_text import Window, timeline_lines

    rows = {name: (_starts(coming), coming.is_cut) for name, coming in found.items() if _starts(coming)}
    if not rows:
        render.err("nothing fires in that time")
        return
    window = Window(start, end, render.terminal_width())
    for line in timeline_lines(rows, window, viewer, has_glyphs=render.has_glyphs()):
        render.show(line)


def _starts(coming: Coming) -> list[Instant]:
    return [from_datetime(fire.due) for fire in coming.fires if not fire.note.startswith(_SKIPPED)]
