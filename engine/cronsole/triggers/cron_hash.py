"""`H` in a cron expression: a value hashed from the schedule's id, the same on every machine."""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cronsole.triggers.cron_fields import LIMITS, FieldFault, Kind

_HASHED = re.compile(
    r"h(?:\((?P<low>[0-9]{1,4})-(?P<high>[0-9]{1,4})\))?(?:/(?P<step>[0-9]{1,4}))?", re.ASCII
)
# A day that every month has: hashed onto the 31st, a schedule would skip five months.
_LAST_DAY: Final = 28
_MOST_DAYS: Final = 31
_NO_YEAR: Final = "'H' has no meaning in a year"


def resolve_hashes(kind: Kind, text: str, schedule_id: str, shift: int = 0) -> str:
    """Return a field in lower case with numbers in place of each `H`, moved on by a shift in the day fields."""
    # Most fields hold none, and need not be taken apart.
    if "h" not in text:
        return text
    items, at = [], 0
    for item in text.split(","):
        items.append(_resolved(kind, item, at, schedule_id, shift) if item.startswith("h") else item)
        at += len(item) + 1
    return ",".join(items)


def shifts(fields: Iterable[tuple[Kind, str]]) -> range:
    """Return the shifts that bring the hashed day fields of an expression to all of their values together."""
    hashed = {kind for kind, text in fields if has_hash(text)}
    has_days = not hashed.isdisjoint({Kind.DAY_OF_MONTH, Kind.DAY_OF_WEEK})
    end = _MOST_DAYS * 12 if Kind.MONTH in hashed else _MOST_DAYS
    # A month moves on when all days have been through, so that a month alone takes these steps.
    return range(0, end, 1 if has_days else _MOST_DAYS)


@lru_cache(maxsize=4096)
def has_hash(text: str) -> bool:
    """Return whether an expression holds an `H`."""
    return any(item.startswith("h") for field in text.lower().split() for item in field.split(","))


def _resolved(kind: Kind, item: str, at: int, schedule_id: str, shift: int) -> str:
    match = _HASHED.fullmatch(item)
    if match is None:
        raise FieldFault(
            at, f"{item[:30]!r} is not understood; 'H' is written H, H/15, H(0-29) or H(0-29)/10"
        )
    if kind is Kind.YEAR:
        raise FieldFault(at, _NO_YEAR)
    low, high = _bounds(kind, match, at)
    if match["step"] is None:
        return str(_place(kind, low, high, schedule_id, shift))
    step = int(match["step"])
    if not 1 <= step <= high - low + 1:
        raise FieldFault(
            at + match.start("step"), f"a step of {step} is out of range; accepted are 1–{high - low + 1}"
        )
    first = _place(kind, low, low + step - 1, schedule_id, shift)
    return f"{first}-{high}/{step}"


def _bounds(kind: Kind, match: re.Match[str], at: int) -> tuple[int, int]:
    first, last = LIMITS[kind]
    if match["low"] is None:
        return first, {Kind.DAY_OF_MONTH: _LAST_DAY, Kind.DAY_OF_WEEK: 6}.get(kind, last)
    low, high = int(match["low"]), int(match["high"])
    for bound, name in ((low, "low"), (high, "high")):
        if not first <= bound <= last:
            raise FieldFault(at + match.start(name), f"{bound} is out of range; accepted are {first}–{last}")
    if low > high:
        raise FieldFault(at + match.start("low"), f"the range {low}-{high} runs backwards")
    return low, high


def _place(kind: Kind, low: int, high: int, schedule_id: str, shift: int) -> int:
    # The field takes part, else minute and hour would go together; `hash` would differ at every start.
    digest = hashlib.blake2b(f"{kind.title}\0{schedule_id}".encode(errors="surrogatepass"), digest_size=8)
    moved = {Kind.DAY_OF_MONTH: shift, Kind.DAY_OF_WEEK: shift, Kind.MONTH: shift // _MOST_DAYS}.get(kind, 0)
    return low + (int.from_bytes(digest.digest(), "big") + moved) % (high - low + 1)
