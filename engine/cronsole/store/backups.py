"""Names of a ledger's backups, and which of them go."""

from collections.abc import Iterable
from pathlib import Path

from cronsole.model.instant import Instant, to_datetime

_PREFIX, _SUFFIX = "ledger-", ".db"


def backup_name(at: Instant) -> str:
    """Return the name of a backup made at an instant: names sort as the instants do."""
    return f"{_PREFIX}{to_datetime(at):%Y%m%dT%H%M%S}{at % 1000:03d}Z{_SUFFIX}"


def is_backup(name: str) -> bool:
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def surplus(names: Iterable[str], keep: int) -> list[str]:
    """Return the backups beyond the newest `keep`, oldest first; names that are no backup's are left alone."""
    found = sorted(name for name in names if is_backup(name))
    return found[: max(0, len(found) - max(0, keep))]


def newest_backup(folder: Path) -> Path | None:
    """Return the newest backup in a folder, if there is any."""
    if not folder.is_dir():
        return None
    return max((path for path in folder.iterdir() if is_backup(path.name)), default=None)
