"""Bytes of a log as lines to look at: colours kept, every other control sequence shown as text.

A line is told by its own bytes alone: colours begin anew on each, as in `less -R`, so that a log can be entered
anywhere. Lines are cut into pieces of bounded size, of which the first is what an unwrapped view shows.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from cronsole.terminal import COLOUR
from cronsole.text import safe, width

PIECE_BYTES = 8192
TAB_CELLS = 8
# Of the states that carriage returns put over one another, the last few can leave something to see.
_LAST_STATES = 8
_COLOUR_BYTES = re.compile(COLOUR.pattern.encode())
_OPEN_SEQUENCE = re.compile(rb"\x1b(?:\[[0-9;:]{0,64})?\Z")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike", 21: "underline"}
_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}


class LogSpan(NamedTuple):
    """Safe text in a style of rich's language, such as `bold color(9) on #102030`; empty is plain."""

    text: str
    style: str = ""


LogLine: TypeAlias = tuple[LogSpan, ...]
FAINT = "dim"


class Piece(NamedTuple):
    """A line, or a part of one. `begin` lies before `offset` where overwritten states were left away.

    A `hole` stands for bytes that are no longer there.
    """

    begin: int
    offset: int
    data: bytes
    is_start: bool = True
    is_end: bool = False
    overwritten: int = 0
    hole: int = 0

    @property
    def end(self) -> int:
        return self.offset + len(self.data) + self.hole


def split(data: bytes, offset: int, first: Piece | None = None) -> Iterator[Piece]:
    """Yield the pieces of a log's bytes; the first goes on with a piece that has not come to its line's end."""
    begin, is_start, overwritten = offset, True, 0
    if first is not None:
        data = first.data + data
        begin, offset, is_start, overwritten = first.begin, first.offset, first.is_start, first.overwritten
    at = 0
    while at < len(data):
        cut = _end_of_piece(data, at)
        part = data[at:cut]
        at = cut
        is_end = part.endswith(b"\n")
        if not is_end and part.endswith(b"\r") and at < len(data):
            overwritten += part.count(b"\r")
            offset += len(part)
            continue
        yield Piece(begin, offset, part, is_start, is_end, overwritten)
        offset += len(part)
        begin, is_start, overwritten = offset, is_end, 0


def _end_of_piece(data: bytes, at: int) -> int:
    limit = at + PIECE_BYTES
    newline = data.find(b"\n", at, limit)
    if newline >= 0:
        return newline + 1
    if len(data) <= limit:
        return len(data)
    # One byte less, because a return right before a newline overwrites nothing.
    if (back := data.rfind(b"\r", at, limit - 1)) >= 0:
        return back + 1
    return limit - len(_unfinished(data[limit - 80 : limit]))


def _unfinished(tail: bytes) -> bytes:
    """Return the beginning of a character, a sequence or a line's end that the bytes end with."""
    if tail.endswith(b"\r"):
        return b"\r"
    if found := _OPEN_SEQUENCE.search(tail):
        return found.group()
    for count in range(1, min(4, len(tail) + 1)):
        byte = tail[-count]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return tail[-count:] if count < needed else b""
        if byte < 0x80:
            break
    return b""


@lru_cache(2048)
def displayed(piece: Piece) -> LogLine:
    """Return what is to be seen of a piece."""
    if piece.hole:
        return (LogSpan(f"… {piece.hole:,} bytes left out …", FAINT),)
    body = piece.data.removesuffix(b"\n").rstrip(b"\r")
    if not piece.is_end and (unfinished := _unfinished(body[-80:])):
        body = body[: -len(unfinished)]
    states = body.split(b"\r")
    if len(states) == 1:
        spans = _merged(_spans(body.decode("utf-8", "backslashreplace"), _Style()))
    else:
        spans = _merged(_over(states, _Style()))
    if overwritten := piece.overwritten + len(states) - 1:
        spans.append(LogSpan(f" (+{overwritten:,} overwritten)", FAINT))
    return tuple(spans)


