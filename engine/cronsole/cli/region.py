"""A few lines of the terminal that are repainted in place: only those that changed are sent."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console, RenderableType

from cronsole.cli import render

_HIDE_CURSOR: Final = "\x1b[?25l"
_SHOW_CURSOR: Final = "\x1b[?25h"
_CLEAR_BELOW: Final = "\x1b[J"
_CLEAR_RIGHT: Final = "\x1b[K"


class Region:
    """Lines below the prompt; as a context it hides the cursor, and leaves the last picture there at the end.

    Between two pictures the cursor rests at the start of the line below them.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[str] = []
        self._width = console.width

    def __enter__(self) -> Self:
        render.write(_HIDE_CURSOR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        render.write(_SHOW_CURSOR)

    def paint(self, picture: RenderableType) -> None:
        """Show a picture in the place of the last; it has to be lower than the terminal."""
        with self._console.capture() as capture:
            self._console.print(picture, crop=False, no_wrap=True, overflow="ellipsis")
        lines = capture.get().splitlines()
        if self._console.width != self._width:
            # The terminal may have broken the old lines anew: none of them is where it was.
            self._width = self._console.width
            update = _up(len(self._lines)) + _CLEAR_BELOW + "".join(f"{line}\n" for line in lines)
        else:
            update = difference(self._lines, lines)
        self._lines = lines
        if update:
            render.write(update)


def difference(old: list[str], new: list[str]) -> str:
    """Return what turns one picture into the other: nothing where they are equal."""
    if old == new:
        return ""
    update = _up(len(old))
    for index, line in enumerate(new):
        if index < len(old) and old[index] == line:
            update += "\n"
        else:
            update += f"{line}{_CLEAR_RIGHT}\n"
    return update + (_CLEAR_BELOW if len(new) < len(old) else "")


def _up(count: int) -> str:
    return f"\x1b[{count}A" if count else ""
