"""Warnings about schedules that are right in form and surely not what was meant."""

from collections.abc import Container, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from cronsole.config.secrets import files_named
from cronsole.model.action import Command
from cronsole.model.instant import DAY, SECOND, Instant, Millis, to_iso
from cronsole.model.policy import MissedRunPolicy, Overlap
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import CronSpec, DstPolicy, ManualSpec, OnceSpec, Timeless, TriggerSpec
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.cron_hash import has_hash
from cronsole.triggers.duration import format_duration
from cronsole.triggers.transitions import Transition, coming_transition, touched_by

_AHEAD: Final[Millis] = 366 * DAY
_FIRES_LOOKED_AT: Final = 4
# What is said of slots, of which there are none where only somebody's asking brings about a run.
_OF_SLOTS: Final = (
    "missed_run_policy",
    "late_grace",
    "catchup_window",
    "jitter",
    "jitter_ms",
    "dst",
    "max_runs",
)
_NEEDS_OVERLAP: Final = {
    "max_parallel": (Overlap.ALLOW,),
    "queue_limit": (Overlap.QUEUE_ALL, Overlap.ALLOW),
}


class _Outlook(NamedTuple):
    """What lies ahead of a trigger: its next fire, its shortest gap, and what a transition does to it."""

    next_at: Instant | None
    gap_ms: Millis | None
    touched: str


class Advisor:
    """Looks at schedules as they stand at one instant; equal triggers are looked at once."""

    def __init__(self, now: Instant) -> None:
        self._now = now
        self._outlooks: dict[tuple[TriggerSpec, str, DstPolicy], _Outlook] = {}
        self._transitions: dict[str, Transition | None] = {}

    def advise(
        self, schedule: Schedule, written: Container[str], inherited: Container[str] = ()
    ) -> Iterator[str]:
        """Yield warnings; `written` holds the keys of the entry itself, `inherited` those of its defaults."""
        yield from _idle_keys(schedule, written)
        yield from _secrets_in_sight(schedule)
        if not schedule.enabled:
            return
        outlook = self._outlook(schedule)
        never = self._why_never(schedule, outlook)
        if never:
            yield never
            return
        if outlook.touched:
            yield outlook.touched
        if outlook.gap_ms is not None:
            yield from _too_dense(schedule, outlook.gap_ms)
            if "overlap" not in written and "overlap" not in inherited:
                yield from _too_long(schedule, outlook.gap_ms, written)

    def _why_never(self, schedule: Schedule, outlook: _Outlook) -> str:
        """Return why a schedule never fires, or nothing when it does."""
        spec = schedule.trigger
        if schedule.max_runs == 0:
            return "never fires: max_runs is 0"
        if schedule.end is not None and schedule.end < self._now:
            return f"never fires: it ended at {to_iso(schedule.end)}"
        if isinstance(spec, OnceSpec) and spec.at is not None and spec.at <= self._now:
            return f"never fires, unless it has already: {to_iso(spec.at)} is in the past"
        if isinstance(spec, OnceSpec | Timeless):
            return ""
        first = outlook.next_at
        if schedule.start is not None and schedule.start > self._now:
            trigger = compile_trigger(
                spec,
                schedule_id=schedule.id,
                timezone=schedule.timezone,
                dst=schedule.dst,
                anchor_at=self._now,
            )
            first = trigger.next(schedule.start - 1)
        if first is None:
            return "never fires: no time that it names is still to come"
        if schedule.end is not None and first > schedule.end:
            return f"never fires: its next time, {to_iso(first)}, is after end"
        return ""

    def _outlook(self, schedule: Schedule) -> _Outlook:
        key = (schedule.trigger, schedule.timezone, schedule.dst)
        known = self._outlooks.get(key)
        if known is None:
            known = self._outlooks[key] = self._look_ahead(schedule)
        return known

    def _look_ahead(self, schedule: Schedule) -> _Outlook:
        spec = schedule.trigger
        trigger = compile_trigger(
            spec, schedule_id=schedule.id, timezone=schedule.timezone, dst=schedule.dst, anchor_at=self._now
        )
        fires = [self._now]
        for _ in range(_FIRES_LOOKED_AT):
            fire = trigger.next(fires[-1])
            if fire is None:
                break
            fires.append(fire)
        gaps = [later - earlier for earlier, later in pairwise(fires[1:])]
        # The time of an `H` is not the author's: where it falls is no surprise to anyone.
        is_hashed = isinstance(spec, CronSpec) and has_hash(spec.expression)
        touched = "" if is_hashed else self._touched(schedule)
        return _Outlook(fires[1] if len(fires) > 1 else None, min(gaps, default=None), touched)

    def _touched(self, schedule: Schedule) -> str:
        zone = schedule.timezone
        if zone not in self._transitions:
            self._transitions[zone] = coming_transition(zone, self._now, _AHEAD)
        transition = self._transitions[zone]
        if transition is None:
            return ""
        touch = touched_by(
            schedule.trigger, transition, dst=schedule.dst, schedule_id=schedule.id, anchor_at=self._now
        )
        return touch.sentence if touch else ""


def _too_dense(schedule: Schedule, gap_ms: Millis) -> Iterator[str]:
    """Yield what is wrong with fires that follow each other closely."""
    jitter_ms, gap = schedule.policy.jitter_ms, format_duration(gap_ms)
    if gap_ms < SECOND:
        yield f"fires every {gap}, more often than once a second; nothing promises that it keeps up"
    if jitter_ms >= gap_ms:
        yield f"has a jitter of {format_duration(jitter_ms)}, but fires every {gap}; it is cut to fit"


def _too_long(schedule: Schedule, gap_ms: Millis, written: Container[str]) -> Iterator[str]:
    """Yield that a task may run into its own next slot, unless its bound is one that all tasks share."""
    policy = schedule.policy
    bounds = {"timeout": policy.timeout_ms, "expect": policy.expect.max_duration_ms}
    longest = min((ms for key, ms in bounds.items() if ms is not None and key in written), default=0)
    if longest > gap_ms:
        yield (
            f"fires every {format_duration(gap_ms)} but may take {format_duration(longest)}:"
            " slots are skipped meanwhile; write overlap to say what is meant"
        )


def _idle_keys(schedule: Schedule, written: Container[str]) -> Iterator[str]:
    """Yield the keys of an entry that change nothing beside its other keys."""
    policy = schedule.policy
    for key, overlaps in _NEEDS_OVERLAP.items():
        if key in written and policy.overlap not in overlaps:
            yield f'{key} means nothing with overlap = "{policy.overlap}"'
    if "catchup_limit" in written and policy.missed_run_policy is not MissedRunPolicy.RUN_ALL:
        yield f'catchup_limit means nothing with missed_run_policy = "{policy.missed_run_policy}"'
    if isinstance(schedule.trigger, ManualSpec):
        idle = [key for key in _OF_SLOTS if key in written]
        if idle:
            yield f'{", ".join(idle)} {"mean" if len(idle) > 1 else "means"} nothing with cron = "@manual"'


def _secrets_in_sight(schedule: Schedule) -> Iterator[str]:
    if isinstance(schedule.action, Command):
        run = schedule.action.run
        if files_named(run if isinstance(run, str) else "\n".join(run)):
            yield "puts a secret's file into its command line, where every user sees it; put it into env"
