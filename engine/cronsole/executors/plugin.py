"""Plugin calls: one attempt of a run handed to the plugin that its schedule names, whatever carries it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
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
        called = _Called(self._lender)
        untimed = msgspec.structs.replace(job, timeout_ms=None)
        return InlineExecution(untimed, partial(called.carry_out, job), called.conclude)

    async def close(self) -> None:
        """The registry unloads the plugins."""


class _Called:
    """One call, with what the plugin made of it."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._outcome: Outcome | None = None

    async def carry_out(self, job: Job) -> Judgement:
        action = job.action
        assert isinstance(action, PluginCall)
        try:
            async with self._lender.lend(action.plugin) as plugin:
                outcome = await plugin.call(job, action.call)
        except StartFault as fault:
            return Judgement(RunState.FAILED, str(fault), fault.is_final)
        except Exception as fault:  # noqa: BLE001 - a carrier's own fault ends one run, and no other
            return Judgement(RunState.FAILED, f"the plugin's carrier failed: {type(fault).__name__}: {fault}")
        self._outcome = outcome
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Who cancelled is to see that it came through, though the plugin told how the call ended.
            raise asyncio.CancelledError
        return Judgement(outcome.state, outcome.detail, outcome.is_final)

    def conclude(self, judgement: Judgement) -> Outcome:
        """Return what the plugin made of it, under the judgement of whoever stopped it."""
        if self._outcome is None:
            return Outcome(judgement.state, detail=judgement.detail, is_final=judgement.is_final)
        return msgspec.structs.replace(
            self._outcome, state=judgement.state, detail=judgement.detail, is_final=judgement.is_final
        )
