from pathlib import Path

import pytest
from tests.plugins.python_plugins import HEAD, plugin_class
from tests.runtime.house import House, schedule

from cronsole.errors import StoreUnavailable, UnknownPlugin
from cronsole.model import event as events
from cronsole.model.action import PluginCall
from cronsole.model.plugin import PluginStatus
from cronsole.model.run import Cause
from cronsole.model.schedule import SourceKind
from cronsole.model.settings import PluginSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


def write(root: Path, text: str, name: str = "sample") -> None:
    (root / f"{name}.py").write_text(text)


async def start(house: House, root: Path) -> None:
    await house.start(plugin_roots=(str(root),))


def status(house: House, name: str = "sample") -> PluginStatus:
    record = house.engine.registry.record(name)
    assert record is not None
    return record.status


async def test_a_plugin_s_schedule_is_in_force_like_any_other(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert (lane.schedule.origin.kind, lane.schedule.origin.name) == (SourceKind.PLUGIN, "sample")
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    (run,) = await house.rows("gc")
    assert run.output == "ran\n"


async def test_everything_is_inspected_before_anything_fires(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    kinds = [type(event) for event in house.events]
    assert kinds.index(events.PluginLoaded) < kinds.index(events.EngineStarted)


async def test_it_is_paused_and_triggered_like_any_other(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    await house.engine.control.pause(["gc"], actor="ops", reason="deploy")
    await house.seconds(5 * 60 + 1)
    assert await house.verdicts("gc") == ["skipped(paused)"]
    await house.engine.control.trigger("gc", actor="ops")
    await house.until(events.RunFinished)
    assert [run.cause for run in await house.rows("gc")] == [Cause.SLOT, Cause.MANUAL]


async def test_history_and_pause_survive_a_restart(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    await house.engine.control.pause(["gc"], actor="ops")
    await house.restart()
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert lane.state.pause is not None
    assert lane.state.archived_at is None
    assert lane.last_run is not None
    assert lane.state.runs_made == 1


async def test_the_schedules_of_a_plugin_that_fails_at_the_start_are_kept(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    await house.stop()
    write(root, "raise ValueError('later')\n")
    await house.start()
    assert status(house) is PluginStatus.FAILED
    assert house.engine.lanes.get("gc") is None
    assert (await house.engine.ledger.schedule_states())["gc"].archived_at is None
    write(root, plugin_class())
    await house.engine.plugins.reload("sample")
    assert house.engine.lanes.get("gc") is not None


async def test_the_schedules_of_a_plugin_that_is_gone_are_archived(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    await house.stop()
    (root / "sample.py").unlink()
    await house.start()
    assert (await house.engine.ledger.schedule_states())["gc"].archived_at is not None


async def test_a_stale_plugin_s_schedules_fire_on(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    write(root, "raise ValueError('typo')\n")
    await house.reload()
    assert status(house) is PluginStatus.STALE
    (stale,) = house.of(events.PluginStale)
    assert stale.reason.endswith("ValueError: typo")
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    assert await house.verdicts("gc") == ["succeeded"]
    assert (await house.engine.ledger.schedule_states())["gc"].archived_at is None


async def test_a_reload_of_the_configuration_loads_what_changed(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    write(root, plugin_class("Schedule('other', '5m')"))
    await house.reload()
    assert house.engine.lanes.get("gc") is None
    assert house.engine.lanes.get("other") is not None
    (reloaded,) = house.of(events.CatalogReloaded)
    assert (reloaded.added, reloaded.removed) == (("other",), ("gc",))


async def test_a_plugin_is_loaded_anew_when_somebody_asks_and_that_is_on_record(
    house: House, root: Path
) -> None:
    write(root, plugin_class())
    await start(house, root)
    record = await house.engine.plugins.reload("sample", actor="ops")
    assert record.status is PluginStatus.LOADED
    assert len(house.of(events.PluginLoaded)) == 2
    (entry,) = await house.engine.ledger.audit_trail(verb="reload plugin")
    assert (entry.actor, entry.target) == ("ops", "sample")


async def test_a_plugin_that_nobody_knows_is_not_loaded_anew(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    with pytest.raises(UnknownPlugin, match="no plugin is called 'simple'; 'sample' is"):
        await house.engine.plugins.reload("simple")


async def test_a_plugin_that_came_back_is_loaded_anew_by_itself(house: House, root: Path) -> None:
    write(root, plugin_class())
    await start(house, root)
    house.engine.plugins.ask("sample")
    await house.until(events.PluginLoaded, count=2)


async def test_nothing_changes_when_the_ledger_cannot_be_written(
    house: House, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, plugin_class())
    await start(house, root)
    before = house.engine.registry.get("sample")
    write(root, plugin_class("Schedule('other', '5m')"))

    async def refuse(*_args: object, **_options: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(house.engine.enactment, "change", refuse)
    with pytest.raises(StoreUnavailable):
        await house.engine.plugins.reload("sample")
    assert "gc" in house.engine.catalog
    assert "other" not in house.engine.catalog
    assert house.engine.registry.get("sample") is before


async def test_a_file_outranks_a_plugin(house: House, root: Path) -> None:
    write(root, plugin_class())
    await house.start(schedule("gc", "7m"), plugin_roots=(str(root),))
    assert house.engine.catalog.source_of("gc") is not None
    (shadowed,) = house.engine.catalog.shadowed()
    assert shadowed.source.name == "sample"
    house.configuration = house.configuration.__class__(house.configuration.settings, (), ())
    await house.reload()
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert lane.schedule.origin.name == "sample"


async def test_a_task_calls_a_plugin_s_verb(house: House, root: Path) -> None:
    write(root, plugin_class("", "def send(self, ctx):\n    ctx.log('sent ' + ctx.schedule_id)"))
    await house.start(schedule("mail", "5m", PluginCall("sample", "send")), plugin_roots=(str(root),))
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    (run,) = await house.rows("mail")
    assert run.output == "sent mail\n"


async def test_a_task_that_calls_a_plugin_that_is_not_there_fails_and_says_so(house: House) -> None:
    await house.start(schedule("mail", "5m", PluginCall("sample", "send")))
    await house.seconds(5 * 60 + 1)
    finished = await house.until(events.RunFinished)
    assert finished.detail == "no plugin is called 'sample'; loaded are: none"


async def test_cleanup_is_called_when_the_engine_stops(house: House, root: Path) -> None:
    write(root, plugin_class(body="def cleanup(self):\n    note(__file__ + '.gone')"))
    await start(house, root)
    await house.stop()
    assert (root / "sample.py.gone").exists()


async def test_a_cleanup_that_hangs_does_not_hold_up_the_end(
    house: House, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.runtime.engine._CLEANUP_SECONDS", 0.1)
    write(root, plugin_class(body="async def cleanup(self):\n    await asyncio.Event().wait()"))
    write(root, f"import asyncio\n{(root / 'sample.py').read_text()}")
    await house.start(plugin_roots=(str(root),), shutdown_grace_ms=0)
    await house.stop()
    assert [event.detail for event in house.of(events.Warned)] == ["plugin sample did not let go within 0.1s"]


async def test_a_plugin_that_is_slow_to_load_does_not_hold_up_the_start_and_is_loaded_beside_it(
    house: House, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole.runtime.engine._FIRST_LOAD_SECONDS", 0.1)
    gate = root / "gate"
    waits = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.01)\n"
    write(root, waits + plugin_class())
    await start(house, root)
    assert status(house) is PluginStatus.FAILED
    assert house.of(events.EngineStarted)
    gate.touch()
    await house.until(events.PluginLoaded)
    assert house.engine.lanes.get("gc") is not None


async def test_a_plugin_that_is_disabled_is_listed_and_not_loaded(house: House, root: Path) -> None:
    write(root, plugin_class())
    await house.start(plugin_roots=(str(root),), plugins=(PluginSettings("sample", enabled=False),))
    assert status(house) is PluginStatus.DISABLED
    assert house.engine.lanes.get("gc") is None


async def test_a_plugin_makes_schedules_while_it_runs(house: House, root: Path) -> None:
    body = (
        "    async def run(self, ctx):\n"
        "        if ctx.schedule_id == 'gc':\n            await ctx.schedules.create('run', '1m')\n"
        "        ctx.log(ctx.schedule_id)\n"
    )
    head = f"{HEAD}class Sample(Plugin):\n    def schedules(self):\n        return [Schedule('gc', '5m')]\n"
    write(root, head + body)
    await start(house, root)
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    (made,) = [lane for lane in house.engine.lanes if lane.id != "gc"]
    await house.seconds(61)
    await house.until(events.RunFinished, lambda event: event.schedule_id == made.id)
    assert (await house.rows(made.id))[0].output == f"{made.id}\n"
