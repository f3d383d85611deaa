"""Logs in memory, with holes, that may grow, and that count how much of them was read."""

from cronsole.errors import CronsoleError
from cronsole.model.view import LogChunk


class MemoryLog:
    """Bytes as an engine gives them: what lies in the hole is skipped and told."""

    def __init__(
        self, data: bytes = b"", *, hole: tuple[int, int] = (0, 0), is_complete: bool = True
    ) -> None:
        self.data = data
        self.hole = hole
        self.is_complete = is_complete
        self.fault: CronsoleError | None = None
        self.bytes_read = 0
        self.reads: list[tuple[int, int]] = []

    async def read(self, offset: int, limit: int) -> LogChunk:
        if self.fault is not None:
            raise self.fault
        self.reads.append((offset, limit))
        size = len(self.data)
        asked = max(0, size + offset) if offset < 0 else min(offset, size)
        first, last = self.hole
        start = last if first <= asked < last else asked
        end = min(size, start + limit)
        if start < first < end:
            end = first
        part = self.data[start:end]
        self.bytes_read += len(part)
        return LogChunk(
            run_id="r",
            attempt=1,
            offset=start,
            next_offset=end,
            data=part,
            left_out=start - asked,
            is_complete=self.is_complete and end == size,
        )


class EndlessLog:
    """A log of lines of 64 bytes that were never made: any offset can be read at once."""

    LINE = 64

    def __init__(self, lines: int) -> None:
        self.size = lines * self.LINE
        self.bytes_read = 0

    async def read(self, offset: int, limit: int) -> LogChunk:
        start = max(0, self.size + offset) if offset < 0 else min(offset, self.size)
        end = min(self.size, start + limit)
        numbers = range(start // self.LINE, -(-end // self.LINE))
        whole = b"".join(b"line %-58d\n" % number for number in numbers)
        begun = start - numbers.start * self.LINE
        data = whole[begun : begun + end - start]
        self.bytes_read += len(data)
        return LogChunk(
            run_id="r", attempt=1, offset=start, next_offset=end, data=data, is_complete=end == self.size
        )
