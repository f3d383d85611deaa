"""The output of a run on its way to the reader: text for a terminal, bytes for a pipe, followed to the run's end."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from cronsole.cli import render
from cronsole.model.run import RunState
from cronsole.model.view import LogChunk, RunView
from cronsole.terminal import TerminalText
from cronsole.text import plural

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

Writer = Callable[[bytes], None]


class TerminalWriter:
    """Writes bytes to the terminal as text that it cannot obey; characters may be cut anywhere."""

    def __init__(self, write: Callable[[str], None], *, has_colour: bool) -> None:
        self._write = write
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")
        self._text = TerminalText(has_colour=has_colour)
        self._is_at_start = True

    def __call__(self, data: bytes) -> None:
        self._put(self._text.feed(self._decoder.decode(data)))

    def end(self) -> None:
        """Write what was held back, and end a line that the program left open."""
        self._put(self._text.feed(self._decoder.decode(b"", final=True)) + self._text.end())
        if not self._is_at_start:
            self._put("\n")

    def _put(self, text: str) -> None:
        if text:
            self._is_at_start = text.endswith("\n")
            self._write(text)


class Output:
    """Where the output of runs goes: a terminal gets text, anything else the bytes."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._terminal: TerminalWriter | None = None
        if render.is_on_terminal() and not as_json:
            self._terminal = TerminalWriter(render.write, has_colour=render.has_colour_out())

    def put(self, chunk: LogChunk) -> None:
        if self._as_json:
            render.json_line(chunk)
            render.flush()
            return
        if chunk.left_out:
            render.err(f"… {plural(chunk.left_out, 'byte')} are no longer kept …", render.Style.FAINT)
        self.put_bytes(chunk.data)

    def put_bytes(self, data: bytes) -> None:
        if self._terminal is not None:
            self._terminal(data)
        elif data:
            render.raw(data)

    def end(self) -> None:
        if self._terminal is not None:
            self._terminal.end()


async def follow(
    client: "EngineClient",
    run_id: str,
    output: Output,
    *,
    first: int = 1,
    offset: int = 0,
    is_only_one: bool = False,
) -> RunView:
    """Write the output of a run as it comes, attempt after attempt; return the run as it ended.

    It begins with the first attempt, at an offset of it; where that is the only one wanted, it ends with it.
    """
    attempt = first
    while True:
        await write_all(client.log(run_id, attempt=attempt, offset=offset, follow=True), output)
        run = (await client.run(run_id)).run
        if is_only_one:
            return run
        if not run.state.is_final and run.attempt <= attempt:
            run = await _moved_on(client, run_id, attempt)
        if run.attempt <= attempt:
            return run
        attempt, offset = attempt + 1, 0
        render.err(f"-- attempt {attempt} --", render.Style.FAINT)


async def write_all(chunks: AsyncIterator[LogChunk], output: Output) -> LogChunk | None:
    """Write chunks as they come; return the last."""
    last = None
    async for chunk in chunks:
        output.put(chunk)
        last = chunk
    output.end()
    return last


async def _moved_on(client: "EngineClient", run_id: str, attempt: int) -> RunView:
    """Wait until a run has ended, or its next attempt has begun."""
    async with aclosing(_looks(client, run_id)) as looks:
        async for run in looks:
            if run.state.is_final or (run.attempt > attempt and run.state is not RunState.QUEUED):
                return run
    return (await client.run(run_id)).run


async def _looks(client: "EngineClient", run_id: str) -> AsyncGenerator[RunView, None]:
    """Yield the run at each of its events, and at the heartbeats between them."""
    yield (await client.run(run_id)).run
    async for event in client.events():
        if event.run_id == run_id or event.kind == "heartbeat":
            yield (await client.run(run_id)).run
