"""One field of a cron expression: checked here, so that a fault has a place, and expanded by croniter."""

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple, cast

from croniter import CroniterError, croniter

from cronsole.errors import nearest


class Kind(IntEnum):
    """The fields, in the order in which a seven-field expression has them."""

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    DAY_OF_MONTH = 3
    MONTH = 4
    DAY_OF_WEEK = 5
    YEAR = 6

    @property
    def title(self) -> str:
        return self.name.lower().replace("_", " ")


# Seven is Sunday as well as zero; the years are those that croniter has.
LIMITS: Final[tuple[tuple[int, int], ...]] = (
    (0, 59),
    (0, 59),
    (0, 23),
    (1, 31),
    (1, 12),
    (0, 7),
    (1970, 2099),
)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: Final[dict[Kind, dict[str, int]]] = {
    Kind.MONTH: {name: number for number, name in enumerate(MONTHS, 1)},
    Kind.DAY_OF_WEEK: {name: number for number, name in enumerate(WEEKDAYS)},
}
# croniter has the seconds after the five fields of Unix.
_CRONITER_INDEX: Final = (5, 0, 1, 2, 3, 4, 6)

LAST: Final = 0
"""The `n` of the last weekday of a month, where 1 to 5 count from its first."""


class Field(NamedTuple):
    """What a field matches; for days also the last day, the weekday nearest a day, and nth weekdays."""

    text: str
    values: tuple[int, ...]
    is_starred: bool
    has_last_day: bool = False
    nearest_weekday: int | None = None
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()


class FieldFault(Exception):
    """What is wrong with a field, and how many characters into it; whoever knows the expression adds the rest."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


_WORD = r"[0-9]{1,4}|[a-z]{3}"
_ITEM = re.compile(
    rf"(?:(?P<star>\*)|(?P<low>{_WORD})(?:-(?P<high>{_WORD}|l))?)(?:/(?P<step>[0-9]{{1,4}}))?", re.ASCII
)
_NTH = re.compile(rf"(?P<low>{_WORD})(?:-(?P<high>{_WORD}))?#(?P<nth>[0-9]{{1,4}})", re.ASCII)
_LAST_WEEKDAY = re.compile(r"l(?P<before>[0-9]{1,4})|(?P<after>[0-9]{1,4}|[a-z]{3})l", re.ASCII)
_NEAREST = re.compile(r"(?P<after>[0-9]{1,4})w|w(?P<before>[0-9]{1,4})", re.ASCII)


@lru_cache(maxsize=8192)
def parse_field(kind: Kind, text: str) -> Field:
    """Return what a field in lower case matches; FieldFault says what is wrong with it."""
    items: list[str] = []
    at = 0
    for item in text.split(","):
        items.append(_checked(kind, text, item, at))
        at += len(item) + 1
    return _expanded(kind, text, ",".join(items))


def accepted(kind: Kind) -> str:
    """Return what a field accepts, in words."""
    low, high = LIMITS[kind]
    names = {
        Kind.MONTH: ", jan–dec",
        Kind.DAY_OF_WEEK: ", sun–sat (0 and 7 are Sunday), fri#2, L5",
        Kind.DAY_OF_MONTH: ", L, 15W",
    }
    return f"{low}–{high}{names.get(kind, '')}"


def _checked(kind: Kind, text: str, item: str, at: int) -> str:
    """Return an item as croniter is to read it."""
    if kind in (Kind.DAY_OF_MONTH, Kind.DAY_OF_WEEK) and "?" in item:
        if text != "?":
            raise FieldFault(at, "'?' stands alone in its field")
        return "*"
    if kind is Kind.DAY_OF_MONTH and item == "l":
        return item
    if kind is Kind.DAY_OF_MONTH and (match := _NEAREST.fullmatch(item)):
        if item != text:
            raise FieldFault(at, "'W' stands alone in its field, with one day")
        _number(kind, match["after"] or match["before"], at)
        return item
    if kind is Kind.DAY_OF_WEEK and (match := _NTH.fullmatch(item)):
        return _checked_nth(item, match, at)
    if kind is Kind.DAY_OF_WEEK and (match := _LAST_WEEKDAY.fullmatch(item)):
        return f"l{_number(kind, match['before'] or match['after'], at) % 7}"
    match = _ITEM.fullmatch(item)
    if match is None:
        raise FieldFault(at, _syntax_fault(kind, item))
    return _checked_range(kind, item, match, at)


def _checked_nth(item: str, match: re.Match[str], at: int) -> str:
    for bound in ("low", "high"):
        if match[bound]:
            _number(Kind.DAY_OF_WEEK, match[bound], at + match.start(bound))
    if not 1 <= int(match["nth"]) <= 5:
        raise FieldFault(
            at + match.start("nth"), f"{match['nth']} is out of range after '#'; accepted are 1–5"
        )
    if match["high"] and (match["low"] + match["high"]).isdigit():
        # croniter reads a range before '#' only in names.
        low, high = int(match["low"]) % 7, int(match["high"]) % 7
        return f"{WEEKDAYS[low]}-{WEEKDAYS[high]}#{match['nth']}"
    return item


def _checked_range(kind: Kind, item: str, match: re.Match[str], at: int) -> str:
    step = _checked_step(kind, match, at)
    if match["star"]:
        return item
    low = _number(kind, match["low"], at)
    if match["high"] is None:
        # croniter takes Sunday as 7 for its 0, from which a step would go through the week.
        return "0" if kind is Kind.DAY_OF_WEEK and low == 7 else item
    if match["high"] == "l":
        if kind is not Kind.DAY_OF_MONTH:
            raise FieldFault(at + match.start("high"), _syntax_fault(kind, "l"))
        high = 31
    else:
        high = _number(kind, match["high"], at + match.start("high"))
    if low == high or (kind is Kind.DAY_OF_WEEK and (low, high) == (7, 0)):
        # croniter takes `5-5` for the whole cycle; in every cron it is 5.
        return str(low)
    if low > high and step > 1:
        return ",".join(map(str, _wrapped(kind, low, high, step)))
    if low > high and kind is Kind.YEAR:
        raise FieldFault(at, f"the range {item} runs backwards")
    return item


def _checked_step(kind: Kind, match: re.Match[str], at: int) -> int:
    if match["step"] is None:
        return 1
    step, place = int(match["step"]), at + match.start("step")
    low, high = LIMITS[kind]
    most = 7 if kind is Kind.DAY_OF_WEEK else high - low + 1
    if not step:
        raise FieldFault(place, f"a step of zero never moves; accepted are 1–{most}")
    if step > most:
        raise FieldFault(place, f"a step of {step} is out of range; accepted are 1–{most}")
    return step


def _wrapped(kind: Kind, low: int, high: int, step: int) -> list[int]:
    """Return the values of a range over the field's end; croniter loses count there when it has a step."""
    first, last = LIMITS[kind]
    size = 7 if kind is Kind.DAY_OF_WEEK else last - first + 1
    span = (high - low) % size
    return [(low - first + moved) % size + first for moved in range(0, span + 1, step)]


