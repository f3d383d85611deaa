"""Attempts that run as a coroutine in the task that awaits them: no task of their own, no hand-over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from cronsole.executors.base import Job, Outcome, Process
from cronsole.executors.verdict import Judgement, span
from cronsole.model.run import RunState

_CANCELLED_BY_NOBODY: Final = Judgement(
    RunState.FAILED, "CancelledError: it was raised, and nobody cancelled"
)


class InlineExecution:
    """Awaits `carry_out` when first waited for; a timeout or a stop cancels it; `conclude` makes the outcome.

    What is not `is_timed` keeps its timeout itself.
    A coroutine that swallows its cancellation is cancelled again after each grace until it gives in. One task
    waits at a time.
    """

    __slots__ = (
        "_cancels",
        "_carry_out",
        "_conclude",
        "_cut",
        "_is_timed",
        "_job",
        "_outcome",
        "_task",
        "_timer",
        "process",
    )

    def __init__(
        self,
        job: Job,
        carry_out: Callable[[], Awaitable[Judgement]],
        conclude: Callable[[Judgement], Outcome],
        *,
        is_timed: bool = True,
    ) -> None:
        self.process: Process | None = None
        self._is_timed = is_timed
        self._job = job
        self._carry_out = carry_out
        self._conclude = conclude
        self._cut: Judgement | None = None
        self._outcome: Outcome | None = None
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancels = 0

    async def wait(self) -> Outcome:
        if self._outcome is not None:
            return self._outcome
        if self._cut is not None:
            return self._settle(self._cut)
        self._task = asyncio.current_task()
        if self._is_timed and self._job.timeout_ms is not None:
            timeout_s = self._job.timeout_ms / 1000
            self._timer = asyncio.get_running_loop().call_later(timeout_s, self._time_out)
        try:
            judgement = await self._carry_out()
        except asyncio.CancelledError:
            # Cancelled by its own timeout or stop, or else by whoever cancels the task that waits.
            cut = self._was_cut()
            if self._is_cancelled_from_outside():
                raise
            judgement = cut or _CANCELLED_BY_NOBODY
        finally:
            task, self._task = self._task, None
            if self._timer is not None:
                self._timer.cancel()
        if self._cancels and task is not None:
            await self._absorb(task)
        return self._settle(self._was_cut() or judgement)

    def stop(self, reason: str, *, by_force: bool = False) -> None:
        self._cancel(Judgement(RunState.CANCELLED, reason or "cancelled"))

    def _settle(self, judgement: Judgement) -> Outcome:
        self._outcome = self._conclude(judgement)
        return self._outcome

    def _time_out(self) -> None:
        assert self._job.timeout_ms is not None
        self._cancel(Judgement(RunState.TIMED_OUT, f"timed out after {span(self._job.timeout_ms)}"))

    def _cancel(self, judgement: Judgement) -> None:
        if self._cut is None and self._outcome is None:
            self._cut = judgement
            if self._timer is not None:
                self._timer.cancel()
            self._insist()

    def _insist(self) -> None:
        if self._task is not None:
            self._cancels += 1
            self._task.cancel()
            grace_s = max(self._job.kill_grace_ms / 1000, 0.1)
            self._timer = asyncio.get_running_loop().call_later(grace_s, self._insist)

    def _was_cut(self) -> Judgement | None:
        return self._cut

    def _is_cancelled_from_outside(self) -> bool:
        return self._task is not None and self._task.cancelling() > self._cancels

    async def _absorb(self, task: asyncio.Task[object]) -> None:
        """Take our own cancellations back, also one that has not been thrown yet; keep those of others."""
        for _ in range(self._cancels):
            task.uncancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if task.cancelling():
                raise
