"""Deadlines of many calls at once: one timer, for the next of them, since most calls end long before theirs."""

import asyncio

from cronsole.model.instant import Millis


class Deadline:
    """Of one task: when it comes, the task is cancelled."""

    __slots__ = ("_cancels_before", "_task", "at", "has_come")

    def __init__(self, task: "asyncio.Task[object]", at: float) -> None:
        self._task = task
        self._cancels_before = task.cancelling()
        self.at = at
        self.has_come = False

    def come(self) -> None:
        self.has_come = True
        self._task.cancel()

    def is_why(self) -> bool:
        """Tell whether a cancellation that was caught is the deadline's alone, and take it back then."""
        return self.has_come and self._task.uncancel() <= self._cancels_before


class Deadlines:
    """Those of one plugin, all in one loop."""

    def __init__(self) -> None:
        self._open: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, timeout_ms: Millis | None) -> Deadline | None:
        """Return the deadline of the current task; None where there is none."""
        if timeout_ms is None:
            return None
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        deadline = Deadline(task, loop.time() + timeout_ms / 1000)
        self._open.add(deadline)
        if self._timer is None or deadline.at < self._timer.when():
            self._set(loop, deadline.at)
        return deadline

    def end(self, deadline: Deadline | None) -> None:
        if deadline is not None:
            self._open.discard(deadline)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        self.close()
        self._timer = loop.call_at(at, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for deadline in [each for each in self._open if each.at <= now]:
            self._open.discard(deadline)
            deadline.come()
        if self._open:
            self._set(loop, min(each.at for each in self._open))