def _number(kind: Kind, word: str, at: int) -> int:
    """Return the number of a word that is one, or names one."""
    if not word.isdigit():
        number = _NAMES.get(kind, {}).get(word)
        if number is None:
            raise FieldFault(at, _syntax_fault(kind, word))
        return number
    low, high = LIMITS[kind]
    if not low <= int(word) <= high:
        raise FieldFault(at, f"{word} is out of range; accepted are {accepted(kind)}")
    return int(word)


def _syntax_fault(kind: Kind, word: str) -> str:
    if not word:
        return f"a value is missing; accepted are {accepted(kind)}"
    shown = repr(word[:30])
    if word.startswith("r") and kind is not Kind.YEAR and re.fullmatch(r"r(\(.*\))?(/.*)?", word):
        return f"{shown} is random, and would differ at every start; 'H' is hashed and stays"
    meant = nearest(word[:30], _NAMES[kind]) if kind in _NAMES and word.isalpha() else None
    hint = f" (did you mean {meant!r}?)" if meant else ""
    return f"{shown} is not understood{hint}; accepted are {accepted(kind)}"


def _expanded(kind: Kind, text: str, items: str) -> Field:
    """Return what croniter makes of a field."""
    index = _CRONITER_INDEX[kind]
    fields = ["*"] * 7
    fields[index] = items
    try:
        parsed = croniter(" ".join(fields), 0)
    except (CroniterError, ValueError, TypeError, KeyError) as error:
        reason = (
            "an nth weekday cannot share its field with a plain one" if "#" in text or "l" in text else ""
        )
        raise FieldFault(
            0, reason or f"{text[:30]!r} is not understood; accepted are {accepted(kind)}"
        ) from error
    # The published types say that these are texts.
    found = cast("list[int | str]", parsed.expanded[index])
    nth = cast("dict[int, set[int | str]]", parsed.nth_weekday_of_month)
    low, high = LIMITS[kind]
    values = {value for value in found if isinstance(value, int)} - parsed.nearest_weekday
    if "*" in found or (nth and values - nth.keys()):
        values = set(range(low, 7 if kind is Kind.DAY_OF_WEEK else high + 1))
    elif nth:
        values = set()  # croniter lists the nth weekdays as if they were plain ones, too
    return Field(
        text=text,
        values=tuple(sorted(values)),
        is_starred=text.startswith(("*", "?")),
        has_last_day="l" in found,
        nearest_weekday=next(iter(parsed.nearest_weekday), None),
        nth_weekdays=frozenset(
            (day, LAST if n == "l" else int(n)) for day, nths in nth.items() for n in nths
        ),
    )
