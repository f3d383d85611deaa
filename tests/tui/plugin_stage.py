"""A console over an engine with real plugins: one that works, one that fails at its work, one that cannot be loaded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.plugins.processes import write_plugin
from tests.runtime.house import House, schedule
from tests.tui.stage import Stage, stage

from cronsole.api.facade import Asker
from cronsole.model.action import PluginCall
from cronsole.model.policy import CircuitBreaker
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import PluginSettings

HOST = "ops@web-1"

SHOP = """from cronsole import Plugin, Schedule
class Shop(Plugin):
    def schedules(self):
        return [Schedule("shop/prices", "5m"), Schedule("shop/orders", "1h"), Schedule("gc", "1h")]
    def run(self, ctx):
        ctx.log(f"fetched for {ctx.schedule_id}")
"""

BROKEN = "from cronsole import Plugin\nimport no_such_module\n"

MENDED = """from cronsole import Plugin, Schedule
class Broken(Plugin):
    def schedules(self):
        return [Schedule("mended/now", "5m")]
    def run(self, ctx):
        pass
"""

FEED = """#!/usr/bin/env python3
import json, sys
request = json.load(sys.stdin)
answer = {"status": "ok", "result": f"{request['command']} got {json.dumps(request.get('payload', {}))}"}
if request["command"] == "publish":
    answer = {"status": "error", "error": "the shelf is full", "retry": False}
elif request["command"] == "health":
    answer = {"status": "ok", "result": "3 feeds, all of them answer"}
else:
    answer["state_updates"] = {"cursor": 4, "token": "secret"}
json.dump(answer, sys.stdout)
"""

_CALLS = {"feed/poll": "poll", "feed/publish": "publish"}


def write_all(folder: Path) -> None:
    """Write the plugins into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "shop.py").write_text(SHOP)
    (folder / "broken.py").write_text(BROKEN)
    write_plugin(folder, FEED, name="feed", commands=("poll", "publish", "health"))


def settings(folder: Path) -> dict[str, Any]:
    """What an engine is told of them; one failure opens a circuit."""
    feed = PluginSettings("feed", path=str(folder / "feed"), schedules=tuple(_declared()))
    off = PluginSettings("resting", enabled=False)
    return {"plugin_roots": (str(folder),), "plugins": (feed, off)}


def _declared() -> list[Schedule]:
    return [
        schedule(
            name,
            "0 6 * * *",
            PluginCall("feed", command),
            circuit_breaker=CircuitBreaker(threshold=1),
            origin=Origin(SourceKind.PLUGIN, "feed"),
        )
        for name, command in _CALLS.items()
    ]


async def make_one(house: House) -> None:
    """Let the feed make a schedule while it runs."""
    creator = "plugin:feed"
    made = schedule(
        "feed/poll-5873", "30m", PluginCall("feed", "poll"), origin=Origin(SourceKind.API, creator)
    )
    await house.engine.control.bring(made, Asker(creator, may_execute=True))


@asynccontextmanager
async def opened(folder: Path, plugins: Path | None = None, **given: Any) -> AsyncIterator[Stage]:
    """Open a console on the plugins' view; `gc` of a file holds the id that the shop declares too."""
    plugins = plugins or folder / "plugins"
    write_all(plugins)
    own = (schedule("gc", "0 5 * * *"),)
    async with stage(folder, own, waits=False, **settings(plugins), **given) as seen:
        await make_one(seen.house)
        await seen.until("live")
        await seen.press("i")
        await seen.until("+ 1 made")
        yield seen


async def fail(console: Stage) -> None:
    """Let the feed fail at publishing, which opens the circuit of that command."""
    await console.app.scene.client(HOST).trigger("feed/publish")
    await console.until("1 open")
