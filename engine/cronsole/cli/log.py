"""`cronsole log`: the output of a run, or of the latest run of a schedule, followed to its end if asked."""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, speak
from cronsole.cli.outcome import exit_code_of, sentence_of
from cronsole.cli.run_output import Output, follow, write_all
from cronsole.errors import UnknownRun, UnknownSchedule
from cronsole.model.ask import RunQuery
from cronsole.model.run import RunState
from cronsole.model.view import RunView
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_RUN_ID: Final = re.compile(r"[0-9a-f]{16,}")
_WITH_OUTPUT: Final = tuple(state for state in RunState if state not in (RunState.SKIPPED, RunState.MISSED))
_FAILURES: Final = tuple(state for state in RunState if state.is_failure)
_LINE_BYTES: Final = 256
_BREAK: Final = 0x0A


def command(
    word: Annotated[
        str | None,
        typer.Argument(metavar="[RUN|SCHEDULE]", help="A run, or the schedule whose latest run is meant."),
    ] = None,
    is_followed: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on to the run's end, and exit with its status.")
    ] = False,
    is_failed: Annotated[
        bool, typer.Option("--failed", help="The latest run that failed, though newer ones have passed.")
    ] = False,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, help="Which attempt; the last by default, all with -f.")
    ] = None,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, help="The last lines only.")] = None,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the output of a run: as bytes where stdout is no terminal, else as text in which only colours survive.

    With -f it begins at the first line of that run (or the last few, by --tail), goes on over its attempts, and exits
    as the run did: with its exit code, 124 where it took too long, 125 where it was lost, 130 where it was cancelled.
    --json answers with a
    LogChunk a line, whose data is base64.
    """
    code = speak(
        engine,
        token_file,
        lambda client: _tell(
            client,
            word,
            is_failed=is_failed,
            attempt=attempt,
            tail=tail,
            is_followed=is_followed,
            as_json=as_json,
        ),
    )
    raise SystemExit(code)


async def _tell(
    client: "EngineClient",
    word: str | None,
    *,
    is_failed: bool,
    attempt: int | None,
    tail: int | None,
    is_followed: bool,
    as_json: bool,
) -> int:
    run = await find_run(client, word, is_failed=is_failed)
    output = Output(as_json=as_json)
    offset = 0 if tail is None else await _tail_offset(client, run.run_id, attempt, tail)
    if is_followed:
        first = attempt or (1 if tail is None else run.attempt)
        ended = await follow(
            client, run.run_id, output, first=first, offset=offset, is_only_one=attempt is not None
        )
        if not as_json:
            style = render.Style.GOOD if ended.state is RunState.SUCCEEDED else render.Style.BAD
            render.err(sentence_of(ended), style)
        return exit_code_of(ended)
    last = await write_all(client.log(run.run_id, attempt=attempt, offset=offset), output)
    if (last is None or not last.next_offset) and not as_json:
        render.err(f"run {run.run_id} of {safe(run.schedule_id)} has no output", render.Style.FAINT)
    return 0


async def find_run(client: "EngineClient", word: str | None, *, is_failed: bool = False) -> RunView:
    """Return the run that a word means: its id, or the latest of the schedule; without a word, the latest of all."""
    if word is not None and _RUN_ID.fullmatch(word):
        try:
            return (await client.run(word)).run
        except UnknownRun as error:
            try:
                return await _latest(client, word, is_failed)
            except UnknownSchedule:
                raise error from None
    return await _latest(client, word, is_failed)


async def _latest(client: "EngineClient", schedule_id: str | None, is_failed: bool) -> RunView:
    states = _FAILURES if is_failed else _WITH_OUTPUT
    ids = () if schedule_id is None else (schedule_id,)
    page = await client.runs(RunQuery(schedule_ids=ids, states=states, limit=1))
    if page.items:
        return page.items[0]
    if schedule_id is not None:
        await client.schedule(schedule_id)
    which = "failed run" if is_failed else "run"
    raise UnknownRun(f"{schedule_id} has no {which} yet" if schedule_id else f"there is no {which} yet")


async def _tail_offset(client: "EngineClient", run_id: str, attempt: int | None, count: int) -> int:
    """Return where the last lines of an output begin, however large it is."""
    size = max(count * _LINE_BYTES, 4_096)
    while True:
        chunks = [chunk async for chunk in client.log(run_id, attempt=attempt, offset=-size)]
        if not chunks:
            return 0
        data, end = b"".join(chunk.data for chunk in chunks), chunks[-1].next_offset
        if not count:
            return end
        # The break that ends the last line begins no other.
        breaks = [at for at, byte in enumerate(data[:-1]) if byte == _BREAK]
        if len(breaks) >= count:
            return end - len(data) + breaks[-count] + 1
        if size >= end:
            return 0
        size *= 4
