"""TOML files: parsed piece by piece, so that a hundred thousand tasks never stand in memory as tables."""

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, Final

from cronsole.config.files import Unreadable
from cronsole.config.problems import plain
from cronsole.config.secrets import has_reference

_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*tasks[ \t]*\]\]", re.MULTILINE)
_OTHER_BRACKET: Final = re.compile(
    r"^[ \t]*\[(?!(?:\[[ \t]*tasks[ \t]*\]\])|\[?[ \t]*tasks[ \t]*\.)", re.MULTILINE
)
_HEADER_OR_TEXT: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*'
    r"|(?P<header>(?m:^)[ \t]*\[\[[ \t]*(?:tasks|\"tasks\"|'tasks')[ \t]*\]\])",
    re.DOTALL,
)
_PIECE: Final = 500
_AT: Final = re.compile(r" \(at [^()]*\)$")
_WHERE: Final = re.compile(r"\(at line (\d+), column (\d+)\)$")


def _fastest_parser() -> Callable[[str], dict[str, Any]]:
    """Return tomli's parser where it is compiled, else the standard library's, which is twice as slow."""
    if find_spec("tomli") is not None:
        import tomli

        if not str(tomli.__file__).endswith(".py"):
            return tomli.loads
    import tomllib

    return tomllib.loads


_loads: Final = _fastest_parser()


class TomlDocument:
    """One TOML file.

    A piece ends where a `[[tasks]]` header begins a line. Should such a line stand within a string, the piece
    before it is broken or counts too few tasks, and the file is parsed as a whole.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._heads = [found.start() for found in _HEADER.finditer(text)]
        self._tasks: object = None
        self._counted = (0, 1)
        self.has_references = has_reference(text)
        self.top: dict[str, object] = {}
        if len(self._heads) <= _PIECE or not self._read_preamble():
            self._read_whole()

    def entries(self) -> Iterator[tuple[object, int]]:
        """Yield each entry of `tasks` with its line; Unreadable when the text turns out to be broken."""
        yielded = 0
        if self._tasks is None:
            for piece, heads in self._pieces():
                for entry, head in zip(piece, heads, strict=True):
                    yield entry, self._line_at(head)
                yielded += len(piece)
        if isinstance(self._tasks, list):
            for index, entry in enumerate(self._tasks[yielded:], yielded):
                yield entry, self.line_of(("tasks", index))

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the value at a path of keys, or of the nearest thing around it."""
        start, end, keys = 0, len(self._text), path
        if path[:1] == ("tasks",) and len(path) > 1 and self._heads:
            index = int(path[1])
            if index < len(self._heads):
                start, keys = self._heads[index], path[2:]
                end = self._heads[index + 1] if index + 1 < len(self._heads) else end
        at = _find(self._text, start, end, [key for key in keys if isinstance(key, str)])
        return self._line_at(at)

    def _line_at(self, at: int) -> int:
        """Return the line of a place; places asked for in their order are counted from one to the next."""
        counted, line = self._counted if self._counted[0] <= at else (0, 1)
        line += self._text.count("\n", counted, at)
        self._counted = (at, line)
        return line

    def _read_preamble(self) -> bool:
        """Read what stands before the first task; return whether nothing but tasks follows."""
        if _OTHER_BRACKET.search(self._text, self._heads[0]):
            return False
        try:
            self.top = _loads(self._text[: self._heads[0]])
        except (ValueError, RecursionError):
            return False  # the whole file tells what is wrong with it, and where
        return "tasks" not in self.top

    def _pieces(self) -> Iterator[tuple[list[object], list[int]]]:
        """Yield tasks with the places of their headers, until one piece shows that only the whole makes sense."""
        for first in range(0, len(self._heads), _PIECE):
            heads = self._heads[first : first + _PIECE]
            end = self._heads[first + _PIECE] if first + _PIECE < len(self._heads) else len(self._text)
            try:
                tasks = _loads(self._text[heads[0] : end])["tasks"]
            except (ValueError, RecursionError):
                tasks = []
            if len(tasks) != len(heads):
                self._read_whole()
                return
            yield tasks, heads

    def _read_whole(self) -> None:
        try:
            self.top = _loads(self._text)
        except RecursionError as fault:
            raise Unreadable("is nested too deeply") from fault
        except ValueError as fault:
            raise _broken(fault, self._text) from fault
        self._tasks = self.top.pop("tasks", [])
        if isinstance(self._tasks, list) and len(self._tasks) != len(self._heads):
            found = _HEADER_OR_TEXT.finditer(self._text)
            self._heads = [match.start() for match in found if match["header"] is not None]
            if len(self._tasks) != len(self._heads):
                self._heads = []  # an array written in one go has no headers
        elif not isinstance(self._tasks, list):
            self.top["tasks"] = self._tasks


def _broken(fault: ValueError, text: str) -> Unreadable:
    """Return what the parser says, with its line and column."""
    told = str(fault)
    line, column = getattr(fault, "lineno", None), getattr(fault, "colno", None)
    if line is None or column is None:
        where = _WHERE.search(told)
        line, column = (int(where[1]), int(where[2])) if where else (text.count("\n") + 1, 0)
    if "integer string conversion" in told:
        return Unreadable("a number has too many digits")
    return Unreadable(f"TOML syntax: {plain(_AT.sub('', told), 200)}", line, column)


def _find(text: str, start: int, end: int, keys: list[str]) -> int:
    """Return where the last of nested keys is written, or the last of them that can be found."""
    at = start
    for key in keys:
        form = rf"""(?:^[ \t]*|[{{,.\[][ \t]*)(?P<key>["']?{re.escape(key)}["']?)[ \t]*[=.\]]"""
        found = re.compile(form, re.MULTILINE).search(text, at, end)
        if found is None:
            break
        at = found.start("key")
    return at
