"""What a trigger is told: cron, interval, once, startup or manual, as written and checked, not yet compiled."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from cronsole.model.instant import Instant, Millis


class DstPolicy(StrEnum):
    """What a wall-clock time means where a transition leaves it out or repeats it."""

    CRON = "cron"
    PHYSICAL = "physical"
    SKIP = "skip"


class CronSpec(msgspec.Struct, frozen=True, tag="cron"):
    """A cron expression of five, six (seconds first) or seven fields (year last)."""

    expression: str


class IntervalSpec(msgspec.Struct, frozen=True, tag="interval"):
    """`anchor + n × every`; without `start_at` the anchor is when the schedule was first seen."""

    every_ms: Millis
    start_at: Instant | None = None
    run_at_start: bool = False


class OnceSpec(msgspec.Struct, frozen=True, tag="once"):
    """One instant: `at`, or `after_ms` from when the schedule was first seen."""

    at: Instant | None = None
    after_ms: Millis | None = None


class StartupSpec(msgspec.Struct, frozen=True, tag="startup"):
    """Once at each start of an engine."""


class ManualSpec(msgspec.Struct, frozen=True, tag="manual"):
    """Whenever somebody asks, and never by time."""


Timeless: TypeAlias = StartupSpec | ManualSpec
"""What time alone never brings about."""

TriggerSpec: TypeAlias = CronSpec | IntervalSpec | OnceSpec | StartupSpec | ManualSpec
