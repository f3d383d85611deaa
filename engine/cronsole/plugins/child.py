"""One process for one call: a document in, what it writes out, a deadline; and nothing of it left behind.

It is the first of a session of its own, and its tree is ended as that of a command is. Its exit is told by a pidfd,
so that a grandchild that holds a pipe open holds up nobody.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

import msgspec

from cronsole.executors import tree
from cronsole.executors.base import StartFault
from cronsole.executors.ending import Ender, EndRequest
from cronsole.executors.tree import Mark
from cronsole.model.instant import Millis

_CHUNK = 64 * 1024


class Spoken(msgspec.Struct, frozen=True):
    """What a process left when it was over. `exit_code` is None where nobody knows it.

    `survivors` is how many of its tree would not end; None where nobody has looked for what it left behind.
    """

    exit_code: int | None
    stdout: bytes
    is_cut_by_time: bool = False
    survivors: int | None = None


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run, and within which bounds; `mark` is what its environment names it by."""

    arguments: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    document: bytes
    mark: Mark
    timeout_ms: Millis
    kill_grace_ms: Millis
    most_stdout: int


class Child:
    """A started process. `told` is handed what it writes to stderr as it comes."""

    def __init__(self, errand: Errand, ender: Ender, told: Callable[[bytes], None]) -> None:
        self._errand = errand
        self._ender = ender
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._rest = memoryview(errand.document)
        self._stdout = bytearray()
        self._over = asyncio.Event()
        self._is_too_long = False
        self._has_exited = False
        self._exit_code: int | None = None
        self._open: set[int] = set()
        self._start(errand)

    def _start(self, errand: Errand) -> None:
        """Start the process, or raise StartFault with nothing left open or running."""
        try:
            with ExitStack() as theirs, ExitStack() as ours:
                stdin, self._stdin = _pipe(theirs, ours)
                self._out, stdout = _pipe(ours, theirs)
                self._err, stderr = _pipe(ours, theirs)
                process = subprocess.Popen(
                    list(errand.arguments),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    env=dict(errand.environment),
                    cwd=errand.folder,
                    start_new_session=True,
                )
                ours.callback(process.wait)
                ours.callback(process.kill)
                self._pidfd = os.pidfd_open(process.pid)
                ours.pop_all()
        except (OSError, ValueError, subprocess.SubprocessError) as fault:
            raise StartFault(f"cannot start {errand.arguments[0]}: {_reason(fault)}") from fault
        # It is reaped by its pidfd; Popen must not try to when it is forgotten.
        process.returncode = 0
        self.pid = process.pid
        self._open = {self._stdin, self._out, self._err, self._pidfd}
        for fd in (self._stdin, self._out, self._err):
            os.set_blocking(fd, False)
        self._loop.add_reader(self._pidfd, self._on_exit)
        self._loop.add_reader(self._out, self._read_out)
        self._loop.add_reader(self._err, self._read_err)
        self._loop.add_writer(self._stdin, self._write)

    async def finish(self) -> Spoken:
        """Return when the process is over, be it by itself, by time or by size.

        Whoever cancels this gets the cancellation back when the tree is gone; cancelled again, it is killed at once.
        """
        is_late = False
        try:
            async with asyncio.timeout(self._errand.timeout_ms / 1000):
                await self._over.wait()
        except TimeoutError:
            is_late = True
        except asyncio.CancelledError:
            await self._end_though_cancelled()
            raise
        if self._has_exited:
            self._drain()
            return self._spoken()
        survivors = await self._end_though_cancelled(by_force=self._is_too_long)
        return self._spoken(is_late=is_late, survivors=survivors)

    async def clear(self) -> None:
        """End what a process that is over has left behind."""
        await self._end(EndRequest())

    def _spoken(self, *, is_late: bool = False, survivors: int | None = None) -> Spoken:
        self._let_go()
        return Spoken(self._exit_code, bytes(self._stdout), is_late, survivors)

    async def _end_though_cancelled(self, *, by_force: bool = False) -> int:
        """End the tree to the last; a cancellation meanwhile hastens it and is raised afterwards."""
        request = EndRequest(by_force=by_force)
        ending = self._loop.create_task(self._end(request), name=f"end {self._errand.mark[0]}")
        cancelled: asyncio.CancelledError | None = None
        while not ending.done():
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError as fault:
                cancelled = fault
                request.hasten()
        self._let_go()
        if cancelled is not None:
            raise cancelled
        return ending.result()

    async def _end(self, request: EndRequest) -> int:
        if not self._has_exited:
            tree.send_group(self.pid, signal.SIGKILL if request.is_forced() else signal.SIGTERM)
            tree.send_group(self.pid, signal.SIGCONT)
        signalled = 0 if self._has_exited else self.pid
        grace_s = self._errand.kill_grace_ms / 1000
        try:
            survivors = await self._ender.end(
                self._errand.mark, self.pid, grace_s, request, signalled_group=signalled
            )
        except OSError:
            # What cannot be looked for can still be killed by its group.
            tree.send_group(self.pid, signal.SIGKILL)
            survivors = 0
        self._reap()
        return survivors

    def _reap(self) -> None:
        """Take the exit status of orphans that came to us when they were ended."""
        if not self._has_exited:
            self._on_exit()
        for pid, started in list(self._ender.known.items()):
            seen = tree.stat(pid)
            if seen is None or seen.started != started:
                del self._ender.known[pid]
            elif seen.is_zombie and pid != self.pid:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _on_exit(self) -> None:
        if self._pidfd not in self._open:
            return
        # Where somebody else has reaped it, it has ended all the same, and nobody can say how.
        with suppress(ChildProcessError):
            ended = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
            if ended is None:
                return
            is_exit = ended.si_code == os.CLD_EXITED
            self._exit_code = ended.si_status if is_exit else -ended.si_status
        self._has_exited = True
        self._close(self._pidfd)
        self._over.set()

    def _write(self) -> None:
        # What does not read, or no more of it, is closed to: its answer will tell.
        with suppress(OSError):
            while self._rest:
                try:
                    written = os.write(self._stdin, self._rest)
                except BlockingIOError:
                    return
                self._rest = self._rest[written:]
        self._close(self._stdin)

    def _read_out(self) -> None:
        data = self._read(self._out)
        if not data or self._is_too_long:
            return
        self._stdout += data
        if len(self._stdout) > self._errand.most_stdout:
            self._is_too_long = True
            self._over.set()

    def _read_err(self) -> None:
        if data := self._read(self._err):
            self._told(data)

    def _read(self, fd: int) -> bytes:
        """Return what there is; the end of the pipe closes it."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._close(fd)
        return data

    def _drain(self) -> None:
        """Take what the process had written when it exited, though others may hold the pipe."""
        while self._out in self._open and not self._is_too_long:
            before = len(self._stdout)
            self._read_out()
            if len(self._stdout) == before:
                break
        # Orphans may go on writing to stderr as fast as it is read.
        for _ in range(16):
            if self._err not in self._open or not (data := self._read(self._err)):
                break
            self._told(data)

    def _close(self, fd: int) -> None:
        if fd not in self._open:
            return
        self._open.discard(fd)
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        os.close(fd)

    def _let_go(self) -> None:
        for fd in list(self._open):
            self._close(fd)


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    """Return both ends of a new pipe, to be closed with those that they go with."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    readers.callback(os.close, reader)
    writers.callback(os.close, writer)
    return reader, writer


def _reason(fault: Exception) -> str:
    if isinstance(fault, OSError):
        return fault.strerror or str(fault)
    return str(fault)
