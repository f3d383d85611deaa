"""Waits for a run to end, through cuts of the connection and restarts of the engine, and exits as it did."""

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from cronsole.cli import render
from cronsole.cli.outcome import exit_code_of, sentence_of
from cronsole.clock import Clock, SystemClock
from cronsole.errors import Unreachable
from cronsole.model.view import RunView
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

# An engine that restarts is back within seconds; one that is gone for longer has somebody to look after it.
PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
# No engine gave an event this id, so that the stream begins with a `resync`: what is looked at then misses nothing.
_ANEW: Final = "-"
_LOST: Final = "lost"

WaitOption: TypeAlias = Annotated[
    bool, typer.Option("--wait", "-w", help="Wait for the run to end, and exit as it did.")
]
FollowOption: TypeAlias = Annotated[
    bool, typer.Option("--follow", "-f", help="Show its output from the first line on, and exit as it did.")
]


class Awaited:
    """A conversation that begins a run, shows what is wanted of it, and ends with its exit code."""

    def __init__(self, *, waits: bool, follows: bool, as_json: bool, clock: Clock | None = None) -> None:
        self._waits = waits
        self._follows = follows
        self._as_json = as_json
        self._clock = clock or SystemClock()

    async def see(self, client: "EngineClient", run: RunView) -> int:
        """Tell of a run that was begun, and stay with it as long as is wanted; return the exit code."""
        self._tell_begun(run)
        if not (self._waits or self._follows) or run.state.is_final:
            return self._end(run)
        if self._follows:
            await self._show_output(client, run.run_id)
        return self._end(await wait_for_end(client, run.run_id, self._clock))

    def _tell_begun(self, run: RunView) -> None:
        if self._follows and not self._as_json:
            # Its output alone is on stdout.
            render.err(f"run {run.run_id}", render.Style.FAINT)
        elif not self._as_json:
            render.out(run.run_id)
            render.flush()

    async def _show_output(self, client: "EngineClient", run_id: str) -> None:
        from cronsole.cli.run_output import Output, follow

        try:
            await follow(client, run_id, Output(as_json=self._as_json))
        except Unreachable as error:
            render.err(f"cronsole: {safe(str(error))}; the rest: cronsole log {run_id}", render.Style.WARN)

    def _end(self, run: RunView) -> int:
        if self._as_json:
            render.json_line(run)
        elif run.state.is_final:
            code = exit_code_of(run)
            render.err(sentence_of(run), render.Style.GOOD if code == 0 else render.Style.BAD)
        return exit_code_of(run) if run.state.is_final else 0


async def wait_for_end(client: "EngineClient", run_id: str, clock: Clock) -> RunView:
    """Return a run once it has ended; Unreachable when no engine has answered for a minute."""
    last_answer = last_look = clock.monotonic()
    while True:
        try:
            async with aclosing(client.events(_ANEW)) as events:
                async for event in events:
                    # An end may be told a moment before the ledger holds it, and be told only once.
                    is_due = clock.monotonic() - last_look > _LOOK_SECONDS
                    if event.kind != _LOST and (is_due or event.run_id in ("", run_id)):
                        last_look = clock.monotonic()
                        run = (await client.run(run_id)).run
                        last_answer = clock.monotonic()
                        if run.state.is_final:
                            return run
                    elif clock.monotonic() - last_answer > PATIENCE_SECONDS:
                        raise Unreachable(f"no engine has answered for a minute; the run is {run_id}")
        except Unreachable:
            if clock.monotonic() - last_answer > PATIENCE_SECONDS:
                raise
        await clock.wait(asyncio.Event(), _PAUSE_SECONDS)
