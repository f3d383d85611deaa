"""Handlers: Python functions called inside the engine; coroutines on the loop, others on threads of their own.

What a handler prints is not captured: the process has one standard output. `ctx.log` writes to the run's output.
A synchronous handler that outlives its deadline cannot be stopped; its thread is left behind and counted.
"""

import asyncio
import inspect
import traceback
from functools import partial
from types import TracebackType
from typing import Final

from cronsole.clock import Clock
from cronsole.executors.base import Execution, Job, Outcome, StartFault
from cronsole.executors.context import RunContext
from cronsole.executors.faults import Escaped, told
from cronsole.executors.inline import InlineExecution
from cronsole.executors.notes import Notes
from cronsole.executors.resolve import Target, resolve
from cronsole.executors.threads import ThreadPool
from cronsole.executors.verdict import SUCCESS, Judgement, judge_duration, judge_output
from cronsole.model.action import Handler
from cronsole.model.run import RunState

_SUCCEEDED = Outcome(RunState.SUCCEEDED)
_OURS: Final = ("cronsole.executors", "cronsole.plugins")


class HandlerExecutor:
    """Calls handlers. `max_threads` bounds the synchronous ones that run at the same time."""

    def __init__(self, clock: Clock, *, max_threads: int = 32) -> None:
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._threads = ThreadPool(max_threads)

    @property
    def abandoned(self) -> int:
        """How many synchronous handlers still run past their end."""
        return self._threads.abandoned

    def start(self, job: Job) -> Execution:
        notes = Notes(job.output_path, job.limits.output_bytes)
        return InlineExecution(job, partial(self._carry_out, job, notes), partial(self._conclude, job, notes))

    async def close(self) -> None:
        self._threads.close()

    async def _carry_out(self, job: Job, notes: Notes) -> Judgement:
        assert isinstance(job.action, Handler)
        target = self._targets.get(job.action.target)
        if target is None:
            try:
                target = await asyncio.to_thread(resolve, job.action.target)
            except StartFault as fault:
                if fault.__cause__ is not None:
                    notes.add("".join(traceback.format_exception(fault.__cause__)))
                return Judgement(RunState.FAILED, str(fault), fault.is_final)
            self._targets[job.action.target] = target
        context = RunContext(job, notes, self._clock.now())
        arguments = (context,) if target.takes_context else ()
        started = self._clock.monotonic()
        try:
            if target.is_async:
                await target.function(*arguments)
            else:
                notes.share()
                result = await self._threads.run(partial(target.function, *arguments), notes.abandon)
                if inspect.isawaitable(result):
                    await result
        except asyncio.CancelledError:
            raise
        except BaseException as fault:  # noqa: BLE001 - it belongs to the run
            return judge_fault(fault, notes)
        return judge_duration(round((self._clock.monotonic() - started) * 1000), job.expect)

    def _conclude(self, job: Job, notes: Notes, judgement: Judgement) -> Outcome:
        return conclude(job, notes, judgement, self._threads.abandoned)


def judge_fault(fault: BaseException, notes: Notes) -> Judgement:
    """Judge what a function raised; its traceback, from the first frame that is not ours, goes to the output."""
    fault = fault.fault if isinstance(fault, Escaped) else fault
    frames: TracebackType | None = fault.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(_OURS):
        frames = frames.tb_next
    notes.add("".join(traceback.format_exception(type(fault), fault, frames)))
    return Judgement(RunState.FAILED, told(fault))


def conclude(job: Job, notes: Notes, judgement: Judgement, abandoned: int) -> Outcome:
    """Return the outcome of a call with what it wrote; `abandoned` counts the threads that were left behind."""
    if judgement is SUCCESS and notes.is_empty and not job.expect.output_has:
        return _SUCCEEDED
    kept = notes.collect()
    if judgement is SUCCESS and (job.expect.output_has or job.expect.output_lacks):
        judgement = judge_output(kept.pieces(), job.expect)
    detail = judgement.detail
    if notes.is_abandoned:
        detail += f"; its thread cannot be stopped and goes on ({abandoned} such in all)"
    return Outcome(
        judgement.state,
        detail=detail,
        output=kept.text,
        output_file=kept.file,
        output_bytes=kept.total_bytes,
        is_final=judgement.is_final,
    )
