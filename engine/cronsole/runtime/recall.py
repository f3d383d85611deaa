"""What an engine takes in at its start: the last run of each schedule, and the runs that an earlier engine left."""

from cronsole.model.run import RunState
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.recovery import Recovery
from cronsole.store.base import Ledger


async def recall(ground: Ground, ledger: Ledger, recovery: Recovery) -> None:
    """Take in what the ledger knows of earlier runs, and settle those without an end."""
    for schedule_id, run in (await ledger.last_runs()).items():
        lane = ground.lanes.get(schedule_id)
        if lane is not None:
            lane.last_run = run
    unfinished = await ledger.unfinished_runs()
    # Survivors first: what never started must find them running.
    for run in sorted(unfinished, key=lambda run: run.state is RunState.QUEUED):
        lane = ground.lanes.get(run.schedule_id) or await _archived_lane(ground, ledger, run.schedule_id)
        if lane is not None:
            await recovery.settle(lane, run)
    await ground.journal.settle()


async def _archived_lane(ground: Ground, ledger: Ledger, schedule_id: str) -> Lane | None:
    """Return a lane that only sees the unfinished runs of a removed schedule to their end."""
    schedule = await ledger.definition(schedule_id)
    state = (await ledger.schedule_states()).get(schedule_id)
    if schedule is None or state is None:
        return None
    lane = Lane(schedule, state, ground.clock.now())
    lane.is_leaving = True
    ground.lanes.put(lane)
    return lane
