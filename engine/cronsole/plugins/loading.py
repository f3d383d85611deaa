"""What a carrier needs to open a plugin: the ground it stands on, and which module carries which plugin.

A carrier's module has one door, `open_python`, `open_process` or `open_grpc`, of the form of `Opens`. It is imported
when the first plugin of its kind is opened.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from cronsole.clock import Clock
from cronsole.model.plugin import Carrier
from cronsole.model.schedule import Schedule
from cronsole.model.settings import PluginSettings
from cronsole.plugins.author import Schedule as Declaration
from cronsole.plugins.base import LoadedPlugin, PluginState, RuntimeSchedules
from cronsole.plugins.words import Words


class PluginGround(msgspec.Struct, frozen=True):
    """What of the engine a carrier may use.

    `folder` is the engine's own, mode 0700: sockets of remote plugins live there. `warn` tells the operator of
    something that is no fault of a run. `changed` is called with a plugin's name by a carrier whose plugin came back
    and may declare something else now: it is loaded afresh. `read` makes a schedule of what the author of a Python
    plugin wrote, given the plugin's name; ConfigError tells of everything that is wrong with it. `words` are those of
    remote plugins.
    """

    clock: Clock
    environ: Mapping[str, str]
    folder: Path
    state: PluginState
    schedules: RuntimeSchedules
    warn: Callable[[str], None]
    read: Callable[[str, Declaration], Schedule]
    changed: Callable[[str], None] = lambda _: None
    words: Words | None = None


class Opens(Protocol):
    """Opens one plugin: `declare` comes next. PluginFault says why it cannot be; then nothing of it is left running.

    `settings.path` is the real path of the plugin's code for Python files and process folders, found and judged to
    be trustworthy; `settings.module` is set for an entry point.
    """

    async def __call__(self, settings: PluginSettings, ground: PluginGround) -> LoadedPlugin: ...


def opener_of(carrier: Carrier) -> Opens:
    """Return the door of a carrier's module."""
    match carrier:
        case Carrier.PYTHON:
            from cronsole.plugins.python import open_python

            return open_python
        case Carrier.PROCESS:
            from cronsole.plugins.process import open_process

            return open_process
        case Carrier.GRPC:
            from cronsole.plugins.grpc import open_grpc

            return open_grpc
