"""A program that works for a client, and ends with it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final, Self

# ssh may miss a signal that comes just before it goes to sleep; it is told again.
_TELLINGS: Final = 20
_TELL_SECONDS: Final = 0.1

# Between fork and exec no Python runs in our process, which may have threads; this small one asks the kernel for a
# SIGTERM at our death, makes sure that we had not died before, and becomes the program.
_TETHER: Final = (
    "import ctypes, os, signal, sys\n"
    "ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)\n"
    "if os.getppid() == int(sys.argv[1]): os.execvp(sys.argv[2], sys.argv[2:])\n"
)

Stream = IO[bytes] | int


class Child:
    """A process in a session of its own, so that the terminal's Ctrl-C and hang-up are ours alone."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._pidfd = os.pidfd_open(process.pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    @classmethod
    def start(cls, argv: Sequence[str], *, stdin: Stream, stdout: Stream, stderr: Stream) -> Self:
        process = subprocess.Popen(
            argv, stdin=stdin, stdout=stdout, stderr=stderr, close_fds=True, start_new_session=True
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self._ended.is_set()

    @property
    def code(self) -> int | None:
        """The exit code once it has ended."""
        return self._process.returncode

    async def wait(self) -> None:
        await self._ended.wait()

    def terminate(self) -> None:
        if self.is_alive:
            self._process.terminate()

    async def end(self) -> None:
        """Return when it is gone, by force if it does not go by itself; a cancellation is the force."""
        try:
            for _ in range(_TELLINGS):
                self.terminate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TELL_SECONDS):
                        await self._ended.wait()
                        return
        finally:
            if self.is_alive:
                self._process.kill()
                self._process.wait()
                self._reap()

    def _reap(self) -> None:
        if self.is_alive and self._process.poll() is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._ended.set()


def tethered(argv: Sequence[str]) -> list[str]:
    """Return a command line whose program ends when this process dies, however it dies."""
    return [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), *argv]


def told_signal(code: int) -> str:
    """Return how a program ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
