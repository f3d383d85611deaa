"""An event loop on a daemon thread of its own, so that a coroutine that blocks holds up nobody but its own plugin."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


class LoopThread:
    """Runs coroutines of one plugin. A loop that does not come back is left behind, and the next call has a new one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._abandoned = 0
        self._calls: Counter[asyncio.AbstractEventLoop] = Counter()
        self._lock = threading.Lock()

    @property
    def abandoned(self) -> int:
        """How many coroutines still run though nobody waits for them."""
        return self._abandoned

    async def run(self, make: Callable[[], Coroutine[Any, Any, Any]], on_abandon: Callable[[], None]) -> Any:
        """Return what the coroutine returns or raises.

        When cancelled, it is cancelled too and its end awaited; cancelled once more, it goes on without a waiter.
        """
        home = asyncio.get_running_loop()
        over = asyncio.Event()
        call = _Call(self, make, home, over)
        loop = self._running()
        with self._lock:
            self._calls[loop] += 1
        future = asyncio.run_coroutine_threadsafe(call.carry_out(), loop)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.cancel()
            try:
                await over.wait()
            except asyncio.CancelledError:
                if self._abandon(call, loop):
                    on_abandon()
            raise

    def close(self) -> None:
        """Let the loop end, once the last coroutine in it has; one that never ends does so with the process."""
        with self._lock:
            loop, self._loop = self._loop, None
            is_idle = loop is not None and not self._calls[loop]
        if loop is not None and is_idle:
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = loop = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(loop,), name=f"cronsole-{self._name}", daemon=True).start()
        return self._loop

    def _abandon(self, call: "_Call", loop: asyncio.AbstractEventLoop) -> bool:
        with self._lock:
            if call.is_over:
                return False
            call.is_abandoned = True
            self._abandoned += 1
            if self._loop is loop:
                # What else runs in it goes on there; whoever comes next is not to wait behind it.
                self._loop = None
        return True

    def _end(self, call: "_Call") -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            call.is_over = True
            self._calls[loop] -= 1
            if call.is_abandoned:
                self._abandoned -= 1
            if loop is not self._loop and not self._calls[loop]:
                del self._calls[loop]
                loop.call_soon(loop.stop)


class _Call:
    def __init__(
        self,
        owner: LoopThread,
        make: Callable[[], Coroutine[Any, Any, Any]],
        home: asyncio.AbstractEventLoop,
        over: asyncio.Event,
    ) -> None:
        self._owner = owner
        self._make = make
        self._home = home
        self._over = over
        self.is_over = False
        self.is_abandoned = False

    async def carry_out(self) -> Any:
        try:
            return await self._make()
        except (SystemExit, KeyboardInterrupt) as fault:
            # They would end the loop for everything else that runs in it.
            raise RuntimeError(f"{type(fault).__name__}: {fault}") from fault
        finally:
            self._owner._end(self)
            # A loop that was closed meanwhile has nobody who waits.
            with suppress(RuntimeError):
                self._home.call_soon_threadsafe(self._over.set)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        with suppress(RuntimeError):
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
