"""From what a trigger is told to one that can be asked for its fires."""

from cronsole.errors import TriggerError
from cronsole.model.instant import DAY, Instant
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, OnceSpec, TriggerSpec
from cronsole.triggers.base import Trigger
from cronsole.triggers.cron import CronTrigger
from cronsole.triggers.cron_expression import rule_of
from cronsole.triggers.cron_hash import has_hash
from cronsole.triggers.interval import DailyIntervalTrigger, IntervalTrigger
from cronsole.triggers.once import OnceTrigger, TimelessTrigger
from cronsole.triggers.zone import zone


def compile_trigger(
    spec: TriggerSpec,
    *,
    schedule_id: str,
    timezone: str = "UTC",
    dst: DstPolicy = DstPolicy.CRON,
    anchor_at: Instant = 0,
) -> Trigger:
    """Return the trigger of a spec; TriggerError or UnknownTimezone when there can be none.

    `anchor_at` is when the schedule was first seen; it counts where the spec itself names no start.
    """
    if isinstance(spec, CronSpec):
        hashed_id = schedule_id if has_hash(spec.expression) else ""
        return CronTrigger(rule_of(spec.expression, hashed_id), zone(timezone), dst)
    if isinstance(spec, IntervalSpec):
        return _interval(spec, timezone, anchor_at)
    if isinstance(spec, OnceSpec):
        return OnceTrigger(spec.at if spec.at is not None else anchor_at + (spec.after_ms or 0))
    return TimelessTrigger()


def _interval(spec: IntervalSpec, timezone: str, anchor_at: Instant) -> Trigger:
    if spec.every_ms <= 0:
        raise TriggerError("an interval of zero never moves; write one like 30s, 5m, 2h or 1d")
    fires_at_anchor = spec.start_at is not None or spec.run_at_start
    anchor = spec.start_at if spec.start_at is not None else anchor_at
    if spec.every_ms % DAY:
        return IntervalTrigger(spec.every_ms, anchor, fires_at_anchor=fires_at_anchor)
    return DailyIntervalTrigger(spec.every_ms, anchor, zone(timezone), fires_at_anchor=fires_at_anchor)
