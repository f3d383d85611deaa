"""The part of a log that is held: pieces in their order, from one offset to another, never more than a cap."""

from bisect import bisect_right

from cronsole_tui.views.log_lines import Piece, split

CAP_BYTES = 512 * 1024


class LogWindow:
    """Pieces without a gap between `start` and `end`. Raw bytes stay as they are."""

    def __init__(self, offset: int = 0) -> None:
        self.pieces: list[Piece] = []
        self.start = offset
        self.end = offset
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def is_full(self) -> bool:
        return self._bytes >= CAP_BYTES

    def append(self, data: bytes, left_out: int = 0) -> int:
        """Add what follows; return how many pieces were dropped in front, so that the cap holds."""
        if left_out:
            self.pieces.append(Piece(self.end, self.end, b"", is_end=True, hole=left_out))
            self.end += left_out
        last = self.pieces[-1] if self.pieces and not self.pieces[-1].is_end else None
        if last is not None and data:
            self.pieces.pop()
        self.pieces += split(data, self.end, last) if data else ()
        self.end += len(data)
        self._bytes += len(data)
        return self._drop_front()

    def prepend(self, data: bytes, *, hole: int = 0, is_start: bool = False) -> int:
        """Add what comes before, and a hole between it and what is here; return how many pieces that made.

        Without `is_start` the bytes may begin within a line, and a part of one is left to the page before it.
        """
        offset = self.start - hole - len(data)
        if not is_start:
            # A line longer than the page is shown in parts.
            begun = (data.find(b"\n") + 1) % max(1, len(data))
            data, offset = data[begun:], offset + begun
        fresh = list(split(data, offset))
        if fresh and not fresh[-1].is_end and not hole and self.pieces:
            self.pieces[0] = self.pieces[0]._replace(is_start=False)
        if hole:
            fresh.append(Piece(self.start - hole, self.start - hole, b"", is_end=True, hole=hole))
        self.pieces[:0] = fresh
        self.start = offset
        self._bytes += len(data)
        self._drop_back()
        return len(fresh)

    def at(self, offset: int) -> int:
        """Return the index of the piece that an offset is in."""
        return max(0, bisect_right(self.pieces, offset, key=lambda piece: piece.begin) - 1)

    def _drop_front(self) -> int:
        count = 0
        while self._bytes > CAP_BYTES and count < len(self.pieces) - 1:
            self._bytes -= self._size(self.pieces[count])
            count += 1
        if count:
            del self.pieces[:count]
            self.start = self.pieces[0].begin
        return count

    def _drop_back(self) -> None:
        while self._bytes > CAP_BYTES and len(self.pieces) > 1:
            dropped = self.pieces.pop()
            self._bytes -= self._size(dropped)
            self.end = dropped.begin

    @staticmethod
    def _size(piece: Piece) -> int:
        return piece.end - piece.begin - piece.hole
