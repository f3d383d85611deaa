"""The stream of events that outlives its connection: it goes on after the last event that was seen."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from cronsole.client.backoff import FIRST_SECONDS, delays
from cronsole.client.sse import MessageParser
from cronsole.client.wire import Wire, decoded
from cronsole.errors import StoreUnavailable, Unreachable
from cronsole.model.event import Level
from cronsole.model.view import EventView

LOST: Final = "lost"
FOUND: Final = "found"
RESYNC: Final = "resync"

_NEVER: Final = datetime.fromtimestamp(0, UTC)
_MILLIS: Final = 1000


class EventStream:
    """What an engine tells, and what became of the link to it.

    Besides the engine's own kinds, of which `heartbeat` and `resync` are of the stream itself, there are two of ours:

    - `lost`: the link is down, the message says why. It comes once for each attempt that failed, numbered in
      `fields["attempt"]`; `at` is when the engine was last heard, by its own clock, and `id` the last one seen.
    - `found`: the link is up again. The events missed follow, or a `resync` where nobody knows them any more.

    Only the first attempt of all raises Unreachable: later ones are told and repeated. A refusal, such as Forbidden,
    ends the stream.
    """

    def __init__(self, wire: Wire, since: str | None) -> None:
        self._wire = wire
        self._last_id = since or ""
        self._heard_at = _NEVER
        self._has_been_up = False
        self._attempt = 0
        self._first_delay = FIRST_SECONDS
        self._delays = delays(FIRST_SECONDS)

    async def follow(self) -> AsyncGenerator[EventView, None]:
        """Yield events for as long as somebody listens."""
        while True:
            reason = "the engine has ended the stream"
            connection = self._connection()
            try:
                async for event in connection:
                    yield event
            except (Unreachable, StoreUnavailable) as error:
                if not self._has_been_up:
                    raise
                reason = str(error)
            finally:
                await connection.aclose()
            self._attempt += 1
            yield self._sign(LOST, reason, Level.WARNING, attempt=self._attempt)
            await asyncio.sleep(next(self._delays))

    async def _connection(self) -> AsyncGenerator[EventView, None]:
        """Yield what one connection brings, until it ends."""
        headers = {"Accept": "text/event-stream"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        parser = MessageParser(self._last_id)
        async with self._wire.stream("/events", headers=headers) as chunks:
            for event in self._found():
                yield event
            async for chunk in chunks:
                for message in parser.feed(chunk):
                    yield self._heard(decoded(message.data, EventView), message.last_id)
                self._note_wish(parser.retry_ms)

    def _found(self) -> Iterator[EventView]:
        if self._has_been_up:
            yield self._sign(FOUND, "the link is up again", Level.INFO)
            if not self._last_id:
                yield self._sign(RESYNC, "events may have been missed: look at everything afresh", Level.INFO)
        self._has_been_up = True

    def _heard(self, event: EventView, last_id: str) -> EventView:
        # A server that accepts and hangs up at once has not been reached: only words count.
        if self._attempt:
            self._attempt = 0
            self._delays = delays(self._first_delay)
        self._last_id = last_id
        self._heard_at = event.at
        return event

    def _note_wish(self, retry_ms: int | None) -> None:
        """Take the server's word for the shortest wait between two attempts."""
        if retry_ms is not None and retry_ms / _MILLIS != self._first_delay:
            self._first_delay = retry_ms / _MILLIS
            self._delays = delays(self._first_delay)

    def _sign(self, kind: str, message: str, level: Level, **fields: Any) -> EventView:
        return EventView(
            id=self._last_id, at=self._heard_at, kind=kind, level=level, message=message, fields=fields
        )
