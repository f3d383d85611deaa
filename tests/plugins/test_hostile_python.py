"""Python plugins whose authors meant no good: each fault ends its own load or its own run, and nothing else."""

import asyncio
import threading

import pytest
from tests.executors.conftest import MakeJob, make_job
from tests.plugins.python_plugins import HEAD, Yard, plugin_class

from cronsole.executors.base import Outcome
from cronsole.executors.plugin import PluginExecutor
from cronsole.model.action import PluginCall
from cronsole.model.plugin import PluginStatus
from cronsole.model.run import RunState

__all__ = ["make_job"]

ODD = f"""import asyncio, itertools, json, sys, threading, time
{HEAD}
class Odd(BaseException): pass
class Mute(Exception):
    def __str__(self): raise self
"""
RAISED = {
    "sys.exit(3)": "SystemExit: 3",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise GeneratorExit": "GeneratorExit",
    "raise asyncio.CancelledError": "CancelledError",
    "raise Odd('boo')": "Odd: boo",
    "raise Mute()": "Mute: its text cannot be told",
    "raise ValueError('\\ud800 \\x1b[2J')": r"ValueError: \ud800 \x1b[2J",
}


def declaring(body: str) -> str:
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{ODD}class Sample(Plugin):\n    def run(self, ctx): pass\n    def schedules(self):\n{lines}"


def running(body: str, prefix: str = "") -> str:
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{ODD}class Sample(Plugin):\n    {prefix}def run(self, ctx):\n{lines}"


async def called(yard: Yard, make: MakeJob, **changes: object) -> Outcome:
    job = make(PluginCall("sample", ""), **changes)
    return await PluginExecutor(yard.registry).start(job).wait()


@pytest.mark.parametrize("statement", RAISED)
@pytest.mark.parametrize("prefix", ["", "async "])
async def test_whatever_a_run_raises_fails_it_and_nothing_else(
    yard: Yard, make_job: MakeJob, statement: str, prefix: str
) -> None:
    yard.write("sample.py", running(statement, prefix))
    await yard.load()
    outcome = await called(yard, make_job)
    assert outcome.state is RunState.FAILED
    assert outcome.detail.startswith(RAISED[statement])


@pytest.mark.parametrize("statement", RAISED)
@pytest.mark.parametrize("prefix", ["", "async "])
async def test_whatever_a_declaration_raises_aborts_its_load_and_no_other(
    yard: Yard, statement: str, prefix: str
) -> None:
    text = declaring(statement).replace("def schedules", f"{prefix}def schedules")
    yard.write("sample.py", text)
    yard.write("good.py", plugin_class())
    await yard.load()
    assert yard.record("sample").status is PluginStatus.FAILED
    assert yard.record("sample").reason.startswith(f"schedules() raised {RAISED[statement]}")
    assert yard.ids("good") == ["gc"]


@pytest.mark.parametrize("statement", RAISED)
async def test_whatever_making_or_importing_it_raises_aborts_its_load(yard: Yard, statement: str) -> None:
    yard.write("made.py", f"{running('pass')}    def __init__(self):\n        {statement}\n")
    yard.write("read.py", f"{ODD}{statement}\n")
    await yard.load()
    made, read = yard.record("made"), yard.record("read")
    assert (made.status, read.status) == (PluginStatus.FAILED, PluginStatus.FAILED)
    assert RAISED[statement] in made.reason
    assert RAISED[statement] in read.reason


@pytest.mark.parametrize("statement", RAISED)
async def test_whatever_a_cleanup_raises_is_told_and_the_plugin_is_gone(yard: Yard, statement: str) -> None:
    file = yard.write("sample.py", f"{running('pass')}    def cleanup(self):\n        {statement}\n")
    await yard.load()
    file.unlink()
    await yard.load()
    assert yard.record("sample").status is PluginStatus.UNLOADED
    assert [RAISED[statement] in warning for warning in yard.warnings] == [True]


async def test_schedules_may_be_given_by_any_iterable(yard: Yard) -> None:
    yard.write("mapped.py", declaring("return map(lambda n: Schedule(f'm{n}', '5m'), range(2))"))
    yard.write("yielded.py", declaring("yield Schedule('y', '5m')").replace("def sche", "async def sche"))
    await yard.load()
    assert yard.ids("mapped") == ["m0", "m1"]
    assert yard.ids("yielded") == ["y"]


