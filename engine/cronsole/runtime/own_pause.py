"""The pause that a schedule bears by itself: as its plugin stands it cannot run, and it goes on once it can."""

from typing import Final

from cronsole.model.instant import Instant
from cronsole.model.schedule import Pause, Schedule

_ACTOR: Final = "its plugin"


def own_pause(schedule: Schedule, pause: Pause | None, now: Instant) -> Pause | None:
    """Return the pause under which a schedule stands from now on; one that somebody set is theirs to end."""
    is_own = pause is not None and pause.actor == _ACTOR
    if pause is not None and (not is_own or pause.reason == schedule.invalid):
        return pause
    return Pause(now, reason=schedule.invalid, actor=_ACTOR) if schedule.invalid else None
