"""What is told of plugins: each as it stands, and everything about one."""

from pathlib import Path
from typing import Any

import pytest
from tests.plugins.processes import OK, write_plugin
from tests.plugins.pulse import Glyphs
from tests.plugins.python_plugins import HEAD, plugin_class
from tests.runtime.house import House, schedule

from cronsole.api.facade import Asker
from cronsole.errors import UnknownPlugin, UnknownSchedule
from cronsole.model import event as events
from cronsole.model.action import PluginCall
from cronsole.model.ask import ResumeAsk, Selection
from cronsole.model.instant import from_datetime
from cronsole.model.plugin import Carrier, PluginStatus, ShadowedView
from cronsole.model.policy import CircuitBreaker
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import PluginSettings
from cronsole.model.view import ScheduleStatus

ANN = Asker("ann")
REMEMBERING = """#!/bin/sh
cat >/dev/null
echo '{"status": "ok", "result": "done", "state_updates": {"token": "hush", "cursor": 1}}'
"""
FAILING = """#!/bin/sh
cat >/dev/null
echo '{"status": "error", "error": "down", "retry": false}'
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


async def start(house: House, root: Path, *tasks: Schedule, **settings: Any) -> None:
    await house.start(*tasks, plugin_roots=(str(root),), **settings)


def entry(command: str = "poll", **fields: Any) -> Schedule:
    origin = Origin(SourceKind.PLUGIN, "withings")
    return schedule(f"withings/{command}", "1m", PluginCall("withings", command), origin=origin, **fields)


def withings(*schedules: Schedule) -> PluginSettings:
    return PluginSettings("withings", schedules=schedules)


async def test_every_plugin_is_listed_by_name_those_that_failed_or_are_disabled_too(
    house: House, root: Path
) -> None:
    (root / "sample.py").write_text(plugin_class(priority=7))
    (root / "broken.py").write_text("raise ValueError('later')\n")
    write_plugin(root)
    await start(house, root, plugins=(PluginSettings("withings", enabled=False),))
    broken, sample, disabled = await house.engine.facade.plugins.list()
    assert (broken.name, broken.status, broken.declared) == ("broken", PluginStatus.FAILED, 0)
    assert (sample.name, sample.status, sample.carrier) == ("sample", PluginStatus.LOADED, Carrier.PYTHON)
    assert (sample.priority, sample.declared, sample.reason) == (7, 1, "")
    assert sample.origin == str(root / "sample.py")
    assert (disabled.name, disabled.status) == ("withings", PluginStatus.DISABLED)


async def test_failed_and_stale_plugins_are_counted_as_troubled_and_disabled_ones_are_not(
    house: House, root: Path
) -> None:
    (root / "sample.py").write_text(plugin_class())
    (root / "broken.py").write_text("raise ValueError('later')\n")
    await start(house, root, plugins=(PluginSettings("off", enabled=False, path=str(root)),))
    assert house.engine.facade.engine().counts.plugins_troubled == 1
    (root / "sample.py").write_text("raise ValueError('typo')\n")
    assert (await house.engine.facade.plugins.reload("sample", ANN)).status is PluginStatus.STALE
    assert house.engine.facade.engine().counts.plugins_troubled == 2
    statuses = house.engine.facade.gauges().plugins
    assert statuses == {"loaded": 0, "failed": 1, "stale": 1, "unloaded": 0, "disabled": 1}


async def test_the_page_tells_what_it_declared_made_and_can_do(house: House, root: Path) -> None:
    body = (
        "class Sample(Plugin):\n    version = '1.2'\n"
        "    def schedules(self):\n        return [Schedule('gc', '5m')]\n"
        "    async def run(self, ctx):\n        '''Collect.'''\n"
        "        await ctx.schedules.create('run', '1h')\n"
    )
    (root / "sample.py").write_text(HEAD + body)
    await start(house, root)
    await house.engine.control.trigger("gc", actor="ann")
    await house.until(events.RunFinished)
    detail = await house.engine.facade.plugins.show("sample")
    (made,) = [lane.id for lane in house.engine.lanes if lane.id != "gc"]
    assert (detail.declared, detail.made) == (("gc",), (made,))
    (command,) = detail.commands
    assert (command.name, command.description) == ("run", "Collect.")
    assert command.schedules == ("gc", made)
    assert (detail.plugin.version, detail.plugin.made, detail.plugin.failing) == ("1.2", 1, 0)


async def test_tasks_that_call_a_plugin_are_told_with_the_command_and_count_when_they_fail(
    house: House, root: Path
) -> None:
    write_plugin(root, FAILING)
    task = schedule("mail", "1m", PluginCall("withings", "poll"))
    await start(house, root, task, plugins=(withings(),))
    await house.seconds(60)
    await house.until(events.RunFinished)
    detail = await house.engine.facade.plugins.show("withings")
    assert detail.commands[0].schedules == ("mail",)
    assert (detail.plugin.declared, detail.plugin.failing) == (0, 1)


async def test_what_another_source_holds_is_told_as_shadowed(house: House, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class("Schedule('gc', '5m'), Schedule('b', '5m')"))
    await start(house, root, schedule("gc", "7m", origin=Origin(name="jobs.toml", line=4)))
    detail = await house.engine.facade.plugins.show("sample")
    assert detail.shadowed == (ShadowedView(schedule_id="gc", held_by="jobs.toml:4"),)
    assert (detail.plugin.declared, detail.plugin.shadowed) == (2, 1)


async def test_the_names_of_what_it_remembers_are_told_and_not_the_values(house: House, root: Path) -> None:
    write_plugin(root, REMEMBERING)
    await start(house, root, plugins=(withings(entry()),))
    await house.engine.control.trigger("withings/poll", actor="ann")
    await house.until(events.RunFinished)
    assert (await house.engine.facade.plugins.show("withings")).remembers == ("cursor", "token")


async def test_a_command_is_told_with_its_circuit(house: House, root: Path) -> None:
    write_plugin(root, FAILING)
    failing = entry(circuit_breaker=CircuitBreaker(1, 60_000))
    await start(house, root, plugins=(withings(failing, entry("token_refresh")),))
    detail = await house.engine.facade.plugins.show("withings")
    assert [command.circuit and command.circuit.failures for command in detail.commands] == [0, None]
    await house.seconds(60)
    opened = await house.until(events.CircuitOpened)
    detail = await house.engine.facade.plugins.show("withings")
    circuit = detail.commands[0].circuit
    assert circuit is not None
    assert circuit.open_until is not None
    assert from_datetime(circuit.open_until) == opened.reset_at
    assert detail.plugin.circuits_open == 1


async def test_an_entry_whose_command_is_not_listed_is_paused_with_the_reason_and_told_as_refused(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root, plugins=(withings(entry(), entry("weigh")),))
    view = (await house.engine.facade.schedule("withings/weigh")).schedule
    (refused,) = (await house.engine.facade.plugins.show("withings")).refused
    assert view.status is ScheduleStatus.PAUSED
    assert view.pause is not None
    assert view.pause.reason == refused.reason
    assert refused.reason.startswith("invalid: ")
    assert "lists no command 'weigh'" in refused.reason
    assert refused.schedule_id == "withings/weigh"


async def test_such_an_entry_stays_paused_whoever_resumes_it(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root, plugins=(withings(entry("weigh")),))
    ask = ResumeAsk(select=Selection(ids=("withings/weigh",)))
    await house.engine.facade.resume(ask, ANN)
    await house.seconds(60)
    assert await house.verdicts("withings/weigh") == ["skipped(paused)"]
    await house.restart()
    assert (await house.engine.facade.schedule("withings/weigh")).schedule.status is ScheduleStatus.PAUSED


async def test_such_an_entry_comes_back_by_itself_unless_somebody_has_paused_it_too(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root, plugins=(withings(entry("weigh"), entry("measure")),))
    await house.engine.control.pause(["withings/measure"], actor="ann", reason="moving house")
    write_plugin(root, OK, commands=("poll", "weigh", "measure"))
    await house.seconds(3)
    await house.until(events.PluginLoaded, count=2)
    weigh = (await house.engine.facade.schedule("withings/weigh")).schedule
    measure = (await house.engine.facade.schedule("withings/measure")).schedule
    assert (weigh.status, weigh.pause) == (ScheduleStatus.ACTIVE, None)
    assert measure.pause is not None
    assert measure.pause.reason == "moving house"


async def test_what_such_an_entry_slept_through_is_not_made_up_for_once_it_is_back(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root, plugins=(withings(entry("weigh")),))
    await house.stop()
    write_plugin(root, OK, commands=("poll", "weigh"))
    await house.seconds(630)
    await house.start()
    assert await house.verdicts("withings/weigh") == []


async def test_a_schedule_that_was_refused_says_by_whom_and_why(
    house: House, tmp_path: Path, root: Path
) -> None:
    glyphs = Glyphs(tmp_path / "glyphs")
    glyphs.script(announce=[{"handler_name": "nope", "interval_seconds": 60}])
    await start(house, root, plugins=(glyphs.settings(),))
    with pytest.raises(UnknownSchedule) as refusal:
        await house.engine.facade.schedule("glyphs/nope")
    assert str(refusal.value) == (
        "no schedule is called 'glyphs/nope': plugin glyphs declares it, and it was refused: "
        "it calls the handler 'nope', which the plugin does not have"
    )


async def test_a_schedule_of_a_plugin_that_could_not_be_loaded_says_so(house: House, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    await start(house, root)
    await house.stop()
    (root / "sample.py").write_text("raise ValueError('later')\n")
    await house.start()
    with pytest.raises(UnknownSchedule, match=r"plugin sample declared it, and could not be loaded: .*later"):
        await house.engine.facade.why("gc")


async def test_a_plugin_that_nobody_knows_is_told_with_the_nearest(house: House, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    await start(house, root)
    plugins = house.engine.facade.plugins
    for asked in (plugins.show("simple"), plugins.health("simple"), plugins.reload("simple", ANN)):
        with pytest.raises(UnknownPlugin, match="no plugin is called 'simple'; 'sample' is"):
            await asked


async def test_health_is_the_plugin_s_own_word_or_why_it_has_none(house: House, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    (root / "broken.py").write_text("raise ValueError('later')\n")
    await start(house, root)
    assert (await house.engine.facade.plugins.health("sample")).is_well
    broken = await house.engine.facade.plugins.health("broken")
    assert not broken.is_well
    assert broken.detail.endswith("ValueError: later")
