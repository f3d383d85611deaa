"""Whose turn it is in a lane: what becomes of a run whose time has come, and in which order those that wait start."""

from cronsole.model.policy import Overlap
from cronsole.model.run import Cause, Run
from cronsole.planning import overlap
from cronsole.runtime.lane import Lane


def decision(lane: Lane, run: Run) -> overlap.Decision:
    """Return what becomes of a run whose time has come while others of its lane are under way."""
    policy = lane.schedule.policy
    if run.cause is Cause.BACKFILL and (has_backfill(lane) or lane.waiting):
        # One after another, and none is given up because the queue is long: each of its slots was asked for.
        return overlap.Queue()
    return overlap.decide(
        policy,
        running=len(lane.active),
        queued=ahead_of_backfills(lane),
        is_serial=_is_serial(lane, run),
        is_beside_backfill=all(active.run.cause is Cause.BACKFILL for active in lane.active.values()),
    )


def has_backfill(lane: Lane) -> bool:
    """Tell whether a run of a backfill is under way."""
    return any(active.run.cause is Cause.BACKFILL for active in lane.active.values())


def ahead_of_backfills(lane: Lane) -> int:
    """Return how many of those that wait come before the first backfill."""
    places = (place for place, run in enumerate(lane.waiting) if run.cause is Cause.BACKFILL)
    return next(places, len(lane.waiting))


def taken_out(lane: Lane, run_id: str) -> Run | None:
    """Return a run that has not started, and have it wait no longer."""
    for run in lane.waiting:
        if run.run_id == run_id:
            lane.waiting.remove(run)
            return run
    return lane.appointed.pop(run_id, None) or lane.preclaimed.pop(run_id, None)


def _is_serial(lane: Lane, run: Run) -> bool:
    policy = lane.schedule.policy
    if run.cause in (Cause.MANUAL, Cause.BACKFILL):
        return policy.overlap is not Overlap.ALLOW
    unended = [*lane.waiting, *(active.run for active in lane.active.values())]
    catchups_ahead = sum(1 for each in unended if each.is_catchup)
    return overlap.goes_in_series(policy, is_catchup=run.is_catchup, catchups_ahead=catchups_ahead)
