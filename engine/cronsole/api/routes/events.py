"""Events as they happen: server-sent events that go on where a reader was cut off."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
from litestar import Controller, get
from litestar.response import Stream

from cronsole.api.access import Permission
from cronsole.api.asking import AnyRequest, facade_of, is_still_welcome, query_of
from cronsole.api.contract import Contract
from cronsole.api.problems import InvalidRequest
from cronsole.api.stopping import Stopping, stopping_of
from cronsole.model.event import Level
from cronsole.model.view import EventView

EVENTS = "text/event-stream"
OF_THE_STREAM = frozenset({"heartbeat", "resync"})

_LONGEST_ID = 200
_QUIET = timedelta(seconds=2)


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After which event, and which of them: those of these schedules and of these kinds."""

    since: str | None = None
    schedule: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()


class Events(Controller):
    path = "/api/v1/events"

    @get(
        "/",
        contract=Contract(
            summary="What happens, as it happens",
            permission=Permission.READ,
            query=EventsQuery,
            answers=EventView,
            media=EVENTS,
            fails=(400,),
            told="Last-Event-ID or since, schedule, kind → server-sent events",
        ),
    )
    async def events(self, request: AnyRequest) -> Stream:
        asked = query_of(request, EventsQuery)
        since = request.headers.get("last-event-id") or asked.since
        if since is not None and (len(since) > _LONGEST_ID or not since.isprintable()):
            raise InvalidRequest("that is no id of an event")
        lines = _lines(request, since, _Wanted(asked))
        return Stream(
            lines, media_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )


class _Wanted:
    """Tells whether a reader asked for an event."""

    def __init__(self, asked: EventsQuery) -> None:
        self._schedules = frozenset(asked.schedule)
        self._kinds = frozenset(asked.kind)

    def __call__(self, event: EventView) -> bool:
        if event.kind in OF_THE_STREAM:
            return True
        return (not self._schedules or event.schedule_id in self._schedules) and (
            not self._kinds or event.kind in self._kinds
        )


async def _lines(request: AnyRequest, since: str | None, is_wanted: _Wanted) -> AsyncIterator[bytes]:
    with facade_of(request).events(since) as feed:
        # A reader is to know at once that it listens.
        yield b": cronsole\n\n"
        told_at: datetime | None = None
        async for batch in _until_stopped(aiter(feed), stopping_of(request)):
            if not is_still_welcome(request):
                return
            events = [event for event in batch if is_wanted(event)]
            newest = batch[-1]
            if not events and told_at is not None and newest.at - told_at >= _QUIET:
                # Others' events keep the feed from being quiet, and this reader has to know that it still listens.
                events = [EventView(id=newest.id, at=newest.at, kind="heartbeat", level=Level.DEBUG)]
            if events or told_at is None:
                told_at = newest.at
            if events:
                yield b"".join(map(_line, events))


async def _until_stopped(
    batches: AsyncIterator[Sequence[EventView]], stopping: Stopping
) -> AsyncIterator[Sequence[EventView]]:
    """Yield batches until there are no more or the server stops, whatever comes first."""
    while not stopping.is_set():
        batch: Sequence[EventView] = ()
        async with stopping.ending():
            try:
                batch = await anext(batches)
            except StopAsyncIteration:
                return
        if batch:
            yield batch


def _line(event: EventView) -> bytes:
    data = msgspec.json.encode(event).decode()
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()
