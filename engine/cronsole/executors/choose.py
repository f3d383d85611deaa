"""One executor for each kind of action, made when the first such action comes."""

from collections.abc import Callable, Mapping
from typing import Protocol

from cronsole.clock import Clock
from cronsole.executors.base import Ended, Execution, Executor, Job, Outcome
from cronsole.executors.command import CommandExecutor
from cronsole.executors.record import RecordExecutor
from cronsole.model.action import Action, Command, Handler, Http, Record
from cronsole.model.run import RunState


class ClosingExecutor(Executor, Protocol):
    async def close(self) -> None:
        """Return when nothing is left to be seen to."""
        ...


class Executors:
    """Is an executor itself: it hands each job to the one for its action. `register` adds further kinds."""

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        self._clock = clock
        self._environ = environ
        self._makers: dict[type[Action], Callable[[], ClosingExecutor]] = {
            Command: self._make_command,
            Handler: self._make_handler,
            Http: self._make_http,
            Record: RecordExecutor,
        }
        self._made: dict[type[Action], ClosingExecutor] = {}
        self._command: CommandExecutor | None = None

    @property
    def command(self) -> CommandExecutor:
        """The executor of commands, which recovery needs by itself."""
        if self._command is None:
            self._command = CommandExecutor(self._clock, self._environ)
        return self._command

    def register(self, action: type[Action], make: Callable[[], ClosingExecutor]) -> None:
        self._makers[action] = make

    def start(self, job: Job) -> Execution:
        kind = type(job.action)
        executor = self._made.get(kind)
        if executor is None:
            make = self._makers.get(kind)
            if make is None:
                detail = f"this engine cannot carry out {kind.__name__.lower()} actions"
                return Ended(Outcome(RunState.FAILED, detail=detail, is_final=True))
            executor = self._made[kind] = make()
        return executor.start(job)

    async def close(self) -> None:
        for executor in self._made.values():
            await executor.close()
        if self._command is not None and Command not in self._made:
            await self._command.close()
        self._made.clear()
        self._command = None

    def _make_command(self) -> ClosingExecutor:
        return self.command

    def _make_handler(self) -> ClosingExecutor:
        from cronsole.executors.handler import HandlerExecutor

        return HandlerExecutor(self._clock)

    def _make_http(self) -> ClosingExecutor:
        from cronsole.executors.http import HttpExecutor

        return HttpExecutor(self._clock)
