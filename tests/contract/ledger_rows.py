"""Rows for the ledger's contract: small, and told apart by number."""

from typing import Any

from cronsole.model.run import Cause, Finished, Range, Run, RunState
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.model.trigger import CronSpec
from cronsole.store.base import Batch, Defined, Ledger

SLOT = 60_000


def claim(number: int, *, schedule_id: str = "tidy", slot: int | None = None, **fields: Any) -> Run:
    """A claim of the number-th slot of a schedule."""
    slot = number * SLOT if slot is None else slot
    values: dict[str, Any] = {
        "run_id": f"{number:04}-{schedule_id}{fields.get('scope', '')}",
        "schedule_id": schedule_id,
        "cause": Cause.SLOT,
        "state": RunState.QUEUED,
        "due_at": slot,
        "created_at": number * SLOT,
        "slot": slot,
        "stands_for": Range(1, slot, slot),
        "fence": number,
        "node": "n1",
    }
    return Run(**(values | fields))


def manual(number: int, *, schedule_id: str = "tidy", **fields: Any) -> Run:
    """A run that a person asked for."""
    values: dict[str, Any] = {
        "run_id": f"{number:04}-{schedule_id}-manual",
        "schedule_id": schedule_id,
        "cause": Cause.MANUAL,
        "state": RunState.QUEUED,
        "due_at": number * SLOT,
        "created_at": number * SLOT,
        "fence": number,
        "actor": "ann",
        "bypassed": "hours",
    }
    return Run(**(values | fields))


def missed(number: int, first: int, last: int, **fields: Any) -> Run:
    """A missed row that stands for the slots from first to last."""
    slots = Range(last - first + 1, first * SLOT, last * SLOT)
    return claim(number, slot=last * SLOT, state=RunState.MISSED, stands_for=slots, **fields)


def finished(run: Run, state: RunState = RunState.SUCCEEDED, **fields: Any) -> Finished:
    values: dict[str, Any] = {
        "run_id": run.run_id,
        "fence": run.fence,
        "at": run.created_at + 1,
        "state": state,
    }
    return Finished(**(values | fields))


def state_of(schedule_id: str = "tidy", **fields: Any) -> ScheduleState:
    values: dict[str, Any] = {
        "schedule_id": schedule_id,
        "created_at": 1,
        "anchor_at": 2,
        "trigger_changed_at": 3,
        "watermark": 0,
        "trigger_hash": "t",
        "definition_hash": "d",
    }
    return ScheduleState(**(values | fields))


def defined(schedule_id: str = "tidy", **fields: Any) -> Defined:
    return Defined(Schedule(id=schedule_id, trigger=CronSpec("* * * * *")), state_of(schedule_id, **fields))


async def make(ledger: Ledger, *runs: Run, state: RunState = RunState.SUCCEEDED, **fields: Any) -> None:
    """Claim the runs one after another and finish those that are to run."""
    for run in runs:
        batch = Batch(claims=[run]) if run.slot is not None else Batch(runs=[run])
        assert not (await ledger.commit(batch)).refused
        if not run.state.is_final:
            await ledger.commit(Batch(changes=[finished(run, state, **fields)]))


async def watermark(ledger: Ledger, schedule_id: str = "tidy") -> int:
    return (await ledger.schedule_states())[schedule_id].watermark
