"""Terminal-safe text, cut and padded by cells; durations and counts as people read them."""

import re
from itertools import pairwise
from typing import Literal

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis

ELLIPSIS = "…"

# Controls, what turns the direction of writing or hides in it, separators of lines, tags, lone surrogates.
# Joiners (U+200C, U+200D) stay: they make up letters and emoji, and cannot leave their cell.
_UNSAFE = "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb"
_UNSAFE += "\ud800-\udfff\U000e0000-\U000e007f"
_UNFIT_FOR_AN_ID = re.compile(r"[^\w.:/@+=#~-]+")
_LONGEST_PART = 120
_ANY = re.compile(f"[{_UNSAFE}]")
_ALL_BUT_BREAKS = re.compile(f"(?![\n\t])[{_UNSAFE}]")


def safe(text: str, *, keeps_breaks: bool = False) -> str:
    """Return the text with all that a terminal could obey shown as an escape, such as `\\x1b`.

    Newlines and tabs stay as they are where `keeps_breaks` is set.
    """
    # Most cells hold nothing else, and this looks at them without a pattern.
    if text.isprintable():
        return text
    return (_ALL_BUT_BREAKS if keeps_breaks else _ANY).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def part_of_id(text: str) -> str:
    """Return the text as it may stand in the id of a schedule."""
    return _UNFIT_FOR_AN_ID.sub("-", text)[:_LONGEST_PART].strip("-") or "unnamed"


def width(text: str) -> int:
    """Return how many cells the text takes, wide and combining characters told apart."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def truncate(text: str, cells: int) -> str:
    """Return the text in at most that many cells, with an ellipsis where something was cut off."""
    if width(text) <= cells:
        return text
    if cells <= 1:
        return ELLIPSIS[: max(0, cells)]
    if text.isascii():
        return text[: cells - 1] + ELLIPSIS
    from rich.cells import set_cell_size

    return set_cell_size(text, cells - 1) + ELLIPSIS


def pad(text: str, cells: int, *, align: Literal["left", "right"] = "left") -> str:
    """Return the text in exactly that many cells, cut or filled up with spaces."""
    text = truncate(text, cells)
    space = " " * (cells - width(text))
    return text + space if align == "left" else space + text


def human_duration(duration_ms: Millis) -> str:
    """Return the two largest units of a duration, rounded down: `340ms`, `3.1s`, `2m 14s`, `21h 26m`."""
    if duration_ms < 0:
        return f"-{human_duration(-duration_ms)}"
    if duration_ms < SECOND:
        return f"{duration_ms}ms"
    if duration_ms < MINUTE:
        seconds, tenths = divmod(duration_ms // 100, 10)
        return f"{seconds}.{tenths}s" if tenths else f"{seconds}s"
    return _two_units(duration_ms)


def ago(at: Instant, now: Instant) -> str:
    """Return how long ago something was: `just now`, `14s ago`, `3d ago`; `in 5m` when it is to come."""
    if at > now:
        return until(at, now)
    if now - at < SECOND:
        return "just now"
    return f"{_one_unit(now - at)} ago"


def until(at: Instant, now: Instant) -> str:
    """Return how long it is until something: `now`, `in 14s`, `in 2m 14s`; `5m ago` when it is past."""
    if at < now:
        return ago(at, now)
    # Rounded up, because a countdown that shows nothing left has come to its end.
    left = -(-(at - now) // SECOND) * SECOND
    return f"in {human_duration(left)}" if left else "now"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return a count with its noun: `1 run`, `1,304 runs`, `2 retries`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))


def _one_unit(duration_ms: Millis) -> str:
    for size, name in _UNITS:
        if duration_ms >= size:
            return f"{duration_ms // size}{name}"
    return f"{duration_ms}ms"


def _two_units(duration_ms: Millis) -> str:
    for (size, name), (smaller, its_name) in pairwise(_UNITS):
        if duration_ms >= size:
            count, rest = divmod(duration_ms, size)
            return f"{count}{name} {rest // smaller}{its_name}" if rest >= smaller else f"{count}{name}"
    return _one_unit(duration_ms)
