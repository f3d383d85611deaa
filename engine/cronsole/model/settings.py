"""What an engine is told about itself: `[engine]` and `[notify.NAME]` in the configuration."""

import msgspec

from cronsole.model.channel import Channel
from cronsole.model.instant import DAY, SECOND, Millis
from cronsole.model.policy import OnEngineDeath
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


class Configuration(msgspec.Struct, frozen=True):
    """All that the files say: settings, schedules, and warnings about them.

    `files` were read; in `folders` a new file may come to be included.
    """

    settings: Settings
    schedules: tuple[Schedule, ...]
    files: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
