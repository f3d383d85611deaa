import asyncio
import json
import threading
from pathlib import Path

import pytest
from tests.executors.conftest import MakeJob, make_job
from tests.plugins.python_plugins import HEAD, Yard, plugin_class

from cronsole.executors.base import Outcome
from cronsole.executors.plugin import PluginExecutor
from cronsole.model.action import PluginCall
from cronsole.model.plugin import PluginStatus
from cronsole.model.run import RunState
from cronsole.model.settings import PluginSettings

__all__ = ["make_job"]


class Caller:
    """Calls the plugin `sample` of a yard as a run would."""

    def __init__(self, yard: Yard, make: MakeJob) -> None:
        self.yard = yard
        self._executor = PluginExecutor(yard.registry)
        self._make = make

    async def load(self, text: str, **settings: object) -> None:
        self.yard.write("sample.py", text)
        await self.yard.load(PluginSettings("sample", **settings))  # type: ignore[arg-type] # any field

    async def call(self, verb: str = "", **changes: object) -> Outcome:
        return await self._executor.start(self._make(PluginCall("sample", verb), **changes)).wait()


@pytest.fixture
def caller(yard: Yard, make_job: MakeJob) -> Caller:
    return Caller(yard, make_job)


def running(body: str, prefix: str = "") -> str:
    """The text of a plugin without schedules whose run does this."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    head = f"import asyncio, threading, time, json\n{HEAD}class Sample(Plugin):\n"
    return f"{head}    {prefix}def run(self, ctx):\n{lines}"


async def test_the_context_tells_the_run(caller: Caller) -> None:
    names = (
        "schedule_id", "scheduled_at_ms", "run_count", "is_catchup", "config_json",
        "attempt", "fence", "tenant_id", "site_id", "payload", "action_json",
    )  # fmt: skip
    await caller.load(running(f"ctx.log(json.dumps([getattr(ctx, name) for name in {names}]))"))
    told = json.loads((await caller.call(is_catchup=True, run_count=1)).output)
    assert told == ["nightly", 1_774_746_000_000, 1, True, '{"a":1}', 1, 7, None, None, "", ""]


async def test_the_lines_of_the_logger_are_the_output_of_the_run(caller: Caller) -> None:
    await caller.load(
        running("ctx.logger.info('copied %d', 3)\nctx.logger.warning('slow')\nctx.logger.debug('detail')")
    )
    assert (await caller.call()).output == "copied 3\nwarning: slow\ndetail\n"


async def test_a_synchronous_run_has_a_thread_of_its_own(caller: Caller) -> None:
    await caller.load(running("ctx.log(threading.current_thread().name)"))
    assert "MainThread" not in (await caller.call()).output


async def test_an_async_run_that_blocks_holds_up_nobody_else(caller: Caller) -> None:
    await caller.load(running("ctx.log(threading.current_thread().name)\ntime.sleep(1)", "async "))
    blocked = asyncio.ensure_future(caller.call())
    ticks = 0
    while not blocked.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks > 20
    assert "MainThread" not in blocked.result().output


@pytest.mark.parametrize("prefix", ["", "async "], ids=["on a thread", "on the loop"])
async def test_a_run_has_a_deadline_and_knows_it(caller: Caller, prefix: str) -> None:
    waiting = "while True: time.sleep(0.05)" if not prefix else "await asyncio.sleep(3600)"
    await caller.load(running(f"ctx.log(ctx.deadline_ms > ctx.scheduled_at_ms)\n{waiting}", prefix))
    outcome = await caller.call(timeout_ms=200)
    assert (outcome.state, outcome.output) == (RunState.TIMED_OUT, "True\n")


async def test_a_coroutine_that_cannot_be_stopped_is_left_behind_and_counted(caller: Caller) -> None:
    await caller.load(running("time.sleep(1.5)", "async "))
    outcome = await caller.call(timeout_ms=100, kill_grace_ms=100)
    assert outcome.detail == (
        "timed out after 0.1s; its thread cannot be stopped and goes on (1 such in all)"
    )
    health = await caller.yard.registry.health("sample")
    assert (health.is_well, health.detail) == (
        False,
        "1 of its calls went past their end and cannot be stopped",
    )
    assert (await caller.call(timeout_ms=100, kill_grace_ms=100)).detail.endswith("(2 such in all)")


async def test_the_loop_of_a_coroutine_that_was_left_behind_ends_with_it(caller: Caller) -> None:
    await caller.load(running("time.sleep(0.5)", "async "))
    await caller.call(timeout_ms=50, kill_grace_ms=100)
    async with asyncio.timeout(10):
        while any(thread.name == "cronsole-sample" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
    assert (await caller.yard.registry.health("sample")).is_well


async def test_what_a_stopped_run_had_said_is_kept(caller: Caller, make_job: MakeJob) -> None:
    await caller.load(running("ctx.log('half')\nawait asyncio.sleep(3600)", "async "))
    execution = PluginExecutor(caller.yard.registry).start(make_job(PluginCall("sample")))
    waiting = asyncio.ensure_future(execution.wait())
    await asyncio.sleep(0.2)
    execution.stop("deploy")
    outcome = await waiting
    assert (outcome.state, outcome.detail, outcome.output) == (RunState.CANCELLED, "deploy", "half\n")


async def test_a_fault_begins_at_the_plugin_s_own_line(caller: Caller) -> None:
    await caller.load(running("raise ValueError('no luck')"))
    outcome = await caller.call()
    assert outcome.detail == "ValueError: no luck"
    assert outcome.output.splitlines()[1].endswith('/sample.py", line 7, in run')


async def test_a_public_method_is_a_verb(caller: Caller) -> None:
    await caller.load(plugin_class(body="def send(self, ctx):\n    'Send the mail.'\n    ctx.log('sent')"))
    assert (await caller.call("send")).output == "sent\n"
    verbs = {verb.name: verb.description for verb in caller.yard.record("sample").declared.verbs}
    assert verbs.keys() == {"run", "send"}
    assert verbs["send"] == "Send the mail."


async def test_a_verb_that_is_not_there_fails_for_good_with_the_nearest(caller: Caller) -> None:
    await caller.load(plugin_class(body="def send(self, ctx):\n    pass"))
    outcome = await caller.call("sned")
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, True)
    assert outcome.detail == "plugin sample has no verb 'sned'; did you mean 'send'?"
    assert (await caller.call("schedules")).is_final


async def test_schedules_is_called_once_per_load(caller: Caller, tmp_path: Path) -> None:
    """004: schedules() is "called once per plugin load"."""
    counted = tmp_path / "counted"
    await caller.load(
        f"{HEAD}class Sample(Plugin):\n    def schedules(self):\n        note({str(counted)!r})\n        return []\n"
    )
    await caller.yard.load(PluginSettings("sample"))
    assert counted.read_text() == "x"
    await caller.yard.load(PluginSettings("sample"), anew=("sample",))
    assert counted.read_text() == "xx"


async def test_an_error_in_schedules_aborts_the_load_loudly(caller: Caller) -> None:
    """004: "A Err(...) here aborts plugin load; a mis-configured plugin should fail loud"."""
    text = f"{HEAD}class Sample(Plugin):\n    def schedules(self):\n        raise OSError('no database')\n"
    await caller.load(text)
    assert caller.yard.record("sample").status is PluginStatus.FAILED
    (told,) = caller.yard.told
    assert told == (
        "plugin sample could not be loaded: schedules() raised OSError: no database "
        f"at {caller.yard.folder}/sample.py:6"
    )


async def test_every_fault_of_what_is_declared_is_told_at_once(caller: Caller) -> None:
    await caller.load(plugin_class('Schedule("a", "61 * * * *"), Schedule("b"), 5'))
    reason = caller.yard.record("sample").reason
    assert 'a: definition: cron = "61 * * * *"' in reason
    assert "b: definition: cron: is missing" in reason
    assert "schedules()[2] is int; wanted is cronsole.Schedule" in reason


@pytest.mark.parametrize("form", ["async def", "def"])
async def test_schedules_may_be_async_or_a_generator(caller: Caller, form: str) -> None:
    body = "return [Schedule('gc', '5m')]" if form == "async def" else "yield Schedule('gc', '5m')"
    await caller.load(f"{HEAD}class Sample(Plugin):\n    {form} schedules(self):\n        {body}\n")
    assert caller.yard.ids("sample") == ["gc"]


@pytest.mark.parametrize("form", ["async def", "def"])
async def test_cleanup_is_called_when_it_is_unloaded(caller: Caller, form: str) -> None:
    """004: cleanup() is "called at plugin unload"."""
    await caller.load(plugin_class(body=f"{form} cleanup(self):\n    note(__file__ + '.gone')"))
    gone = caller.yard.folder / "sample.py.gone"
    assert not gone.exists()
    await caller.yard.load(PluginSettings("sample", enabled=False))
    await caller.yard.registry.close()
    assert gone.read_text() == "x"


async def test_cleanup_comes_when_the_last_run_has_ended(caller: Caller) -> None:
    await caller.load(
        running("time.sleep(0.6)") + "    def cleanup(self):\n        note(__file__ + '.gone')\n"
    )
    gone = caller.yard.folder / "sample.py.gone"
    last = asyncio.ensure_future(caller.call())
    await asyncio.sleep(0.2)
    await caller.yard.load(PluginSettings("sample", enabled=False))
    assert not gone.exists()
    assert (await last).state is RunState.SUCCEEDED
    await caller.yard.registry.close()
    assert gone.exists()


async def test_what_cleanup_raises_is_told_and_harms_nobody(caller: Caller) -> None:
    await caller.load(plugin_class(body="def cleanup(self):\n    raise ValueError('stuck')"))
    await caller.yard.load(PluginSettings("sample", enabled=False))
    (warning,) = caller.yard.warnings
    assert warning.startswith("plugin sample: cleanup() raised ValueError: stuck at ")


async def test_the_config_of_its_table_is_there_before_anything_is_asked(caller: Caller) -> None:
    await caller.load(plugin_class("Schedule(self.config_json, '5m')"), config="from-the-table")
    assert caller.yard.ids("sample") == ["from-the-table"]


async def test_any_object_with_the_methods_is_a_plugin(caller: Caller) -> None:
    await caller.load(
        f"{HEAD}class Odd:\n    def name(self): return 'odd'\n    def priority(self): return 7\n"
        "    def schedules(self): return [Schedule('gc', '5m')]\n"
        "    def run(self, ctx): ctx.log('ran')\nplugin = Odd()\n"
    )
    assert caller.yard.record("sample").priority == 7
    assert (await caller.call()).output == "ran\n"
    assert caller.yard.warnings == ["plugin sample calls itself 'odd'; here it is known as sample"]


async def test_a_folder_of_modules_may_import_its_own(caller: Caller) -> None:
    caller.yard.write("many/inner.py", "WORD = 'inner'\n")
    caller.yard.write(
        "many/plugin.py", f"from .inner import WORD\n{plugin_class('Schedule(WORD, chr(53) + chr(109))')}"
    )
    await caller.yard.load()
    assert caller.yard.ids("many") == ["inner"]


async def test_a_plugin_that_hangs_while_it_is_loaded_is_given_up(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.plugins.registry._LOAD_SECONDS", 0.2)
    await caller.load("import time\ntime.sleep(2)\n")
    assert caller.yard.record("sample").reason == "it did not say what it declares within 0.2s"
    assert threading.active_count() < 50


async def test_an_async_schedules_that_blocks_is_given_up_too(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.plugins.registry._LOAD_SECONDS", 0.2)
    monkeypatch.setattr("cronsole.plugins.python._GRACE", 0.1)
    await caller.load(
        f"{HEAD}import time\nclass Sample(Plugin):\n    async def schedules(self):\n        time.sleep(2)\n"
    )
    assert caller.yard.record("sample").reason == "it did not say what it declares within 0.2s"


async def test_a_run_that_is_stopped_before_its_turn_in_the_loop_never_begins(
    caller: Caller, make_job: MakeJob
) -> None:
    await caller.load(running("ctx.log('began')\ntime.sleep(0.3)", "async "))
    blocking = asyncio.ensure_future(caller.call())
    await asyncio.sleep(0.05)
    behind = PluginExecutor(caller.yard.registry).start(make_job(PluginCall("sample"), kill_grace_ms=60_000))
    waiting = asyncio.ensure_future(behind.wait())
    await asyncio.sleep(0.05)
    behind.stop("stopped")
    async with asyncio.timeout(20):
        outcome = await waiting
    assert (outcome.state, outcome.output) == (RunState.CANCELLED, "")
    assert (await blocking).state is RunState.SUCCEEDED
    assert (await caller.yard.registry.health("sample")).is_well
