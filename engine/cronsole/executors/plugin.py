"""Plugin calls: one attempt of a run handed to the plugin that its schedule names, whatever carries it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from cronsole.executors.base import Execution, Job, Outcome, StartFault
from cronsole.executors.inline import InlineExecution
from cronsole.executors.verdict import Judgement
from cronsole.model.action import PluginCall
from cronsole.model.run import RunState


class Callee(Protocol):
    """What of a loaded plugin a run needs."""

    async def call(self, job: Job, verb: str) -> Outcome: ...


class Lender(Protocol):
    """Lends a plugin for one call; StartFault says why it cannot be called."""

    def lend(self, name: str) -> AbstractAsyncContextManager[Callee]: ...


class PluginExecutor:
    """The plugin keeps the timeout, since only it knows how its attempt is ended; a stop comes from here."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    def start(self, job: Job) -> Execution:
        called = _Called(self._lender, job)
        return InlineExecution(job, called.carry_out, called.conclude, is_timed=False)

    async def close(self) -> None:
        """The registry unloads the plugins."""


class _Called:
    """One call, with what the plugin made of it."""

    __slots__ = ("_job", "_judgement", "_lender", "_outcome")

    def __init__(self, lender: Lender, job: Job) -> None:
        self._lender = lender
        self._job = job
        self._outcome: Outcome | None = None
        self._judgement: Judgement | None = None

    async def carry_out(self) -> Judgement:
        action = self._job.action
        assert isinstance(action, PluginCall)
        try:
            async with self._lender.lend(action.plugin) as plugin:
                outcome = await plugin.call(self._job, action.call)
        except StartFault as fault:
            return Judgement(RunState.FAILED, str(fault), fault.is_final)
        except Exception as fault:  # noqa: BLE001 - a carrier's own fault ends one run, and no other
            return Judgement(RunState.FAILED, f"the plugin's carrier failed: {type(fault).__name__}: {fault}")
        self._outcome = outcome
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Who cancelled is to see that it came through, though the plugin told how the call ended.
            raise asyncio.CancelledError
        self._judgement = Judgement(outcome.state, outcome.detail, outcome.is_final)
        return self._judgement

    def conclude(self, judgement: Judgement) -> Outcome:
        """Return what the plugin made of it, under the judgement of whoever stopped it."""
        if self._outcome is None:
            return Outcome(judgement.state, detail=judgement.detail, is_final=judgement.is_final)
        if judgement is self._judgement:
            return self._outcome
        return msgspec.structs.replace(
            self._outcome, state=judgement.state, detail=judgement.detail, is_final=judgement.is_final
        )
