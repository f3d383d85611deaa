"""`cronsole show`: everything about one schedule on one page."""

from typing import TYPE_CHECKING, Annotated

import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, speak
from cronsole.model.ask import RunQuery
from cronsole.model.view import RunView, ScheduleDetail

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient


def command(
    schedule_id: Annotated[str, typer.Argument(metavar="ID", help="The schedule.")],
    limit: Annotated[int, typer.Option("--runs", min=0, max=1000, help="How many of its last runs.")] = 5,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a schedule: when it fires and how it stands, gates, statistics, definition, and its last runs.

    --json answers with a ScheduleDetail.
    """
    if as_json:
        render.json_line(speak(engine, token_file, lambda client: client.schedule(schedule_id)))
        return
    detail, runs = speak(engine, token_file, lambda client: _asked(client, schedule_id, limit))
    from cronsole.cli.schedule_page import schedule_page
    from cronsole.cli.times import Viewer

    for part in schedule_page(detail, runs, Viewer.here(), has_glyphs=render.has_glyphs()):
        render.show(part)


async def _asked(
    client: "EngineClient", schedule_id: str, limit: int
) -> tuple[ScheduleDetail, tuple[RunView, ...]]:
    detail = await client.schedule(schedule_id)
    if not limit:
        return detail, ()
    page = await client.runs(RunQuery(schedule_ids=(schedule_id,), limit=limit))
    return detail, page.items
