"""`cronsole why`: why a slot ran, why not, or why not yet, step by step."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.times import Viewer
from cronsole.clock import SystemClock
from cronsole.errors import TriggerError
from cronsole.model.ask import RunQuery
from cronsole.model.instant import to_datetime
from cronsole.model.prospect import WhyView
from cronsole.triggers.moments import Toward, parse_moment

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_INSTANT: Final = timedelta(milliseconds=1)
_MINUTE: Final = timedelta(minutes=1)
_MOST_RUNS: Final = 500


def command(
    schedule_id: Annotated[str, typer.Argument(metavar="ID", help="The schedule.")],
    at: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[AT]",
            help="The slot, on the schedule's clock: 03:00, yesterday 03:00, -2h, ISO 8601; the next by default.",
        ),
    ] = None,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a slot ran, why it did not, or why it has not yet: trigger, gates, limits and ledger, in their order.

    A time without a day is the last one that has passed; a time without an offset is on the schedule's own clock.
    --json answers with a WhyView.
    """
    view, timezone = speak(
        engine, token_file, lambda client: _explained(client, schedule_id, " ".join(at or ()))
    )
    if as_json:
        render.json_line(view)
        return
    from cronsole.cli.explanation import explanation

    viewer = Viewer.here()
    for line in explanation(view, viewer, timezone=timezone, has_glyphs=render.has_glyphs()):
        render.show(line)


async def _explained(client: "EngineClient", schedule_id: str, at: str) -> tuple[WhyView, str]:
    timezone = (await client.schedule(schedule_id)).schedule.timezone
    if not at:
        return await client.why(schedule_id), timezone
    slot = await _slot_near(client, schedule_id, _moment(at, timezone))
    return await client.why(schedule_id, slot), timezone


async def _slot_near(client: "EngineClient", schedule_id: str, moment: datetime) -> datetime:
    """Return the first slot within a minute from a time, or that time where there is none.

    People speak of a minute, and a slot may lie anywhere within it: it has a verdict, or is yet to come.
    """
    end = moment + _MINUTE
    query = RunQuery(schedule_ids=(schedule_id,), since=moment, until=end + _MINUTE, limit=_MOST_RUNS)
    slots = [run.slot for run in (await client.runs(query)).items if run.slot is not None]
    slots += [fire.slot for fire in await client.fires(schedule_id, count=1, after=moment - _INSTANT)]
    return min((slot for slot in slots if moment <= slot < end), default=moment)


def _moment(at: str, timezone: str) -> datetime:
    try:
        return to_datetime(parse_moment(at, now=SystemClock().now(), timezone=timezone, toward=Toward.PAST))
    except TriggerError as error:
        misuse(str(error))
