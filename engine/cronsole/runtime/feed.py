"""The stream of events for readers of any speed: a ring of the last ones, shared, with an id for each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from cronsole.clock import Clock
from cronsole.model.event import Event, Level
from cronsole.model.instant import to_datetime
from cronsole.model.run import Range
from cronsole.model.view import EventView
from cronsole.narration import kind_of, level_of, sentence
from cronsole.runtime.views import range_view

CAPACITY = 10_000
HEARTBEAT_SECONDS = 2.0
# Asks for everything that is remembered, where the id of an event asks for what came after it.
OLDEST = "oldest"
# What a reader is handed at a time, so that replaying the whole ring never holds up the loop.
_BATCH = 250
# The fields of events that are instants, besides those whose names end so.
_INSTANTS = frozenset({"slot", "until"})


class _Entry:
    """An event, and how it is told, which is made when the first reader comes to it and shared with all others."""

    __slots__ = ("event", "view")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.view: EventView | None = None


class Feed:
    """Remembers the last events; publishing costs the same with any number of readers asleep or behind."""

    def __init__(self, clock: Clock, node: str, *, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._node = node
        self._ring: deque[_Entry] = deque(maxlen=capacity)
        self._count = 0
        self._readers: list[asyncio.Event] = []

    def note(self, event: Event) -> None:
        """Take in an event of the bus."""
        self._ring.append(_Entry(event))
        self._count += 1
        for arrived in self._readers:
            arrived.set()

    @contextmanager
    def reader(self, since: str | None = None) -> Iterator["FeedReader"]:
        """Open a stream from now on, or from after the event that `since` is the id of.

        Who asks for what is past is told by a first heartbeat that all of it has been told.
        """
        arrived = asyncio.Event()
        self._readers.append(arrived)
        try:
            position = self._count if since is None else self._position_after(since)
            yield FeedReader(self, arrived, position, is_behind=since is not None)
        finally:
            self._readers.remove(arrived)

    def _position_after(self, since: str) -> int | None:
        """Return where the reader goes on, or None where what it has not seen is no longer known."""
        if since == OLDEST:
            return self.oldest
        node, _, number = since.rpartition("-")
        if node != self._node or not (number.isascii() and number.isdecimal()):
            return None
        position = int(number)
        return position if self.oldest <= position <= self._count else None

    @property
    def oldest(self) -> int:
        """How many events came before the first that is remembered."""
        return self._count - len(self._ring)

    @property
    def newest(self) -> int:
        return self._count

    async def wait(self, arrived: asyncio.Event) -> None:
        await self._clock.wait(arrived, HEARTBEAT_SECONDS)
        arrived.clear()

    def views(self, position: int) -> list[EventView]:
        """Return the events after a position, no more than are told at a time."""
        first = position - self.oldest
        return [
            self._view(self._ring[place], self.oldest + place + 1)
            for place in range(first, min(len(self._ring), first + _BATCH))
        ]

    def sign(self, kind: str, position: int) -> EventView:
        """Return an event of the stream itself; its id lets a reader go on after all it was told until then."""
        at = to_datetime(self._clock.now())
        message = "events were lost: look at everything afresh" if kind == "resync" else ""
        level = Level.INFO if message else Level.DEBUG
        return EventView(id=f"{self._node}-{position}", at=at, kind=kind, level=level, message=message)

    def _view(self, entry: _Entry, number: int) -> EventView:
        if entry.view is None:
            entry.view = event_view(entry.event, f"{self._node}-{number}")
        return entry.view


class FeedReader:
    """One reader's place in the feed. It takes what there is when it is ready, and nothing waits for it."""

    def __init__(
        self, feed: Feed, arrived: asyncio.Event, position: int | None, *, is_behind: bool = False
    ) -> None:
        self._feed = feed
        self._arrived = arrived
        self._position = position
        self._is_behind = is_behind

    async def __aiter__(self) -> AsyncIterator[Sequence[EventView]]:
        feed = self._feed
        while True:
            if self._position is None or self._position < feed.oldest:
                self._position = feed.newest
                yield (feed.sign("resync", self._position),)
                continue
            views = feed.views(self._position)
            if views:
                self._position += len(views)
                yield views
                continue
            if not self._is_behind:
                await feed.wait(self._arrived)
            self._is_behind = False
            if self._position == feed.newest:
                yield (feed.sign("heartbeat", self._position),)


def event_view(event: Event, event_id: str) -> EventView:
    """Return an event with a sentence for people and its fields for programs."""
    fields = {name: _at_the_edge(name, value) for name, value in msgspec.structs.asdict(event).items()}
    del fields["at"]
    return EventView(
        id=event_id,
        at=to_datetime(event.at),
        kind=kind_of(type(event)),
        level=level_of(event),
        message=sentence(event),
        schedule_id=fields.pop("schedule_id", ""),
        run_id=fields.pop("run_id", ""),
        fields=fields,
    )


def _at_the_edge(name: str, value: Any) -> Any:
    """Return a field as the API has it: its instants as datetimes."""
    if isinstance(value, Range):
        return range_view(value)
    if isinstance(value, int) and (name.endswith("_at") or name in _INSTANTS):
        return to_datetime(value)
    return value
