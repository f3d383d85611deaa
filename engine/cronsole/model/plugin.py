"""A plugin as it stands, and what is told of it over the control API; the API and its clients share these structs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from cronsole.model.view import View

DEFAULT_PRIORITY = 1000


class Carrier(StrEnum):
    """How a plugin is spoken to."""

    PYTHON = "python"
    PROCESS = "process"
    GRPC = "grpc"


class PluginStatus(StrEnum):
    """Where a plugin stands. A stale one runs on with what it declared before its reload failed."""

    LOADED = "loaded"
    FAILED = "failed"
    STALE = "stale"
    UNLOADED = "unloaded"
    DISABLED = "disabled"

    @property
    def is_troubled(self) -> bool:
        """Whether the plugin could not be loaded, though one that was good before may go on."""
        return self in (PluginStatus.FAILED, PluginStatus.STALE)


class HealthView(View, frozen=True):
    """What a plugin says of itself when it is asked."""

    is_well: bool
    detail: str = ""


class CircuitView(View, frozen=True):
    """The breaker of one command: how many runs failed in a row, and until when it is open."""

    failures: int
    opened_at: datetime | None = None
    open_until: datetime | None = None
    is_probing: bool = False


class CommandView(View, frozen=True):
    """One thing that a plugin can do; its schemas are JSON Schema as text, empty where unknown."""

    name: str
    description: str = ""
    is_write: bool = True
    input_schema: str = ""
    output_schema: str = ""
    schedules: tuple[str, ...] = ()
    circuit: CircuitView | None = None


class RefusedView(View, frozen=True):
    """A declaration that was not taken, and why."""

    schedule_id: str
    reason: str


class ShadowedView(View, frozen=True):
    """A declaration that waits while another source holds its id."""

    schedule_id: str
    held_by: str


class PluginView(View, frozen=True):
    """One plugin in a list. `reason` is empty where all is well; the numbers are of its schedules."""

    name: str
    status: PluginStatus
    since: datetime
    priority: int
    carrier: Carrier | None = None
    version: str = ""
    origin: str = ""
    reason: str = ""
    declared: int = 0
    made: int = 0
    refused: int = 0
    shadowed: int = 0
    running: int = 0
    failing: int = 0
    circuits_open: int = 0

    @property
    def urgency(self) -> int:
        """Where it stands among others, the most urgent first: failed, stale, in trouble with its schedules, well."""
        if self.status is PluginStatus.LOADED:
            return 2 if self.failing or self.circuits_open or self.refused else 3
        return {PluginStatus.FAILED: 0, PluginStatus.STALE: 1, PluginStatus.UNLOADED: 4}.get(self.status, 5)


class PluginDetail(View, frozen=True):
    """Everything about one plugin: what it declared, what it made while it ran, what it can do, what was refused.

    `remembers` are the names of what it keeps between two calls; the values may be secrets.
    """

    plugin: PluginView
    declared: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    commands: tuple[CommandView, ...] = ()
    refused: tuple[RefusedView, ...] = ()
    shadowed: tuple[ShadowedView, ...] = ()
    remembers: tuple[str, ...] = ()


class CircuitsView(View, frozen=True):
    """The commands whose circuit was closed by hand."""

    commands: tuple[str, ...] = ()


class CallAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Call a command of a plugin by hand; `payload` is handed to it as JSON."""

    payload: Any = None


class CircuitAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Close the circuit of one command, or of every one."""

    command: str | None = None
