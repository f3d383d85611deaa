"""A mirror of the terminal's screen, so that only the cells which differ from it are sent.

Textual repaints whatever a region covers, from the widget's left edge, and closes every segment with a reset. Over
a slow line that is ten times what has changed. The mirror reads what Textual writes, keeps the screen that is wanted
and the screen that is shown, and says the shortest way from one to the other: changed cells, relative cursor moves,
erased line ends, and rows that only moved are moved by the terminal itself.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import TypeAlias

from rich.cells import split_graphemes

from cronsole_tui.widgets.sgr import PLAIN, Look, between, looked, on_blank
from cronsole_tui.widgets.terminal import Colours

# A grapheme and its look. What follows a wide one holds no text.
Cell: TypeAlias = tuple[str, Look]
Row: TypeAlias = list[Cell]

_BLANK: Cell = (" ", PLAIN)
_UNKNOWN: Cell = ("\x00", PLAIN)
_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_TOKEN = re.compile(
    r"\x1b\[(?P<at>\d*(?:;\d*)?)H|\x1b\[(?P<sgr>[\d;]*)m|(?P<link>\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<other>\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[P^_X][^\x1b]*\x1b\\|[ -/]*[0-~])"
    r"|[\x00-\x09\x0b\x0c\x0e-\x1f\x7f])|(?P<text>[^\x00-\x1f\x7f]+)"
)
_ENTERS = re.compile(r"\x1b\[\?(?:47|1047|1049)h")
_LEAVES = re.compile(r"\x1b\[\?(?:47|1047|1049)l")
_CLEARS = re.compile(r"\x1b\[[0-3]?J|\x1bc")
# Cells between two changes that are cheaper to send again than to step over.
_SMALL_GAP = 3
# What is sent of a row from which on it may be shorter to erase it first.
_LONG_ROW = 60
# Rows are looked through for moved ones, and moved, where this many differ.
_MANY_ROWS = 4
_ROWS_OF_GAIN = 3
# What is shorter arrives at once, and needs no marks around it to be shown at once.
_ONE_PACKET = 1200


# What Textual and the views draw with, for terminals without it.
_LETTERS = dict(zip("─━│┃▌▐▔▁…·•–—×→←↑↓±", "--||||~_.*o--x><^v~", strict=True)) | dict.fromkeys(
    "╭╮╰╯┌┐└┘├┤┬┴┼", "+"
)


class Mirror:
    """What Textual wants on the alternate screen, and what is there."""

    def __init__(
        self, width: int, height: int, colours: Colours = Colours.ALL, *, is_ascii: bool = False
    ) -> None:
        self.colours = colours
        self.is_ascii = is_ascii
        self._wanted: list[Row] = []
        self._shown: list[Row] = []
        # The rows that were drawn on since what is wanted was last sent.
        self._drawn_on: set[int] = set()
        self._before: list[str] = []
        self._goal = (0, 0)
        self._brush = PLAIN
        self._at: tuple[int, int] | None = None
        self._row = 0
        self._look: Look | None = None
        # Outside the alternate screen stands what others wrote, and there the cursor is theirs.
        self._is_ours = False
        self._is_framed = False
        self.is_open = False
        self.resize(width, height)

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def resize(self, width: int, height: int) -> None:
        """Take on another size; what the terminal shows after that is not known."""
        rows = [row[:width] + [_BLANK] * (width - len(row)) for row in self._wanted[:height]]
        self._wanted = rows + [[_BLANK] * width for _ in range(height - len(rows))]
        self.width, self.height = width, height
        self.forget()

    def forget(self) -> None:
        """Hold nothing for known of what the terminal shows, so that all of it is sent again."""
        self._shown = [[_UNKNOWN] * self.width for _ in range(self.height)]
        self._drawn_on = set(range(self.height))
        self._at = self._look = None

    def feed(self, data: str) -> None:
        """Read what Textual writes."""
        for found in _TOKEN.finditer(data):
            kind, token = found.lastgroup, found.group()
            if kind == "text":
                self._draw(token)
            elif kind == "sgr":
                self._brush = looked(self._brush, found["sgr"], self.colours)
            elif kind == "at":
                row, _, column = found["at"].partition(";")
                self._goal = (int(column or 1) - 1, int(row or 1) - 1)
            elif token == _SYNC_START:
                self.is_open = self._is_framed = True
            elif token == _SYNC_END:
                self.is_open = False
            elif kind == "other":
                self._pass_on(token)

    def take(self) -> str:
        """Return what has to be sent so that the terminal shows what is wanted."""
        changes = self._changes()
        before, self._before = "".join(self._before), []
        if self._is_framed and len(changes) > _ONE_PACKET:
            changes = f"{_SYNC_START}{changes}{_SYNC_END}"
        return before + changes

    def _pass_on(self, token: str) -> None:
        # In its place among what is drawn: the alternate screen is entered before, and left after it.
        self._before.append(self._changes())
        self._before.append(token)
        if _ENTERS.fullmatch(token) or _CLEARS.fullmatch(token):
            self._is_ours = True
            self._wanted = [[_BLANK] * self.width for _ in range(self.height)]
            self.forget()
        elif _LEAVES.fullmatch(token):
            self._is_ours = False

    def _draw(self, text: str) -> None:
        x, y = self._goal
        if not 0 <= y < self.height:
            return
        cells: Row = list(_cells(text, self._brush))
        if self.is_ascii and not text.isascii():
            cells = [(_in_ascii(cell), look) for cell, look in cells]
        blank = (" ", on_blank(self._brush))
        if blank[1] != self._brush:
            cells = [blank if cell[0] == " " else cell for cell in cells]
        row = self._wanted[y]
        end = min(x + len(cells), self.width)
        kept = cells[: max(0, end - x)]
        if len(kept) < len(cells) and kept and not cells[len(kept)][0]:
            kept[-1] = _BLANK
        _part(row, x)
        _part(row, end)
        row[x:end] = kept
        self._drawn_on.add(y)
        self._goal = (end, y)

    def _changes(self) -> str:
        """Return the shortest way from what is shown to what is wanted, and hold it for gone."""
        if not self._is_ours:
            return ""
        rows = [y for y in sorted(self._drawn_on) if self._shown[y] != self._wanted[y]]
        self._drawn_on.clear()
        out: list[str] = []
        if len(rows) >= _MANY_ROWS:
            self._scroll(rows, out)
        for y in range(self.height) if len(rows) >= _MANY_ROWS else rows:
            if self._shown[y] != self._wanted[y]:
                self._send_row(y, out)
                self._shown[y] = self._wanted[y][:]
        # Where nobody writes, the cursor is hidden and may stand anywhere; input methods look for it elsewhere.
        if out and self._goal != (0, 0):
            x, y = self._goal
            self._move(min(x, self.width - 1), min(y, self.height - 1), out)
        return "".join(out)

    def _scroll(self, rows: list[int], out: list[str]) -> None:
        """Let the terminal move rows that are shown already, only higher or lower."""
        where = {tuple(self._shown[y]): y for y in reversed(rows)}
        moved = [(y, where[key] - y) for y in rows if (key := tuple(self._wanted[y])) in where]
        votes = Counter(by for _, by in moved if by)
        if not votes:
            return
        by, count = votes.most_common(1)[0]
        touched = [row for y, its in moved if its == by for row in (y, y + by)]
        top, bottom = min(touched), max(touched)
        kept = sum(1 for y in range(top, bottom + 1) if self._shown[y] == self._wanted[y])
        if count - kept < _ROWS_OF_GAIN:
            return
        self._turn(PLAIN, out)
        out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1}H\x1b[{abs(by)}{'M' if by > 0 else 'L'}\x1b[r")
        # Most terminals put the cursor into the corner then, some leave it where it was.
        self._at = None
        fresh = [[_BLANK] * self.width for _ in range(abs(by))]
        span = self._shown[top : bottom + 1]
        self._shown[top : bottom + 1] = span[by:] + fresh if by > 0 else fresh + span[:by]

    def _send_row(self, y: int, out: list[str]) -> None:
        """Send what differs of a row, or erase it and send what is not blank: whichever is shorter."""
        before = self._at, self._row, self._look
        changes = self._changes_of(y, self._shown[y])
        if len(changes) > _LONG_ROW:
            after = self._at, self._row, self._look
            self._at, self._row, self._look = before
            erased: list[str] = []
            self._move(0, y, erased)
            self._erase(erased)
            anew = "".join(erased) + self._changes_of(y, [_BLANK] * self.width)
            if len(anew) < len(changes):
                changes = anew
            else:
                self._at, self._row, self._look = after
        out.append(changes)

    def _changes_of(self, y: int, old: Row) -> str:
        """Return the shortest way from a row that is shown to the one that is wanted."""
        out: list[str] = []
        new = self._wanted[y]
        end = self.width
        while end and new[end - 1] == _BLANK:
            end -= 1
        for x1, x2 in _spans(old, new):
            self._move(x1, y, out)
            stop = x2
            # A line's end that is blank is erased at once, where that is shorter than its blanks.
            if x2 - max(x1, end) > _SMALL_GAP:
                stop = max(x1, end)
            self._write(new, x1, stop, out)
            if stop < x2:
                self._erase(out)
                break
        return "".join(out)

    def _erase(self, out: list[str]) -> None:
        """Blank the row from the cursor on; in another look than the plain one, terminals do not agree."""
        self._turn(PLAIN, out)
        out.append("\x1b[K")

    def _write(self, row: Row, x1: int, x2: int, out: list[str]) -> None:
        for x in range(x1, x2):
            text, look = row[x]
            if not text:
                continue
            if self._at is None:
                self._move(x, self._row, out)
            self._turn(look, out, is_blank=text == " ")
            out.append(text)
            # Terminals differ on how wide such a character is, and on where the cursor stands in the last column.
            is_sure = len(text) == 1 and (x + 1 == self.width or row[x + 1][0]) and x + 1 < self.width
            self._at = (x + 1, self._row) if is_sure else None

    def _turn(self, look: Look, out: list[str], is_blank: bool = False) -> None:
        if self._look is None:
            out.append("\x1b[m")
            self._look = PLAIN
        if is_blank and on_blank(self._look) == look:
            return
        if look != self._look:
            out.append(between(self._look, look))
            self._look = look

    def _move(self, x: int, y: int, out: list[str]) -> None:
        self._row = y
        if self._at == (x, y):
            return
        absolute = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"
        out.append(absolute if self._at is None else min(absolute, self._steps(x, y, *self._at), key=len))
        self._at = (x, y)

    def _steps(self, x: int, y: int, from_x: int, from_y: int) -> str:
        across, down = x - from_x, y - from_y
        steps = ""
        if down:
            steps = f"\x1b[{abs(down) if abs(down) > 1 else ''}{'B' if down > 0 else 'A'}"
        if x == 0 and across:
            return steps + "\r"
        if across > 0:
            return f"{steps}\x1b[{across if across > 1 else ''}C"
        if -4 < across < 0:
            return steps + "\b" * -across
        return f"{steps}\x1b[{-across}D" if across else steps


def _spans(old: Row, new: Row) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a row that have to be sent."""
    start = end = -1
    for x, (was, wanted) in enumerate(zip(old, new, strict=True)):
        if was == wanted:
            continue
        if start >= 0 and x - end <= _SMALL_GAP:
            end = x + 1
            continue
        if start >= 0:
            yield start, end
        start, end = x, x + 1
    if start >= 0:
        yield start, end


def _part(row: Row, x: int) -> None:
    """Blank both halves of a wide character that a column cuts in two."""
    if 0 < x < len(row) and not row[x][0]:
        row[x - 1] = row[x] = _BLANK


def _cells(text: str, look: Look) -> Iterable[Cell]:
    return zip(text, repeat(look), strict=False) if text.isascii() else _wide_cells(text, look)


@lru_cache(4096)
def _in_ascii(cell: str) -> str:
    """Return the letter that stands for a cell where there are no others; both halves of a wide one have theirs."""
    if cell and cell.isascii():
        return cell
    bare = unicodedata.normalize("NFKD", cell)[:1]
    return _LETTERS.get(cell) or (bare if bare and bare.isascii() else "?")


def _wide_cells(text: str, look: Look) -> Iterator[Cell]:
    for start, end, width in split_graphemes(text)[0]:
        if width:
            yield text[start:end], look
            for _ in range(width - 1):
                yield "", look
