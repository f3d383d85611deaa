"""Readers of single values: from what TOML or YAML gives to what the model holds, or a Fault that says why not."""

import datetime as dt
import re
from enum import StrEnum
from typing import Any, Final

from cronsole.config.keys import Reader, Scope, attempt
from cronsole.config.problems import Fault, Flaw, plain, wrong_kind
from cronsole.errors import nearest
from cronsole.model.instant import SECOND, Instant, Millis
from cronsole.triggers.duration import parse_duration
from cronsole.triggers.parse import parse_at
from cronsole.triggers.zone import zone

LONGEST_TEXT: Final = 64 * 1024

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,15})\s*(?P<unit>[KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_DURATION_HINT: Final = "a duration such as 90s, 5m, 1h30m or 2d"


class Resolved(str):
    """Text out of a reference, which may stand for a number or a truth value where one is wanted."""

    __slots__ = ()

    def __repr__(self) -> str:
        # Told apart from the same text that stands in the file as it is.
        return f"${str.__repr__(self)}"


def text(value: object, _scope: Scope) -> str:
    if not isinstance(value, str):
        raise wrong_kind(value, "text in quotes")
    if "\0" in value:
        raise Fault("holds a NUL character, which no text may")
    if len(value) > LONGEST_TEXT:
        raise Fault(f"is longer than {LONGEST_TEXT:,} characters")
    return str(value)


def word(value: object, scope: Scope) -> str:
    """Read text of at least one character on one line."""
    found = text(value, scope)
    if not found.strip():
        raise Fault("is empty; leave the key out instead")
    if not found.isprintable():
        raise Fault("holds a line end or a control character")
    return found


def path(value: object, scope: Scope) -> str:
    """Read a path; a relative one starts at the folder of the file that names it."""
    from pathlib import Path

    found = word(value, scope)
    try:
        return str(Path(scope.folder, Path(found).expanduser()))
    except RuntimeError as fault:
        raise Fault("names a home that cannot be found") from fault


def truth(value: object, _scope: Scope) -> bool:
    if isinstance(value, Resolved) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise wrong_kind(value, "true or false, without quotes")
    return value


def count(least: int, most: int = 10**9) -> Reader:
    """Return a reader of whole numbers between two bounds."""

    def read(value: object, _scope: Scope) -> int:
        if isinstance(value, Resolved) and re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong_kind(value, "a whole number, without quotes")
        if not least <= value <= most:
            raise Fault(f"is out of range; accepted is {least:,} to {most:,}")
        return value

    return read


def factor(value: object, _scope: Scope) -> float:
    """Read the factor of a back-off."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_kind(value, "a number from 1 to 100")
    if not 1 <= value <= 100:
        raise Fault("is out of range; accepted is 1 to 100")
    return float(value)


def duration(value: object, _scope: Scope) -> Millis:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Fault(f'is a number without a unit; write "{plain(str(value), 20)}s" for seconds')
    if not isinstance(value, str):
        raise wrong_kind(value, _DURATION_HINT)
    return parse_duration(value)


def span(value: object, scope: Scope) -> Millis:
    """Read a duration that is not zero."""
    found = duration(value, scope)
    if found == 0:
        raise Fault(f"is no time at all; accepted is {_DURATION_HINT}")
    return found


def span_or_never(value: object, scope: Scope) -> Millis | None:
    return None if value == "never" else span(value, scope)


def seconds(value: object, scope: Scope) -> int:
    """Read a duration as whole seconds, rounded up: the kernel counts no finer."""
    return -(-span(value, scope) // SECOND)


def size(value: object, _scope: Scope) -> int:
    """Read a size; K, M and G are powers of 1024, as systemd and containers count."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**50:
        return value
    if not isinstance(value, str):
        raise wrong_kind(value, "a size such as 512MB or 2GB")
    found = _SIZE.fullmatch(value.strip())
    if found is None or not int(found["number"]):
        raise Fault("is not a size; accepted is 64KB, 512MB or 2GB")
    total = int(found["number"]) * _UNITS[found["unit"].upper()]
    if total >= 2**50:
        raise Fault("is larger than any machine")
    return total


def one_of(kind: type[StrEnum]) -> Reader:
    """Return a reader of an enum, in snake_case or CamelCase."""
    known = [member.value for member in kind]

    def read(value: object, _scope: Scope) -> StrEnum:
        if not isinstance(value, str):
            raise wrong_kind(value, f"one of {', '.join(known)}")
        spelled = _CAMEL.sub("_", value).lower()
        if spelled in known:
            return kind(spelled)
        meant = nearest(spelled[:60], known)
        raise Fault(
            f"accepted is one of {', '.join(known)}" + (f'; did you mean "{meant}"?' if meant else "")
        )

    return read


def pattern(value: object, scope: Scope) -> str:
    """Read a regular expression."""
    found = word(value, scope)
    try:
        re.compile(found, re.MULTILINE)
    except (re.error, OverflowError) as fault:
        raise Fault(f"is not a regular expression: {fault}") from fault
    return found


def timezone(value: object, scope: Scope) -> str:
    name = word(value, scope)
    zone(name)
    return name


def instant(value: object, scope: Scope) -> Instant:
    """Read a date and time, local in the schedule's zone unless it has an offset of its own."""
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise wrong_kind(value, "a date with a time, such as 2027-03-01T09:00 or 2027-03-01T09:00+01:00")
    return parse_at(value, scope.timezone)


def day(value: object, scope: Scope) -> str:
    """Read a calendar day."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    found = word(value, scope)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", found, re.ASCII):
            return dt.date.fromisoformat(found).isoformat()
    except ValueError as fault:
        raise Fault(f"is no day of any calendar: {fault}") from fault
    raise Fault("is not a day; accepted is 2026-12-24")


def items_of(read_item: Reader, accepted: str) -> Reader:
    """Return a reader of one item or a list of them, each once; its Fault tells of every item that is wrong."""

    def read(value: object, scope: Scope) -> tuple[Any, ...]:
        if read_item is word and not isinstance(value, str | list):
            raise wrong_kind(value, accepted)
        if not isinstance(value, list):
            return (read_item(value, scope),)
        flaws: list[Flaw] = []
        found: dict[Any, None] = {}
        for index, item in enumerate(value):
            try:
                found[attempt(read_item, item, scope)] = None
            except Fault as fault:
                flaws.extend(fault.under(index, item))
        if flaws:
            raise Fault(flaws)
        return tuple(found)

    return read


def set_of(read_item: Reader, accepted: str) -> Reader:
    """Return a reader of one item or a list of them as a set."""
    read_all = items_of(read_item, accepted)
    return lambda value, scope: frozenset(read_all(value, scope))


texts: Final = items_of(word, "text or a list of texts")
