"""The output of what runs inside the engine: kept in memory while short, else in the run's file, cut at its cap."""

import os
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

from cronsole.executors import output
from cronsole.executors.output import INLINE_BYTES, Collected


class Notes:
    """Lines from any thread. Beyond the cap only the last few kilobytes are still kept, and the rest is counted."""

    __slots__ = (
        "_cap_bytes",
        "_fd",
        "_head",
        "_is_abandoned",
        "_is_closed",
        "_lock",
        "_path",
        "_tail",
        "_tail_bytes",
        "_total",
        "_written",
    )

    def __init__(self, path: Path, cap_bytes: int) -> None:
        self._path = path
        self._cap_bytes = max(cap_bytes, INLINE_BYTES)
        self._lock: threading.Lock | None = None
        self._head: list[bytes] = []
        # Made when it is needed: its first block is larger than all else here.
        self._tail: deque[bytes] | tuple[()] = ()
        self._tail_bytes = 0
        self._total = 0
        self._written = 0
        self._fd = -1
        self._is_abandoned = False
        self._is_closed = False

    def share(self) -> None:
        """From here on several threads may add."""
        self._lock = threading.Lock()

    @property
    def is_abandoned(self) -> bool:
        """Whether a thread may still add, though nobody listens."""
        return self._is_abandoned

    def abandon(self) -> None:
        self._is_abandoned = True

    @property
    def is_empty(self) -> bool:
        return self._total == 0

    def add(self, text: str) -> None:
        self.add_bytes(text.encode(errors="replace"))

    def add_bytes(self, data: bytes) -> None:
        if self._lock is None:
            self._add(data)
            return
        with self._lock:
            self._add(data)

    def collect(self) -> Collected:
        """Return what is kept; the file, if there is one, is complete and closed."""
        if self._lock is None:
            return self._collect()
        with self._lock:
            return self._collect()

    def _collect(self) -> Collected:
        self._is_closed = True
        tail = b"".join(self._tail)[-INLINE_BYTES:]
        if self._fd < 0:
            return Collected(b"".join((*self._head, tail)).decode(errors="replace"), "", self._total)
        left_out = self._total - self._written - len(tail)
        if left_out:
            output.seal(self._fd)
            tail = output.marker(left_out).encode() + tail
        self._write(tail)
        os.close(self._fd)
        self._fd = -1
        kept = output.collect(str(self._path), 2 * self._cap_bytes)
        return Collected(kept.text, kept.file, self._total)

    def _add(self, data: bytes) -> None:
        if self._is_closed:
            return
        self._total += len(data)
        if self._total <= INLINE_BYTES:
            self._head.append(data)
            return
        if self._fd < 0 and not self._tail:
            self._open()
        if self._fd >= 0 and not self._tail and len(data) <= self._cap_bytes - self._written:
            self._write(data)
            self._written += len(data)
            return
        tail = self._tail = self._tail or deque()
        tail.append(data[-INLINE_BYTES:])
        self._tail_bytes += len(tail[-1])
        while self._tail_bytes - len(tail[0]) >= INLINE_BYTES:
            self._tail_bytes -= len(tail.popleft())

    def _open(self) -> None:
        """Move what is kept to the file; where none can be made, only the last lines are kept from here on."""
        head = b"".join(self._head)
        self._head.clear()
        try:
            self._fd = output.create(self._path)
        except OSError:
            self._tail = deque((head,))
            self._tail_bytes = len(head)
            return
        self._write(head)
        self._written = len(head)

    def _write(self, data: bytes) -> None:
        # What a full disk refuses is missing from the file; the handler's work is not to fail for its notes.
        with suppress(OSError):
            while data:
                data = data[os.write(self._fd, data) :]
