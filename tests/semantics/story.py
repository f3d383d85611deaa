"""Simulations told in lines, so that a rule can be read off what happens."""

from collections.abc import Iterable
from typing import Any

from cronsole.model.action import Action, Command, Record
from cronsole.model.instant import MINUTE, SECOND, Instant, from_iso, to_datetime
from cronsole.model.policy import DEFAULT_POLICY, Policy
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.settings import Configuration, Settings
from cronsole.model.trigger import DstPolicy, TriggerSpec
from cronsole.simulate import Entry, Happenings, simulate
from cronsole.simulate.happenings import Duration
from cronsole.triggers.parse import parse_trigger

START = "2026-03-02T00:00Z"  # a Monday
COMMAND = Command("work")


def job(
    when: str | TriggerSpec,
    policy: Policy = DEFAULT_POLICY,
    *,
    id: str = "job",  # noqa: A002 - it is the field's own name
    timezone: str = "UTC",
    dst: DstPolicy = DstPolicy.CRON,
    action: Action = COMMAND,
    tags: tuple[str, ...] = (),
    enabled: bool = True,
    start: Instant | None = None,
    end: Instant | None = None,
    max_runs: int | None = None,
) -> Schedule:
    return Schedule(
        id=id,
        trigger=parse_trigger(when) if isinstance(when, str) else when,
        action=action,
        timezone=timezone,
        dst=dst,
        tags=tags,
        enabled=enabled,
        start=start,
        end=end,
        max_runs=max_runs,
        policy=policy,
        origin=Origin(name="jobs.toml", line=14),
    )


def in_process(when: str, policy: Policy = DEFAULT_POLICY) -> Schedule:
    return job(when, policy, action=Record())


def at(time: str) -> Instant:
    """Return the instant of a time of the first day, `01:00`, or of any day, `2026-03-04T01:00Z`."""
    return from_iso(time if "T" in time else f"2026-03-02T{time}Z")


def takes(duration_ms: int, *, stop_ms: int = 0, schedule: str | None = None) -> Duration:
    return Duration(fixed=duration_ms, stop=stop_ms, schedule=schedule)


def entries(
    *schedules: Schedule, to: str, since: str = START, settings: Settings | None = None, **happens: Any
) -> list[Entry]:
    told: dict[str, Any] = {name: _several(each) for name, each in happens.items()}
    happenings = Happenings(**told)
    return list(
        simulate(schedules, settings or Settings(), start=at(since), end=at(to), happenings=happenings)
    )


def _several(each: object) -> tuple[object, ...]:
    return each if isinstance(each, tuple) else (each,)


def story(
    *schedules: Schedule, to: str, since: str = START, settings: Settings | None = None, **happens: Any
) -> list[str]:
    """Return a line for each verdict and each attempt: when, what, of which slot, and why."""
    told = entries(*schedules, to=to, since=since, settings=settings, **happens)
    return [line(entry, named=len(schedules) > 1) for entry in told if entry.state is not None]


def notes(*schedules: Schedule, to: str, since: str = START, **happens: Any) -> list[str]:
    told = entries(*schedules, to=to, since=since, **happens)
    return [f"{_clock(entry.at)} {entry.detail}" for entry in told if entry.state is None]


def line(entry: Entry, *, named: bool = False) -> str:
    """Return an entry as `01:00 skipped(overlap) slot 00:45 ×3`: parts that go without saying are left out."""
    state = entry.state.value if entry.state else "note"
    parts = [_clock(entry.at), entry.schedule if named else "", state]
    parts[-1] += f"({entry.reason.value})" if entry.reason else ""
    parts.append(f"#{entry.attempt}" if entry.attempt > 1 else "")
    parts.append("" if entry.cause is None or entry.cause.value == "slot" else entry.cause.value)
    parts.append(f"slot {_clock(entry.slot)}" if entry.slot not in (None, entry.at) else "")
    parts.append(f"started {_clock(entry.start)}" if _waited(entry) else "")
    parts.append(f"×{entry.stands_for.count}" if entry.stands_for and entry.stands_for.count > 1 else "")
    return " ".join(part for part in parts if part)


def _waited(entry: Entry) -> bool:
    return entry.start is not None and entry.start not in (entry.slot, entry.at)


def _clock(instant: Instant | None) -> str:
    if instant is None:
        return "never"
    moment = to_datetime(instant)
    day = "" if instant // 86_400_000 == at(START) // 86_400_000 else f"{moment:%m-%d} "
    if instant % SECOND:
        return f"{day}{moment:%H:%M:%S}.{instant % SECOND:03d}"
    return f"{day}{moment:%H:%M:%S}" if instant % MINUTE else f"{day}{moment:%H:%M}"


def configuration(*schedules: Schedule, settings: Settings | None = None) -> Configuration:
    return Configuration(settings=settings or Settings(), schedules=schedules, files=())


def ids(told: Iterable[Entry]) -> list[str]:
    return [entry.schedule for entry in told if entry.state is not None]
