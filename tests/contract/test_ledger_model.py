"""The ledger against a model of it in dictionaries: any batches, in any order."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.contract.conftest import SHELVES, Shelf
from tests.contract.ledger_rows import claim, defined, manual

from cronsole.model.run import (
    Finished,
    Range,
    Rejected,
    Retrying,
    Run,
    RunChange,
    RunState,
    SkipReason,
    Starting,
)
from cronsole.store.base import Batch, ClaimRetracted, Retention, RunFilter, WatermarkMoved

_SCHEDULES = ("a", "b")
_TO_RUN = (RunState.QUEUED, RunState.STARTING)

claims = st.builds(
    lambda schedule_id, scope, slot, back, state, fence: claim(
        0,
        schedule_id=schedule_id,
        scope=scope,
        slot=slot,
        state=state,
        stands_for=Range(back + 1, slot - back, slot),
        fence=fence,
    ),
    st.sampled_from(_SCHEDULES),
    st.sampled_from(("", "n")),
    st.integers(1, 15),
    st.integers(0, 3),
    st.sampled_from((*_TO_RUN, RunState.MISSED)),
    st.integers(1, 4),
)
choices = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(("start", "finish", "fail", "retry", "reject")), st.integers(1, 6)
    ),
    max_size=6,
)


class Model:
    """What the docstrings of the protocol say, one row after another."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.watermarks: dict[tuple[str, str], int] = {(key, ""): 0 for key in _SCHEDULES}
        self.runs_made = dict.fromkeys(self.watermarks, 0)
        self.slots: set[tuple[str, int | None, str]] = set()

    def claim(self, run: Run) -> bool:
        key = run.schedule_id, run.scope
        slot = (run.schedule_id, run.slot, run.scope)
        assert run.slot is not None
        if run.slot <= self.watermarks.get(key, -1) or slot in self.slots:
            return False
        self.slots.add(slot)
        self.runs[run.run_id] = run
        self.watermarks[key] = run.slot
        self.runs_made[key] = self.runs_made.get(key, 0) + (run.state in _TO_RUN)
        return True

    def retract(self, change: ClaimRetracted) -> bool:
        run = self.runs[change.run_id]
        if run.state not in _TO_RUN or run.attempt > 1 or run.slot is None:
            return False
        del self.runs[change.run_id]
        self.slots.remove((run.schedule_id, run.slot, run.scope))
        self.watermarks[run.schedule_id, run.scope] = change.watermark
        self.runs_made[run.schedule_id, run.scope] -= 1
        return True

    def change(self, change: RunChange) -> bool:
        run = self.runs[change.run_id]
        if run.state.is_final or run.fence > change.fence:
            return False
        fields: dict[str, Any] = {"fence": change.fence}
        match change:
            case Starting():
                fields |= {"state": RunState.STARTING, "attempt": change.attempt, "started_at": change.at}
            case Finished():
                fields |= {"state": change.state, "finished_at": change.at}
            case Retrying():
                fields |= {"state": RunState.QUEUED, "attempt": change.attempt, "retry_at": change.retry_at}
                fields |= {"started_at": None}
            case Rejected():
                fields |= {"state": RunState.SKIPPED, "finished_at": change.at, "reason": change.reason}
        self.runs[change.run_id] = msgspec.structs.replace(run, **fields)
        return True


def _change(run: Run, kind: str, fence: int) -> RunChange:
    match kind:
        case "start":
            return Starting(run.run_id, fence, run.attempt, 50)
        case "finish":
            return Finished(run.run_id, fence, 60, RunState.SUCCEEDED)
        case "fail":
            return Finished(run.run_id, fence, 61, RunState.FAILED)
        case "retry":
            failed = Finished(run.run_id, fence, 62, RunState.FAILED)
            return Retrying(run.run_id, fence, 62, failed, run.attempt + 1, 70)
        case _:
            return Rejected(run.run_id, fence, 63, SkipReason.OVERLAP)


