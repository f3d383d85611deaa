"""A started command: watched by pidfd, stopped with its whole tree, judged when it has ended."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from cronsole.clock import Clock
from cronsole.executors import output, tree
from cronsole.executors.base import Job, Outcome, Process
from cronsole.executors.ending import Ender, EndRequest
from cronsole.executors.tree import Mark
from cronsole.executors.verdict import Judgement, judge_exit, judge_output, span
from cronsole.model.run import RunState

UNKNOWN_EXIT = "its exit status is unknown: it ended after its engine had died"
# How long a process may stay after all of its tree was killed, before its run is closed without it.
_LAST_WAIT_S = 0.2


class Watched(msgspec.Struct, frozen=True):
    """What an execution watches; `reap` returns the exit status, None where nobody knows it.

    `started` are the clock ticks that tell the process from a later one with its pid, where they are known.
    """

    pid: int
    pidfd: int
    reap: Callable[[], int | None]
    spool: str
    started: int | None = None
    age_s: float = 0.0
    is_adopted: bool = False


class Host(Protocol):
    """The executor, as its executions see it."""

    @property
    def clock(self) -> Clock: ...

    @property
    def ender(self) -> Ender: ...

    def begin(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task that the executor owns."""
        ...

    def note_exit(self, execution: "CommandExecution") -> None:
        """The first process is gone."""
        ...

    def note_tree_end(self, execution: "CommandExecution") -> None:
        """The end of the whole tree, under way since a stop, is over."""
        ...


