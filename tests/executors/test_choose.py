import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest_asyncio
from tests.executors.conftest import MakeJob

from cronsole.clock import SystemClock
from cronsole.executors.choose import Executors
from cronsole.executors.command import CommandExecutor
from cronsole.executors.record import RecordExecutor
from cronsole.model.action import Publish, Record
from cronsole.model.run import RunState


@pytest_asyncio.fixture
async def executors() -> AsyncIterator[Executors]:
    chosen = Executors(SystemClock(), os.environ)
    yield chosen
    await chosen.close()


async def test_a_record_succeeds_at_once(executors: Executors, make_job: MakeJob):
    outcome = await executors.start(make_job(Record())).wait()
    assert (outcome.state, outcome.output, outcome.detail) == (RunState.SUCCEEDED, "", "")


async def test_a_command_goes_to_the_executor_of_commands(executors: Executors, make_job: MakeJob):
    execution = executors.start(make_job("echo hello"))
    assert executors.command.__class__ is CommandExecutor
    assert (await execution.wait()).output == "hello\n"


async def test_an_action_that_nobody_carries_out_fails_with_one_sentence(
    executors: Executors, make_job: MakeJob
):
    outcome = await executors.start(make_job(Publish("channel", "message", "redis://"))).wait()
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, True)
    assert outcome.detail == "this engine cannot carry out publish actions"


async def test_a_further_kind_may_be_registered(executors: Executors, make_job: MakeJob):
    executors.register(Publish, RecordExecutor)
    outcome = await executors.start(make_job(Publish("channel", "message", "redis://"))).wait()
    assert outcome.state is RunState.SUCCEEDED


async def test_it_may_be_closed_twice(executors: Executors, make_job: MakeJob):
    await executors.start(make_job("true")).wait()
    await executors.close()
    await executors.close()


def test_http_is_not_loaded_before_it_is_needed():
    script = "import sys, cronsole.executors.choose; print('httpx' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"
