"""Files of the configuration: read whole, or refused with the reason; and which files an include means."""

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

LARGEST: Final = 64 * 1024 * 1024


class Unreadable(Exception):
    """A file that cannot be read, or whose text is no TOML or YAML; line and column where they are known."""

    def __init__(self, message: str, line: int = 1, column: int = 0) -> None:
        self.message = message
        self.line = line
        self.column = column
        super().__init__(message)


class Document(Protocol):
    """A parsed file: its top-level keys without the tasks, the tasks one by one, and the lines of both."""

    top: dict[str, object]
    has_references: bool

    def entries(self) -> Iterator[tuple[object, int]]:
        """Yield each entry of `tasks` with its line; Unreadable when the text turns out to be broken."""
        ...

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the value at a path of keys, or of the nearest thing around it."""
        ...


def read_text(path: str) -> str:
    """Return the text of a file; Unreadable says why there is none."""
    try:
        # Without O_NONBLOCK a pipe would make us wait for someone to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            _check_kind(os.fstat(descriptor))
            content = file.read(LARGEST + 1)
    except FileNotFoundError as fault:
        raise Unreadable("there is no such file", 0) from fault
    except IsADirectoryError as fault:
        raise Unreadable("is a directory; name a file in it", 0) from fault
    except OSError as fault:
        raise Unreadable(f"cannot be read: {fault.strerror or fault}", 0) from fault
    except ValueError as fault:
        raise Unreadable(f"is not the path of a file: {fault}", 0) from fault
    if len(content) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST // 1024**2} MB; divide it with include", 0)
    return _decoded(content)


def is_yaml(path: str) -> bool:
    return Path(path).suffix.lower() in (".yaml", ".yml")


def is_pattern(path: str) -> bool:
    """Return whether a path may mean any number of files."""
    return glob.has_magic(path)


def folder_of(pattern: str, folder: str) -> str:
    """Return the folder in which a new file may come to match a pattern."""
    path = os.path.join(folder, os.path.expanduser(pattern))
    while is_pattern(path):
        path = os.path.dirname(path)
    return path or "."


def included(pattern: str, folder: str) -> list[str]:
    """Return the files that an include means, sorted; Unreadable when a plain path leads nowhere."""
    path = os.path.join(folder, os.path.expanduser(pattern))
    if "\0" in path:
        raise Unreadable("holds a NUL character")
    if is_pattern(pattern):
        return sorted(found for found in glob.glob(path, recursive=True) if os.path.isfile(found))
    if not os.path.exists(path):
        raise Unreadable("there is no such file")
    return [path]


def _check_kind(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise Unreadable("is a directory; name a file in it", 0)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("is not a regular file", 0)
    if status.st_size > LARGEST:
        raise Unreadable(f"is larger than {LARGEST // 1024**2} MB; divide it with include", 0)


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise Unreadable(f"is not UTF-8 text: byte 0x{content[fault.start]:02x}", line) from fault
    at = text.find("\0")
    if at >= 0:
        raise Unreadable("holds a NUL character", text.count("\n", 0, at) + 1)
    if not text.strip():
        raise Unreadable("is empty; write at least one [[tasks]] entry")
    return text