class _Style:
    """The style that SGR sequences have led to."""

    def __init__(self) -> None:
        self.attributes: dict[str, None] = {}
        self.ink = self.paper = ""

    def __str__(self) -> str:
        return " ".join([*self.attributes, *filter(None, [self.ink, self.paper and f"on {self.paper}"])])

    def obey(self, parameters: str) -> None:
        """Take on what a colour says; what a view has no picture of, such as the colour of a line under it, is left."""
        numbers = _numbers(parameters)
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48, 58):
                self._paint(number - 8, _colour(numbers))
            else:
                self._obey_one(number)

    def _obey_one(self, number: int) -> None:
        if number == 0:
            self.__init__()  # type: ignore[misc] # as it was in the beginning
        elif number in _ATTRIBUTES:
            self.attributes[_ATTRIBUTES[number]] = None
        elif number in _ENDS:
            for name in _ENDS[number]:
                self.attributes.pop(name, None)
        elif 30 <= number % 60 <= 37:
            self._paint(30, ("bright_" if number >= 60 else "") + _NAMES[number % 10])
        elif 40 <= number % 60 <= 47:
            self._paint(40, ("bright_" if number >= 60 else "") + _NAMES[number % 10])
        elif number in (39, 49):
            self._paint(number - 9, "")

    def _paint(self, place: int, colour: str) -> None:
        if place == 30:
            self.ink = colour
        elif place == 40:
            self.paper = colour


def _numbers(parameters: str) -> list[int]:
    """Return the numbers of a colour, those by colons spelt as those by semicolons."""
    numbers: list[int] = []
    for part in parameters.split(";"):
        head, *rest = part.split(":")
        if not rest:
            numbers.append(int(part or 0))
        elif head == "4":
            numbers.append(24 if rest == ["0"] else 4)
        else:
            count = 3 if rest[0] == "2" else 1
            numbers += [int(head), int(rest[0]), *map(int, rest[-count:])]
    return numbers


def _colour(numbers: list[int]) -> str:
    count = {5: 1, 2: 3}[numbers.pop(0)]
    values, numbers[:count] = numbers[:count], []
    return f"color({values[0]})" if count == 1 else "#{:02x}{:02x}{:02x}".format(*values)


def _spans(text: str, style: _Style) -> Iterator[LogSpan]:
    """Yield the text between its colours, made safe, tabs as blanks."""
    at = column = 0
    for found in [*COLOUR.finditer(text), None]:
        part = text[at : found.start() if found else len(text)]
        if part:
            shown = _shown(part, column)
            column += width(shown)
            yield LogSpan(shown, str(style))
        if found is None:
            return
        at = found.end()
        style.obey(found.group()[2:-1])


def _shown(text: str, column: int) -> str:
    if "\t" not in text:
        return safe(text)
    shown = ""
    for part in re.split("(\t)", text):
        shown += " " * (TAB_CELLS - (column + width(shown)) % TAB_CELLS) if part == "\t" else safe(part)
    return shown


def _over(states: list[bytes], style: _Style) -> list[LogSpan]:
    """Return what is left to see of states that were written over one another."""
    cells: list[LogSpan] = []
    for state in states[-_LAST_STATES:]:
        spans = _spans(state.decode("utf-8", "backslashreplace"), style)
        over = [LogSpan(cell, said) for text, said in spans for cell in text]
        cells[: len(over)] = over
    return cells


def _merged(spans: Iterable[LogSpan]) -> list[LogSpan]:
    found: list[tuple[list[str], str]] = []
    for text, style in spans:
        if found and found[-1][1] == style:
            found[-1][0].append(text)
        else:
            found.append(([text], style))
    return [LogSpan("".join(texts), style) for texts, style in found]


@lru_cache(2048)
def wrapped(line: LogLine, cells: int) -> tuple[LogLine, ...]:
    """Return a line in rows of at most that many cells, of which there is at least one."""
    rows: list[LogLine] = []
    row: list[LogSpan] = []
    left = cells = max(2, cells)
    for text, style in line:
        while width(text) > left:
            head, text = _cut(text, left)
            if head:
                row.append(LogSpan(head, style))
            rows.append(tuple(row))
            row, left = [], cells
        row.append(LogSpan(text, style))
        left -= width(text)
    return (*rows, tuple(row))


def _cut(text: str, cells: int) -> tuple[str, str]:
    if text.isascii():
        return text[:cells], text[cells:]
    taken = 0
    for index, character in enumerate(text):
        taken += width(character)
        if taken > cells:
            return text[:index], text[index:]
    return text, ""


def without_colours(data: bytes) -> bytes:
    """Return bytes of a log without its colours, to search in."""
    return _COLOUR_BYTES.sub(b"", data)
