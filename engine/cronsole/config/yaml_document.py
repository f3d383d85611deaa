"""YAML files: built from the parser's events, so that depth, aliases and double keys are judged on the way."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec
import yaml

from cronsole.config.files import Unreadable
from cronsole.config.problems import plain
from cronsole.config.secrets import has_reference

_DEEPEST: Final = 64
_LARGEST_EXPANSION: Final = 2_000_000
_CORE: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,4000}|0x[0-9a-fA-F]{1,4000}|0o[0-7]{1,4000}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: Final[dict[str, object]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_Loader: TypeAlias = Any
_LOADER: Final[_Loader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Frame(msgspec.Struct):
    """A table or list whose end has not come yet; `size` counts what it holds, aliases written out."""

    value: dict[str, object] | list[object]
    anchor: str | None
    line: int
    key: str | None = None
    key_line: int = 0
    size: int = 1


class YamlDocument:
    """One YAML file, by the core rules of YAML 1.2: `yes`, `on` and `12:30` are text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[int, dict[str | int, int]] | None = None
        self._root = self._build()
        if not isinstance(self._root, dict):
            raise Unreadable("holds no table at its top; write `tasks:` with a list under it")
        self.has_references = has_reference(text)
        self.top: dict[str, object] = dict(self._root)
        self._tasks = self.top.get("tasks")
        if isinstance(self._tasks, list):
            del self.top["tasks"]

    def entries(self) -> Iterator[tuple[object, int]]:
        """Yield each entry of `tasks` with its line."""
        if isinstance(self._tasks, list):
            yield from zip(self._tasks, self._task_lines, strict=True)

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the value at a path of keys, or of the nearest thing around it."""
        if self._lines is None:
            # Lines are kept only for a file with a fault: they take more memory than the values.
            self._lines = {}
            self._root = self._build()
        value, line = self._root, 1
        for part in path:
            line = self._lines.get(id(value), {}).get(part, line)
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                break
        return line

    def _build(self) -> object:
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._documents: list[object] = []
        self._task_lines: list[int] = []
        try:
            for event in yaml.parse(self._text, Loader=_LOADER):
                self._take(event)
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            told = ", ".join(part for part in (fault.context, fault.problem) if part)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 0)
            raise Unreadable(f"YAML syntax: {plain(told, 200)}", line, column) from fault
        except yaml.reader.ReaderError as fault:
            line = self._text.count("\n", 0, fault.position) + 1
            raise Unreadable(f"YAML syntax: {plain(fault.reason, 200)}", line) from fault
        return self._documents[0] if self._documents else None

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._take_scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.CollectionEndEvent():
                self._close(event)
            case yaml.DocumentStartEvent() if self._documents:
                raise _at(event, "a second document begins; one file holds one")
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise _at(event, f"the alias *{event.anchor} has no anchor before it")
                self._put(*self._anchors[event.anchor], event)

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            frame.key, frame.key_line = event.value, _line(event)
            return
        value = _scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1, event)

    def _open(self, value: dict[str, object] | list[object], event: yaml.CollectionStartEvent) -> None:
        if len(self._frames) >= _DEEPEST:
            raise _at(event, "is nested too deeply")
        if self._frames and isinstance(self._frames[-1].value, dict) and self._frames[-1].key is None:
            raise _at(event, "a key must be text")
        if event.tag is not None and event.tag not in (f"{_CORE}map", f"{_CORE}seq", "!"):
            raise _at(event, f"the tag {plain(event.tag, 60)} is not accepted")
        if event.anchor:
            # Before its end there is nothing that an alias could mean, least of all the whole within itself.
            self._anchors.pop(event.anchor, None)
        self._note_task(event)
        self._frames.append(_Frame(value, event.anchor, _line(event)))

    def _close(self, event: yaml.Event) -> None:
        frame = self._frames.pop()
        if isinstance(frame.value, dict) and "<<" in frame.value:
            self._merge(frame.value, frame.line)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.size)
        self._put(frame.value, frame.size, event, frame.line)

    def _put(self, value: object, size: int, event: yaml.Event, opened: int = 0) -> None:
        """Put a finished value where it belongs: under the pending key, behind the last item, or at the top."""
        if not self._frames:
            self._documents.append(value)
            return
        if not opened:
            self._note_task(event)
        frame = self._frames[-1]
        frame.size += size
        if frame.size > _LARGEST_EXPANSION:
            raise _at(event, "its aliases stand for more than can be meant")
        if isinstance(frame.value, list):
            self._note_line(frame, len(frame.value), opened or _line(event))
            frame.value.append(value)
        elif frame.key is None:
            raise _at(event, "a key must be text")
        elif frame.key in frame.value:
            raise Unreadable(f'the key "{plain(frame.key, 60)}" stands here twice', frame.key_line)
        else:
            self._note_line(frame, frame.key, frame.key_line)
            frame.value[frame.key], frame.key = value, None

    def _note_task(self, event: yaml.Event) -> None:
        """Keep the line of an item of the top-level `tasks`."""
        if (
            len(self._frames) == 2
            and self._frames[0].key == "tasks"
            and isinstance(self._frames[1].value, list)
        ):
            self._task_lines.append(_line(event))

    def _note_line(self, frame: _Frame, key: str | int, line: int) -> None:
        if self._lines is not None:
            self._lines.setdefault(id(frame.value), {})[key] = line

    def _merge(self, table: dict[str, object], line: int) -> None:
        """Write out `<<`: what the table itself says wins over what it merges, the first merged over the rest."""
        merged = table.pop("<<")
        for other in merged if isinstance(merged, list) else [merged]:
            if not isinstance(other, dict):
                raise Unreadable("<< must name a table or a list of tables", line)
            for key, value in other.items():
                table.setdefault(key, value)


def _scalar(event: yaml.ScalarEvent) -> object:
    text: str = event.value
    if event.tag is not None and event.tag != "!":
        if event.tag == f"{_CORE}str":
            return text
        raise _at(event, f"the tag {plain(event.tag, 60)} is not accepted")
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0 if text[:2] in ("0x", "0o") else 10)
    return float(text) if _FLOAT.fullmatch(text) else text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _at(event: yaml.Event, message: str) -> Unreadable:
    return Unreadable(message, _line(event), event.start_mark.column + 1 if event.start_mark else 0)
