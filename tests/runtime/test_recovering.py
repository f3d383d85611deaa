import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.runtime.house import House, calls, schedule, shell

from cronsole.executors.adopt import boot_id
from cronsole.executors.tree import stat
from cronsole.model.event import RunAdopted, RunFinished
from cronsole.model.instant import Instant, from_iso
from cronsole.model.policy import Delivery, OnEngineDeath
from cronsole.model.run import Cause, Range, Run, RunState
from cronsole.runtime.identity import folder_of
from cronsole.store.base import Batch
from cronsole.store.sqlite import SqliteLedger

SLOT: Instant = from_iso("2026-11-20T00:00Z")


def unfinished(state: RunState, **fields: Any) -> Run:
    return Run(
        run_id="00000000001",
        schedule_id="gc",
        cause=Cause.SLOT,
        state=state,
        due_at=SLOT,
        created_at=SLOT,
        slot=SLOT,
        stands_for=Range(1, SLOT, SLOT),
        fence=1,
        boot_id=boot_id(),
        **fields,
    )


async def left_behind(house: House, run: Run, *definitions: Any) -> None:
    """Put a row into the ledger as an engine that was killed leaves it."""
    house.clock.step(-10_000)
    await house.start(*definitions)
    await house.stop()
    ledger = SqliteLedger(house.state / "ledger.db")
    await ledger.open()
    await ledger.commit(Batch(claims=[run]))
    await ledger.close()
    house.clock.step(10_000)


def output_file(house: House, run: Run) -> Path:
    path = house.state / "output" / folder_of(run.run_id) / f"{run.run_id}.{run.attempt}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


async def test_a_claim_that_never_started_is_owed_again(house: House) -> None:
    await left_behind(house, unfinished(RunState.STARTING), schedule("gc", "0 0 * * *", shell("true")))
    await house.start()
    await house.seconds(1)
    await house.until(RunFinished)
    (run,) = await house.rows("gc")
    assert (run.slot, run.state) == (SLOT, "succeeded")
    assert run.run_id != "00000000001"


async def test_a_start_that_was_tried_and_left_no_trace_is_lost(house: House) -> None:
    run = unfinished(RunState.STARTING)
    await left_behind(house, run, schedule("gc", "0 0 * * *", shell("true")))
    output_file(house, run).touch()
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["lost"]


async def test_a_claim_of_an_earlier_boot_that_was_about_to_start_is_lost(house: House) -> None:
    run = unfinished(RunState.STARTING)
    other = Run(**{name: getattr(run, name) for name in run.__struct_fields__} | {"boot_id": "earlier"})
    await left_behind(house, other, schedule("gc", "0 0 * * *", shell("true")))
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["lost"]


async def test_a_lost_attempt_is_followed_by_another_where_delivery_is_at_least_once(house: House) -> None:
    run = unfinished(RunState.STARTING)
    gc = schedule("gc", "0 0 * * *", shell("true"), delivery=Delivery.AT_LEAST_ONCE)
    await left_behind(house, run, gc)
    output_file(house, run).touch()
    await house.start()
    await house.seconds(1)
    await house.until(RunFinished)
    (again,) = await house.rows("gc")
    assert (again.state, again.attempt) == ("succeeded", 2)
    assert again.fence > run.fence


async def test_an_in_process_run_does_not_outlive_its_engine(house: House) -> None:
    await left_behind(house, unfinished(RunState.STARTING), schedule("gc", "0 0 * * *", calls("note")))
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["lost"]


async def test_a_run_that_outlived_its_engine_is_adopted_and_counts_as_running(house: House) -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    seen = stat(child.pid)
    assert seen is not None
    run = unfinished(RunState.RUNNING, pid=child.pid, pid_started=seen.started)
    await left_behind(house, run, schedule("gc", "* * * * *", shell("true")))
    await house.start()
    assert [event.pid for event in house.of(RunAdopted)] == [child.pid]
    await house.seconds(60)
    assert await house.verdicts("gc") == ["running", "skipped(overlap)"]
    child.kill()
    await asyncio.to_thread(child.wait)
    finished = await house.until(RunFinished)
    assert finished.state == "lost"


async def test_a_run_that_ended_while_no_engine_watched_ends_as_its_shell_told(house: House) -> None:
    run = unfinished(RunState.RUNNING, pid=2**22 - 1, pid_started=1)
    await left_behind(house, run, schedule("gc", "0 0 * * *", shell("exit 3")))
    path = output_file(house, run)
    path.write_text("three\n")
    Path(f"{path}.exit").write_text("3\n")
    await house.start()
    await house.seconds(1)
    (ended,) = await house.rows("gc")
    assert (ended.state, ended.exit_code) == ("failed", 3)


async def test_a_recycled_pid_is_not_mistaken_for_the_run(house: House) -> None:
    run = unfinished(RunState.RUNNING, pid=os.getpid(), pid_started=1)
    await left_behind(house, run, schedule("gc", "0 0 * * *", shell("true")))
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("gc") == ["lost"]


async def test_a_run_that_shall_not_outlive_its_engine_is_ended_as_lost(house: House) -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    seen = stat(child.pid)
    assert seen is not None
    run = unfinished(RunState.RUNNING, pid=child.pid, pid_started=seen.started)
    gc = schedule("gc", "@daily", shell("true"), on_engine_death=OnEngineDeath.KILL)
    await left_behind(house, run, gc)
    await house.start()
    reaped = asyncio.ensure_future(asyncio.to_thread(child.wait))
    finished = await house.until(RunFinished)
    await reaped
    assert finished.state == "lost"


async def test_a_queued_run_goes_on_waiting_for_its_turn(house: House) -> None:
    run = unfinished(RunState.QUEUED)
    manual = Run(
        **{name: getattr(run, name) for name in run.__struct_fields__}
        | {"cause": Cause.MANUAL, "slot": None, "stands_for": None}
    )
    house.clock.step(-10_000)
    await house.start(schedule("gc", "@yearly"))
    await house.stop()
    ledger = SqliteLedger(house.state / "ledger.db")
    await ledger.open()
    await ledger.commit(Batch(runs=[manual]))
    await ledger.close()
    house.clock.step(10_000)
    await house.start()
    await house.seconds(1)
    (ended,) = await house.rows("gc")
    assert (ended.cause, ended.state) == (Cause.MANUAL, "succeeded")
