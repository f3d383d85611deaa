"""The SQLite file of a ledger: opened with durable settings, checked, migrated, and watched for being swapped."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from cronsole.errors import CronsoleError, StoreCorrupt, StoreUnavailable
from cronsole.store.statements import migrations, statements

_T = TypeVar("_T")

# A commit that waits longer holds up everyone else; the engine tries again by itself.
BUSY_TIMEOUT_MS = 2_000

# Each setting is read back after it is made: SQLite ignores what it does not know or cannot do.
_SETTINGS: dict[str, int | str] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "cell_size_check": 1,
    "trusted_schema": 0,
    # Fewer checkpoints write a page that is changed often fewer times.
    "wal_autocheckpoint": 2_000,
}

# How large a file is checked at every open, rows against their indexes or pages alone; either takes under a second.
# A larger one is checked after an unclean end.
_FULLY_CHECKED_BYTES = 32 * 1024 * 1024
_ALWAYS_CHECKED_BYTES = 512 * 1024 * 1024

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def connect(path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> sqlite3.Connection:
    """Return a connection in autocommit whose durability settings are in force."""
    # `rw` never creates: a file that vanished is an error, not a new and empty ledger.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=busy_timeout_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for name, value in _SETTINGS.items():
            connection.execute(f"PRAGMA {name} = {value}")
            actual = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if actual != value:
                raise StoreUnavailable(
                    f"{path}: SQLite keeps {name} at {actual}, and the ledger needs {value}"
                )
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def told_as_ours(path: Path, advice: Callable[[], str]) -> Iterator[None]:
    """Turn SQLite's errors into ours. A fault in a statement of our own stays what it is."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError):
        raise
    except sqlite3.Error as error:
        raise _as_ours(error, path, advice()) from error
    except UnicodeDecodeError as error:
        # A row, or the text of an error about the schema, that is no text any more.
        raise StoreCorrupt(f"{path} is damaged ({error}). {advice()}") from error
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror or error}") from error


def _as_ours(error: sqlite3.Error, path: Path, advice: str) -> CronsoleError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A schema that cannot be read comes as a plain error that only its text tells from others.
    if code in _DAMAGE or "malformed" in str(error) or "no such table" in str(error):
        return StoreCorrupt(f"{path} is damaged ({error}). {advice}")
    return StoreUnavailable(f"{path}: {error}")


@contextmanager
def write_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit at the end, or leave nothing written and no transaction open."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            # The error that led here is the one to tell. Where this fails too, SQLite has rolled back by itself.
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


class Watched:
    """The identity of the open file and its log: a write to one that was deleted or replaced would be lost."""

    def __init__(self, path: Path, advice: Callable[[], str]) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._advice = advice
        self._inode = os.stat(path).st_ino
        self._log_inode = os.stat(self._log).st_ino
        self._size = 0

    def transaction(self, connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run a function in a write transaction on the file that was opened, and on no other."""
        self.check()
        with write_transaction(connection):
            result = function(connection)
        self.check()
        return result

    def check(self) -> None:
        """Raise StoreCorrupt where the file is not the one that was opened, or has lost its end."""
        try:
            found = os.stat(self._path)
            log = os.stat(self._log)
        except FileNotFoundError as error:
            raise StoreCorrupt(
                f"{error.filename} was deleted while the engine ran; nothing was written. {self._advice()}"
            ) from error
        if found.st_ino != self._inode or log.st_ino != self._log_inode:
            raise StoreCorrupt(
                f"{self._path} was replaced while the engine ran; nothing was written. {self._advice()}"
            )
        if found.st_size < self._size:
            raise StoreCorrupt(
                f"{self._path} lost its end while the engine ran; nothing was written. {self._advice()}"
            )
        self._size = found.st_size


def create(path: Path) -> None:
    """Make a new ledger beside its place and move it there, so that an empty file is never a ledger."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    connection = connect(fresh)
    try:
        migrate(connection, fresh)
    finally:
        connection.close()
    move_durably(fresh, path)


def move_durably(source: Path, target: Path) -> None:
    """Rename a file so that after a power cut there is the whole of it or none."""
    _sync(source)
    source.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_remains(path: Path, advice: str, *, has_backups: bool) -> None:
    """Raise StoreCorrupt where a ledger stood here before and is gone: a new one would have forgotten all."""
    log = path.with_name(path.name + "-wal")
    if path.exists():
        if path.stat().st_size == 0:
            raise StoreCorrupt(f"{path} is empty. {advice}")
        return
    if log.exists() or has_backups:
        raise StoreCorrupt(f"{path} is gone, and what it leaves shows that it was in use. {advice}")


def check_integrity(connection: sqlite3.Connection, path: Path, advice: str, *, was_clean: bool) -> None:
    """Raise StoreCorrupt where the file's structure is broken."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    size = pages * page_bytes
    if size <= _FULLY_CHECKED_BYTES:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    elif size <= _ALWAYS_CHECKED_BYTES or not was_clean:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    else:
        return
    if found != "ok":
        raise StoreCorrupt(f"{path} is damaged ({' '.join(found.split())}). {advice}")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables up to the newest migration, in one transaction."""
    known = migrations()
    with write_transaction(connection):
        has_tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        version = _version(connection, path) if has_tables else 0
        newest = known[-1][0]
        if version > newest:
            raise StoreCorrupt(
                f"{path} was written by a newer cronsole (schema {version}; this one knows {newest}). "
                "Start that version, or restore a backup made by this one."
            )
        for number, parts in known:
            if number > version:
                for part in parts:
                    connection.execute(part)
        if version < newest:
            set_meta(connection, "schema", str(newest))


def _version(connection: sqlite3.Connection, path: Path) -> int:
    if not connection.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]:
        raise StoreCorrupt(f"{path} is a database of something else: it has tables, and none of a ledger")
    value = meta(connection, "schema")
    if value is None or not value.isdecimal():
        raise StoreCorrupt(f"{path} does not say which schema it has ({value!r})")
    return int(value)


def meta(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute(statements()["meta_value"], (name,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute(statements()["set_meta"], (name, value))
