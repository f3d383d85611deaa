"""Starts one attempt of a run through its executor and reports how it ended."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from cronsole.config.secrets import resolve_action, resolve_config
from cronsole.errors import CronsoleError
from cronsole.executors.base import Execution, Executor, Job, Outcome
from cronsole.model.action import PluginCall, Record
from cronsole.model.event import RunStarted
from cronsole.model.instant import Instant
from cronsole.model.run import Run, RunState, Started
from cronsole.runtime.ground import Ground
from cronsole.runtime.identity import folder_of
from cronsole.runtime.lane import Active, Lane
from cronsole.runtime.payloads import handed_over

OnEnded: TypeAlias = Callable[[Lane, Active, Outcome], None]
SpawnTask: TypeAlias = Callable[[Coroutine[object, object, None], str], object]

# Work in this process that ends sooner is written once, when it has ended.
_SHORT_MS = 250


class Launcher:
    """Turns a claimed run into a job, and its execution into an outcome."""

    def __init__(
        self,
        ground: Ground,
        *,
        executor: Executor,
        output_dir: Path,
        environ: Mapping[str, str],
        spawn_task: SpawnTask,
    ) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._bus = ground.bus
        self._alarms = ground.alarms
        self._executor = executor
        self._output_dir = self._folder = output_dir
        self._environ = environ
        self._spawn_task = spawn_task
        self._maybe_short: deque[tuple[Instant, Active, Run]] = deque()

    def launch(self, lane: Lane, active: Active, on_ended: OnEnded) -> None:
        """Start the attempt now; `on_ended` is called once, with a fault in starting as an outcome too."""
        run = active.run
        active.began_at = self._clock.now()
        active.began_monotonic = self._clock.monotonic()
        try:
            job = self.job(lane, run)
        except CronsoleError as error:
            failure = Outcome(state=RunState.FAILED, detail=str(error))
            asyncio.get_running_loop().call_soon(on_ended, lane, active, failure)
            return
        active.execution = execution = self._executor.start(job)
        self._alarms.when_idle(partial(self._follow, lane, active, execution, str(job.output_path), on_ended))

    def adopt(self, lane: Lane, active: Active, execution: Execution, on_ended: OnEnded) -> None:
        """Watch an attempt that an earlier engine started."""
        active.began_at = active.run.started_at or active.run.due_at
        elapsed = max(0, self._clock.now() - active.began_at)
        active.began_monotonic = self._clock.monotonic() - elapsed / 1000
        self._watch(lane, active, execution, on_ended)

    def output_path(self, run: Run) -> Path:
        """Return where the attempt's output goes; the file's existence tells that its start was tried."""
        name = folder_of(run.run_id)
        if name != self._folder.name:
            self._folder = self._output_dir / name
        return self._folder / f"{run.run_id}.{run.attempt}.log"

    def _watch(self, lane: Lane, active: Active, execution: Execution, on_ended: OnEnded) -> None:
        active.execution = execution
        if active.stop_reason:
            execution.stop(active.stop_reason)
        self._spawn_task(self._await_end(lane, active, execution, on_ended), active.run.run_id)

    async def _await_end(self, lane: Lane, active: Active, execution: Execution, on_ended: OnEnded) -> None:
        outcome = await execution.wait()
        self._alarms.when_idle(partial(on_ended, lane, active, outcome))

    def _follow(
        self, lane: Lane, active: Active, execution: Execution, output_path: str, on_ended: OnEnded
    ) -> None:
        self._watch(lane, active, execution, on_ended)
        self._tell_started(lane, active, execution, output_path)

    def _tell_started(self, lane: Lane, active: Active, execution: Execution, output_path: str) -> None:
        run, process = active.run, execution.process
        if process is not None:
            self._journal.tell(
                Started(
                    run.run_id,
                    run.fence,
                    active.began_at,
                    process.pid,
                    process.pid_started,
                    run.boot_id,
                    output_path,
                )
            )
        else:
            self._tell_unless_short(active, run)
        self._bus.publish(
            RunStarted(
                active.began_at,
                lane.id,
                run.run_id,
                run.cause,
                run.attempt,
                run.fence,
                run.slot,
                run.due_at,
                run.is_catchup,
                process.pid if process else None,
            )
        )

    def _tell_unless_short(self, active: Active, run: Run) -> None:
        if not self._maybe_short:
            self._alarms.at(active.began_at + _SHORT_MS, self._tell_running)
        self._maybe_short.append((active.began_at, active, run))

    def _tell_running(self) -> None:
        """Write as running what has not ended in a short time; one alarm is enough for all of it."""
        now = self._clock.now()
        while self._maybe_short:
            began_at, active, run = self._maybe_short[0]
            if active.run is run and active.execution is not None:
                if began_at + _SHORT_MS > now:
                    self._alarms.at(began_at + _SHORT_MS, self._tell_running)
                    return
                self._journal.tell(Started(run.run_id, run.fence, began_at))
            self._maybe_short.popleft()

    def job(self, lane: Lane, run: Run) -> Job:
        """Return the attempt as its executor is handed it; CronsoleError when a secret cannot be resolved."""
        schedule = lane.schedule
        policy = schedule.policy
        action = schedule.action
        config = resolve_config(schedule.config, self._environ) if schedule.config else ""
        payload = run.payload
        if isinstance(action, PluginCall):
            config, payload = handed_over(config, lane, run)
        return Job(
            run_id=run.run_id,
            schedule_id=schedule.id,
            action=action if isinstance(action, Record) else resolve_action(action, self._environ),
            attempt=run.attempt,
            fence=run.fence,
            slot=run.slot if run.slot is not None or run.stands_for is None else run.stands_for.last,
            due_at=run.due_at,
            is_catchup=run.is_catchup,
            run_count=lane.state.runs_made,
            config=config,
            payload=payload,
            output_path=self.output_path(run),
            timeout_ms=policy.timeout_ms,
            kill_grace_ms=policy.kill_grace_ms,
            expect=policy.expect,
            limits=policy.limits,
        )
