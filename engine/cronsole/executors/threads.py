"""Threads for synchronous handlers: daemons, bounded in number, left behind when they do not come back."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from queue import SimpleQueue
from typing import Any


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    ABANDONED = auto()


class _Call:
    __slots__ = ("function", "future", "state")

    def __init__(self, function: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self.function = function
        self.future = future
        self.state = _State.WAITING


class ThreadPool:
    """At most `limit` calls run at a time, abandoned ones not counted; the others wait in order."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._open = 0
        self._abandoned = 0

    @property
    def abandoned(self) -> int:
        """How many calls still run though nobody waits for them."""
        return self._abandoned

    async def run(self, function: Callable[[], Any], on_abandon: Callable[[], None]) -> Any:
        """Return what the function returns or raises; when cancelled, the call goes on without a waiter."""
        call = _Call(function, asyncio.get_running_loop().create_future())
        with self._lock:
            self._open += 1
        self._calls.put(call)
        self._provide_thread()
        try:
            return await call.future
        except asyncio.CancelledError:
            if self._abandon(call):
                on_abandon()
            raise

    def close(self) -> None:
        """Let the idle threads end; those that are left behind end with the process."""
        with self._lock:
            idle, self._threads = self._threads, 0
        for _ in range(idle):
            self._calls.put(None)

    def _provide_thread(self) -> None:
        with self._lock:
            if self._threads >= min(self._open, self._limit):
                return
            self._threads += 1
        threading.Thread(target=self._work, name="cronsole-handler", daemon=True).start()

    def _abandon(self, call: _Call) -> bool:
        """Wait for a call no longer; return whether it goes on by itself."""
        with self._lock:
            was, call.state = call.state, _State.ABANDONED
            if was is _State.DONE:
                return False
            self._open -= 1
            if was is _State.RUNNING:
                self._threads -= 1
                self._abandoned += 1
        self._provide_thread()
        return was is _State.RUNNING

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            with self._lock:
                if call.state is not _State.WAITING:
                    continue
                call.state = _State.RUNNING
            result, fault = _carry_out(call.function)
            with self._lock:
                if call.state is _State.ABANDONED:
                    self._abandoned -= 1
                    return
                call.state = _State.DONE
                self._open -= 1
            # A loop that was closed meanwhile has nobody who waits.
            with suppress(RuntimeError):
                call.future.get_loop().call_soon_threadsafe(_deliver, call.future, result, fault)
            del call, result, fault


def _carry_out(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except BaseException as fault:  # noqa: BLE001 - whatever a handler raises belongs to its run
        return None, fault


def _deliver(future: asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
    if future.done():
        return
    if fault is None:
        future.set_result(result)
    elif isinstance(fault, StopIteration):
        # A future refuses this one.
        future.set_exception(RuntimeError("StopIteration"))
    else:
        future.set_exception(fault)
