import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.executors.conftest import Fifo, MakeJob, gone, is_alive

from cronsole.clock import SystemClock
from cronsole.executors.adopt import boot_id, find_by_run_id, spooled_exit
from cronsole.executors.base import Job, Process
from cronsole.executors.command import CommandExecutor
from cronsole.model.run import Cause, Run, RunState

# An engine that starts one job, tells its process, and goes on until it is killed.
ENGINE = """
import asyncio, os, sys
import msgspec
from cronsole.clock import SystemClock
from cronsole.executors.base import Job
from cronsole.executors.command import CommandExecutor

async def main():
    executor = CommandExecutor(SystemClock(), os.environ)
    job = msgspec.json.decode(sys.stdin.read(), type=Job, dec_hook=lambda kind, text: kind(text))
    execution = executor.start(job)
    print(execution.process.pid, execution.process.pid_started, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def outlive_an_engine(job: Job) -> Run:
    """Have another process start the job, kill it, and return the run as its ledger would tell it."""
    with subprocess.Popen(
        [sys.executable, "-c", ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write(msgspec.json.encode(job, enc_hook=str).decode())
        engine.stdin.close()
        pid, started = map(int, engine.stdout.readline().split())
        engine.kill()
    return run_of(job, Process(pid, started))


def run_of(job: Job, process: Process, boot: str = "") -> Run:
    return Run(
        run_id=job.run_id,
        schedule_id=job.schedule_id,
        cause=Cause.SLOT,
        state=RunState.RUNNING,
        due_at=job.due_at,
        created_at=job.due_at,
        pid=process.pid,
        pid_started=process.pid_started,
        boot_id=boot or boot_id(),
    )


@pytest.fixture
def waiting(make_job: MakeJob, fifo: Fifo) -> Job:
    """A job that waits for a line, repeats it, and exits with 3."""
    return make_job(f"echo before; read line < {fifo}; echo $line; exit 3")


async def test_a_run_that_outlived_its_engine_is_adopted_and_its_exit_status_known(
    commands: CommandExecutor, waiting: Job, fifo: Fifo
):
    run = await asyncio.to_thread(outlive_an_engine, waiting)
    execution = commands.adopt(run, waiting)
    assert execution is not None
    fifo.tell("after")
    outcome = await execution.wait()
    assert (outcome.state, outcome.exit_code, outcome.output) == (RunState.FAILED, 3, "before\nafter\n")


async def test_an_adopted_list_without_a_shell_is_lost(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    job = make_job(("sh", "-c", f"read line < {fifo}"))
    run = await asyncio.to_thread(outlive_an_engine, job)
    execution = commands.adopt(run, job)
    assert execution is not None
    fifo.tell("go")
    outcome = await execution.wait()
    assert outcome.state is RunState.LOST
    assert outcome.detail == "its exit status is unknown: it ended after its engine had died"


class AnHourLater(SystemClock):
    """The clock of an engine that comes back when the run is an hour old."""

    def boottime(self) -> float:
        return super().boottime() + 3600


async def test_an_adopted_run_keeps_the_rest_of_its_timeout(make_job: MakeJob):
    job = make_job("sleep 300", timeout_ms=3_600_000)
    run = await asyncio.to_thread(outlive_an_engine, job)
    executor = CommandExecutor(AnHourLater(), os.environ)
    execution = executor.adopt(run, job)
    assert execution is not None
    async with asyncio.timeout(20):
        outcome = await execution.wait()
    await executor.close()
    assert (outcome.state, outcome.detail) == (RunState.TIMED_OUT, "timed out after 3600s")


async def test_an_adopted_run_is_stopped_with_its_whole_tree(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    job = make_job(
        f"setsid -f sh -c 'trap \"\" TERM; echo $$ > {fifo}; while :; do sleep 1; done'; sleep 300"
    )
    engine = asyncio.create_task(asyncio.to_thread(outlive_an_engine, job))
    left = int(await fifo.told())
    execution = commands.adopt(await engine, job)
    assert execution is not None
    execution.stop("shutdown")
    assert (await execution.wait()).state is RunState.CANCELLED
    assert not is_alive(left)


async def test_what_an_adopted_run_leaves_behind_is_ended(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo, gate: Fifo
):
    job = make_job(f"setsid -f sh -c 'echo $$ > {fifo}; exec sleep 300'; read line < {gate}")
    engine = asyncio.create_task(asyncio.to_thread(outlive_an_engine, job))
    left = int(await fifo.told())
    execution = commands.adopt(await engine, job)
    assert execution is not None
    gate.tell("go")
    assert (await execution.wait()).state is RunState.SUCCEEDED
    await gone(left)


async def test_what_ended_while_no_engine_watched_is_concluded_from_its_spool(
    commands: CommandExecutor, waiting: Job, fifo: Fifo
):
    run = await asyncio.to_thread(outlive_an_engine, waiting)
    assert run.pid is not None
    fifo.tell("alone")
    await gone(run.pid)
    assert commands.adopt(run, waiting) is None
    outcome = await commands.recover(run, waiting)
    assert (outcome.state, outcome.exit_code, outcome.output) == (RunState.FAILED, 3, "before\nalone\n")


async def test_what_was_killed_while_no_engine_watched_is_lost(commands: CommandExecutor, waiting: Job):
    run = await asyncio.to_thread(outlive_an_engine, waiting)
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    await gone(run.pid)
    assert (await commands.recover(run, waiting)).state is RunState.LOST


async def test_a_run_of_another_boot_is_not_adopted(commands: CommandExecutor, waiting: Job):
    ours = Process(os.getpid(), 1)
    assert commands.adopt(run_of(waiting, ours, boot="another"), waiting) is None


async def test_a_recycled_pid_is_not_adopted(commands: CommandExecutor, waiting: Job):
    assert commands.adopt(run_of(waiting, Process(os.getpid(), 1)), waiting) is None


async def test_a_process_whose_start_was_never_recorded_is_found_by_its_run(
    commands: CommandExecutor, waiting: Job, fifo: Fifo
):
    execution = commands.start(waiting)
    assert find_by_run_id(waiting.run_id, attempt=1) == execution.process
    assert find_by_run_id(waiting.run_id, attempt=2) is None
    fifo.tell("go")
    await execution.wait()
    assert find_by_run_id(waiting.run_id) is None


def test_a_spool_that_was_not_written_to_its_end_is_none(tmp_path: Path):
    (tmp_path / "run.log.exit").write_text("")
    assert spooled_exit(tmp_path / "run.log") is None
