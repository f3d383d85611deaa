"""Calls from other threads into a loop: many of them for one wake-up.

Each wake-up of a loop is a byte down a pipe of some hundreds. A loop that is busy while a thousand come has it full,
and misses what else would wake it: a signal.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress


class Crossing:
    """The way into one loop. Calls are made in the order in which they were put; what they raise is the loop's."""

    __slots__ = ("_calls", "_is_announced", "_is_planned", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._calls: deque[Callable[[], None]] = deque()
        self._is_announced = False
        self._is_planned = False

    def put(self, function: Callable[[], None]) -> None:
        """Have the loop call a function soon; from any thread. A loop that was closed calls nothing."""
        self._calls.append(function)
        self._announce()

    def put_from(self, here: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
        """Do the same from within a loop, once that has gone through all that it has ready.

        A wake-up hands over the interpreter, and the loop that is woken would ask for it again after every one.
        """
        self._calls.append(function)
        if not self._is_planned and not self._is_announced:
            self._is_planned = True
            here.call_soon(self._announce_planned)

    def _announce_planned(self) -> None:
        self._is_planned = False
        self._announce()

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        # First, so that whatever comes from here on announces itself.
        self._is_announced = False
        for _ in range(len(self._calls)):
            function = self._calls.popleft()
            try:
                function()
            except Exception as fault:  # noqa: BLE001 - it is told as that of any callback, and the rest is called
                self.loop.call_exception_handler(
                    {"message": f"{function} failed", "exception": fault, "loop": self.loop}
                )


def crossing_to(loop: asyncio.AbstractEventLoop, known: Crossing | None) -> Crossing:
    """Return the way into a loop: the one that is known, if it leads there."""
    return known if known is not None and known.loop is loop else Crossing(loop)