class LedgerMachine(RuleBasedStateMachine):
    name = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.shelf = Shelf(SHELVES[self.name](Path(self.folder.name)))
        self.runner.run(self.shelf.open())
        self.model = Model()
        self.serial = 0
        self.commit(Batch(states=[defined(key) for key in _SCHEDULES]), [])

    def commit(self, batch: Batch, expected: list[tuple[str, bool]]) -> None:
        committed = self.runner.run(self.shelf.ledger.commit(batch))
        assert committed.refused == {run_id for run_id, granted in expected if not granted}

    def chosen(self, index: int) -> Run | None:
        known = sorted(self.model.runs)
        return self.model.runs[known[index % len(known)]] if known else None

    @rule(found=st.lists(claims, max_size=6), changes=choices, people=st.integers(0, 2))
    def write_a_batch(self, found: list[Run], changes: list[tuple[int, str, int]], people: int) -> None:
        batch, expected = Batch(), []
        for run in found:
            self.serial += 1
            run = msgspec.structs.replace(run, run_id=f"{self.serial:06}", created_at=self.serial)
            batch.claims.append(run)
            expected.append((run.run_id, self.model.claim(run)))
        for _ in range(people):
            self.serial += 1
            run = manual(1, schedule_id="a", run_id=f"{self.serial:06}", created_at=self.serial)
            batch.runs.append(run)
            self.model.runs[run.run_id] = run
        told: dict[str, bool] = {}
        for index, kind, fence in changes:
            target = self.chosen(index)
            if target is not None:
                change = _change(target, kind, fence)
                batch.changes.append(change)
                # A run is refused where any of its changes is.
                told[target.run_id] = self.model.change(change) and told.get(target.run_id, True)
        self.commit(batch, expected + list(told.items()))

    @rule(schedule_id=st.sampled_from(_SCHEDULES), watermark=st.integers(0, 15))
    def move_the_watermark(self, schedule_id: str, watermark: int) -> None:
        self.commit(Batch(states=[WatermarkMoved(schedule_id, watermark)]), [])
        for key in self.model.watermarks:
            if key[0] == schedule_id:
                self.model.watermarks[key] = watermark

    @rule(index=st.integers(0, 30), watermark=st.integers(0, 15))
    def retract_a_claim(self, index: int, watermark: int) -> None:
        run = self.chosen(index)
        if run is not None:
            change = ClaimRetracted(run.run_id, run.schedule_id, watermark)
            self.commit(Batch(states=[change]), [(run.run_id, self.model.retract(change))])

    @rule()
    def prune_all(self) -> None:
        while self.runner.run(self.shelf.ledger.prune(Retention(0, 0), 0)).rows:
            pass
        for run in [run for run in self.model.runs.values() if run.state.is_final]:
            del self.model.runs[run.run_id]
            self.model.slots.discard((run.schedule_id, run.slot, run.scope))

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.shelf.reopen())

    @invariant()
    def says_what_the_model_says(self) -> None:
        read = self.runner.run(self.shelf.ledger.runs(RunFilter(), limit=10_000))
        assert {run.run_id: run for run in read} == self.model.runs
        states = self.runner.run(self.shelf.ledger.schedule_states())
        for key, state in states.items():
            assert state.watermark == self.model.watermarks[key, ""]
            assert state.runs_made == self.model.runs_made[key, ""]
        unfinished = self.runner.run(self.shelf.ledger.unfinished_runs())
        assert {run.run_id for run in unfinished} == {
            run.run_id for run in self.model.runs.values() if not run.state.is_final
        }

    def teardown(self) -> None:
        self.runner.run(self.shelf.ledger.close())
        self.runner.close()
        self.folder.cleanup()


@pytest.mark.parametrize("name", SHELVES)
def test_any_batches_leave_what_the_model_says(name: str):
    machine = type("Machine", (LedgerMachine,), {"name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
