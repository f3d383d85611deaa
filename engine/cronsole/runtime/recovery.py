"""Settles at start what an earlier engine left unfinished: adopt, retract, requeue, or call it lost."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from cronsole.errors import CronsoleError
from cronsole.executors.base import Execution, Job, Outcome, Process
from cronsole.model.action import Command
from cronsole.model.event import RunAdopted
from cronsole.model.policy import OnEngineDeath
from cronsole.model.run import Cause, Run, RunState, SkipReason
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.store.base import ClaimRetracted

_LOST = Outcome(RunState.LOST, detail="the engine died while it ran, and how it ended is not known")


class Survivors(Protocol):
    """What carries on with processes that outlived their engine."""

    def adopt(self, run: Run, job: Job) -> Execution | None: ...

    def adopt_process(self, process: Process, job: Job) -> Execution | None: ...

    async def recover(self, run: Run, job: Job) -> Outcome: ...


class Recovery:
    """Looks at every unfinished run once; afterwards each has an owner or an end."""

    def __init__(
        self,
        ground: Ground,
        *,
        dispatcher: Dispatcher,
        survivors: Survivors,
        find_process: Callable[[str, int | None], Process | None],
        job_of: Callable[[Lane, Run], Job],
        on_engine_death: OnEngineDeath,
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._identity = ground.identity
        self._dispatcher = dispatcher
        self._survivors = survivors
        self._find_process = find_process
        self._job_of = job_of
        self._on_engine_death = on_engine_death

    async def settle(self, lane: Lane, run: Run) -> None:
        """Give the run an owner or an end."""
        if run.state is RunState.QUEUED:
            self._take_back(lane, run)
        elif not isinstance(lane.schedule.action, Command):
            self._dispatcher.close_unwatched(lane, run, _LOST)
        else:
            try:
                await self._settle_command(lane, run, self._job_of(lane, run))
            except CronsoleError as error:
                lost = msgspec.structs.replace(_LOST, detail=f"{_LOST.detail}: {error}")
                self._dispatcher.close_unwatched(lane, run, lost)

    async def _settle_command(self, lane: Lane, run: Run, job: Job) -> None:
        is_this_boot = run.boot_id == self._identity.boot_id
        if run.state is RunState.STARTING and is_this_boot and not job.output_path.exists():
            self._take_back(lane, run)
            return
        execution = self._survivor(run, job) if is_this_boot else None
        if execution is not None and execution.process is not None:
            self._adopt(lane, run, execution, execution.process)
            return
        self._dispatcher.close_unwatched(lane, run, await self._survivors.recover(run, job))

    def _survivor(self, run: Run, job: Job) -> Execution | None:
        """Return the run's living process: by pid and start time, else by the run id in its environment."""
        if run.pid is not None:
            return self._survivors.adopt(run, job)
        process = self._find_process(run.run_id, run.attempt)
        return None if process is None else self._survivors.adopt_process(process, job)

    def _take_back(self, lane: Lane, run: Run) -> None:
        """It never started: the newest slot is owed again, and catch-up decides; anything else waits on."""
        if run.cause is Cause.SLOT and run.attempt == 1 and run.slot == lane.state.watermark:
            watermark = run.slot - 1
            lane.change(watermark=watermark, runs_made=max(0, lane.state.runs_made - 1))
            self._journal.tell_state(ClaimRetracted(run.run_id, lane.id, watermark))
            return
        if lane.is_leaving and run.retry_at is None:
            self._dispatcher.reject(lane, run, SkipReason.DISABLED, "its definition was removed")
            return
        fresh = msgspec.structs.replace(run, state=RunState.QUEUED)
        if run.retry_at is not None:
            self._dispatcher.await_retry(lane, fresh)
        else:
            self._dispatcher.submit(lane, fresh)

    def _adopt(self, lane: Lane, run: Run, execution: Execution, process: Process) -> None:
        self._bus.publish(RunAdopted(self._clock.now(), lane.id, run.run_id, process.pid))
        policy = lane.schedule.policy.on_engine_death or self._on_engine_death
        if policy is OnEngineDeath.KILL:
            execution.stop("its engine died")
            execution = _Lost(execution)
        self._dispatcher.adopt(lane, run, execution)


class _Lost:
    """An attempt that is ended because its engine died: lost, not cancelled by anybody."""

    def __init__(self, inner: Execution) -> None:
        self._inner = inner
        self.process = inner.process

    async def wait(self) -> Outcome:
        return msgspec.structs.replace(await self._inner.wait(), state=RunState.LOST)

    def stop(self, reason: str, *, by_force: bool = False) -> None:
        self._inner.stop(reason, by_force=by_force)
