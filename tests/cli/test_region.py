"""Pictures in place, as the screen of a terminal shows them."""

import io
from contextlib import redirect_stdout, suppress

from rich.console import Console
from rich.text import Text

from cronsole.cli.region import Region, difference


class Screen:
    """As much of a terminal as a region speaks to: text, line breaks, up, and clearing."""

    def __init__(self) -> None:
        self.lines = ["$ watch", ""]
        self.row = 1

    def show(self, text: str) -> None:
        for piece in text.replace("\x1b", "\n\x1b").replace("\n\x1b", "\x00\x1b").split("\x00"):
            self._take(piece)

    def _take(self, piece: str) -> None:
        if piece.startswith("\x1b["):
            end = next(at for at in range(2, len(piece)) if piece[at].isalpha())
            self._obey(piece[2:end], piece[end])
            piece = piece[end + 1 :]
        for at, line in enumerate(piece.split("\n")):
            if at:
                self.row += 1
                self.lines.extend([""] * (self.row + 1 - len(self.lines)))
            if line:
                self.lines[self.row] = line + self.lines[self.row][len(line) :]
                self.column = len(line)

    def _obey(self, number: str, what: str) -> None:
        if what == "A":
            self.row -= int(number)
        elif what == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif what == "J":
            del self.lines[self.row :]
            self.lines.append("")


PICTURES = [
    ["one", "two", "three"],
    ["one", "2", "three"],
    ["one"],
    ["one", "a longer line", "x", "y"],
    ["z"],
]


def test_each_picture_takes_the_place_of_the_last():
    screen = Screen()
    old: list[str] = []
    for picture in PICTURES:
        screen.show(difference(old, picture))
        assert screen.lines == ["$ watch", *picture, ""]
        old = picture


def test_lines_that_did_not_change_are_not_sent_again():
    assert difference(["one", "two"], ["one", "2"]) == "\x1b[2A\n2\x1b[K\n"
    assert difference(["one", "two"], ["one", "two"]) == ""


def test_the_cursor_is_hidden_meanwhile_and_comes_back_whatever_happens():
    with (
        redirect_stdout(io.StringIO()) as terminal,
        suppress(KeyError),
        Region(Console(width=20)) as region,
    ):
        region.paint(Text("one"))
        raise KeyError
    assert terminal.getvalue() == "\x1b[?25lone\x1b[K\n\x1b[?25h"


def test_after_a_change_of_width_all_is_painted_anew():
    console = Console(width=20, file=io.StringIO())
    with redirect_stdout(io.StringIO()) as terminal, Region(console) as region:
        region.paint(Text("one"))
        console.width = 30
        region.paint(Text("one"))
    assert "\x1b[1A\x1b[Jone\n" in terminal.getvalue()
