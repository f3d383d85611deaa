"""What becomes of a schedule's memory when the clock goes back."""

import msgspec

from cronsole.model.instant import HOUR, Instant, Millis
from cronsole.model.schedule import Pause, ScheduleState

# Debian's cron waits for a clock that went back by less than three hours.
PATIENCE_MS: Millis = 3 * HOUR


def after_setback(state: ScheduleState, now: Instant) -> ScheduleState | None:
    """Return the state that fires again from now, or None where waiting for the watermark is short enough."""
    if (
        max(state.watermark, state.created_at, state.trigger_changed_at, state.resumed_at)
        <= now + PATIENCE_MS
    ):
        return None
    # Each of these alone would keep the schedule silent until the clock has come as far again.
    return msgspec.structs.replace(
        state,
        watermark=now,
        created_at=min(state.created_at, now),
        trigger_changed_at=min(state.trigger_changed_at, now),
        resumed_at=min(state.resumed_at, now),
        pause=None if state.pause is None else _since(state.pause, now),
    )


def _since(pause: Pause, now: Instant) -> Pause:
    # What is paused stays paused, although the pause seems to lie ahead.
    return msgspec.structs.replace(pause, since=min(pause.since, now))
