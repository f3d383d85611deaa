"""The state directory: one engine's ledger, output files and backups, under a lock that its death releases."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

from cronsole.clock import Clock, SystemClock
from cronsole.errors import StateLocked, StoreUnavailable
from cronsole.model.instant import Instant, to_iso
from cronsole.store.backups import backup_name, surplus

# With a backup every hour, a day of them.
KEPT_BACKUPS = 24


class LockHolder(msgspec.Struct, frozen=True):
    """Who holds a state directory, as the lock file tells it."""

    pid: int
    started_at: Instant
    config: str = ""


def default_state_dir(environ: Mapping[str, str], uid: int) -> Path:
    """Return where state lives when nothing names a place: the system's for root, else the user's own."""
    if uid == 0:
        return Path("/var/lib/cronsole")
    # The XDG rules say to ignore a relative path.
    configured = environ.get("XDG_STATE_HOME", "")
    base = Path(configured) if configured.startswith("/") else Path(environ.get("HOME", "/")) / ".local/state"
    return base / "cronsole"


class StateDirectory:
    """The layout of one directory; as a context, the lock on it."""

    def __init__(self, path: Path, *, config: str = "", clock: Clock | None = None) -> None:
        self.path = path
        self.config = config
        self._clock = clock or SystemClock()
        self._lock: int | None = None

    @property
    def ledger_path(self) -> Path:
        return self.path / "ledger.db"

    @property
    def output_dir(self) -> Path:
        return self.path / "output"

    @property
    def backups_dir(self) -> Path:
        return self.path / "backups"

    @property
    def plugins_dir(self) -> Path:
        """Where the sockets of remote plugins are."""
        return self.path / "plugins"

    @property
    def lock_path(self) -> Path:
        return self.path / "engine.lock"

    def next_backup(self, at: Instant) -> str:
        """Return where the next backup goes, having removed those beyond the newest few before it."""
        for name in surplus(os.listdir(self.backups_dir), KEPT_BACKUPS):
            (self.backups_dir / name).unlink(missing_ok=True)
        return str(self.backups_dir / backup_name(at))

    def __enter__(self) -> Self:
        """Create what is missing and take the lock; StateLocked names the engine that holds it."""
        try:
            self._create()
            lock = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"the state directory {self.path} cannot be used: {error.strerror}"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StateLocked(self._told()) from None
        holder = LockHolder(os.getpid(), self._clock.now(), self.config)
        os.ftruncate(lock, 0)
        os.pwrite(lock, msgspec.json.encode(holder), 0)
        self._lock = lock
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _create(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Output and ledger may hold secrets: a directory that was there before is closed to others too.
        self.path.chmod(0o700)
        self.output_dir.mkdir(mode=0o700, exist_ok=True)
        self.backups_dir.mkdir(mode=0o700, exist_ok=True)
        self.plugins_dir.mkdir(mode=0o700, exist_ok=True)

    def _read_holder(self) -> LockHolder | None:
        try:
            return msgspec.json.decode(self.lock_path.read_bytes(), type=LockHolder)
        except (OSError, msgspec.DecodeError):
            return None

    def _told(self) -> str:
        holder = self._read_holder()
        if holder is None:
            return f"another engine holds the state directory {self.path}"
        serving = f" with {holder.config}" if holder.config else ""
        return (
            f"the engine with pid {holder.pid}{serving} holds the state directory {self.path} "
            f"since {to_iso(holder.started_at)}"
        )
