"""An independent oracle: it walks UTC minute by minute and shares no code with cronsole.triggers."""

import calendar
import datetime as dt
import functools
import itertools
from collections.abc import Iterator
from zoneinfo import ZoneInfo

MINUTE = 60_000
_NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "weekday": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_BOUNDS = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (0, 7),
    "year": (1970, 2099),
}


class Matcher:
    """A naive reading of an expression: a local time matches or it does not."""

    def __init__(self, expression: str) -> None:
        texts = expression.lower().split()
        seconds = [texts.pop(0)] if len(texts) > 5 else ["0"]
        years = [texts.pop()] if len(texts) > 5 else ["*"]
        self.minute_text, self.hour_text, self.day_text, month_text, self.weekday_text = texts
        self.seconds = sorted(_values("second", seconds[0]))
        self._minutes = _values("minute", self.minute_text)
        self._hours = _values("hour", self.hour_text)
        self._months = _values("month", month_text)
        self._years = _values("year", years[0])
        self._day_memo: dict[dt.date, bool] = {}

    @property
    def is_wildcard(self) -> bool:
        return self.minute_text.startswith("*") or self.hour_text.startswith("*")

    def matches(self, local: dt.datetime) -> bool:
        """Return whether the minute of a naive local time matches."""
        return local.minute in self._minutes and local.hour in self._hours and self._is_day(local.date())

    def _is_day(self, day: dt.date) -> bool:
        if day not in self._day_memo:
            self._day_memo[day] = self._compute_day(day)
        return self._day_memo[day]

    def _compute_day(self, day: dt.date) -> bool:
        if day.month not in self._months or day.year not in self._years:
            return False
        by_date = any(_is_date(item, day) for item in self.day_text.split(","))
        by_weekday = any(_is_weekday(item, day) for item in self.weekday_text.split(","))
        if self.day_text[0] in "*?" or self.weekday_text[0] in "*?":
            return by_date and by_weekday
        return by_date or by_weekday


def fires(expression: str, timezone: str, policy: str, after: int, until: int) -> list[int]:
    """Return the fires in (after, until], in milliseconds UTC, by the letter of the three policies."""
    matcher = Matcher(expression)
    is_fixed = policy == "cron" and not matcher.is_wildcard
    found: set[int] = set()
    for at, local, is_repeated, lost in _walk(timezone, after - after % MINUTE, until):
        if is_fixed and any(matcher.matches(one) for one in lost):
            found.add(at)
        if is_repeated and (is_fixed or policy == "skip"):
            continue
        if matcher.matches(local):
            found.update(at + second * 1000 for second in matcher.seconds)
    return sorted(at for at in found if after < at <= until)


@functools.lru_cache(maxsize=4)
def _walk(timezone: str, begin: int, end: int) -> list[tuple[int, dt.datetime, bool, list[dt.datetime]]]:
    """Return each UTC minute, its local time, whether that was there before, and local times lost before it."""
    info = ZoneInfo(timezone)
    seen: set[dt.datetime] = set()
    latest: dt.datetime | None = None
    steps = []
    # What came before the window decides which local times are repeated in it.
    for at in range(begin - 27 * 60 * MINUTE, end + 1, MINUTE):
        local = dt.datetime.fromtimestamp(at // 1000, info).replace(tzinfo=None)
        if at >= begin:
            steps.append((at, local, local in seen, list(_between(latest or local, local))))
        seen.add(local)
        latest = max(latest or local, local)
    return steps


def transitions(timezone: str, year: int) -> list[int]:
    """Return the instants of a year, in milliseconds UTC, at which the zone's offset changes."""
    info = ZoneInfo(timezone)
    begin = int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp())
    hours = range(begin, begin + 366 * 86_400, 6 * 3600)
    found = []
    for low, high in itertools.pairwise(hours):
        if _offset(info, low) != _offset(info, high):
            change = next(at for at in range(low, high + 1, 60) if _offset(info, at) != _offset(info, low))
            found.append(change * 1000)
    return found


def _offset(info: ZoneInfo, at: int) -> dt.timedelta | None:
    return dt.datetime.fromtimestamp(at, info).utcoffset()


def _between(latest: dt.datetime, local: dt.datetime) -> Iterator[dt.datetime]:
    while latest < local - dt.timedelta(minutes=1):
        latest += dt.timedelta(minutes=1)
        yield latest


def _number(field: str, word: str) -> int:
    names = _NAMES.get(field, [])
    return names.index(word) + (field == "month") if word in names else int(word)


def _values(field: str, text: str) -> set[int]:
    low, high = _BOUNDS[field]
    found: set[int] = set()
    for item in text.split(","):
        body, _, step = item.partition("/")
        first, dash, last = body.partition("-")
        if body in ("*", "?"):
            start, stop = low, high
        else:
            start = _number(field, first)
            stop = _number(field, "31" if last == "l" else last) if dash else high if step else start
        size = 7 if field == "weekday" else high - low + 1
        if stop < start:
            stop += size
        found.update((value - low) % size + low for value in range(start, stop + 1, int(step or 1)))
    return found


def _is_date(item: str, day: dt.date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    if item == "l":
        return day.day == length
    if "w" in item:
        wanted = min(int(item.strip("w")), length)
        # The nearest by counting outwards; at equal distance there is never more than one weekday.
        near = sorted(range(1, length + 1), key=lambda other: abs(other - wanted))
        return day.day == next(one for one in near if day.replace(day=one).weekday() < 5)
    return day.day in _values("day", item)


def _is_weekday(item: str, day: dt.date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    weekday = day.isoweekday() % 7
    if "#" in item:
        names, nth = item.split("#")
        return weekday in _values("weekday", names) and (day.day - 1) // 7 + 1 == int(nth)
    if item not in _NAMES["weekday"] and "l" in item:
        return weekday == _number("weekday", item.strip("l")) % 7 and day.day + 7 > length
    return weekday in _values("weekday", item)
