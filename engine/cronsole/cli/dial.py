"""`cronsole dial`: bridges stdin and stdout to an engine's socket, byte for byte, for clients that come over SSH.

It is no verb for people and does without the parser of the command line: an SSH login may wait for it at each
connection.
"""

import os
import socket
import threading
from collections.abc import Sequence
from typing import Final

from cronsole.cli import render

USAGE: Final = "usage: cronsole dial [SOCKET] | cronsole dial --where"

_STDIN: Final = 0
_STDOUT: Final = 1
_PIECE: Final = 256 * 1024
_NO_ENGINE: Final = 3
_CALLED_WRONGLY: Final = 2


def run(args: Sequence[str]) -> int:
    """Bridge until either side ends, or tell where the socket is; return the exit code."""
    match [*args]:
        case ["-h" | "--help"]:
            render.out(USAGE)
            return 0
        case ["--where"]:
            render.out(default_socket())
            return 0
        case []:
            return _bridge(default_socket())
        case [path] if not path.startswith("-"):
            return _bridge(path.removeprefix("unix:"))
        case _:
            render.err(USAGE)
            return _CALLED_WRONGLY


def default_socket() -> str:
    """Return the socket that a verb without --engine would ask."""
    from cronsole.cli.connection import target_of

    asked = os.environ.get("CRONSOLE_ENGINE", "")
    # An engine elsewhere is no engine of this machine.
    local = None if "://" in asked else asked.removeprefix("unix:")
    return target_of(local or None, os.environ).removeprefix("unix:")


def _bridge(path: str) -> int:
    from cronsole.client.socket_path import SocketPath

    reached = SocketPath(path)
    with socket.socket(socket.AF_UNIX) as engine:
        try:
            engine.connect(reached.open())
        except OSError as error:
            render.err(
                f"cronsole: no engine answers at {path} ({error.strerror or error}): "
                "start one with `cronsole engine`",
                render.Style.BAD,
            )
            return _NO_ENGINE
        finally:
            reached.close()
        # It waits in a read that nothing ends before stdin does; the process ends without it.
        threading.Thread(target=_send, args=(engine,), name="stdin", daemon=True).start()
        _receive(engine)
    return 0


def _send(engine: socket.socket) -> None:
    """Hand on what comes in, and that no more will come: the engine may still have an answer to give."""
    try:
        while piece := os.read(_STDIN, _PIECE):
            engine.sendall(piece)
        engine.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the engine has hung up, which the other direction sees too


def _receive(engine: socket.socket) -> None:
    try:
        while piece := engine.recv(_PIECE):
            view = memoryview(piece)
            while view:
                # Bytes of the wire, not text for the terminal.
                view = view[os.write(_STDOUT, view) :]
    except OSError:
        return  # whoever dialled has hung up, or the engine has
