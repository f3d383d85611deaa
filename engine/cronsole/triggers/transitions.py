"""The coming transition of a zone, and which schedules it touches."""

from enum import StrEnum
from typing import Final

import msgspec

from cronsole.model.instant import DAY, FAR_FUTURE, Instant, Millis, to_datetime
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, TriggerSpec
from cronsole.triggers.cron_expression import rule_of
from cronsole.triggers.cron_hash import has_hash
from cronsole.triggers.duration import format_duration
from cronsole.triggers.zone import Zone, zone


class Transition(msgspec.Struct, frozen=True):
    """An instant at which a zone's offset changes: local times are lost, or come twice."""

    timezone: str
    at: Instant
    before_ms: Millis
    after_ms: Millis

    @property
    def is_gap(self) -> bool:
        return self.after_ms > self.before_ms

    @property
    def stretch(self) -> tuple[Millis, Millis]:
        """Return the local times, start inclusive and end exclusive, that are lost or repeated."""
        low, high = sorted((self.at + self.before_ms, self.at + self.after_ms))
        return low, high


class Effect(StrEnum):
    """What becomes of a schedule's times in a gap or in a repeated stretch."""

    MOVED = "moved"
    DROPPED = "dropped"
    ONCE = "once"
    TWICE = "twice"


class Touch(msgspec.Struct, frozen=True):
    """What a transition does to a schedule, as a value and as an English sentence."""

    transition: Transition
    effect: Effect
    sentence: str


_OUTCOMES: Final = {
    Effect.DROPPED: "does not fire",
    Effect.ONCE: "fires the first time only",
    Effect.TWICE: "fires both times",
}


def coming_transition(timezone: str, now: Instant, within_ms: Millis) -> Transition | None:
    """Return the first transition of a zone in (now, now + within_ms], or None."""
    found = zone(timezone)
    period = found.period_at(now)
    while period.end <= min(now + within_ms, FAR_FUTURE):
        following = found.period_at(period.end)
        if following.offset != period.offset:
            return Transition(timezone, period.end, period.offset, following.offset)
        period = following
    return None


def touched_by(
    spec: TriggerSpec,
    transition: Transition,
    *,
    dst: DstPolicy = DstPolicy.CRON,
    schedule_id: str = "",
    anchor_at: Instant = 0,
) -> Touch | None:
    """Return what a transition of the schedule's zone does to it, or None when it shows no difference."""
    if isinstance(spec, CronSpec):
        effect = _cron_effect(spec, transition, dst, schedule_id)
        name = f"`{spec.expression}`"
    elif isinstance(spec, IntervalSpec):
        effect = _interval_effect(spec, transition, anchor_at)
        name = f"`every {format_duration(spec.every_ms)}`"
    else:
        return None
    return None if effect is None else Touch(transition, effect, _sentence(name, transition, effect))


def _cron_effect(spec: CronSpec, transition: Transition, dst: DstPolicy, schedule_id: str) -> Effect | None:
    rule = rule_of(spec.expression, schedule_id if has_hash(spec.expression) else "")
    low, high = transition.stretch
    if rule.after(low - 1) >= high:
        return None
    is_fixed = dst is DstPolicy.CRON and not rule.is_wildcard
    is_once = is_fixed or dst is DstPolicy.SKIP
    # What fires all round the clock goes on as before, though its local times jump.
    is_even = rule.is_same_shifted(high - low)
    if transition.is_gap:
        return None if is_even else Effect.MOVED if is_fixed else Effect.DROPPED
    if is_once:
        return Effect.ONCE
    return None if is_even else Effect.TWICE


def _interval_effect(spec: IntervalSpec, transition: Transition, anchor_at: Instant) -> Effect | None:
    if spec.every_ms % DAY:
        return None
    anchor = anchor_at if spec.start_at is None else spec.start_at
    found: Zone = zone(transition.timezone)
    wall = anchor + found.offset_at(anchor)
    low, high = transition.stretch
    first = wall + -((wall - low) // spec.every_ms) * spec.every_ms
    if transition.at <= anchor or first >= high:
        return None
    return Effect.MOVED if transition.is_gap else Effect.ONCE


def _sentence(name: str, transition: Transition, effect: Effect) -> str:
    low, high = (to_datetime(local) for local in transition.stretch)
    where = "the gap" if transition.is_gap else "the repeated stretch"
    end = f"{high:%H:%M}" if low.date() == high.date() else f"{high:%Y-%m-%d %H:%M}"
    outcome = _OUTCOMES.get(effect) or f"fires at {end}"
    span = f"{low:%H:%M}–{end}"
    return f"{name} in {transition.timezone} falls into {where} of {low:%Y-%m-%d} ({span}): {outcome}"
