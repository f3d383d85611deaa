"""`cronsole list`: every schedule as it stands now, the most urgent first."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.standing import Order, Term, chosen, ordered, parse_filter
from cronsole.cli.viewer import viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError
from cronsole.model.ask import ScheduleQuery
from cronsole.model.schedule import SourceKind
from cronsole.model.view import Page, ScheduleView

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to show: words, !word, #tag, state:failed, tag:db, source:file, plugin:NAME."
        ),
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only those with the tag.")] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", "--status", help="Only those that are failed, late, running, paused, …"),
    ] = None,
    is_failing: Annotated[bool, typer.Option("--failing", help="Only those whose last run failed.")] = False,
    is_running: Annotated[bool, typer.Option("--running", help="Only those that run now.")] = False,
    sources: Annotated[
        list[SourceKind] | None, typer.Option("--source", help="Only those of the source.")
    ] = None,
    plugins: Annotated[
        list[str] | None, typer.Option("--plugin", help="Only those that the plugin declares.")
    ] = None,
    order: Annotated[Order, typer.Option("--sort", help="In which order.")] = Order.URGENCY,
    is_reversed: Annotated[bool, typer.Option("--reverse", "-r", help="The other way round.")] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the schedules, failed and late ones first, then what runs, then by what comes next; paused ones last.

    Options of one kind widen the choice, different kinds narrow it. --json answers with one page that holds all of
    them (`items`, each a ScheduleView), in the order asked for.
    """
    try:
        terms = parse_filter(words or ())
        wanted = parse_filter(f"state:{state}" for state in states or ())
    except CronsoleError as error:
        misuse(str(error))
    query = ScheduleQuery(
        tags=tuple(tags or ()),
        sources=tuple(sources or ()),
        plugins=tuple(plugins or ()),
        words=tuple(term.value for term in terms if not term.field and not term.is_negated),
        is_failing=True if is_failing else None,
        is_running=True if is_running else None,
    )
    views = speak(engine, token_file, lambda client: every_schedule(client, query))
    views = [view for view in chosen(views, terms) if not wanted or _any_holds(wanted, view)]
    views = ordered(views, order)
    if is_reversed:
        views.reverse()
    if as_json:
        render.json_line(Page(items=tuple(views)))
    else:
        _show(views)


def _any_holds(terms: tuple[Term, ...], view: ScheduleView) -> bool:
    return any(term.matches(view) for term in terms)


async def every_schedule(client: "EngineClient", query: ScheduleQuery) -> list[ScheduleView]:
    """Return all schedules that a query means, page after page."""
    views: list[ScheduleView] = []
    while True:
        page = await client.schedules(query)
        views.extend(page.items)
        if page.next is None:
            return views
        query = msgspec.structs.replace(query, after=page.next)


def _show(views: list[ScheduleView]) -> None:
    from cronsole.cli.schedule_rows import schedule_table, summary

    if not views:
        render.err("no schedule matches; `cronsole list` alone shows every one")
        return
    table = schedule_table(
        views, now=SystemClock().now(), zone=ZoneInfo(viewer_zone()), has_glyphs=render.has_glyphs()
    )
    render.show(table)
    if render.is_on_terminal():
        render.out(summary(views), render.Style.FAINT)
