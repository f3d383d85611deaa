"""Times as people read them: on whose clock, how long ago, how long until; the zone is always said."""

from datetime import datetime, tzinfo

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis, from_datetime, to_datetime
from cronsole.text import human_duration


def since(moment: datetime, now: Instant) -> str:
    """Return how long ago in the shortest form: `7m ago`, `now`."""
    return f"{age(now - from_datetime(moment))} ago" if now - from_datetime(moment) >= SECOND else "now"


def age(span_ms: Millis) -> str:
    """Return the largest unit of a span alone: `14s`, `7m`, `3h`, `12d`."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if span_ms >= size:
            return f"{span_ms // size}{unit}"
    return f"{max(0, span_ms) // SECOND}s"


def countdown(moment: datetime, now: Instant) -> str:
    """Return how long until, in two units: `in 2m 14s`, `in 21h 26m`, `now`; `3s late` when it is past."""
    left = from_datetime(moment) - now
    if left <= -SECOND:
        return f"{age(-left)} late"
    # Rounded up, because a countdown that shows nothing left has come to its end.
    whole = -(-left // SECOND) * SECOND
    return f"in {human_duration(whole)}" if whole > 0 else "now"


def stopwatch(span_ms: Millis) -> str:
    """Return a running time: `0:42`, `12:05`, `3:20:00`."""
    seconds = max(0, span_ms) // SECOND
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


# So many days around today are told by their names.
_WEEK_DAYS = 7


def clock(moment: datetime, zone: tzinfo, *, now: Instant | None = None) -> str:
    """Return the time of day, with the day in front of it where that is not today: `02:40`, `1 Jan 02:40`."""
    local = moment.astimezone(zone)
    form = "%H:%M:%S" if local.second else "%H:%M"
    if now is None:
        return local.strftime(form)
    return f"{_day(local, to_datetime(now).astimezone(zone))}{local.strftime(form)}"


def _day(local: datetime, today: datetime) -> str:
    """Return the day as briefly as tells it from others: nothing, `Sat 21 `, `1 Jan `, `1 Jan 2027 `."""
    days = abs((local.date() - today.date()).days)
    if not days:
        return ""
    if days < _WEEK_DAYS:
        return local.strftime(f"%a {local.day} ")
    return local.strftime(f"{local.day} %b " if local.year == today.year else f"{local.day} %b %Y ")


def second(moment: datetime, zone: tzinfo, now: Instant) -> str:
    """Return the time of day to the second, always as wide, with the day in front where that is not today's."""
    local = moment.astimezone(zone)
    return f"{_day(local, to_datetime(now).astimezone(zone))}{local:%H:%M:%S}"


def stamp(moment: datetime, zone: tzinfo) -> str:
    """Return date, time and zone: `Fri 20 Nov 02:33:10 UTC`."""
    local = moment.astimezone(zone)
    return local.strftime(f"%a {local.day} %b %H:%M:%S %Z")


def zone_name(zone: tzinfo, now: Instant) -> str:
    """Return what a zone calls itself now: `UTC`, `CET`, `+0530`."""
    return to_datetime(now).astimezone(zone).strftime("%Z")


def zone_in_full(zone: tzinfo, at: Instant) -> str:
    """Return what a zone calls itself at an instant, and the name that it is known by: `JST, Asia/Tokyo`, `UTC`."""
    name, key = zone_name(zone, at), getattr(zone, "key", "")
    return name if key in ("", name) else f"{name}, {key}"


def full(moment: datetime, zone: tzinfo) -> str:
    """Return all of it, to the millisecond: `2026-11-20 02:33:10.004 UTC`."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {local:%Z}"
