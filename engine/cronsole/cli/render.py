"""The only writer to the terminal: text for people on stdout and stderr, JSON lines for programs."""

import errno
import io
import os
import shutil
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

INTERRUPTED = 130
PIPE_CLOSED = 141
"""The exit code of a program whose reader went away, as the shell counts it: 128 + SIGPIPE."""


UNBOUNDED = 100_000
"""The width of what is no terminal: a program that reads a table wants every word of it."""


WIDTH_OF_A_PIPE = 120
"""What a drawing takes where nobody says how wide it may be."""


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


def prompt(text: str) -> None:
    """Write a question to stderr, whose line the answer ends."""
    _bear_any_letter(sys.stderr)
    print(text, end="", file=sys.stderr, flush=True)


def json_line(value: Any) -> None:
    """Write a value to stdout as one line of JSON."""
    import msgspec  # `cronsole --version` writes no JSON and shall not wait for it

    _write(sys.stdout, msgspec.json.encode(value).decode(), None)


def show(renderable: "RenderableType") -> None:
    """Write what rich renders to stdout: fitted to a terminal's width, plain and in full width where it is none."""
    console = console_of()
    try:
        console.print(
            renderable, crop=False, no_wrap=True, overflow="ignore", soft_wrap=not console.is_terminal
        )
    except BrokenPipeError:
        _stop_quietly()


def console_of() -> "Console":
    """Return rich's view of stdout, in which nothing is markup and nothing gets a colour by its looks."""
    from rich.console import Console  # a fifth of the time that `next` may take

    _bear_any_letter(sys.stdout)
    is_terminal = is_on_terminal()
    return Console(
        file=sys.stdout,
        force_terminal=is_terminal,
        color_system="auto" if has_colour(sys.stdout) else None,
        width=None if is_terminal else UNBOUNDED,
        markup=False,
        emoji=False,
        highlight=False,
    )


def write(text: str) -> None:
    """Write a piece of text to stdout as it is, and hand it to the reader at once."""
    _bear_any_letter(sys.stdout)
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        _stop_quietly()


def raw(data: bytes) -> None:
    """Write bytes to stdout as they are, and hand them to the reader at once."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _stop_quietly()


def is_on_terminal() -> bool:
    """Return whether a person sees stdout as it is written."""
    return sys.stdout is not None and sys.stdout.isatty()


def can_repaint() -> bool:
    """Return whether stdout is a terminal that can write over what it shows."""
    return is_on_terminal() and os.environ.get("TERM") not in ("dumb", "unknown")


def terminal_width() -> int:
    """Return how many cells a line on stdout may take."""
    return shutil.get_terminal_size((WIDTH_OF_A_PIPE, 24)).columns if is_on_terminal() else WIDTH_OF_A_PIPE


def has_colour_out() -> bool:
    """Return whether people see colour on stdout."""
    return has_colour(sys.stdout)


def has_glyphs() -> bool:
    """Return whether the reader's locale and terminal can show more than ASCII."""
    environ = os.environ
    if environ.get("TERM") in ("linux", "dumb") and is_on_terminal():
        return False
    # What Python makes of the C locale is UTF-8; what the reader's terminal makes of it is not.
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "UTF-8"
    return "UTF8" in locale.upper().replace("-", "")


def flush() -> None:
    """Hand what was written to the reader now, while a closed pipe can still be met quietly."""
    try:
        print(end="", flush=True)
    except BrokenPipeError:
        _stop_quietly()
    except OSError as error:
        _bear_hang_up(error)


def has_colour(stream: TextIO | None) -> bool:
    """Return whether people see colour on a stream: a terminal that is not told otherwise by NO_COLOR."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _write(stream: TextIO | None, text: str, style: Style | None) -> None:
    # `print` takes a stream that is None, as it is when the descriptor was closed before the start.
    _bear_any_letter(stream)
    line = f"\x1b[{style}m{text}\x1b[0m" if style and has_colour(stream) else text
    try:
        print(line, file=stream)
    except BrokenPipeError:
        _stop_quietly()
    except OSError as error:
        _bear_hang_up(error)


def _bear_hang_up(error: OSError) -> None:
    """Go on where the terminal is gone: there is nobody to tell, and what is left to do is to be done."""
    if error.errno != errno.EIO:
        raise error


def _bear_any_letter(stream: TextIO | None) -> None:
    """Have letters that the stream's encoding lacks written as escapes, rather than stop there."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")


def _stop_quietly() -> None:
    # The interpreter flushes stdout once more on its way out; that must not meet the closed pipe again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(PIPE_CLOSED)
