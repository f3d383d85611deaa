"""What the engine sees of a plugin, whatever carries it; every carrier passes the same contract suite."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from cronsole.errors import CronsoleError
from cronsole.executors.base import Job, Outcome
from cronsole.model.instant import Instant
from cronsole.model.plugin import DEFAULT_PRIORITY, Carrier, PluginStatus
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Settings

_UNNAMED = {Carrier.PYTHON: "run", Carrier.PROCESS: "poll"}


class PluginFault(CronsoleError):
    """A plugin that cannot be loaded or used; only its own schedules suffer from it."""


class Verb(msgspec.Struct, frozen=True):
    """One thing that a plugin can be asked to do; its schemas are JSON Schema as text, empty where unknown."""

    name: str
    description: str = ""
    is_write: bool = True
    input_schema: str = ""
    output_schema: str = ""


class Refused(msgspec.Struct, frozen=True):
    """A declaration that was not taken, and why."""

    schedule_id: str
    reason: str


class Declared(msgspec.Struct, frozen=True):
    """What a plugin said of itself when it was loaded: its schedules in full, and what of them was refused."""

    schedules: tuple[Schedule, ...] = ()
    refused: tuple[Refused, ...] = ()
    verbs: tuple[Verb, ...] = ()
    version: str = ""
    is_one_at_a_time: bool = False


class Health(msgspec.Struct, frozen=True):
    is_well: bool
    detail: str = ""


class LoadedPlugin(Protocol):
    """A plugin that was loaded. Calls may overlap; a carrier that cannot bear that queues them itself."""

    @property
    def name(self) -> str: ...

    @property
    def carrier(self) -> Carrier: ...

    @property
    def priority(self) -> int: ...

    @property
    def origin(self) -> str:
        """Where it comes from: `entry point …`, a file, a command, an address."""
        ...

    async def declare(self) -> Declared:
        """Return what the plugin declares; PluginFault aborts its load, and no other's. Called once per load."""
        ...

    async def call(self, job: Job, verb: str) -> Outcome:
        """Carry out one attempt within its timeout; a fault of the plugin is an Outcome, never raised.

        Cancelling the awaiting task stops the attempt, and returns only when nothing of it is left.
        """
        ...

    async def health(self) -> Health: ...

    async def close(self) -> None:
        """Unload: `cleanup` is called once, and what it raises is told in the log, never raised."""
        ...


class PluginState(Protocol):
    """What a plugin remembers between two calls, kept in the ledger (`plugin_state`)."""

    async def load(self, plugin: str) -> Mapping[str, Any]: ...

    async def merge(self, plugin: str, updates: Mapping[str, Any]) -> None:
        """Merge shallowly: a key replaces the key of that name."""
        ...


class RuntimeSchedules(Protocol):
    """What a plugin may do with schedules while it runs: those of its own making alone."""

    async def create(
        self, plugin: str, handler: str, *, every_ms: int, payload: str, metadata: Mapping[str, str]
    ) -> str:
        """Return the id of a new schedule; two of the same handler are two."""
        ...

    async def pause(self, plugin: str, schedule_id: str) -> None: ...

    async def resume(self, plugin: str, schedule_id: str) -> None: ...

    async def delete(self, plugin: str, schedule_id: str) -> None: ...

    async def get(self, plugin: str, schedule_id: str) -> "RuntimeSchedule": ...


class RuntimeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One of them as it stands; instants are milliseconds, None for never."""

    schedule_id: str
    handler: str
    every_ms: int
    payload: str
    metadata: Mapping[str, str]
    state: str
    created_at: int
    updated_at: int
    next_at: int | None = None
    last_at: int | None = None
    last_run_id: str = ""


class PluginRecord(msgspec.Struct, frozen=True):
    """One plugin as it stands: for people, for the API, and for the catalog. `reason` is empty where all is well."""

    name: str
    status: PluginStatus
    since: Instant
    carrier: Carrier | None = None
    priority: int = DEFAULT_PRIORITY
    origin: str = ""
    reason: str = ""
    declared: Declared = Declared()

    @property
    def is_usable(self) -> bool:
        return self.status in (PluginStatus.LOADED, PluginStatus.STALE)

    def verb_of(self, call: str) -> str:
        """Return the verb that a call reaches, also where the call names none."""
        return call or (_UNNAMED.get(self.carrier, "") if self.carrier else "")


class Prepared(Protocol):
    """A set of plugins that is ready to come into force in the place of the one before."""

    @property
    def records(self) -> Mapping[str, PluginRecord]: ...

    @property
    def late(self) -> tuple[str, ...]:
        """Those that have not answered in time."""
        ...


class Plugins(Protocol):
    """The registry, as the engine and the API see it.

    A change goes in two steps, as files do: `prepare` opens and asks, outside every lock; `commit` brings it into
    force together with the catalog, or `discard` lets it go. `sweep` then unloads what left.
    """

    def records(self) -> tuple[PluginRecord, ...]:
        """Return all plugins by name, those that failed or left too."""
        ...

    def record(self, name: str) -> PluginRecord | None: ...

    def get(self, name: str) -> LoadedPlugin | None:
        """Return a plugin that can be called."""
        ...

    async def health(self, name: str) -> Health:
        """Return what a plugin says of itself; one that does not answer is not well."""
        ...

    async def prepare(
        self, settings: Settings, *, anew: Iterable[str] = (), within_s: float | None = None
    ) -> Prepared:
        """Open and ask what is new, has changed, has failed before, or is asked for anew; keep the rest as it is."""
        ...

    def commit(self, prepared: Prepared) -> None: ...

    async def discard(self, prepared: Prepared) -> None: ...

    async def sweep(self) -> None: ...

    async def close(self, *, within_s: float | None = None) -> None: ...
