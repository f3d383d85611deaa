"""A terminal without a screen: a program runs in a pseudo-terminal, keys go in, and bytes are counted coming out."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

_SYNC_ASKED = b"\x1b[?2026$p"
_SYNC_KNOWN = b"\x1b[?2026;2$y"


class Heard(msgspec.Struct, frozen=True):
    """What came out, how long after the start of listening it began, and when it was over."""

    data: bytes
    first_s: float
    last_s: float


class PtyTerminal:
    """The side of the pseudo-terminal on which a person sits."""

    def __init__(self, fd: int, process: subprocess.Popen[bytes]) -> None:
        self._fd = fd
        self.process = process

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def hear_until(self, marker: bytes, seconds: float = 20) -> bytes:
        """Listen until something came; TimeoutError where it does not."""
        ends, data = time.perf_counter() + seconds, b""
        while marker not in data:
            if time.perf_counter() > ends:
                raise TimeoutError(f"{marker!r} did not come within {seconds} s")
            data += self.hear(0.5, 0.01).data
        return data

    def hear(self, seconds: float, quiet_s: float | None = None) -> Heard:
        """Listen for so long, or until nothing came for a while after something did."""
        began = time.perf_counter()
        chunks: list[bytes] = []
        first = last = 0.0
        while (now := time.perf_counter() - began) < seconds:
            wait = seconds - now if quiet_s is None or not chunks else min(quiet_s, seconds - now)
            if not select.select([self._fd], [], [], wait)[0]:
                if quiet_s is not None and chunks:
                    break
                continue
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                break
            if not data:
                break
            last = time.perf_counter() - began
            first = first or last
            chunks.append(data)
            if _SYNC_ASKED in data:
                os.write(self._fd, _SYNC_KNOWN)
        return Heard(b"".join(chunks), first, last)


@contextmanager
def pty_terminal(
    argv: Sequence[str], *, width: int = 120, height: int = 36, environ: dict[str, str] | None = None
) -> Iterator[PtyTerminal]:
    """Run a program in a pseudo-terminal of that size, and end it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    dropped = ("NO_COLOR", "COLUMNS", "LINES", "TEXTUAL", "TERM", "COLORTERM")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | (environ or {})
    process = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True, close_fds=True
    )
    os.close(theirs)
    try:
        yield PtyTerminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
