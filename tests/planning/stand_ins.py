"""Triggers and short forms that planning is tested with."""

from bisect import bisect_right

import msgspec

from cronsole.model.instant import HOUR, Instant, Millis, from_iso
from cronsole.model.policy import DEFAULT_POLICY, Policy
from cronsole.model.run import Verdict
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import CronSpec, OnceSpec
from cronsole.planning.plan import Surroundings, plan
from cronsole.triggers.base import Trigger

T0 = from_iso("2026-03-02T00:00Z")  # a Monday
AROUND = Surroundings()


class Every:
    """A slot at each multiple of a duration."""

    def __init__(self, every_ms: Millis) -> None:
        self.every_ms = every_ms

    def next(self, after: Instant) -> Instant | None:
        return (after // self.every_ms + 1) * self.every_ms

    def previous(self, until: Instant) -> Instant | None:
        return until // self.every_ms * self.every_ms

    def count(self, after: Instant, until: Instant) -> int:
        return max(0, until // self.every_ms - after // self.every_ms)


class Listed:
    """Slots that are written down."""

    def __init__(self, *slots: Instant) -> None:
        self.slots = sorted(slots)

    def next(self, after: Instant) -> Instant | None:
        position = bisect_right(self.slots, after)
        return self.slots[position] if position < len(self.slots) else None

    def previous(self, until: Instant) -> Instant | None:
        position = bisect_right(self.slots, until)
        return self.slots[position - 1] if position else None

    def count(self, after: Instant, until: Instant) -> int:
        return max(0, bisect_right(self.slots, until) - bisect_right(self.slots, after))


HOURLY = Every(HOUR)


def a_schedule(policy: Policy = DEFAULT_POLICY, **fields: object) -> Schedule:
    schedule = Schedule("job", CronSpec("0 * * * *"), policy=policy)
    return msgspec.structs.replace(schedule, **fields)


def a_once(at: Instant, policy: Policy = DEFAULT_POLICY) -> Schedule:
    return Schedule("job", OnceSpec(at), policy=policy)


def a_state(**fields: object) -> ScheduleState:
    state = ScheduleState(
        schedule_id="job",
        created_at=T0,
        anchor_at=T0,
        trigger_changed_at=T0,
        watermark=0,
        trigger_hash="",
        definition_hash="",
    )
    return msgspec.structs.replace(state, **fields)


def planned(
    schedule: Schedule,
    state: ScheduleState,
    now: Instant,
    *,
    trigger: Trigger = HOURLY,
    ahead_ms: Millis = 0,
    around: Surroundings = AROUND,
    spread_ms: Millis = 0,
) -> tuple[Verdict, ...]:
    return plan(schedule, trigger, state, around, now=now, horizon=now + ahead_ms, spread_ms=spread_ms)
