"""Writes log lines from a thread of its own, so that a terminal that stalls never holds up the engine."""

import threading
from collections import deque
from typing import Protocol

_CAPACITY = 20_000
# Lines are written together: a thread that wakes for each one takes the interpreter from the loop each time.
_GATHER_SECONDS = 0.05


class Writable(Protocol):
    """Where lines go: a stream, or a file that keeps to its size."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


class LogStream:
    """A bounded queue before a stream; what does not fit is counted, and the count is written."""

    def __init__(self, stream: Writable) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._arrived = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        if len(self._lines) >= _CAPACITY:
            self._dropped += 1
            return
        self._lines.append(line)
        if not self._arrived.is_set():
            self._arrived.set()

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, for no longer than the seconds."""
        self._closed.set()
        self._arrived.set()
        self._thread.join(seconds)

    def _write_all(self) -> None:
        while True:
            self._arrived.wait()
            is_last = self._closed.wait(_GATHER_SECONDS)
            # Cleared before the lines are taken: what comes from here on wakes the thread again.
            self._arrived.clear()
            if not self._put("".join(f"{line}\n" for line in self._take())) or is_last:
                return

    def _take(self) -> list[str]:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(f"… {dropped} lines left out, the log could not be written fast enough")
        return lines

    def _put(self, text: str) -> bool:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # Nobody reads the log any more; the engine goes on without it.
            return False
        return True
