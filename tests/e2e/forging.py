"""An engine that lies: a bridge to a real one that puts control characters into what it says of itself.

The escapes of JSON take six letters, and so do the words that stand for them in names that an engine accepts.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FORGED = {
    b"ESC01b": rb"\u001b",
    b"BEL007": rb"\u0007",
    b"CSI09b": rb"\u009b",
    b"RLO02e": rb"\u202e",
    b"RSB05d": rb"\u005d",
    b"LSB05b": rb"\u005b",
    b"SEM03b": rb"\u003b",
}

# In what is asked, names are in addresses.
_ASKED = {
    b"%1B": b"ESC01b",
    b"%07": b"BEL007",
    b"%C2%9B": b"CSI09b",
    b"%E2%80%AE": b"RLO02e",
    b"%5D": b"RSB05d",
    b"%5B": b"LSB05b",
    b"%3B": b"SEM03b",
}

NAMES = (
    "oscESC01bRSB05d52SEM03bcSEM03bZXZpbABEL007",
    "csiESC01bLSB05b6n",
    "c1-CSI09b6n",
    "bidi-RLO02e-gnp.exe",
    "markup-LSB05b/boldRSB05d",
    "titleESC01bRSB05d0SEM03bownedBEL007",
)


@contextmanager
def forged(real: Path, path: Path) -> Iterator[Path]:
    """Serve the engine at one socket through another."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        ends: list[socket.socket] = []
        threading.Thread(target=_serve, args=(door, real, ends), daemon=True).start()
        try:
            yield path
        finally:
            # Wakes the thread that waits at the door.
            door.shutdown(socket.SHUT_RDWR)
            path.unlink()
            for end in ends:
                end.close()


def _serve(door: socket.socket, real: Path, ends: list[socket.socket]) -> None:
    while True:
        try:
            caller, _ = door.accept()
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(str(real))
        ends += (caller, engine)
        threading.Thread(target=_hand_on, args=(caller, engine, False), daemon=True).start()
        threading.Thread(target=_hand_on, args=(engine, caller, True), daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket, forges: bool) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 20):
            for word, escape in (_FORGED if forges else _ASKED).items():
                data = data.replace(word, escape)
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
