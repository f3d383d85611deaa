"""What every carrier of plugins has to do, with real processes and real servers where it has any."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from tests.contract.plugin_carriers import CARRIERS, VERBS, Carried, KeptInMemory

from cronsole.clock import SystemClock
from cronsole.dialects.bext import read_declaration
from cronsole.dialects.pulse import PulseWords
from cronsole.executors.base import Job, Outcome, StartFault
from cronsole.executors.plugin import PluginExecutor
from cronsole.model import event as events
from cronsole.model.action import PluginCall
from cronsole.model.event import Event
from cronsole.model.plugin import PluginStatus
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState
from cronsole.model.settings import PluginSettings, Settings
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.registry import Registry


class Stage:
    """A registry with one plugin, and the executor through which runs reach it."""

    def __init__(self, carried: Carried, folder: Path, sockets: Path) -> None:
        self.carried = carried
        self.folder = folder
        self.state = KeptInMemory()
        self.events: list[Event] = []
        self.warnings: list[str] = []
        ground = PluginGround(
            clock=SystemClock(),
            environ=dict(os.environ),
            folder=sockets,
            state=self.state,
            schedules=cast("Any", None),
            warn=self.warnings.append,
            read=lambda plugin, declared: read_declaration(plugin, declared, Settings()),
            words=PulseWords(),
        )
        self.registry = Registry(ground, publish=self.events.append)
        self.executor = PluginExecutor(self.registry)
        self.number = 0

    async def load(self, version: int = 1, **changes: Any) -> None:
        settings = msgspec.structs.replace(self.carried.write(self.folder, version), **changes)
        await self.load_all(settings)

    async def load_all(self, *plugins: PluginSettings) -> None:
        prepared = await self.registry.prepare(Settings(plugins=plugins), anew=("sample",))
        self.registry.commit(prepared)
        await self.registry.sweep()

    def job(self, verb: str, **changes: Any) -> Job:
        self.number += 1
        job = Job(
            # A run is ended by its id, wherever it runs: other workers have runs of their own.
            run_id=f"r{os.getpid()}-{self.number}",
            schedule_id=self.carried.schedule_id,
            action=PluginCall("sample", verb),
            attempt=1,
            fence=7,
            slot=1_774_746_000_000,
            due_at=1_774_746_000_000,
            is_catchup=False,
            run_count=self.number,
            config="{}",
            payload="",
            output_path=self.folder / f"r{self.number}.log",
            timeout_ms=20_000,
            kill_grace_ms=500,
            expect=Expect(),
            limits=Limits(),
        )
        return msgspec.structs.replace(job, **changes)

    async def call(self, verb: str, **changes: Any) -> Outcome:
        # What should have been ended long ago is a failure of the test, and not its end.
        async with asyncio.timeout(60):
            outcome = await self.executor.start(self.job(verb, **changes)).wait()
        if outcome.remembered is not None:
            await self.state.remember(outcome.remembered.plugin, outcome.remembered.updates)
        return outcome

    def status(self) -> PluginStatus:
        record = self.registry.record("sample")
        assert record is not None
        return record.status

    @property
    def ids(self) -> list[str]:
        record = self.registry.record("sample")
        assert record is not None
        return [schedule.id for schedule in record.declared.schedules]


@pytest.fixture(params=CARRIERS, ids=lambda carried: carried.carrier.value)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    folder = tmp_path / "sample"
    folder.mkdir()
    # The path of a socket is short, wherever tests have their folders.
    sockets = Path(tempfile.mkdtemp(prefix="cs-"))
    made = Stage(request.param, folder, sockets)
    try:
        yield made
    finally:
        await made.registry.close()
        shutil.rmtree(sockets)


async def test_what_a_plugin_declares_is_known_when_it_is_loaded(stage: Stage) -> None:
    await stage.load()
    record = stage.registry.record("sample")
    assert record is not None
    assert (record.status, record.carrier) == (PluginStatus.LOADED, stage.carried.carrier)
    assert stage.ids == [stage.carried.schedule_id]
    (schedule,) = record.declared.schedules
    assert isinstance(schedule.action, PluginCall)
    assert schedule.action.plugin == "sample"
    assert {verb.name for verb in record.declared.verbs} >= set(VERBS)
    assert [type(event) for event in stage.events] == [events.PluginLoaded]


async def test_a_run_that_succeeds_says_what_it_did(stage: Stage) -> None:
    await stage.load()
    outcome = await stage.call("work")
    assert outcome.state is RunState.SUCCEEDED, outcome
    assert "worked" in outcome.output


async def test_a_run_that_fails_says_why(stage: Stage) -> None:
    await stage.load()
    outcome = await stage.call("fail")
    assert outcome.state is RunState.FAILED
    assert "no luck" in outcome.detail


async def test_a_run_that_takes_too_long_is_ended(stage: Stage) -> None:
    await stage.load()
    outcome = await stage.call("hang", timeout_ms=300)
    assert outcome.state is RunState.TIMED_OUT
    assert outcome.detail.startswith("timed out after 0.3s")
    assert (await stage.call("work")).state is RunState.SUCCEEDED


async def test_a_run_that_is_stopped_is_cancelled_with_the_reason(stage: Stage) -> None:
    await stage.load()
    execution = stage.executor.start(stage.job("hang"))
    waiting = asyncio.ensure_future(execution.wait())
    await asyncio.sleep(0.2)
    execution.stop("enough")
    outcome = await waiting
    assert outcome.state is RunState.CANCELLED
    assert "enough" in outcome.detail


async def test_the_task_that_waits_can_be_cancelled_itself(stage: Stage) -> None:
    await stage.load()
    waiting = asyncio.ensure_future(stage.executor.start(stage.job("hang")).wait())
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_run_that_makes_up_for_a_missed_one_is_told_so(stage: Stage) -> None:
    if not stage.carried.tells_catchup:
        pytest.skip("its protocol has no word for it")
    await stage.load()
    told = [json.loads((await stage.call("tell", is_catchup=flag)).output) for flag in (False, True)]
    assert [each["is_catchup"] for each in told] == [False, True]


async def test_what_a_plugin_remembers_is_there_at_its_next_run(stage: Stage) -> None:
    await stage.load()
    assert "count 1" in (await stage.call("count")).output
    assert "count 2" in (await stage.call("count")).output


async def test_calls_overlap(stage: Stage) -> None:
    await stage.load()
    hanging = asyncio.ensure_future(stage.call("hang", timeout_ms=1_500))
    assert (await stage.call("work")).state is RunState.SUCCEEDED
    assert not hanging.done()
    assert (await hanging).state is RunState.TIMED_OUT


async def test_a_run_that_crashes_fails_and_the_next_one_runs(stage: Stage) -> None:
    await stage.load()
    outcome = await stage.call("crash")
    assert outcome.state is RunState.FAILED
    assert outcome.detail
    async with asyncio.timeout(20):
        while (await stage.call("work")).state is not RunState.SUCCEEDED:
            await asyncio.sleep(0.1)


async def test_a_reload_brings_what_the_new_version_declares(stage: Stage) -> None:
    await stage.load()
    await stage.load(2)
    assert stage.ids == [stage.carried.schedule_id, stage.carried.second_id]
    assert stage.status() is PluginStatus.LOADED


async def test_a_reload_that_fails_keeps_the_last_good_set_marked_stale(stage: Stage) -> None:
    await stage.load()
    await stage.load(0)
    assert stage.status() is PluginStatus.STALE
    assert stage.ids == [stage.carried.schedule_id]
    assert isinstance(stage.events[-1], events.PluginStale)
    assert stage.events[-1].reason
    await stage.load(1)
    assert stage.status() is PluginStatus.LOADED
    assert (await stage.call("work")).state is RunState.SUCCEEDED


async def test_a_plugin_that_never_could_be_loaded_has_failed_with_the_reason(stage: Stage) -> None:
    await stage.load(0)
    assert stage.status() is PluginStatus.FAILED
    (failed,) = stage.events
    assert isinstance(failed, events.PluginFailed)
    assert failed.reason
    assert stage.ids == []


async def test_an_unloaded_plugin_is_called_no_more(stage: Stage) -> None:
    await stage.load()
    await stage.load_all()
    assert stage.status() is PluginStatus.UNLOADED
    assert isinstance(stage.events[-1], events.PluginUnloaded)
    outcome = await stage.call("work")
    assert outcome.state is RunState.FAILED
    assert outcome.detail == "plugin sample is unloaded: it is not configured any more"


async def test_a_disabled_plugin_is_listed_and_not_loaded(stage: Stage) -> None:
    await stage.load(enabled=False)
    assert stage.status() is PluginStatus.DISABLED
    with pytest.raises(StartFault, match="plugin sample is disabled"):
        async with stage.registry.lend("sample"):
            pass


async def test_a_run_that_is_under_way_outlives_the_reload_of_its_plugin(stage: Stage) -> None:
    await stage.load()
    running = asyncio.ensure_future(stage.call("hang", timeout_ms=1_500))
    await asyncio.sleep(0.3)
    await stage.load(2)
    assert not running.done()
    assert (await stage.call("work")).state is RunState.SUCCEEDED
    assert (await running).state is RunState.TIMED_OUT


async def test_a_plugin_that_works_is_well(stage: Stage) -> None:
    await stage.load()
    assert (await stage.registry.health("sample")).is_well
    assert not (await stage.registry.health("nobody")).is_well
