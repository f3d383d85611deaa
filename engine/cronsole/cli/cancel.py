"""`cronsole cancel`: end a run that is under way or waits."""

from typing import TYPE_CHECKING, Annotated

import typer

from cronsole.cli import render
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import SAYS_NO, EngineOption, JsonOption, TokenFileOption, speak
from cronsole.cli.outcome import sentence_of
from cronsole.cli.times import Viewer
from cronsole.errors import NotNow, UnknownRun, UnknownSchedule
from cronsole.model.ask import RunQuery
from cronsole.model.run import RunState
from cronsole.model.view import RunView
from cronsole.text import plural, safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_UNDER_WAY = tuple(state for state in RunState if not state.is_final)


def command(
    word: Annotated[
        str,
        typer.Argument(
            metavar="RUN|SCHEDULE",
            help="A run, or the schedule of which one is under way.",
            autocompletion=complete_ids,
        ),
    ],
    by_force: Annotated[bool, typer.Option("--force", help="Kill it, rather than ask it to end.")] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a run to end, and kill it when its kill_grace is over; --force kills it at once.

    Where several runs of a schedule are under way they are listed, and nothing is done. --json answers with a RunView.
    """
    found = speak(engine, token_file, lambda client: _cancel(client, word, by_force))
    if isinstance(found, RunView):
        _tell(found, as_json)
        return
    render.err(
        f"cronsole: {safe(word)} has {plural(len(found), 'run')} under way; name the one to cancel:",
        render.Style.BAD,
    )
    viewer = Viewer.here()
    for run in found:
        when = (
            f"for {viewer.both(run.due_at)}"
            if run.started_at is None
            else f"since {viewer.both(run.started_at)}"
        )
        render.err(f"  cronsole cancel {run.run_id}    {run.state.value} {when}")
    raise SystemExit(SAYS_NO)


async def _cancel(client: "EngineClient", word: str, by_force: bool) -> RunView | tuple[RunView, ...]:
    """Return the run that was cancelled, or those of which one has to be chosen."""
    try:
        return await client.cancel(word, by_force=by_force)
    except UnknownRun as error:
        page = await client.runs(RunQuery(schedule_ids=(word,), states=_UNDER_WAY))
        if not page.items:
            raise await _why_none(client, word) from error
    if len(page.items) > 1:
        return page.items
    return await client.cancel(page.items[0].run_id, by_force=by_force)


async def _why_none(client: "EngineClient", word: str) -> UnknownRun | NotNow:
    try:
        await client.schedule(word)
    except UnknownSchedule:
        return UnknownRun(
            f"{word!r} is neither a run nor a schedule; `cronsole runs` and `cronsole list` show them"
        )
    return NotNow(f"no run of {word} is under way; `cronsole runs {word}` shows those that were")


def _tell(run: RunView, as_json: bool) -> None:
    if as_json:
        render.json_line(run)
    elif run.state.is_final:
        render.out(sentence_of(run))
    else:
        render.out(safe(f"asked run {run.run_id} of {run.schedule_id} to end"))
