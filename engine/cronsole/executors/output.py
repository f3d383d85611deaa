"""The output of a command: a file that the job itself writes, kept near its cap by a hole in the middle.

The engine never reads what a job writes while it runs. It only looks at the size; beyond the cap it gives the
blocks between head and tail back to the disk. When the run has ended the file is rewritten to head, one line
that tells how much was left out, and tail. Where the file system cannot punch holes, the file grows until then.

A file with such a line may be written by nobody, its owner included: so a reader tells it from one that is still
growing, and from a job that prints such a line itself.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from cronsole.executors.libc import punch_hole

INLINE_BYTES = 4096
_BLOCK = 4096
_SLACK = 256 * 1024
_CHUNK = 1024 * 1024
# The longest match that is still found across two chunks of a line without an end.
_OVERLAP = 64 * 1024
_SEALED = 0o400
_MARKER = re.compile(r"… ([\d,]+) bytes left out …\n".encode())
# The line stands at most a block beside the middle, or before the last few kilobytes that notes keep.
_MARKER_AREA = 4 * _BLOCK


class Collected(msgspec.Struct, frozen=True):
    """What is kept: short output as text, of longer output the last lines; `file` where there is more."""

    text: str
    file: str
    total_bytes: int

    def pieces(self) -> Iterable[str]:
        """Yield all that is kept, in pieces of bounded size."""
        return pieces(self.file) if self.file else (self.text,)


class Excerpt(msgspec.Struct, frozen=True):
    """Bytes of a log from `offset` on; `left_out` bytes ahead of them are no longer there.

    Offsets and `size` count what was written, whether it is still kept or not.
    """

    data: bytes
    offset: int
    left_out: int = 0
    size: int = 0

    @property
    def next_offset(self) -> int:
        return self.offset + len(self.data)


class _Marker(msgspec.Struct, frozen=True):
    """Where the line about what was left out stands in a file."""

    start: int
    end: int
    left_out: int

    @property
    def shift(self) -> int:
        """How much further on than in the file a byte behind the line was written."""
        return self.left_out - (self.end - self.start)


def create(path: Path) -> int:
    """Create the file and return its descriptor; FileExistsError where the attempt was started before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def punch(path: str, size: int, cap_bytes: int, punched_to: int) -> int:
    """Free the middle of a growing file; return up to where it is free. OSError where holes cannot be made."""
    head, tail = _split(cap_bytes)
    end = (size - tail) // _BLOCK * _BLOCK
    start = max(head, punched_to)
    if end - start < _SLACK:
        return punched_to
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        punch_hole(fd, start, end - start)
    finally:
        os.close(fd)
    return end


def collect(path: str, cap_bytes: int) -> Collected:
    """Return what is kept of a finished file, which is cut to its cap. Blocks for as long as a copy of it takes."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as fault:
        return Collected(f"the output cannot be read: {fault.strerror}", "", 0)
    try:
        size = os.fstat(fd).st_size
        if size <= INLINE_BYTES:
            data = os.pread(fd, size, 0)
            text = data.decode(errors="replace")
            # What is no text stays in its file, byte for byte: somebody may have read half of it by now.
            return Collected(text, path if "\ufffd" in text else "", size)
        last = os.pread(fd, INLINE_BYTES, size - INLINE_BYTES)
        line = _sealed_at(fd)
        if line is not None:
            # An engine that died at this point has cut it already.
            size += line.shift
        elif size > sum(_split(cap_bytes)):
            # A full disk leaves the file as it is, with its hole: nothing is lost but space.
            with suppress(OSError):
                _compact(fd, path, size, cap_bytes)
    finally:
        os.close(fd)
    return Collected(_from_line_start(last).decode(errors="replace"), path, size)


def read_log(path: str | Path, offset: int, limit: int) -> Excerpt:
    """Return up to `limit` bytes from an offset on, also while the job writes; what was freed is skipped.

    A negative offset counts from the end.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        line = _sealed_at(fd)
        size = os.fstat(fd).st_size
        if line is not None:
            return _read_around(fd, line, size, offset, limit)
        return _read_growing(fd, size, offset, limit)
    finally:
        os.close(fd)


