"""The only writer to the terminal: text for people on stdout and stderr, JSON lines for programs."""

import os
import sys
from enum import StrEnum
from typing import Any, TextIO

PIPE_CLOSED = 141
"""The exit code of a program whose reader went away, as the shell counts it: 128 + SIGPIPE."""


class Style(StrEnum):
    """How a line is set off where the terminal shows colour; the value is its SGR code."""

    STRONG = "1"
    FAINT = "2"
    BAD = "31"
    GOOD = "32"
    WARN = "33"


def out(text: str, style: Style | None = None) -> None:
    """Write a line to stdout."""
    _write(sys.stdout, text, style)


def err(text: str, style: Style | None = None) -> None:
    """Write a line to stderr."""
    _write(sys.stderr, text, style)


def json_line(value: Any) -> None:
    """Write a value to stdout as one line of JSON."""
    import msgspec  # `cronsole --version` writes no JSON and shall not wait for it

    _write(sys.stdout, msgspec.json.encode(value).decode(), None)


def flush() -> None:
    """Hand what was written to the reader now, while a closed pipe can still be met quietly."""
    try:
        print(end="", flush=True)
    except BrokenPipeError:
        _stop_quietly()


def has_colour(stream: TextIO | None) -> bool:
    """Return whether people see colour on a stream: a terminal that is not told otherwise by NO_COLOR."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _write(stream: TextIO | None, text: str, style: Style | None) -> None:
    # `print` takes a stream that is None, as it is when the descriptor was closed before the start.
    line = f"\x1b[{style}m{text}\x1b[0m" if style and has_colour(stream) else text
    try:
        print(line, file=stream)
    except BrokenPipeError:
        _stop_quietly()


def _stop_quietly() -> None:
    # The interpreter flushes stdout once more on its way out; that must not meet the closed pipe again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(PIPE_CLOSED)
