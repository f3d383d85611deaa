import asyncio
import os
import sys

import pytest
from tests.plugins.python_plugins import Yard, plugin_class

from cronsole.model.plugin import PluginStatus
from cronsole.model.settings import PluginSettings


async def test_a_plugin_that_cannot_be_loaded_aborts_no_other(yard: Yard) -> None:
    yard.write("broken.py", "import nothing_of_that_name\n")
    yard.write("good.py", plugin_class())
    await yard.load()
    assert yard.record("good").status is PluginStatus.LOADED
    assert yard.record("broken").status is PluginStatus.FAILED
    assert yard.record("broken").reason == (
        f"importing it failed at {yard.folder}/broken.py:1: ModuleNotFoundError: "
        "No module named 'nothing_of_that_name'"
    )


async def test_what_was_loaded_and_what_was_not_is_told(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    yard.write("odd.py", "x = 1\n")
    await yard.load()
    assert sorted(yard.told) == [
        "plugin good loaded (python): 1 schedule",
        f"plugin odd could not be loaded: {yard.folder}/odd.py has no subclass of cronsole.Plugin; "
        "name the one that is meant `plugin`",
    ]


async def test_what_did_not_change_is_kept_and_not_asked_again(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    await yard.load()
    before = yard.registry.get("good")
    await yard.load()
    assert yard.registry.get("good") is before
    assert len(yard.events) == 1


async def test_a_file_that_changed_is_read_again(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    await yard.load()
    yard.write("good.py", plugin_class('Schedule("other", "5m")'))
    await yard.load()
    assert yard.ids("good") == ["other"]


async def test_a_plugin_of_which_more_is_said_is_loaded_anew(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    await yard.load()
    await yard.load(PluginSettings("good", priority=5))
    assert yard.record("good").priority == 5


async def test_a_plugin_whose_file_is_gone_is_unloaded_and_listed_with_the_reason(yard: Yard) -> None:
    file = yard.write("good.py", plugin_class())
    await yard.load()
    file.unlink()
    await yard.load()
    record = yard.record("good")
    assert (record.status, record.reason) == (PluginStatus.UNLOADED, "it is not configured any more")
    assert yard.registry.get("good") is None


async def test_a_plugin_that_is_disabled_is_unloaded(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    await yard.load()
    await yard.load(PluginSettings("good", enabled=False))
    assert yard.record("good").status is PluginStatus.DISABLED
    assert yard.told[-1] == "plugin good unloaded: disabled in the configuration"


async def test_a_failed_plugin_is_tried_again_and_told_once(yard: Yard) -> None:
    yard.write("late.py", "raise ValueError('not yet')\n")
    await yard.load()
    await yard.load()
    assert len(yard.events) == 1
    yard.write("late.py", plugin_class())
    await yard.load()
    assert yard.record("late").status is PluginStatus.LOADED


async def test_a_set_that_does_not_come_into_force_leaves_nothing_behind(yard: Yard) -> None:
    file = yard.write("good.py", plugin_class(body="def cleanup(self):\n    note(__file__ + '.gone')"))
    await yard.load()
    before = yard.registry.get("good")
    from cronsole.model.settings import Settings

    settings = Settings(plugin_roots=(str(yard.folder),))
    await yard.registry.discard(await yard.registry.prepare(settings, anew=("good",)))
    assert file.with_name("good.py.gone").exists()
    assert yard.registry.get("good") is before


async def test_an_id_that_is_declared_twice_aborts_the_plugin(yard: Yard) -> None:
    """004: id "must be unique within a plugin"."""
    yard.write("twice.py", plugin_class('Schedule("gc", "5m"), Schedule("gc", "7m")'))
    await yard.load()
    assert yard.record("twice").reason == ("it declares the id 'gc' twice; each is unique within a plugin")


async def test_a_name_that_is_nobody_s_is_told_with_the_nearest(yard: Yard) -> None:
    yard.write("cleaner.py", plugin_class())
    await yard.load(PluginSettings("cleanr", uses="cleanr"))
    assert yard.record("cleanr").reason.endswith("did you mean 'cleaner'?")


async def test_one_code_serves_several_plugins(yard: Yard) -> None:
    yard.write("code.py", plugin_class("Schedule(self.config_json, '5m')"))
    await yard.load(
        PluginSettings("one", uses="code", config="one"), PluginSettings("two", uses="code", config="two")
    )
    assert (yard.ids("one"), yard.ids("two")) == (["one"], ["two"])


async def test_a_load_that_is_stopped_midway_unloads_what_was_opened(yard: Yard) -> None:
    yard.write("good.py", plugin_class(body="def cleanup(self):\n    note(__file__ + '.gone')"))
    yard.write("slow.py", f"import time\n{plugin_class()}    def schedules(self):\n        time.sleep(1)\n")
    loading = asyncio.ensure_future(yard.load())
    await asyncio.sleep(0.5)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await yard.registry.close()
    assert (yard.folder / "good.py.gone").exists()


async def test_a_root_that_cannot_be_read_is_told_and_unloads_nothing(yard: Yard) -> None:
    yard.write("good.py", plugin_class())
    await yard.load()
    yard.folder.rename(yard.folder.with_name("away"))
    await yard.load()
    assert yard.record("good").status is PluginStatus.STALE
    assert yard.record("good").reason == f"{yard.folder} cannot be read: No such file or directory"
    assert yard.warnings == [f"plugin_roots: {yard.folder} cannot be read: No such file or directory"]
    assert yard.registry.get("good") is not None


async def test_a_file_is_read_as_it_stands_and_not_as_it_was_compiled(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = yard.write("good.py", plugin_class('Schedule("aaa", "5m")'))
    await yard.load()
    written_at = file.stat().st_mtime_ns
    file.write_text(plugin_class('Schedule("bbb", "5m")'))
    os.utime(file, ns=(written_at, written_at))
    await yard.load(anew=("good",))
    assert yard.ids("good") == ["bbb"]
    assert not (yard.folder / "__pycache__").exists()