def _read_growing(fd: int, size: int, offset: int, limit: int) -> Excerpt:
    """Read from a file in which every byte stands where it was written."""
    offset = max(0, size + offset) if offset < 0 else offset
    if offset >= size:
        return Excerpt(b"", offset, size=size)
    try:
        start = os.lseek(fd, offset, os.SEEK_DATA)
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
    except OSError:
        return Excerpt(b"", size, left_out=size - offset, size=size)
    return Excerpt(os.pread(fd, min(limit, end - start), start), start, start - offset, size)


def _read_around(fd: int, line: _Marker, file_size: int, offset: int, limit: int) -> Excerpt:
    """Read from a file with a line in place of its middle, as if all of it were still there."""
    shift = line.shift
    size = file_size + shift
    offset = max(0, size + offset) if offset < 0 else offset
    if offset < line.start:
        return Excerpt(os.pread(fd, min(limit, line.start - offset), offset), offset, 0, size)
    start = max(offset, line.end + shift)
    if start >= size:
        return Excerpt(b"", offset, size=size)
    return Excerpt(os.pread(fd, min(limit, size - start), start - shift), start, start - offset, size)


def _sealed_at(fd: int) -> _Marker | None:
    """Return the line of a file that is marked as having one."""
    status = os.fstat(fd)
    is_sealed = stat.S_IMODE(status.st_mode) == _SEALED
    return _marker_in(fd, status.st_size) if is_sealed else None


def _marker_in(fd: int, size: int) -> _Marker | None:
    """Return the line in a finished file that tells how much was left out there.

    Of several the one that tells of most is ours: what the job itself printed is of smaller files, such as were
    shown to it.
    """
    found: list[_Marker] = []
    for begin in {max(0, size // 2 - _MARKER_AREA // 2), max(0, size - _MARKER_AREA)}:
        area = os.pread(fd, _MARKER_AREA, begin)
        for line in _MARKER.finditer(area):
            left_out = int(line[1].replace(b",", b""))
            start, end = begin + line.start(), begin + line.end()
            is_broken = area[: line.start()].endswith(b"\n") and _is_added(start - 1, size - end)
            found.append(_Marker(start - is_broken, end, left_out))
    return max(found, key=lambda marker: marker.left_out, default=None)


def _is_added(break_at: int, tail: int) -> bool:
    """Tell whether a line break ahead of the line was added to a head that ends within a line.

    Such a head is whole blocks, and the tail as long or less than a block shorter.
    """
    return break_at % _BLOCK == 0 and break_at - _BLOCK < tail <= break_at


def pieces(path: str) -> Iterator[str]:
    """Yield the text in pieces of bounded size, cut at line ends where there are any."""
    with open(path, "rb") as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            block = rest + chunk
            cut = block.rfind(b"\n") + 1
            yield block[: cut or None].decode(errors="replace")
            rest = block[cut:] if cut else block[-_OVERLAP:]
        if rest:
            yield rest.decode(errors="replace")


def seal(fd: int) -> None:
    """Mark a file as one that has a line about what was left out, or is about to get it in one write."""
    os.fchmod(fd, _SEALED)


def marker(left_out: int) -> str:
    return f"… {left_out:,} bytes left out …\n"


def _split(cap_bytes: int) -> tuple[int, int]:
    """Return the sizes of head and tail, whole blocks, so that a hole never touches either."""
    half = max(cap_bytes // 2 // _BLOCK, 1) * _BLOCK
    return half, half


def _compact(fd: int, path: str, size: int, cap_bytes: int) -> None:
    head, tail = _split(cap_bytes)
    head_end = head - _BLOCK + (os.pread(fd, _BLOCK, head - _BLOCK).rfind(b"\n") + 1 or _BLOCK)
    tail_start = size - tail + os.pread(fd, _BLOCK, size - tail).find(b"\n") + 1
    line = marker(tail_start - head_end)
    if os.pread(fd, 1, head_end - 1) != b"\n":
        line = "\n" + line
    part = f"{path}.part"
    copy = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _copy(fd, copy, 0, head_end)
        os.write(copy, line.encode())
        _copy(fd, copy, tail_start, size)
        seal(copy)
    except OSError:
        os.unlink(part)
        raise
    finally:
        os.close(copy)
    os.replace(part, path)


def _copy(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        sent = os.sendfile(target, source, start, end - start)
        if sent == 0:
            return
        start += sent


def _from_line_start(data: bytes) -> bytes:
    cut = data.find(b"\n") + 1
    return data[cut:] if 0 < cut < len(data) else data