async def test_schedules_without_end_are_refused_and_the_engine_goes_on_meanwhile(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.plugins.python._MOST_SCHEDULES", 3)
    yard.write("sample.py", declaring("return map(lambda n: Schedule(f'm{n}', '5m'), itertools.count())"))
    await yard.load()
    assert yard.record("sample").reason == "schedules() has no end: it returned more than 3"


async def test_a_declaration_that_is_slow_to_go_through_holds_up_nobody(yard: Yard) -> None:
    yard.write(
        "sample.py",
        declaring("return map(lambda n: threading.Event().wait(0.3) or Schedule('a', '5m'), range(1))"),
    )
    loading = asyncio.ensure_future(yard.load())
    turns = 0
    while not loading.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 10


async def test_of_many_schedules_that_are_wrong_some_are_told_and_the_rest_counted(yard: Yard) -> None:
    yard.write("sample.py", declaring("return [Schedule('\\ud800' * 5000, '5m')] + [None] * 10_000"))
    await yard.load()
    reason = yard.record("sample").reason
    assert reason.endswith("; 9,991 more are like this")
    assert len(reason) < 4_001
    assert reason.encode()


async def test_a_run_that_is_a_generator_has_done_nothing_and_says_so(yard: Yard, make_job: MakeJob) -> None:
    yard.write("sample.py", running("yield"))
    await yard.load()
    outcome = await called(yard, make_job)
    assert outcome.state is RunState.FAILED
    assert outcome.detail == "it is a generator, of which nothing was run; take `yield` out of it"


async def test_once_too_many_calls_are_left_behind_no_more_are_started(
    yard: Yard, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.plugins.python._MOST_LEFT_BEHIND", 1)
    yard.write(
        "sample.py",
        running("gate.wait(30)").replace("class Sample", "gate = threading.Event()\nclass Sample"),
    )
    await yard.load()
    assert (await called(yard, make_job, timeout_ms=50)).state is RunState.TIMED_OUT
    threads = threading.active_count()
    refused = await called(yard, make_job, timeout_ms=50)
    assert refused.state is RunState.FAILED
    assert refused.detail.startswith(
        "1 calls of plugin sample went past their end and cannot be stopped; none is "
    )
    assert threading.active_count() == threads


async def test_the_end_of_a_run_does_not_wait_for_the_cleanup_that_it_sets_off(
    yard: Yard, make_job: MakeJob
) -> None:
    body = "(gate.wait(30), ctx.log('ran'))"
    text = running(body).replace(
        "class Sample", "gate, done = threading.Event(), threading.Event()\nclass Sample"
    )
    file = yard.write("sample.py", f"{text}    def cleanup(self):\n        done.wait(30)\n")
    await yard.load()
    run = asyncio.ensure_future(called(yard, make_job))
    await asyncio.sleep(0.1)
    module = yard.registry.get("sample")
    assert module is not None
    names = module._plugin.run.__globals__  # type: ignore[attr-defined] # the test opens the gates of its author
    file.unlink()
    await yard.load()
    names["gate"].set()
    async with asyncio.timeout(10):
        assert (await run).state is RunState.SUCCEEDED
    names["done"].set()
    await yard.registry.close()


async def test_what_fails_in_its_loop_beside_every_call_is_told_in_one_line(
    yard: Yard, make_job: MakeJob
) -> None:
    body = "asyncio.get_running_loop().call_soon(lambda: 1 / 0)\nawait asyncio.sleep(0.01)"
    yard.write("sample.py", running(body, "async "))
    await yard.load()
    assert (await called(yard, make_job)).state is RunState.SUCCEEDED
    assert len(yard.warnings) == 1
    assert yard.warnings[0].startswith("plugin sample: Exception in callback")
    assert yard.warnings[0].endswith("ZeroDivisionError: division by zero")


async def test_a_verb_is_described_by_its_author_alone(yard: Yard) -> None:
    yard.write("sample.py", plugin_class())
    await yard.load()
    assert [verb.description for verb in yard.record("sample").declared.verbs] == [""]


async def test_a_line_that_cannot_be_formatted_is_told_in_the_run_and_not_by_the_engine(
    yard: Yard, make_job: MakeJob, capsys: pytest.CaptureFixture[str]
) -> None:
    file = yard.write("sample.py", running("ctx.logger.info('%d copied', 'x')"))
    await yard.load()
    outcome = await called(yard, make_job)
    line = len(file.read_text().splitlines())
    assert outcome.output.startswith(f"'%d copied' could not be formatted at {file}:{line}: TypeError: ")
    assert capsys.readouterr() == ("", "")
