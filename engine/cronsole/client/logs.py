"""The output of a run, chunk by chunk, with no byte lost and none told twice."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from cronsole.client.backoff import delays
from cronsole.client.wire import Answer, Wire, segment
from cronsole.errors import CronsoleError, Unreachable
from cronsole.model.view import LogChunk, RunDetail

V = TypeVar("V")

_CHUNK_BYTES: Final = 256 * 1024
_WAIT_SECONDS: Final = 20.0
# How long a reader waits in sum for an engine that has gone, before it is told so.
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5


class LogReader:
    """A place in the output of a run, from which the next chunk is asked for."""

    def __init__(
        self, wire: Wire, run_id: str, *, attempt: int | None, offset: int, limit: int | None
    ) -> None:
        self._wire = wire
        self._run_id = run_id
        self._is_any_attempt = attempt is None
        self._attempt = attempt
        self._offset = offset
        self._left = limit

    async def read(self) -> AsyncGenerator[LogChunk, None]:
        """Yield what there is."""
        while self._left != 0:
            chunk = await self._ask(0.0)
            if chunk.data or chunk.left_out or chunk.is_complete:
                yield chunk
            if chunk.is_complete or not (chunk.data or chunk.left_out):
                return

    async def follow(self) -> AsyncGenerator[LogChunk, None]:
        """Yield what there is and what comes, until the run has ended; over the attempts where none is named.

        A link that breaks is made again, and the next chunk asked for where the last one ended.
        """
        while self._left != 0:
            chunk = await _patiently(partial(self._ask, _WAIT_SECONDS))
            if chunk.data or chunk.left_out or chunk.is_complete:
                yield chunk
            if chunk.is_complete and not await self._has_another_attempt():
                return

    async def _ask(self, wait_seconds: float) -> LogChunk:
        """Return the next chunk, having moved on to its end."""
        answer = await self._wire.exchange(
            "GET",
            f"/runs/{segment(self._run_id)}/log",
            query={
                "attempt": self._attempt,
                "offset": self._offset,
                "limit": _CHUNK_BYTES if self._left is None else min(self._left, _CHUNK_BYTES),
                "wait": wait_seconds or None,
            },
            may_repeat=True,
            wait_seconds=wait_seconds,
        )
        chunk = _chunk(answer)
        # The last attempt may be another one by the time of the next question.
        self._attempt = chunk.attempt
        self._offset = chunk.next_offset
        if self._left is not None:
            self._left -= min(self._left, len(chunk.data))
        return chunk

    async def _has_another_attempt(self) -> bool:
        """Return whether the run goes on with another attempt; having waited for it, the reader is at its start."""
        if not self._is_any_attempt or self._attempt is None:
            return False
        while True:
            run = (await _patiently(self._ask_run)).run
            if run.attempt > self._attempt:
                self._attempt, self._offset = self._attempt + 1, 0
                return True
            if run.state.is_final:
                return False
            await asyncio.sleep(_LOOK_SECONDS)

    async def _ask_run(self) -> RunDetail:
        return await self._wire.get(f"/runs/{segment(self._run_id)}", RunDetail)


async def _patiently(ask: Callable[[], Awaitable[V]]) -> V:
    """Return the answer to a question that is repeated while the engine cannot be reached."""
    waited, pauses = 0.0, delays()
    while True:
        try:
            return await ask()
        except Unreachable:
            if waited >= _PATIENCE_SECONDS:
                raise
        pause = next(pauses)
        await asyncio.sleep(pause)
        waited += pause


def _chunk(answer: Answer) -> LogChunk:
    headers = answer.headers
    try:
        return LogChunk(
            run_id=headers["cronsole-run"],
            attempt=int(headers["cronsole-attempt"]),
            offset=int(headers["cronsole-offset"]),
            next_offset=int(headers["cronsole-next-offset"]),
            left_out=int(headers["cronsole-left-out"]),
            is_complete=headers["cronsole-complete"] == "true",
            data=answer.content,
        )
    except (KeyError, ValueError) as error:
        raise CronsoleError("what answers there tells no place in a log: it is no engine of ours") from error
