"""What happens to an engine while it is simulated, beyond the passing of time."""

from typing import Literal, TypeAlias

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which schedules are meant: one, those with a tag, or all of them."""

    schedule: str | None = None
    tag: str | None = None

    def covers(self, schedule: Schedule) -> bool:
        if self.schedule is not None:
            return schedule.id == self.schedule
        return self.tag is None or self.tag in schedule.tags


class Stretch(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"begin": "from", "end": "to"},
):
    begin: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError("`to` must be after `from`")


class Down(Stretch, frozen=True, kw_only=True):
    """No engine runs: it was stopped in good order, or it crashed."""

    how: Literal["crash", "stop"] = "crash"


class Sleep(Stretch, frozen=True, kw_only=True):
    """The machine is suspended: nothing goes on, and the wall clock is further when it wakes."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wall clock is set, by this much against the time that really passed."""

    at: Instant
    by: Millis


class PauseAt(Target, frozen=True, kw_only=True):
    at: Instant
    until: Instant | None = None
    reason: str = ""


class ResumeAt(Target, frozen=True, kw_only=True):
    at: Instant
    catch_up: bool = False


class TriggerAt(Target, frozen=True, kw_only=True):
    """Somebody starts a run by hand."""

    at: Instant


class CancelAt(Target, frozen=True, kw_only=True):
    """Somebody stops what runs, and what waits to be tried again."""

    at: Instant


class SessionAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    at: Instant
    active: bool


class ReloadAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another configuration comes into force, or, where it is None, the same file turns out to have faults."""

    at: Instant
    config: str = ""
    configuration: Configuration | None = None


class Duration(Target, frozen=True, kw_only=True):
    """How long runs take: always the same, evenly between two bounds, or spread around a median."""

    fixed: Millis | None = None
    min: Millis | None = None
    max: Millis | None = None
    median: Millis | None = None
    sigma: float = 0.5
    seed: str = ""
    # How long a run takes to end once it is asked to.
    stop: Millis = 0

    def __post_init__(self) -> None:
        if self.fixed is None and self.median is None and self.max is None:
            raise ValueError("a duration needs `fixed`, `median`, or `max`")


class Failure(Target, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Which runs fail: those of some slots, some of them by chance, or, with neither given, all.

    Only the first `attempts` attempts of a run fail, where that is given; `start` and `end` bound the slots.
    """

    slots: frozenset[Instant] = frozenset()
    probability: float | None = None
    attempts: int | None = None
    start: Instant | None = None
    end: Instant | None = None
    exit_code: int = 1
    seed: str = ""


Happening: TypeAlias = Down | Sleep | Step | PauseAt | ResumeAt | TriggerAt | CancelAt | SessionAt | ReloadAt


class Happenings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a simulation is told; the times are those that a right clock would show."""

    down: tuple[Down, ...] = ()
    sleep: tuple[Sleep, ...] = ()
    step: tuple[Step, ...] = ()
    pause: tuple[PauseAt, ...] = ()
    resume: tuple[ResumeAt, ...] = ()
    trigger: tuple[TriggerAt, ...] = ()
    cancel: tuple[CancelAt, ...] = ()
    session: tuple[SessionAt, ...] = ()
    reload: tuple[ReloadAt, ...] = ()
    duration: tuple[Duration, ...] = ()
    failure: tuple[Failure, ...] = ()

    def moments(self) -> list[tuple[Instant, Happening]]:
        """Return what happens at an instant, or begins at it, in the order of time."""
        points: list[tuple[Instant, Happening]] = [(each.begin, each) for each in self.down]
        points += [(each.begin, each) for each in self.sleep]
        groups = (self.step, self.pause, self.resume, self.trigger, self.cancel, self.session, self.reload)
        points += [(each.at, each) for group in groups for each in group]
        return sorted(points, key=lambda point: point[0])