class CommandExecution:
    __slots__ = (
        "_ending",
        "_exit_code",
        "_exited",
        "_has_exited",
        "_host",
        "_loop",
        "_outcome",
        "_process",
        "_punched_to",
        "_request",
        "_started",
        "_timer",
        "_waiters",
        "_watched",
        "job",
        "mark",
        "pid",
    )

    def __init__(self, host: Host, job: Job, watched: Watched) -> None:
        self.job = job
        self.mark: Mark = (job.run_id, str(job.attempt))
        self.pid = watched.pid
        self._host = host
        self._watched = watched
        self._loop = asyncio.get_running_loop()
        self._started = host.clock.monotonic() - watched.age_s
        self._outcome: Outcome | None = None
        self._waiters: list[asyncio.Future[Outcome]] = []
        self._has_exited = False
        self._exited: asyncio.Event | None = None
        self._process: Process | None = None
        self._exit_code: int | None = None
        self._ending: tuple[RunState, str] | None = None
        self._request: EndRequest | None = None
        self._punched_to = 0
        self._timer: asyncio.TimerHandle | None = None
        if job.timeout_ms is not None:
            left_s = max(job.timeout_ms / 1000 - watched.age_s, 0.0)
            self._timer = self._loop.call_later(left_s, self._time_out, job.timeout_ms)
        self._loop.add_reader(watched.pidfd, self._on_exit)

    @property
    def process(self) -> Process:
        """Looking into /proc takes a tenth of a start, and so waits until it is asked for, or until the exit."""
        if self._process is None:
            started = self._watched.started
            if started is None:
                seen = tree.stat(self.pid)
                started = seen.started if seen is not None else 0
            self._process = Process(self.pid, started)
        return self._process

    async def wait(self) -> Outcome:
        if self._outcome is not None:
            return self._outcome
        waiter: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiters.append(waiter)
        return await waiter

    def stop(self, reason: str, *, by_force: bool = False) -> None:
        self._end(RunState.CANCELLED, reason or "cancelled", by_force=by_force)

    def detach(self) -> None:
        """Watch no longer and leave the process alone; the run has no outcome here."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._watched.pidfd)
        os.close(self._watched.pidfd)

    def output_to_punch(self) -> tuple[str, int, int, int] | None:
        """Return the arguments of `output.punch` when the output has outgrown its cap."""
        cap = self.job.limits.output_bytes
        try:
            size = os.stat(self.job.output_path).st_size
        except OSError:
            return None
        if size <= cap or size - self._punched_to <= cap:
            return None
        return str(self.job.output_path), size, cap, self._punched_to

    @property
    def is_adopted(self) -> bool:
        return self._watched.is_adopted

    @property
    def is_being_ended(self) -> bool:
        return self._ending is not None

    def note_punched(self, punched_to: int) -> None:
        self._punched_to = punched_to

    def _time_out(self, timeout_ms: int) -> None:
        self._end(RunState.TIMED_OUT, f"timed out after {span(timeout_ms)}", by_force=False)

    def _end(self, state: RunState, detail: str, *, by_force: bool) -> None:
        """Signal the group at once; the rest of the tree follows in a task. A second call can only hasten it."""
        if self._request is not None:
            if by_force:
                self._request.hasten()
            return
        if self._has_exited:
            return
        self._ending = (state, detail)
        self._request = EndRequest(by_force=by_force)
        self._exited = asyncio.Event()
        tree.send_group(self.pid, signal.SIGKILL if by_force else signal.SIGTERM)
        tree.send_group(self.pid, signal.SIGCONT)
        self._host.begin(self._end_tree(self._request, self._exited), f"end {self.job.run_id}")

    async def _end_tree(self, request: EndRequest, exited: asyncio.Event) -> None:
        assert self._ending is not None
        state, detail = self._ending
        grace_s = self.job.kill_grace_ms / 1000
        try:
            survivors = await self._host.ender.end(
                self.mark, self.pid, grace_s, request, signalled_group=self.pid
            )
            if survivors:
                detail = f"{detail}; {survivors} of its processes could not be ended"
        except OSError as fault:
            tree.send_group(self.pid, signal.SIGKILL)
            detail = f"{detail}; what it left could not be looked for: {fault.strerror}"
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WAIT_S):
                await exited.wait()
        self._ending = None
        self._host.note_tree_end(self)
        await self._conclude(Judgement(state, detail))

    def _on_exit(self) -> None:
        """The first process has ended, whoever may still hold its output open."""
        # A last look, before the pid may become another's.
        _ = self.process
        self._exit_code = self._watched.reap()
        self._has_exited = True
        self.detach()
        self._host.note_exit(self)
        if self._exited is not None:
            self._exited.set()
            return
        if self._exit_code is None:
            judgement = Judgement(RunState.LOST, UNKNOWN_EXIT)
        else:
            duration_ms = round((self._host.clock.monotonic() - self._started) * 1000)
            judgement = judge_exit(self._exit_code, duration_ms, self.job.expect)
        if _size(self.job) <= output.INLINE_BYTES:
            self._settle(conclude(self.job, judgement, self._exit_code, self._watched.spool))
        else:
            self._host.begin(self._conclude(judgement), f"conclude {self.job.run_id}")

    async def _conclude(self, judgement: Judgement) -> None:
        arguments = (self.job, judgement, self._exit_code, self._watched.spool)
        self._settle(await asyncio.to_thread(conclude, *arguments))

    def _settle(self, outcome: Outcome) -> None:
        self._outcome = outcome
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(outcome)


def conclude(job: Job, judgement: Judgement, exit_code: int | None, spool: str) -> Outcome:
    """Return the outcome of an attempt that has ended; blocks for as long as its output takes to be read."""
    path = str(job.output_path)
    kept = output.collect(path, job.limits.output_bytes)
    expect = job.expect
    if judgement.state is RunState.SUCCEEDED and (expect.output_has or expect.output_lacks):
        try:
            judgement = judge_output(kept.pieces(), expect)
        except OSError as fault:
            judgement = Judgement(RunState.FAILED, f"its output cannot be searched: {fault.strerror}")
    spent = () if kept.file else (path,)
    return Outcome(
        state=judgement.state,
        exit_code=exit_code,
        detail=judgement.detail,
        output=kept.text,
        output_file=kept.file,
        output_bytes=kept.total_bytes,
        is_final=judgement.is_final,
        spent_files=(*spent, spool) if spool else spent,
    )


def _size(job: Job) -> int:
    try:
        return os.stat(job.output_path).st_size
    except OSError:
        return 0
