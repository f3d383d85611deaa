"""What an engine is told about itself: `[engine]`, `[notify.NAME]` and `[plugins.NAME]` in the configuration."""

import msgspec

from cronsole.model.channel import Channel
from cronsole.model.instant import DAY, SECOND, Millis
from cronsole.model.policy import CircuitBreaker, OnEngineDeath, Policy, Retry
from cronsole.model.schedule import Schedule


class KeepRuns(msgspec.Struct, frozen=True):
    """How many finished rows of each schedule stay, and for how long; successes and failures apart."""

    successes: int = 100
    failures: int = 100
    success_age_ms: Millis | None = None
    failure_age_ms: Millis | None = 90 * DAY


class Api(msgspec.Struct, frozen=True):
    """`[api]`: where the engine is reached, and who may do what.

    `users` gives other local users, by name or number, a role on the socket; `roles` adds to the roles that exist.
    `hosts` are the names under which clients may ask for it over TCP, besides the address itself.
    """

    socket: str | None = None
    listen: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    token_file: str | None = None
    hosts: tuple[str, ...] = ()
    users: tuple[tuple[str, str], ...] = ()
    roles: tuple[tuple[str, tuple[str, ...]], ...] = ()


class PluginSettings(msgspec.Struct, frozen=True):
    """`[plugins.NAME]`: one table for all carriers; where it names none, the plugin is looked for by its name.

    `grpc` or `command` make it a remote plugin. `module` (`package.module:Class`) or a `path` to Python make it a
    Python plugin, a `path` to a folder with a manifest a process. Else the name, or that of `uses`, is looked for
    among the entry points and then in the `plugin_roots`.

    `config` is JSON text for the plugin. `priority` is None where the plugin's own holds. `timeouts` are by
    verb. `schedules` are those that the table itself declares, ready made, their ids as the dialect
    has them and their action a call of this plugin.
    """

    name: str
    enabled: bool = True
    priority: int | None = None
    path: str | None = None
    module: str | None = None
    uses: str | None = None
    grpc: str | None = None
    command: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    config: str = ""
    retry: Retry | None = None
    timeouts: tuple[tuple[str, Millis], ...] = ()
    circuit_breaker: CircuitBreaker | None = None
    max_outstanding_polls: int = 1
    parallelism: int | None = None
    schedules: tuple[Schedule, ...] = ()
    origin: str = ""

    @property
    def code(self) -> str:
        """The name under which its code is found."""
        return self.uses or self.name

    @property
    def is_remote(self) -> bool:
        """Whether it is a server that is spoken with, wherever it runs."""
        return self.grpc is not None or bool(self.command)

    def policy(self, verb: str) -> Policy:
        """Return what the table says of calls of a verb: its timeout, its retries, and when they are given up."""
        return Policy(
            timeout_ms=dict(self.timeouts).get(verb),
            retry=self.retry or Retry(),
            circuit_breaker=self.circuit_breaker,
        )


BUILT_IN_PROVIDER = "cron"


class Settings(msgspec.Struct, frozen=True):
    state_dir: str | None = None
    environment: str = "production"
    timezone: str = "UTC"
    max_running: int = 64
    tag_limits: tuple[tuple[str, int], ...] = ()
    shutdown_grace_ms: Millis = 30 * SECOND
    on_engine_death: OnEngineDeath = OnEngineDeath.KEEP
    keep: KeepRuns = KeepRuns()
    backup_every_ms: Millis | None = 3_600_000
    watch_files: bool = True
    channels: tuple[Channel, ...] = ()
    api: Api = Api()
    plugins: tuple[PluginSettings, ...] = ()
    plugin_roots: tuple[str, ...] = ()
    provider: str = BUILT_IN_PROVIDER


class Configuration(msgspec.Struct, frozen=True):
    """All that the files say: settings, schedules, and warnings about them.

    `files` were read; in `folders` a new file may come to be included.
    """

    settings: Settings
    schedules: tuple[Schedule, ...]
    files: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
