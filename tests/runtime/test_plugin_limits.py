"""How many calls of a plugin go on at once: what has to wait is queued, and shown as that."""

from pathlib import Path
from typing import Any

import pytest
from tests.plugins.processes import write_plugin
from tests.runtime.house import House, schedule

from cronsole.model import event as events
from cronsole.model.action import PluginCall
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings

WAITING = """#!/bin/sh
cat >/dev/null
while [ ! -e go ]; do sleep 0.02; done
echo '{"status": "ok", "result": "done"}'
"""
POLLS = ("kinds", "weights")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


def entries(*ids: str, command: str = "poll") -> list[Schedule]:
    return [schedule(each, "1m", PluginCall("withings", command)) for each in ids]


async def start(house: House, root: Path, *tasks: Schedule, manifest: str = "", **table: Any) -> None:
    write_plugin(root, WAITING, manifest=manifest)
    await house.start(*tasks, plugin_roots=(str(root),), plugins=(PluginSettings("withings", **table),))
    await house.seconds(61)


async def standing(house: House) -> list[str]:
    return [verdict for each in POLLS for verdict in await house.verdicts(each)]


def let_go(root: Path) -> None:
    (root / "withings" / "go").touch()


async def test_of_the_polls_of_a_plugin_one_is_under_way_and_the_next_is_queued(
    house: House, root: Path
) -> None:
    await start(house, root, *entries(*POLLS))
    assert await standing(house) == ["running", "queued"]
    let_go(root)
    await house.until(events.RunFinished, count=2)
    assert await standing(house) == ["succeeded", "succeeded"]


async def test_more_polls_are_under_way_where_max_outstanding_polls_says_so(house: House, root: Path) -> None:
    await start(house, root, *entries(*POLLS), max_outstanding_polls=2)
    assert await standing(house) == ["running", "running"]
    let_go(root)


async def test_polls_leave_room_for_the_other_commands(house: House, root: Path) -> None:
    tokens = entries("weights", command="token_refresh")
    await start(house, root, *entries("kinds"), *tokens)
    assert await standing(house) == ["running", "running"]
    let_go(root)


async def test_parallelism_bounds_all_calls_of_a_plugin(house: House, root: Path) -> None:
    await start(house, root, *entries(*POLLS, command="token_refresh"), parallelism=1)
    assert await standing(house) == ["running", "queued"]
    let_go(root)


async def test_a_plugin_that_is_not_concurrency_safe_is_called_by_one_run_at_a_time(
    house: House, root: Path
) -> None:
    tokens = entries(*POLLS, command="token_refresh")
    await start(house, root, *tokens, manifest="concurrency_safe: false\n", parallelism=2)
    assert await standing(house) == ["running", "queued"]
    let_go(root)


async def test_why_says_what_a_call_would_wait_for(house: House, root: Path) -> None:
    await start(house, root, *entries(*POLLS))
    steps = (await house.engine.facade.why("weights")).steps
    (told,) = [step.detail for step in steps if step.name == "limits"]
    assert told == "1 of 1 polls of plugin withings are under way: what comes now has to wait"
    let_go(root)


async def test_a_reload_may_give_a_plugin_more_room(house: House, root: Path) -> None:
    tokens = entries(*POLLS, command="token_refresh")
    await start(house, root, *tokens, parallelism=1)
    wider = (PluginSettings("withings", parallelism=2),)
    await house.reload(*tokens, plugin_roots=(str(root),), plugins=wider)
    await house.until(events.RunStarted, count=2)
    assert "queued" not in await standing(house)
    let_go(root)
