"""Find the processes of a run, also those that left its process group and session.

A process belongs to a run when its environment names the run, when it is in the session that the run's first
process opened, or when it descends from one that belongs. What has left the session with a double fork and has
wiped its environment too cannot be told from a stranger and is let be.
"""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeAlias

import msgspec

from cronsole.executors.environment import ATTEMPT, RUN_ID

# A run's id and its attempt: the next attempt must not be mistaken for what the last one left behind.
Mark: TypeAlias = tuple[str, str]

_RUN_ID_KEY = f"\0{RUN_ID}=".encode()
_ATTEMPT_KEY = f"\0{ATTEMPT}=".encode()
# Every kernel thread is a child of this one.
_KTHREADD = 2


class Stat(msgspec.Struct, frozen=True):
    """What /proc/PID/stat tells; `started` are clock ticks since boot."""

    pid: int
    is_zombie: bool
    parent: int
    group: int
    session: int
    started: int


class Member(msgspec.Struct, frozen=True):
    """A process of a run; pid and start time together tell it from a later one with the same pid."""

    pid: int
    group: int
    started: int


def stat(pid: int) -> Stat | None:
    """Return what is known of a process, None when there is none."""
    data = read(f"/proc/{pid}/stat", 1024)
    # The name in parentheses may itself hold spaces and parentheses.
    fields = data[data.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None
    parent, group, session = map(int, fields[1:4])
    return Stat(pid, fields[0] in b"ZX", parent, group, session, int(fields[19]))


def mark_of(pid: int) -> Mark | None:
    """Return the run and attempt that a process's environment names."""
    environ = b"\0" + read(f"/proc/{pid}/environ")
    run_id = _variable(environ, _RUN_ID_KEY)
    return None if run_id is None else (run_id, _variable(environ, _ATTEMPT_KEY) or "")


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def own_children() -> list[int]:
    """Return our children, living and dead; where the kernel keeps no list of them, by looking at every process."""
    found = []
    for thread in os.listdir("/proc/self/task"):
        path = f"/proc/self/task/{thread}/children"
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            if os.path.exists(f"/proc/self/task/{thread}"):
                return _children_by_parent()
            continue
        try:
            found += _read_all(fd).split()
        finally:
            os.close(fd)
    return [int(pid) for pid in found]


def _children_by_parent() -> list[int]:
    ours = os.getpid()
    return [pid for pid in all_pids() if (seen := stat(pid)) and seen.parent == ours]


class Census(msgspec.Struct, frozen=True):
    """Every process at one moment, and the run that each names."""

    stats: Mapping[int, Stat]
    marks: Mapping[int, Mark]

    def members(self, mark: Mark, session: int) -> list[Member]:
        """Return the living processes of an attempt."""
        children: dict[int, list[int]] = {}
        for seen in self.stats.values():
            children.setdefault(seen.parent, []).append(seen.pid)
        found: set[int] = set()
        open_ends = [
            pid for pid, seen in self.stats.items() if seen.session == session or self.marks.get(pid) == mark
        ]
        while open_ends:
            pid = open_ends.pop()
            if pid not in found:
                found.add(pid)
                # Another run's process may descend from this one where engines are nested; it goes along.
                open_ends += children.get(pid, ())
        ours = os.getpid()
        return [self._member(pid) for pid in found if pid != ours and not self.stats[pid].is_zombie]

    def _member(self, pid: int) -> Member:
        seen = self.stats[pid]
        return Member(pid, seen.group, seen.started)


def take_census() -> Census:
    """Look at every process of the machine: some 20 µs each."""
    stats: dict[int, Stat] = {}
    marks: dict[int, Mark] = {}
    for pid in all_pids():
        seen = stat(pid)
        if seen is None or _KTHREADD in (pid, seen.parent):
            continue
        stats[pid] = seen
        if not seen.is_zombie and (mark := mark_of(pid)) is not None:
            marks[pid] = mark
    return Census(stats, marks)


def open_members(members: Iterable[Member]) -> Iterator[int]:
    """Yield a pidfd for each that still lives; the caller closes it."""
    for member in members:
        with suppress(OSError):
            fd = os.pidfd_open(member.pid)
            seen = stat(member.pid)
            # The pid may have passed to another process since the census.
            if seen is None or seen.started != member.started or seen.is_zombie:
                os.close(fd)
            else:
                yield fd


def send(pidfd: int, number: signal.Signals) -> None:
    """Signal a process; one that is gone, or is not ours to signal, is let be."""
    with suppress(ProcessLookupError, PermissionError):
        signal.pidfd_send_signal(pidfd, number)


def send_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def read(path: str, limit: int = 0) -> bytes:
    """Return a file of /proc, empty when it is gone or not ours to read; at most `limit` bytes in one read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, limit) if limit else _read_all(fd)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _read_all(fd: int) -> bytes:
    parts = []
    while part := os.read(fd, 65_536):
        parts.append(part)
    return b"".join(parts)


def _variable(environ: bytes, key: bytes) -> str | None:
    start = environ.find(key)
    if start < 0:
        return None
    start += len(key)
    end = environ.find(b"\0", start)
    return environ[start : end if end >= 0 else None].decode(errors="replace")
