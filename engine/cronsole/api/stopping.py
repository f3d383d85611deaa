"""The end of long answers: streams and waits are told when the server stops, so that it need not wait for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronsole.api.asking import AnyRequest


class Stopping:
    """Ends whatever waits in it."""

    def __init__(self) -> None:
        self._is_set = False
        self._waits: set[asyncio.Timeout] = set()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        for wait in self._waits:
            wait.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[None]:
        """Wait for something inside; once the server stops, the wait ends and the code after it goes on."""
        if self._is_set:
            raise RuntimeError("the server has stopped; ask is_set() before another wait")
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as wait:
                self._waits.add(wait)
                try:
                    yield
                finally:
                    self._waits.discard(wait)


def stopping_of(request: "AnyRequest") -> Stopping:
    stopping: Stopping = request.app.state["stopping"]
    return stopping
