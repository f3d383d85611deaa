"""Plugins over the API, asked by the real client on the socket of a real server."""

from pathlib import Path

import pytest
from tests.api.served import Served
from tests.plugins.processes import write_plugin
from tests.plugins.python_plugins import plugin_class

from cronsole.client.engine import EngineClient
from cronsole.errors import ConfigError, NotNow, UnknownCommand, UnknownPlugin
from cronsole.model import event as events
from cronsole.model.ask import AuditQuery
from cronsole.model.plugin import Carrier, PluginStatus
from cronsole.model.run import Cause
from cronsole.model.settings import PluginSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


async def begin(served: Served, root: Path) -> EngineClient:
    withings = (PluginSettings("withings"),) if (root / "withings").exists() else ()
    served.house.define(plugin_roots=(str(root),), plugins=withings)
    await served.start()
    return EngineClient.at(f"unix:{served.socket}")


async def test_plugins_are_listed_and_shown(served: Served, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    (root / "broken.py").write_text("raise ValueError('later')\n")
    async with await begin(served, root) as client:
        broken, sample = await client.plugins.list()
        assert (broken.name, broken.status) == ("broken", PluginStatus.FAILED)
        assert broken.reason.endswith("ValueError: later")
        assert (sample.carrier, sample.declared) == (Carrier.PYTHON, 1)
        assert (await client.plugins.show("sample")).plugin == sample
        assert (await client.engine()).counts.plugins_troubled == 1


async def test_a_command_is_called_once_under_one_key(served: Served, root: Path) -> None:
    write_plugin(root)
    async with await begin(served, root) as client:
        key = "once"
        first = await client.plugins.call("withings", "poll", {"day": 1}, idempotency_key=key)
        await served.house.until(events.RunFinished)
        again = await client.plugins.call("withings", "poll", {"day": 1}, idempotency_key=key)
    assert (first.schedule_id, first.cause) == ("withings/poll:by-hand", Cause.MANUAL)
    assert first.payload == '{"day":1}'
    assert again.run_id == first.run_id


async def test_a_name_with_reserved_characters_finds_its_plugin(served: Served, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    async with await begin(served, root) as client:
        with pytest.raises(UnknownPlugin, match="no plugin is called 'sam/ple%2F ä'"):
            await client.plugins.show("sam/ple%2F ä")


async def test_each_refusal_is_the_error_that_it_is(served: Served, root: Path) -> None:
    write_plugin(root)
    (root / "broken.py").write_text("raise ValueError('later')\n")
    async with await begin(served, root) as client:
        with pytest.raises(UnknownPlugin, match="no plugin is called 'whitings'; 'withings' is"):
            await client.plugins.call("whitings", "poll")
        with pytest.raises(UnknownCommand, match="did you mean 'poll'"):
            await client.plugins.call("withings", "pol")
        with pytest.raises(NotNow, match=r"plugin broken is failed: .*ValueError: later"):
            await client.plugins.call("broken", "poll")
        with pytest.raises(ConfigError, match="payload: takes 65,538 bytes"):
            await client.plugins.call("withings", "poll", "x" * 65_536)


async def test_what_is_done_to_a_plugin_is_on_record_with_who_did_it(served: Served, root: Path) -> None:
    write_plugin(root)
    async with await begin(served, root) as client:
        assert (await client.plugins.reload("withings")).status is PluginStatus.LOADED
        await client.plugins.call("withings", "poll")
        assert (await client.plugins.health("withings")).is_well
        assert await client.plugins.reset("withings") == ()
        told = (await client.audit(AuditQuery())).items
        us = (await client.engine()).actor
    assert {(entry.verb, entry.target) for entry in told} == {
        ("reload plugin", "withings"),
        ("call", "withings/poll"),
        ("create", "withings/poll:by-hand"),
    }
    assert {entry.actor for entry in told} == {us}


async def test_monitoring_sees_plugins_by_status(served: Served, root: Path) -> None:
    (root / "sample.py").write_text(plugin_class())
    (root / "broken.py").write_text("raise ValueError('later')\n")
    served.house.define(plugin_roots=(str(root),))
    await served.start()
    text = (await served.ask("GET", "/metrics")).body.decode()
    assert 'cronsole_plugins{status="loaded"} 1.0' in text
    assert 'cronsole_plugins{status="failed"} 1.0' in text
    assert 'cronsole_plugins{status="stale"} 0.0' in text
