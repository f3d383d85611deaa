"""Commands: processes that write their output straight to its file and outlive the engine that started them.

The output file is made immediately before the spawn, so that it marks an attempt: on the same boot, no file means
that nothing was started. It is removed only after the outcome is committed (`Outcome.spent_files`).
A string is run by a shell with a trap that spools the exit status beside the output, for the case that the
engine dies first. A list is executed as it stands and has no such shell: one would more than double the work of
a start. Its exit status is lost with its engine, as is that of a text which sets an EXIT trap or ends in `exec`.
"""

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from cronsole.clock import Clock
from cronsole.executors import output
from cronsole.executors.adopt import age_s, boot_id, open_process, spooled_exit
from cronsole.executors.base import Ended, Execution, Job, Outcome, Process, StartFault
from cronsole.executors.ending import Ender
from cronsole.executors.execution import UNKNOWN_EXIT, CommandExecution, Watched, conclude
from cronsole.executors.orphans import Orphans
from cronsole.executors.spawn import SPOOL_SUFFIX, Spawner
from cronsole.executors.verdict import Judgement, judge_exit
from cronsole.model.action import Command
from cronsole.model.run import Run, RunState

_TICK_S = 0.25
_TICKS_PER_SWEEP = 4


class CommandExecutor:
    """Starts commands, adopts those that outlived an engine, and sees to what either leaves behind.

    Its methods belong to one running event loop. `libc.become_subreaper` is called before it is made.
    """

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        self.clock = clock
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            # Inherited from a careless parent, it would have the kernel throw every exit status away.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.ender = Ender()
        self._spawner = Spawner(environ)
        self._orphans = Orphans(self.ender, self.begin)
        self._running: dict[int, CommandExecution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._is_punching = False

    def start(self, job: Job) -> Execution:
        assert isinstance(job.action, Command)
        try:
            spawned = self._spawner.spawn(job, job.action)
        except StartFault as fault:
            return Ended(Outcome(RunState.FAILED, detail=str(fault), is_final=fault.is_final))
        pidfd = os.pidfd_open(spawned.pid)
        watched = Watched(spawned.pid, pidfd, partial(_reap, pidfd), spawned.spool)
        return self._watch(CommandExecution(self, job, watched))

    def adopt(self, run: Run, job: Job) -> Execution | None:
        """Watch the run's process again if it still runs; its timeout goes on from when it started."""
        if run.pid is None or run.pid_started is None or run.boot_id != boot_id():
            return None
        return self.adopt_process(Process(run.pid, run.pid_started), job)

    def adopt_process(self, process: Process, job: Job) -> Execution | None:
        pidfd = open_process(process)
        if pidfd is None:
            return None
        path = str(job.output_path)
        watched = Watched(
            process.pid,
            pidfd,
            partial(spooled_exit, path),
            f"{path}{SPOOL_SUFFIX}",
            process.pid_started,
            age_s(process, self.clock.boottime()),
            is_adopted=True,
        )
        return self._watch(CommandExecution(self, job, watched))

    async def recover(self, run: Run, job: Job) -> Outcome:
        """Return the outcome of an attempt that ended while no engine watched: as spooled, else lost.

        What it left behind is ended in the background.
        """
        exit_code = spooled_exit(job.output_path)
        judgement = Judgement(RunState.LOST, UNKNOWN_EXIT)
        if exit_code is not None:
            judgement = judge_exit(exit_code, None, job.expect)
        if run.boot_id == boot_id():
            mark = (job.run_id, str(job.attempt))
            self._orphans.note_end(run.pid or -1, mark, job.kill_grace_ms / 1000, is_elsewhere=True)
            self._keep_ticking()
        return await asyncio.to_thread(
            conclude, job, judgement, exit_code, f"{job.output_path}{SPOOL_SUFFIX}"
        )

    async def close(self) -> None:
        """Return when nothing that ended runs have left behind is alive; what still runs is left alone."""
        while self._tasks or self._orphans.is_busy:
            self._orphans.sweep(is_last=True)
            if not self._tasks:
                break
            await asyncio.wait(tuple(self._tasks))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for execution in self._running.values():
            execution.detach()
        self._running.clear()
        self._spawner.close()

    def begin(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_exit(self, execution: CommandExecution) -> None:
        pid = execution.pid
        self._running.pop(pid, None)
        self._orphans.note_end(
            pid,
            execution.mark,
            execution.job.kill_grace_ms / 1000,
            is_elsewhere=execution.is_adopted,
            is_ending=execution.is_being_ended,
        )
        self._keep_ticking()

    def note_tree_end(self, execution: CommandExecution) -> None:
        self._orphans.note_tree_end(execution.mark)

    def _watch(self, execution: CommandExecution) -> CommandExecution:
        self._running[execution.pid] = execution
        self._orphans.note_start(execution.pid, execution.mark)
        self._keep_ticking()
        return execution

    def _keep_ticking(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        """Look at the sizes of outputs; and for orphans and zombies after an exit, or once a second."""
        self._timer = None
        self._ticks += 1
        if self._orphans.has_left or self._ticks % _TICKS_PER_SWEEP == 0:
            self._orphans.sweep()
        if not self._is_punching:
            large = [
                (execution, arguments)
                for execution in self._running.values()
                if (arguments := execution.output_to_punch()) is not None
            ]
            if large:
                self._is_punching = True
                self.begin(self._punch(large), "punch outputs")
        if self._running or self._orphans.is_busy:
            self._keep_ticking()

    async def _punch(self, large: list[tuple[CommandExecution, tuple[str, int, int, int]]]) -> None:
        """In a thread: the file system writes out what is dirty before it frees it."""
        try:
            for execution, arguments in large:
                try:
                    execution.note_punched(await asyncio.to_thread(output.punch, *arguments))
                except OSError:
                    # No holes on this file system, or no such file any more: the cap is kept at the end.
                    execution.note_punched(arguments[1])
        finally:
            self._is_punching = False


def _reap(pidfd: int) -> int | None:
    """Return the exit status, negative for a signal; None where another part of the process took it."""
    try:
        ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return None
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
