"""The unix socket as a file: made under the right mode from the start, and never taken from somebody who answers."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cronsole.errors import CronsoleError

LONGEST_PATH: Final = 107
"""The bytes that the kernel takes for the path of a socket."""

_FOR_OWNER: Final = 0o600
_FOR_ALL: Final = 0o666


def bind(path: Path, *, is_for_others: bool) -> socket.socket:
    """Return a socket bound to a path; CronsoleError where that cannot be, or somebody else answers there."""
    try:
        path.parent.mkdir(mode=0o755 if is_for_others else 0o700, parents=True, exist_ok=True)
        with _short(path) as name:
            _remove_stale(path, name)
            return _bound(path, name, _FOR_ALL if is_for_others else _FOR_OWNER)
    except OSError as error:
        raise CronsoleError(f"the socket {path} cannot be made: {error.strerror}") from error


def remove(path: Path, bound: tuple[int, int]) -> None:
    """Remove the file of a socket, if it still is the one that was bound."""
    with suppress(FileNotFoundError):
        if identity(path) == bound:
            path.unlink()


def identity(path: Path) -> tuple[int, int]:
    """Return which file stands at a path."""
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def is_long(path: Path) -> bool:
    return len(os.fsencode(path)) > LONGEST_PATH


def closed_folder(path: Path) -> Path | None:
    """Return the first folder above a path through which other users cannot come."""
    for folder in reversed(path.absolute().parents):
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give a name that the kernel takes: a path that is too long is reached through its open folder."""
    if not is_long(path):
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _remove_stale(path: Path, name: str) -> None:
    """Make way: a socket at which nobody answers was left by an engine that died."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise CronsoleError(f"{path} is in the way: it is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(name)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ETIMEDOUT):
                raise
    raise CronsoleError(
        f"another process answers at {path}; stop it, or give this engine a socket of its own"
    )


def _bound(path: Path, name: str, mode: int) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    try:
        # The file inherits the descriptor's mode, so that there is no moment at which it is open to others.
        os.fchmod(made.fileno(), mode)
        made.bind(name)
        if mode == _FOR_ALL:
            os.chmod(path, mode)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
