"""`cronsole runs`: the history of what ran, newest first."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.times import Viewer
from cronsole.cli.viewer import viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError, TriggerError, nearest
from cronsole.model.ask import RunQuery
from cronsole.model.instant import to_datetime
from cronsole.model.run import Cause, RunState
from cronsole.model.view import Page, RunView
from cronsole.triggers.duration import parse_duration
from cronsole.triggers.moments import Toward, parse_moment

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_TOOK = re.compile(r"\s*(<=?|>=?)?\s*(.+)", re.DOTALL)
_MOST_AT_ONCE = 500
_ALSO = {"ok": (RunState.SUCCEEDED,), "failing": (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST)}


def command(
    schedule_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The schedules; every one by default.")
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", help="Only those that are succeeded (or ok), failed, skipped, running, …"),
    ] = None,
    causes: Annotated[list[Cause] | None, typer.Option("--cause", help="Only those with the cause.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only of schedules with the tag.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those after a time, or in the last while: 2h, 03:00.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only those before a time.")] = None,
    took: Annotated[
        str | None, typer.Option(help="Only those that took longer or shorter: '>10s', '<1m'.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="Every row, however many there are.")] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show runs, and the slots that got none, newest first.

    --json answers with one page (`items`, each a RunView; `next`, where there are more); with --all, with one RunView
    a line, as they come.
    """
    try:
        query = run_query(
            tuple(schedule_ids or ()),
            states or (),
            since=since,
            until=until,
            took=took,
            timezone=viewer_zone(),
        )
    except CronsoleError as error:
        misuse(str(error))
    query = msgspec.structs.replace(query, causes=tuple(causes or ()), tags=tuple(tags or ()), limit=limit)
    if everything:
        query = msgspec.structs.replace(query, limit=_MOST_AT_ONCE)
        speak(engine, token_file, lambda client: _show_all(client, query, as_json=as_json))
        return
    page = speak(engine, token_file, lambda client: _page(client, query))
    if as_json:
        render.json_line(page)
        return
    _show(page.items)
    if page.next is not None and render.is_on_terminal():
        render.out(f"the newest {len(page.items):,}; --all shows every one", render.Style.FAINT)


def run_query(
    schedule_ids: tuple[str, ...],
    states: list[str] | tuple[str, ...],
    *,
    since: str | None,
    until: str | None,
    took: str | None,
    timezone: str,
) -> RunQuery:
    """Return the question of options as people write them; a CronsoleError says what is accepted."""
    over, under = _took(took)
    return RunQuery(
        schedule_ids=schedule_ids,
        states=tuple(dict.fromkeys(state for word in states for state in _states(word))),
        since=_moment(since, timezone),
        until=_moment(until, timezone),
        took_over_ms=over,
        took_under_ms=under,
    )


def _states(word: str) -> tuple[RunState, ...]:
    if word in _ALSO:
        return _ALSO[word]
    try:
        return (RunState(word.replace(" ", "_").replace("-", "_")),)
    except ValueError as error:
        meant = nearest(word, [*RunState, *_ALSO])
        hint = f"; did you mean {str(meant)!r}?" if meant else ""
        raise CronsoleError(f"{word!r} is no state of a run{hint}") from error


def _moment(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    return to_datetime(parse_moment(text, now=SystemClock().now(), timezone=timezone, toward=Toward.PAST))


def _took(text: str | None) -> tuple[int | None, int | None]:
    """Return what a run took longer than, and shorter than; a bare duration means longer."""
    if text is None:
        return None, None
    found = _TOOK.fullmatch(text)
    if found is None:
        raise TriggerError("--took is empty; write it like '>10s' or '<1m'")
    bound = parse_duration(found[2])
    return (None, bound) if (found[1] or ">").startswith("<") else (bound, None)


async def _page(client: "EngineClient", query: RunQuery) -> Page[RunView]:
    page = await client.runs(query)
    if not page.items:
        # A schedule that never ran is known; of one that is not, the engine tells the nearest name.
        for schedule_id in query.schedule_ids:
            await client.schedule(schedule_id)
    return page


async def _show_all(client: "EngineClient", query: RunQuery, *, as_json: bool) -> None:
    async for items in _pages(client, query):
        if as_json:
            for run in items:
                render.json_line(run)
        else:
            _show(items)


async def _pages(client: "EngineClient", query: RunQuery) -> AsyncIterator[tuple[RunView, ...]]:
    while True:
        page = await client.runs(query)
        yield page.items
        if page.next is None:
            return
        query = msgspec.structs.replace(query, before=page.next)


def _show(items: tuple[RunView, ...]) -> None:
    from cronsole.cli.run_rows import run_table

    if not items:
        render.err("no run matches")
        return
    render.show(run_table(items, Viewer.here(), has_glyphs=render.has_glyphs()))
