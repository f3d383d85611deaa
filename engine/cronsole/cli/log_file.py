"""The log of an engine without a terminal: one file that is set aside when it is full, so that two are all there is."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from cronsole.errors import CronsoleError

MOST_BYTES: Final = 5_000_000
_OUT_AND_ERR: Final = (1, 2)


class LogFile:
    """A file to write to; whatever else goes to stdout and stderr, such as a traceback, ends up in it too."""

    def __init__(
        self, path: Path, *, most_bytes: int = MOST_BYTES, takes: tuple[int, ...] = _OUT_AND_ERR
    ) -> None:
        self._path = path
        self._most = most_bytes
        self._takes = takes
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = self._open()
        except OSError as error:
            raise CronsoleError(f"the log {path} cannot be written: {error.strerror}") from error

    @property
    def older(self) -> Path:
        """Where the file before this one is."""
        return older_than(self._path)

    def write(self, text: str) -> int:
        with suppress(OSError):
            # A disk that is full loses these lines, and not those that follow when there is room again.
            self._put(text.encode("utf-8", errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is written is in the file."""

    def _put(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._most:
            os.replace(self._path, self.older)
            old, self._fd = self._fd, self._open()
            os.close(old)
        while data:
            written = os.write(self._fd, data)
            self._size += written
            data = data[written:]

    def _open(self) -> int:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(fd).st_size
        for taken in self._takes:
            os.dup2(fd, taken)
        return fd


def older_than(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
