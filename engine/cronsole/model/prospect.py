"""What an engine tells of the future and of choices: why, plans, effects, fires to come; beside model/view.py."""

from datetime import datetime
from enum import StrEnum

from cronsole.model.instant import Millis
from cronsole.model.view import RunView, View


class StepOutcome(StrEnum):
    PASSES = "passes"
    STOPS = "stops"
    NOTE = "note"


class WhyStep(View, frozen=True):
    """One step of a decision: `name` is the trigger, a gate, a limit or the ledger."""

    name: str
    outcome: StepOutcome
    detail: str


class WhyView(View, frozen=True):
    """Why a slot ran, why not, or why not yet: the steps in the order in which they were or will be taken."""

    schedule_id: str
    slot: datetime | None
    conclusion: str
    steps: tuple[WhyStep, ...]
    run: RunView | None = None


class FieldChange(View, frozen=True):
    """One key of a definition before and after, as text; empty where it was or is not given."""

    key: str
    before: str
    after: str


class PlannedChange(View, frozen=True):
    """What a reload makes of one schedule, with the first fires that it loses and gains until the plan's end."""

    id: str
    origin: str
    fields: tuple[FieldChange, ...] = ()
    loses: tuple[datetime, ...] = ()
    gains: tuple[datetime, ...] = ()
    fires_before: int = 0
    fires_after: int = 0


class PlanView(View, frozen=True):
    """What a reload would do; nothing where there are problems. `retimed` ones start anew from the reload on."""

    until: datetime
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    added: tuple[PlannedChange, ...] = ()
    changed: tuple[PlannedChange, ...] = ()
    retimed: tuple[PlannedChange, ...] = ()
    removed: tuple[PlannedChange, ...] = ()
    unchanged: int = 0


class ReloadView(View, frozen=True):
    """What a reload did; with problems, the last good set stays in force."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0


class EffectView(View, frozen=True):
    """What a verb over several schedules did or, as a preview, would do; `told` are its consequences in sentences."""

    schedule_ids: tuple[str, ...]
    is_preview: bool = False
    skips: int = 0
    starts: int = 0
    told: tuple[str, ...] = ()


class BackfillView(View, frozen=True):
    """The slots that a backfill runs, in order; `run_ids` is empty for a preview."""

    schedule_id: str
    slots: int
    is_preview: bool = False
    first: datetime | None = None
    last: datetime | None = None
    run_ids: tuple[str, ...] = ()


class PlannedFire(View, frozen=True):
    """One fire to come, of any schedule."""

    schedule_id: str
    slot: datetime
    due: datetime


class ForecastView(View, frozen=True):
    """Every fire of a stretch of time by when it is due, paused and disabled schedules left out.

    With more than were asked for, `until` is where the list ends; everything before it is there.
    """

    since: datetime
    until: datetime
    fires: tuple[PlannedFire, ...] = ()
    is_cut: bool = False


class BusyMoment(View, frozen=True):
    """A second in which many start together; of the schedules, the first few by name."""

    at: datetime
    count: int
    schedule_ids: tuple[str, ...] = ()


class LoadView(View, frozen=True):
    """How much starts in each bucket of a stretch of time; `left_out` schedules fire too often to be counted."""

    since: datetime
    until: datetime
    bucket_ms: Millis
    counts: tuple[int, ...]
    busiest: tuple[BusyMoment, ...] = ()
    left_out: int = 0
