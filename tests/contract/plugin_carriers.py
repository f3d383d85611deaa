"""One plugin for every carrier to carry, written in the words of each; a carrier adds itself to CARRIERS.

Its verbs: `work` succeeds and says `worked`; `fail` fails with `no luck`; `hang` goes on for ever; `tell` says as JSON
what it knows of its run; `count` says how often it was called, which it remembers; `crash` dies in the midst of it.
Version 1 declares the schedule that `schedule_id` names, version 2 the one of `second_id` too, version 0 is broken.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from cronsole.model.action import PluginCall
from cronsole.model.plugin import Carrier
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import PluginSettings
from cronsole.model.trigger import IntervalSpec

VERBS = ("work", "fail", "hang", "tell", "count", "crash")


class Carried(Protocol):
    """One way to carry the plugin. `tells_catchup` is false where its protocol has no word for it."""

    carrier: Carrier
    schedule_id: str
    second_id: str
    tells_catchup: bool

    def write(self, folder: Path, version: int = 1) -> PluginSettings:
        """Write the plugin, called `sample`, into the folder, over an earlier version; return what says of it."""
        ...


_PYTHON = """
import asyncio, json, os, time
from cronsole import Plugin, Schedule


class Sample(Plugin):
    name = "sample"
    counted = 0

    def schedules(self):
        if VERSION == 0:
            raise ValueError("this version is broken")
        found = [Schedule(id="sample-first", cron="5m", config_json='{"a": 1}')]
        return found + [Schedule(id="sample-second", cron="@daily")] * (VERSION == 2)

    def work(self, ctx):
        ctx.log("worked")

    async def fail(self, ctx):
        raise ValueError("no luck")

    async def hang(self, ctx):
        await asyncio.Event().wait()

    def tell(self, ctx):
        ctx.log(json.dumps({"schedule_id": ctx.schedule_id, "is_catchup": ctx.is_catchup, "version": VERSION}))

    def count(self, ctx):
        Sample.counted += 1
        ctx.log(f"count {Sample.counted}")

    def crash(self, ctx):
        raise SystemExit(3)
"""


class InPython:
    """A module in a folder."""

    carrier = Carrier.PYTHON
    schedule_id = "sample-first"
    second_id = "sample-second"
    tells_catchup = True

    def write(self, folder: Path, version: int = 1) -> PluginSettings:
        file = folder / "sample.py"
        file.write_text(f"VERSION = {version}\n{_PYTHON}")
        return PluginSettings("sample", path=str(file))


_PROCESS = """#!/usr/bin/env python3
import json, os, signal, sys

request = json.load(sys.stdin)
verb, context, state = request["command"], request["context"], request["state"]
answer = {"status": "ok", "result": "worked"}
if verb == "fail":
    answer = {"status": "error", "error": "no luck"}
elif verb == "hang":
    signal.pause()
elif verb == "tell":
    answer["result"] = json.dumps(context)
elif verb == "count":
    count = state.get("count", 0) + 1
    answer = {"status": "ok", "result": f"count {count}", "state_updates": {"count": count}}
elif verb == "crash":
    os.abort()
json.dump(answer, sys.stdout)
"""


class InAProcess:
    """A folder with a manifest, and a program that is started for each call."""

    carrier = Carrier.PROCESS
    schedule_id = "sample/work"
    second_id = "sample/count"
    tells_catchup = True

    def write(self, folder: Path, version: int = 1) -> PluginSettings:
        listed = "".join(f"  - {{name: {verb}, type: write}}\n" for verb in VERBS)
        (folder / "manifest.yaml").write_text(
            f"manifest_spec: ductile.plugin\nmanifest_version: {min(version, 1)}\nname: sample\n"
            f"version: 1.{version}\nprotocol: 2\nentrypoint: run\ncommands:\n{listed}"
        )
        part = folder / ".run"
        part.write_text(_PROCESS)
        part.chmod(0o755)
        part.rename(folder / "run")
        ids = [self.schedule_id, self.second_id][: max(version, 1)]
        schedules = tuple(
            Schedule(
                name,
                IntervalSpec(300_000),
                PluginCall("sample", name.partition("/")[2]),
                origin=Origin(SourceKind.PLUGIN, "sample"),
            )
            for name in ids
        )
        return PluginSettings("sample", path=str(folder), schedules=schedules)


class KeptInMemory:
    """What plugins remember, without a ledger."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, Any]] = {}

    async def load(self, plugin: str) -> Mapping[str, Any]:
        return dict(self._states.get(plugin, {}))

    async def merge(self, plugin: str, updates: Mapping[str, Any]) -> None:
        self._states.setdefault(plugin, {}).update(updates)

    async def remember(self, plugin: str, updates: str) -> None:
        await self.merge(plugin, msgspec.json.decode(updates))


CARRIERS: list[Carried] = [InPython(), InAProcess()]

try:
    from tests.contract.grpc_carrier import OverGrpc
except ImportError:  # without the extra there is nothing to carry
    pass
else:
    CARRIERS.append(OverGrpc())
