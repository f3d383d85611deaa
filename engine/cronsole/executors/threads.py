"""Threads for synchronous handlers: daemons, bounded in number, left behind when they do not come back."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from queue import SimpleQueue
from typing import Any

from cronsole.executors.crossing import Crossing, crossing_to
from cronsole.executors.faults import contained


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    ABANDONED = auto()


class _Call:
    __slots__ = ("_fault", "_function", "_result", "future", "state", "way_home")

    def __init__(self, function: Callable[[], Any], way_home: Crossing) -> None:
        self._function = function
        self._result: Any = None
        self._fault: BaseException | None = None
        self.way_home = way_home
        self.future: asyncio.Future[Any] = way_home.loop.create_future()
        self.state = _State.WAITING

    def carry_out(self) -> None:
        try:
            self._result = self._function()
        except BaseException as fault:  # noqa: BLE001 - whatever a handler raises belongs to its run
            self._fault = fault

    def deliver(self) -> None:
        fault, self._fault = self._fault, None
        if self.future.done():
            return
        if fault is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(contained(fault))


class ThreadPool:
    """At most `limit` calls run at a time, abandoned ones not counted; the others wait in order.

    One thread is woken at a time, and wakes the next if there is still something to do: short calls are all done by
    the first, and behind a long one the next is there at once. A thread for each call would have them all ask for
    the interpreter together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._way_home: Crossing | None = None
        self._threads = 0
        self._idle = 0
        self._is_waking = False
        self._is_closed = False
        self._abandoned = 0

    @property
    def abandoned(self) -> int:
        """How many calls still run though nobody waits for them."""
        return self._abandoned

    async def run(self, function: Callable[[], Any], on_abandon: Callable[[], None]) -> Any:
        """Return what the function returns or raises; when cancelled, the call goes on without a waiter."""
        self._way_home = crossing_to(asyncio.get_running_loop(), self._way_home)
        call = _Call(function, self._way_home)
        self._waiting.append(call)
        if not self._is_waking:
            self._provide_thread()
        try:
            return await call.future
        except asyncio.CancelledError:
            if self._abandon(call):
                on_abandon()
            raise

    def close(self) -> None:
        """Let the threads end when nothing waits; those that are left behind end with the process."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, 0
        for _ in range(idle):
            self._bell.put(None)

    def _provide_thread(self) -> None:
        """Have one more thread look for a call, if there is one that waits, and a thread to be had."""
        with self._lock:
            if self._is_waking or not self._waiting:
                return
            if self._idle:
                self._idle -= 1
                self._is_waking = True
                self._bell.put(None)
                return
            if self._threads >= self._limit:
                return
            self._threads += 1
            self._is_waking = True
        try:
            threading.Thread(target=self._work, name="cronsole-handler", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._threads -= 1
                self._is_waking = False
                is_alone = not self._threads
            # The other threads come to the call in time.
            if is_alone:
                raise

    def _abandon(self, call: _Call) -> bool:
        """Wait for a call no longer; return whether it goes on by itself."""
        with self._lock:
            was, call.state = call.state, _State.ABANDONED
            if was is _State.RUNNING:
                self._threads -= 1
                self._abandoned += 1
        self._provide_thread()
        return was is _State.RUNNING

    def _work(self) -> None:
        with self._lock:
            self._is_waking = False
        while True:
            call = self._next()
            if call is None:
                if not self._has_slept():
                    return
                continue
            self._provide_thread()
            call.carry_out()
            with self._lock:
                if call.state is _State.ABANDONED:
                    self._abandoned -= 1
                    return
                call.state = _State.DONE
            call.way_home.put(call.deliver)
            del call

    def _next(self) -> _Call | None:
        """Return the call whose turn it is, None where nothing waits."""
        with self._lock:
            while self._waiting:
                call = self._waiting.popleft()
                if call.state is _State.WAITING:
                    call.state = _State.RUNNING
                    return call
            return None

    def _has_slept(self) -> bool:
        """Sleep until there may be something to do; false for a thread that is to end."""
        with self._lock:
            if self._waiting:
                return True
            if self._is_closed:
                self._threads -= 1
                return False
            self._idle += 1
        self._bell.get()
        with self._lock:
            self._is_waking = False
        return True
