"""Writes log lines from a thread of its own, so that a terminal that stalls never holds up the engine."""

import threading
from collections import deque
from typing import TextIO

_CAPACITY = 20_000


class LogStream:
    """A bounded queue before a stream; what does not fit is counted, and the count is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._arrived = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        with self._arrived:
            if len(self._lines) >= _CAPACITY:
                self._dropped += 1
                return
            self._lines.append(line)
            self._arrived.notify()

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, for no longer than the seconds."""
        with self._arrived:
            self._is_closed = True
            self._arrived.notify()
        self._thread.join(seconds)

    def _write_all(self) -> None:
        while True:
            with self._arrived:
                while not self._lines and not self._is_closed:
                    self._arrived.wait()
                lines, dropped = list(self._lines), self._dropped
                self._lines.clear()
                self._dropped = 0
                is_last = self._is_closed
            if dropped:
                lines.append(f"… {dropped} lines left out, the log could not be written fast enough")
            if not self._put("".join(f"{line}\n" for line in lines)) or is_last:
                return

    def _put(self, text: str) -> bool:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # Nobody reads the log any more; the engine goes on without it.
            return False
        return True
