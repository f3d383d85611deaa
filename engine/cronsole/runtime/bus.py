"""The in-process bus: every step says what it did, and nobody who listens can slow it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from cronsole.model.event import Event

Listener: TypeAlias = Callable[[Event], None]


class Subscription:
    """A bounded queue of events; one that falls behind loses them all and is told to look afresh."""

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque()
        self._capacity = capacity
        self._arrived = asyncio.Event()
        self._has_overflowed = False

    def offer(self, event: Event) -> None:
        if len(self._events) >= self._capacity:
            self._events.clear()
            self._has_overflowed = True
        self._events.append(event)
        self._arrived.set()

    async def take(self) -> tuple[list[Event], bool]:
        """Return the events since the last call, and whether earlier ones were lost; wait for at least one."""
        await self._arrived.wait()
        self._arrived.clear()
        taken, lost = list(self._events), self._has_overflowed
        self._events.clear()
        self._has_overflowed = False
        return taken, lost


class Bus:
    """Hands each event to the listeners, in order, at once."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def publish(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def listen(self, listener: Listener) -> None:
        """Call the listener with every event; it must be quick and must not raise."""
        self._listeners.append(listener)

    @contextmanager
    def subscribe(self, capacity: int = 10_000) -> Iterator[Subscription]:
        subscription = Subscription(capacity)
        self._listeners.append(subscription.offer)
        try:
            yield subscription
        finally:
            self._listeners.remove(subscription.offer)
