"""Names for unix sockets whose paths are longer than the kernel takes."""

import os
from typing import Final

LONGEST: Final = 107
"""The bytes that the kernel takes for the path of a socket."""


class SocketPath:
    """A path that can be connected to whatever its length, while it is open."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._folder = -1

    def open(self) -> str:
        """Return the name to connect to: a path that is too long is reached through its open folder."""
        if len(os.fsencode(self.path)) <= LONGEST:
            return self.path
        folder, name = os.path.split(self.path)
        if self._folder < 0:
            try:
                self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                # Nothing is there; whoever connects is told so by this path too.
                return f"/proc/self/fd/-1/{name}"
        return f"/proc/self/fd/{self._folder}/{name}"

    def close(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
        self._folder = -1
