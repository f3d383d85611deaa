"""A socket of our own that starts one `ssh … cronsole dial` for each connection, where ssh may not forward."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from cronsole.client.child import Child


class DialBridge:
    """Each connection is handed to its ssh as stdin and stdout: no byte passes through this process.

    A connection that is closed ends its ssh, and so does our death: ssh reads the end of its input.
    """

    def __init__(self, path: Path, argv: Sequence[str], log: Path) -> None:
        self._path = path
        self._argv = argv
        self._log = log
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._children: list[Child] = []

    def open(self) -> Self:
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._listener.bind(os.fspath(self._path))
        self._listener.listen(16)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept)
        return self

    async def ended(self) -> None:
        """Return when every ssh has ended, each of which has said by then what it had to say."""
        for child in self._children:
            await child.wait()

    async def close(self) -> None:
        """Return when no ssh of ours is left."""
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
        for child in self._children:
            child.terminate()
        for child in self._children:
            await child.end()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # whoever called has hung up, or will try again
        with connection, self._log.open("ab") as log:
            connection.setblocking(True)
            self._children = [child for child in self._children if child.is_alive]
            try:
                child = Child.start(
                    self._argv, stdin=connection.fileno(), stdout=connection.fileno(), stderr=log
                )
            except OSError as error:
                log.write(f"ssh cannot be started: {error}\n".encode())
            else:
                self._children.append(child)
