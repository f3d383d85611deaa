"""An event loop on a daemon thread of its own, so that a coroutine that blocks holds up nobody but its own plugin."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from cronsole.executors.crossing import Crossing
from cronsole.executors.faults import contained, told

Make: TypeAlias = Callable[[], Coroutine[Any, Any, Any]]


class LoopThread:
    """Runs coroutines of one plugin. A loop that does not come back is left behind, and the next call has a new one."""

    def __init__(self, name: str, warn: Callable[[str], None]) -> None:
        self._name = name
        self._warn = warn
        self._serving: _Serving | None = None
        self._abandoned: set[_Call] = set()

    @property
    def abandoned(self) -> int:
        """How many coroutines still run though nobody waits for them."""
        return len(self._abandoned)

    async def run(self, make: Make, on_abandon: Callable[[], None], grace_s: float) -> Any:
        """Return what the coroutine returns or raises.

        When cancelled, it is cancelled too and its end awaited; after the grace, or when cancelled once more, it goes
        on without a waiter.
        """
        home = asyncio.get_running_loop()
        serving = self._serving
        if serving is None or serving.way_home.loop is not home:
            self.close()
            self._serving = serving = _Serving(self._name, home, self._warn)
        call = _Call(make, serving)
        serving.way.put_from(home, call.begin)
        try:
            return await call.answer
        except asyncio.CancelledError:
            if not call.is_over and not await call.has_ended_within(grace_s):
                self._abandon(serving, call)
                on_abandon()
            raise

    def close(self) -> None:
        """Let the loop end, once the last coroutine in it has; one that never ends does so with the process."""
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.way.put(serving.leave)

    def _abandon(self, serving: "_Serving", call: "_Call") -> None:
        self._abandoned.add(call)
        call.on_end = self._abandoned.discard
        if self._serving is serving:
            # What else runs in it goes on there; whoever comes next is not to wait behind it.
            self.close()


class _Call:
    """One coroutine. `begin`, `cancel` and its end are in the plugin's loop, all else where it is awaited."""

    __slots__ = ("_fault", "_make", "_over", "_serving", "_task", "answer", "is_over", "on_end")

    def __init__(self, make: Make, serving: "_Serving") -> None:
        self._make = make
        self._serving = serving
        self._task: asyncio.Task[Any] | None = None
        self._fault: BaseException | None = None
        self._over: asyncio.Future[None] | None = None
        self.answer: asyncio.Future[Any] = serving.way_home.loop.create_future()
        self.is_over = False
        self.on_end: Callable[[_Call], None] | None = None

    async def has_ended_within(self, seconds: float) -> bool:
        """Cancel the coroutine; whoever is cancelled while it ends waits no longer."""
        self._over = self._serving.way_home.loop.create_future()
        self._serving.way.put(self.cancel)
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(seconds):
                await self._over
        return self.is_over

    def begin(self) -> None:
        serving = self._serving
        serving.calls += 1
        try:
            self._task = serving.loop.create_task(self._make())
        except BaseException as fault:  # noqa: BLE001 - a function that cannot be called so is a fault of the call
            self._fault = fault
            self._end(None)
        else:
            self._task.add_done_callback(self._end)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def tell(self) -> None:
        """Hand over what came of it."""
        self.is_over = True
        if self.on_end is not None:
            self.on_end(self)
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
        task, answer = self._task, self.answer
        fault = self._fault if task is None or task.cancelled() else task.exception()
        if answer.done():
            return
        if fault is None and self._over is None and (task is None or task.cancelled()):
            fault = asyncio.CancelledError("it was raised, and nobody cancelled")
        if fault is not None:
            # Whoever waits may take some of them for an order to end.
            answer.set_exception(contained(fault))
        elif task is None or task.cancelled():
            answer.cancel()
        else:
            answer.set_result(task.result())

    def _end(self, _: object) -> None:
        serving = self._serving
        serving.way_home.put_from(serving.loop, self.tell)
        serving.calls -= 1
        if serving.is_leaving:
            serving.stop_if_idle()


class _Serving:
    """One loop with its thread. What is put on its way is done in the order in which it was put.

    The way home is its own: a loop that hangs is not to hold back what comes out of the next.
    """

    def __init__(self, name: str, home: asyncio.AbstractEventLoop, warn: Callable[[str], None]) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._tell)
        self._warn = warn
        self.way = Crossing(self.loop)
        self.way_home = Crossing(home)
        self.calls = 0
        self.is_leaving = False
        threading.Thread(target=self._serve, name=f"cronsole-{name}", daemon=True).start()

    def leave(self) -> None:
        self.is_leaving = True
        self.stop_if_idle()

    def stop_if_idle(self) -> None:
        if self._has_left():
            self.loop.stop()

    def _tell(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of what belongs to no call in one line: a callback that failed, a task that nobody awaited."""
        fault = context.get("exception")
        text = f"{context['message']}: {told(fault)}" if fault is not None else str(context["message"])
        self.way_home.put(partial(self._warn, text))

    def _has_left(self) -> bool:
        return self.is_leaving and not self.calls

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._has_left():
            # Whatever runs in it may raise SystemExit, or stop the loop; it is not the only one there.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        with suppress(RuntimeError):
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
