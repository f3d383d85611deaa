import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cronsole.clock import SystemClock
from cronsole.executors.base import Job
from cronsole.executors.command import CommandExecutor
from cronsole.executors.libc import become_subreaper
from cronsole.model.action import Action, Command
from cronsole.model.policy import Expect, Limits

MakeJob = Callable[..., Job]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Return a maker of jobs with an output file of their own; a string or tuple is a command."""
    count = 0

    def make(action: Action | str | tuple[str, ...], **changes: Any) -> Job:
        nonlocal count
        count += 1
        run_id = f"run-{os.getpid()}-{tmp_path.name}-{count}"
        fields: dict[str, Any] = {
            "run_id": run_id,
            "schedule_id": "nightly",
            "action": Command(run=action) if isinstance(action, str | tuple) else action,
            "attempt": 1,
            "fence": 7,
            "slot": 1_774_746_000_000,
            "due_at": 1_774_746_000_000,
            "is_catchup": False,
            "run_count": 3,
            "config": '{"a":1}',
            "payload": "",
            "output_path": tmp_path / "logs" / f"{run_id}.log",
            "timeout_ms": None,
            "kill_grace_ms": 300,
            "expect": Expect(),
            "limits": Limits(),
        }
        return Job(**(fields | changes))

    return make


@pytest.fixture(autouse=True)
def nobody_else_s_zombies() -> None:
    """Reap what other tests of this process left to it: it is a subreaper, and they kill engines."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@pytest_asyncio.fixture
async def commands() -> AsyncIterator[CommandExecutor]:
    become_subreaper()
    executor = CommandExecutor(SystemClock(), {"PATH": os.environ["PATH"], "SECRET": "of the engine"})
    yield executor
    await executor.close()


class Fifo:
    """A pipe by name, through which a job tells a test that it has come to a point, and is told to go on."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def __str__(self) -> str:
        return str(self._path)

    async def told(self) -> str:
        """Wait for the next words of a job."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self.fd, ready.set)
        try:
            async with asyncio.timeout(20):
                await ready.wait()
        finally:
            loop.remove_reader(self.fd)
        return os.read(self.fd, 4096).decode().strip()

    def tell(self, words: str) -> None:
        os.write(self.fd, words.encode() + b"\n")


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    pipe = Fifo(tmp_path / "fifo")
    yield pipe
    os.close(pipe.fd)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Fifo]:
    """A second pipe, for jobs that both tell and are told."""
    pipe = Fifo(tmp_path / "gate")
    yield pipe
    os.close(pipe.fd)


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def start_elsewhere(text: str) -> int:
    """Start a shell, in a session of its own, that is nobody's business but the test's."""
    return os.posix_spawn("/bin/sh", ["sh", "-c", text], {}, setsid=True)


def exit_code_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def zombies() -> list[int]:
    """Return the zombies among our children."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if not is_alive(int(pid))]
