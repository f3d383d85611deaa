"""What the process of a plugin writes: one file of at most a megabyte, and the one before it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_LARGEST: Final = 1024 * 1024


class JournalFile:
    """Opened at the first line. What a full disk refuses is missing; the plugin is not to suffer for its words."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._size = 0

    def add(self, data: bytes) -> None:
        with suppress(OSError):
            if self._fd < 0:
                self._open()
            if self._size + len(data) > _LARGEST:
                self.close()
                os.replace(self._path, self._path.with_suffix(".log.1"))
                self._open()
            self._size += os.write(self._fd, data)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size
