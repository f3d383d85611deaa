"""Server-sent events off the wire, as the HTML standard has them; bytes may be cut anywhere."""

from typing import Final

import msgspec

_BOM: Final = b"\xef\xbb\xbf"
_LONGEST_RETRY: Final = 10
_LINE_ENDS: Final = (b"\n", b"\r")


class Message(msgspec.Struct, frozen=True):
    """One event of a stream; `last_id` is where a reader goes on who was cut off after it."""

    data: bytes
    kind: str = "message"
    last_id: str = ""


class MessageParser:
    """Turns what was received into messages; an unfinished one waits for its rest.

    `last_id` is that of the last message, and `retry_ms` what the server wants between two attempts, where it said so.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_ms: int | None = None
        self._id = last_id
        self._kind = ""
        self._data: list[bytes] = []
        self._rest: list[bytes] = []
        self._is_after_cr = False
        self._is_first_line = True

    def feed(self, chunk: bytes) -> list[Message]:
        """Return the messages that these bytes complete."""
        if self._is_after_cr and chunk:
            # The CR has ended the line already; this is the other half of its CR LF.
            chunk = chunk.removeprefix(b"\n")
            self._is_after_cr = False
        if not chunk:
            return []
        self._is_after_cr = chunk.endswith(b"\r")
        lines = chunk.splitlines(keepends=True)
        unfinished = b"" if lines[-1].endswith(_LINE_ENDS) else lines.pop()
        if lines and self._rest:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
        if unfinished:
            self._rest.append(unfinished)
        taken = (self._take(line.rstrip(b"\r\n")) for line in lines)
        return [message for message in taken if message is not None]

    def _take(self, line: bytes) -> Message | None:
        if self._is_first_line:
            line = line.removeprefix(_BOM)
            self._is_first_line = False
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._set(name, value.removeprefix(b" "))
        return None

    def _set(self, name: bytes, value: bytes) -> None:
        """Take a field; a comment has no name, and a name that the standard does not know is passed over."""
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) < _LONGEST_RETRY:
            self.retry_ms = int(value)

    def _dispatch(self) -> Message | None:
        kind, data = self._kind or "message", self._data
        self._kind, self._data = "", []
        self.last_id = self._id
        if not data:
            return None
        return Message(b"\n".join(data), kind, self.last_id)
