"""The conditions that must hold for a slot to run, in the one order in which they are checked."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cronsole.model.instant import Instant, to_datetime, to_iso
from cronsole.model.policy import Calendar, Conditions, Hours, Locking
from cronsole.model.run import Run, SkipReason
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.planning import breaker, conditions

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NO_CONDITIONS = Conditions()
_NO_ENV: Mapping[str, str] = MappingProxyType({})


class Surroundings(msgspec.Struct, frozen=True):
    """What gates ask about the world around a schedule."""

    environment: str = "production"
    session_active: bool = False
    has_fleet: bool = False
    evaluate: Callable[[str, Mapping[str, Any]], bool] | None = None
    is_holiday: Callable[[Calendar, date], bool] | None = None
    env: Mapping[str, str] = _NO_ENV
    last_run: Callable[[str], Run | None] | None = None


class GateReading(msgspec.Struct, frozen=True):
    """How one gate stands; `reason` is what a slot that it closes is skipped with."""

    name: str
    is_open: bool
    detail: str = ""
    reason: SkipReason | None = None


Gate = Callable[[Schedule, ScheduleState, Surroundings, Instant, Instant], GateReading]


def first_closed(
    schedule: Schedule, state: ScheduleState, surroundings: Surroundings, at: Instant, now: Instant
) -> tuple[SkipReason, str] | None:
    """Return why a slot may not run at an instant, or None when every gate is open.

    `start`, `end` and `max_runs` are no reasons: they decide which slots are owed at all.
    """
    if _has_no_gates(schedule, state):
        return None
    for gate in _GATES:
        reading = gate(schedule, state, surroundings, at, now)
        if not reading.is_open and reading.reason is not None:
            return reading.reason, reading.detail
    return None


def explain(
    schedule: Schedule, state: ScheduleState, surroundings: Surroundings, at: Instant, now: Instant
) -> tuple[GateReading, ...]:
    """Return how every gate stands at an instant, in the order in which they are checked."""
    return tuple(gate(schedule, state, surroundings, at, now) for gate in _GATES)


def _has_no_gates(schedule: Schedule, state: ScheduleState) -> bool:
    policy = schedule.policy
    return (
        schedule.enabled
        and state.pause is None
        and policy.conditions == _NO_CONDITIONS
        and state.breaker.opened_at is None
        and policy.locking is not Locking.REQUIRE_GLOBAL
    )


def _enabled(
    schedule: Schedule, _state: ScheduleState, _around: Surroundings, _at: Instant, _now: Instant
) -> GateReading:
    detail = "" if schedule.enabled else f"disabled in {schedule.origin}"
    return GateReading("enabled", schedule.enabled, detail, SkipReason.DISABLED)


def _pause(
    _schedule: Schedule, state: ScheduleState, _around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    pause = state.pause
    if pause is None:
        return GateReading("pause", True, "not paused")
    told = f"paused since {to_iso(pause.since)}"
    told += "" if pause.until is None else f" until {to_iso(pause.until)}"
    told += f" by {pause.actor}" if pause.actor else ""
    told += f": {pause.reason}" if pause.reason else ""
    return GateReading("pause", not pause.holds_at(at), told, SkipReason.PAUSED)


def _bounds(
    schedule: Schedule, state: ScheduleState, _around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    if schedule.start is not None and at < schedule.start:
        return GateReading("bounds", False, f"starts at {to_iso(schedule.start)}")
    if schedule.end is not None and at > schedule.end:
        return GateReading("bounds", False, f"ended at {to_iso(schedule.end)}")
    if schedule.max_runs is not None:
        told = f"{state.runs_made} of {schedule.max_runs} runs made"
        return GateReading("bounds", state.runs_made < schedule.max_runs, told)
    return GateReading("bounds", True, "within start and end")


def _days(
    schedule: Schedule, _state: ScheduleState, _around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    days = schedule.policy.conditions.days
    if not days:
        return GateReading("days", True, "any day")
    today = _local(schedule, at).weekday()
    told = f"{_DAYS[today]}; runs on {', '.join(_DAYS[day] for day in sorted(days))}"
    return GateReading("days", today in days, told, SkipReason.DAYS)


def _hours(
    schedule: Schedule, _state: ScheduleState, _around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    hours = schedule.policy.conditions.hours
    if not hours:
        return GateReading("hours", True, "any hour")
    moment = _local(schedule, at)
    minute = moment.hour * 60 + moment.minute
    spans = ", ".join(f"{_clock(span.start_minute)}–{_clock(span.end_minute)}" for span in hours)
    is_open = any(_holds(span, minute) for span in hours)
    return GateReading("hours", is_open, f"{_clock(minute)}; runs in {spans}", SkipReason.HOURS)


def _calendar(
    schedule: Schedule, _state: ScheduleState, around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    calendar = schedule.policy.conditions.calendar
    if calendar is None:
        return GateReading("calendar", True, "no calendar")
    closed = _rests(calendar, _local(schedule, at).date(), around, at)
    return GateReading("calendar", closed is None, closed or "no day of rest", SkipReason.CALENDAR)


def _rests(calendar: Calendar, today: date, around: Surroundings, at: Instant) -> str | None:
    if today.isoformat() in calendar.dates:
        return f"{today.isoformat()} is listed"
    for span in calendar.blackouts:
        if span.start <= at < span.end:
            return f"blackout from {to_iso(span.start)} to {to_iso(span.end)}"
    if calendar.country is None:
        return None
    ask = around.is_holiday or conditions.is_holiday
    try:
        return f"{today.isoformat()} is a holiday in {calendar.country}" if ask(calendar, today) else None
    except Exception as fault:  # noqa: BLE001 - a calendar that cannot be read keeps its schedule at rest
        return f"the calendar cannot be read: {fault}"


def _environment(
    schedule: Schedule, _state: ScheduleState, around: Surroundings, _at: Instant, _now: Instant
) -> GateReading:
    wanted = schedule.policy.conditions.environment
    if not wanted:
        return GateReading("environment", True, "any environment")
    told = f"this is {around.environment}; runs in {', '.join(sorted(wanted))}"
    return GateReading("environment", around.environment in wanted, told, SkipReason.ENVIRONMENT)


def _session(
    schedule: Schedule, _state: ScheduleState, around: Surroundings, _at: Instant, _now: Instant
) -> GateReading:
    wanted = schedule.policy.conditions.session_active
    if wanted is None:
        return GateReading("session", True, "with or without a session")
    told = "a session is active" if around.session_active else "no session is active"
    return GateReading("session", around.session_active is wanted, told, SkipReason.SESSION)


def _condition(
    schedule: Schedule, _state: ScheduleState, around: Surroundings, at: Instant, _now: Instant
) -> GateReading:
    expression = schedule.policy.conditions.expression
    if expression is None:
        return GateReading("condition", True, "no condition")
    ask = around.evaluate or conditions.evaluate
    try:
        is_open = ask(expression, variables(schedule, around, at))
    except Exception as fault:  # noqa: BLE001 - whatever goes wrong in it, a condition that errors does not run
        return GateReading("condition", False, str(fault) or repr(fault), SkipReason.CONDITION_ERROR)
    return GateReading("condition", is_open, expression, SkipReason.CONDITION)


def variables(schedule: Schedule, around: Surroundings, at: Instant) -> dict[str, Any]:
    """Return what an expression may ask about: `now`, `schedule`, `last`, `env`, `session`."""
    run = around.last_run(schedule.id) if around.last_run is not None else None
    return {
        "now": to_datetime(at),
        "schedule": {
            "id": schedule.id,
            "description": schedule.description,
            "tags": list(schedule.tags),
            "timezone": schedule.timezone,
        },
        # Without an earlier run the fields are there all the same, so that asking for one is no error.
        "last": {
            "state": run.state.value if run else "",
            "exit_code": run.exit_code if run else None,
            "attempt": run.attempt if run else 0,
            "finished_at": to_datetime(run.finished_at) if run and run.finished_at is not None else None,
        },
        "env": dict(around.env),
        "session": {"active": around.session_active},
    }


def _circuit(
    schedule: Schedule, state: ScheduleState, _around: Surroundings, at: Instant, now: Instant
) -> GateReading:
    policy, opened_at = schedule.policy.circuit_breaker, state.breaker.opened_at
    if policy is None or opened_at is None:
        return GateReading("circuit breaker", True, "closed" if policy else "no circuit breaker")
    # A slot that is claimed ahead of its time is judged by how the circuit will stand then.
    is_open = breaker.is_open(state.breaker, policy, max(at, now))
    told = f"{state.breaker.failures} failures in a row, open since {to_iso(opened_at)}"
    return GateReading("circuit breaker", not is_open, told, SkipReason.CIRCUIT_OPEN)


def _lock(
    schedule: Schedule, _state: ScheduleState, around: Surroundings, _at: Instant, _now: Instant
) -> GateReading:
    is_open = schedule.policy.locking is not Locking.REQUIRE_GLOBAL or around.has_fleet
    told = schedule.policy.locking.value if is_open else "no fleet store to lock in"
    return GateReading("lock", is_open, told, SkipReason.NO_GLOBAL_LOCK)


_GATES: tuple[Gate, ...] = (
    _enabled,
    _pause,
    _bounds,
    _days,
    _hours,
    _calendar,
    _environment,
    _session,
    _condition,
    _circuit,
    _lock,
)


def _local(schedule: Schedule, at: Instant) -> datetime:
    zone = schedule.policy.conditions.timezone or schedule.timezone
    return to_datetime(at).astimezone(ZoneInfo(zone))


def _holds(span: Hours, minute: int) -> bool:
    if span.start_minute < span.end_minute:
        return span.start_minute <= minute < span.end_minute
    return minute >= span.start_minute or minute < span.end_minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
