"""`cronsole next ID` where an engine runs: what it will do, with its jitter, pauses and notes."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cronsole.cli import render
from cronsole.cli.connection import fail, reach, target_of
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError, UnknownSchedule, Unreachable
from cronsole.model.instant import from_datetime, to_datetime, to_iso
from cronsole.model.view import FireView, ScheduleDetail
from cronsole.text import pad, safe, until, width
from cronsole.triggers.parse import parse_at

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_MOST_AT_ONCE: Final = 1_000
# What time alone never brings about, and may come all the same.
_TIMELESS: Final = ("@startup", "@manual")


def tell_next(
    schedule_id: str,
    after: str | None,
    count: int,
    engine: str | None,
    token_file: Path | None,
    *,
    as_json: bool,
) -> bool:
    """Tell the next fires of a schedule as an engine knows it; return whether one does.

    An engine that was not named, and is not there or knows no such schedule, leaves the answer to the configuration.
    """
    if engine is None and not _is_there():
        return False
    import asyncio

    try:
        detail, fires = asyncio.run(_asked(schedule_id, after, count, engine, token_file))
    except (UnknownSchedule, Unreachable) as error:
        if engine is None:
            return False
        fail(error)
    except CronsoleError as error:
        fail(error)
    _print_json(detail, fires) if as_json else _print_table(detail, fires)
    if not fires:
        raise SystemExit(1)
    return True


def _is_there() -> bool:
    """Return whether the socket exists, so that nothing heavy is loaded where no engine runs."""
    return os.path.exists(target_of(None, os.environ).removeprefix("unix:"))


async def _asked(
    schedule_id: str, after: str | None, count: int, engine: str | None, token_file: Path | None
) -> tuple[ScheduleDetail, list[FireView]]:
    async with reach(engine, token_file) as client:
        detail = await client.schedule(schedule_id)
        since = None if after is None else to_datetime(parse_at(after, detail.schedule.timezone))
        return detail, await _fires(client, schedule_id, count, since)


async def _fires(
    client: "EngineClient", schedule_id: str, count: int, since: datetime | None
) -> list[FireView]:
    """Return that many fires, asked for as many times as it takes."""
    found: list[FireView] = []
    while len(found) < count:
        wanted = min(_MOST_AT_ONCE, count - len(found))
        some = await client.fires(schedule_id, count=wanted, after=since)
        found.extend(some)
        if len(some) < wanted:
            break
        since = some[-1].slot
    return found


def _print_json(detail: ScheduleDetail, fires: list[FireView]) -> None:
    view = detail.schedule
    render.json_line(
        {
            "name": view.id,
            "timezone": view.timezone,
            "dst": detail.definition.get("dst", "cron"),
            "description": view.when,
            "fires": [to_iso(from_datetime(fire.slot)) for fire in fires],
        }
    )


def _print_table(detail: ScheduleDetail, fires: list[FireView]) -> None:
    view, now = detail.schedule, SystemClock().now()
    render.out(safe(f"{view.id}: {view.when} ({view.timezone})"), render.Style.STRONG)
    if view.pause is not None:
        end = view.pause.until
        told = f"paused until {to_iso(from_datetime(end))}" if end else "paused until it is resumed"
        render.out(f"  {told}", render.Style.WARN)
    if not fires:
        if view.trigger not in _TIMELESS:
            render.out("  never again")
        return
    rows = [
        (
            safe(fire.local),
            to_iso(from_datetime(fire.slot)),
            until(from_datetime(fire.due), now),
            safe(fire.note),
        )
        for fire in fires
    ]
    widths = [max(width(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        render.out("  " + "  ".join(map(pad, row[:3], widths)).rstrip() + (f"  {row[3]}" if row[3] else ""))
