"""Python plugins for tests: written into files, loaded by a registry that is no engine's."""

import os
from pathlib import Path
from typing import Any, cast

from tests.contract.plugin_carriers import KeptInMemory

from cronsole.clock import SystemClock
from cronsole.dialects.bext import read_declaration
from cronsole.model.event import Event
from cronsole.model.settings import PluginSettings, Settings
from cronsole.narration import sentence
from cronsole.plugins.base import PluginRecord
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.registry import Registry

HEAD = """from cronsole import Plugin, Schedule
def note(path):
    with open(path, "a") as file: file.write("x")
"""


def plugin_class(schedules: str = 'Schedule("gc", "5m")', body: str = "", *, priority: int = 1000) -> str:
    """The text of a plugin that declares these schedules."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return (
        f"{HEAD}class Sample(Plugin):\n    priority = {priority}\n"
        f"    def schedules(self):\n        return [{schedules}]\n"
        f"    def run(self, ctx):\n        ctx.log('ran')\n{lines}"
    )


class Yard:
    """A folder of plugins, and a registry that looks into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.warnings: list[str] = []
        self.registry = Registry(self.ground(), publish=self.events.append)

    def ground(self) -> PluginGround:
        return PluginGround(
            clock=SystemClock(),
            environ=dict(os.environ),
            folder=self.folder,
            state=KeptInMemory(),
            schedules=cast("Any", None),
            warn=self.warnings.append,
            read=lambda plugin, declared: read_declaration(plugin, declared, Settings()),
        )

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    async def load(self, *plugins: PluginSettings, anew: tuple[str, ...] = ()) -> None:
        settings = Settings(plugins=plugins, plugin_roots=(str(self.folder),))
        self.registry.commit(await self.registry.prepare(settings, anew=anew))
        await self.registry.sweep()

    def record(self, name: str) -> PluginRecord:
        record = self.registry.record(name)
        assert record is not None, f"no plugin {name} among {self.registry.records()}"
        return record

    def ids(self, name: str) -> list[str]:
        return [schedule.id for schedule in self.record(name).declared.schedules]

    @property
    def told(self) -> list[str]:
        return [sentence(event) for event in self.events]
