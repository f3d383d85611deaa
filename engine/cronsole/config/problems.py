"""Faults of a configuration: what is wrong, told in one sentence with its place."""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from cronsole.errors import nearest
from cronsole.text import ELLIPSIS, safe

Path: TypeAlias = tuple[str | int, ...]

# What stands under these keys may be a secret, so that a fault names the key alone.
_SECRETIVE: Final = frozenset(
    {"command", "env", "http", "url", "headers", "publish", "celery", "config", "config_json", "broker"}
)
_LONGEST: Final = 60
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "a truth value"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a table"),
    (dt.datetime, "a date with a time"),
    (dt.date, "a date"),
    (dt.time, "a time of day"),
)


class _Missing:
    """Stands for the value of a key that is not there."""


MISSING: Final = _Missing()


class Flaw(NamedTuple):
    """One thing that is wrong: the path of keys to it, the value found there, and the sentence about it."""

    path: Path
    value: object
    message: str


class Fault(Exception):
    """What is wrong with a value, before it is known in which file it stands."""

    def __init__(self, flaws: str | Iterable[Flaw]) -> None:
        self.flaws = (Flaw((), MISSING, flaws),) if isinstance(flaws, str) else tuple(flaws)
        super().__init__("; ".join(flaw.message for flaw in self.flaws))

    def under(self, key: str | int, value: object) -> tuple[Flaw, ...]:
        """Return the flaws as seen from one level higher, where the value stands under a key."""
        return tuple(
            Flaw(
                (key, *flaw.path),
                value if flaw.value is MISSING and not flaw.path else flaw.value,
                flaw.message,
            )
            for flaw in self.flaws
        )


def missing(key: str, message: str) -> Flaw:
    """Return the flaw of a key that should be there."""
    return Flaw((key,), MISSING, message)


def wrong_kind(value: object, accepted: str) -> Fault:
    """Return the fault of a value of the wrong type."""
    return Fault(f"is {kind_of(value)}; accepted is {accepted}")


def unknown(word: str, known: Iterable[str]) -> str:
    """Return the sentence about a key that nobody knows, with the nearest known one."""
    return _unknown(word[:_LONGEST], tuple(known))


# A mistake that is made once is made in every task, and looking for what was meant takes its time.
@lru_cache(maxsize=256)
def _unknown(word: str, known: tuple[str, ...]) -> str:
    meant = nearest(word, known)
    return "unknown key" + (
        f'; did you mean "{meant}"?' if meant else f"; known are {', '.join(sorted(known))}"
    )


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    if value is None:
        return "nothing"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "of an unknown type")


def sentence(place: str, subject: str, flaw: Flaw) -> str:
    """Return `place: subject: key = value: what is wrong`."""
    parts = [place, subject, _assignment(flaw), flaw.message]
    return ": ".join(part for part in parts if part)


def plain(text: str, limit: int = 1000) -> str:
    """Return a text that a terminal shows and does not obey, cut to a limit."""
    return safe(text if len(text) <= limit else text[: limit - 1] + ELLIPSIS)


def show(value: object) -> str:
    """Return a value much as it is written in a file, cut to a readable length."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{plain(value, _LONGEST)}"'
        case int():
            return str(value) if abs(value) < 10**18 else "a huge number"
        case float():
            return repr(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case list() if len(value) <= 8 and all(isinstance(item, str | int | float) for item in value):
            return plain(f"[{', '.join(show(item) for item in value)}]", 2 * _LONGEST)
        case list():
            return "[…]"
        case _:
            return "{…}"


def dotted(path: Path) -> str:
    """Return a path of keys as it is written: `conditions.hours[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + plain(part, _LONGEST)
    return text


def _assignment(flaw: Flaw) -> str:
    key = dotted(flaw.path)
    if flaw.value is MISSING or not key or not _SECRETIVE.isdisjoint(flaw.path):
        return key
    return f"{key} = {show(flaw.value)}"
