"""Whether code in a folder may be run: nobody but root and we ourselves could have put it there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cronsole.plugins.base import PluginFault


def check_trusted(path: Path, root: Path) -> None:
    """Raise PluginFault unless a file or folder really lies within the root, and only root and we can write to it."""
    try:
        real, base = path.resolve(strict=True), root.resolve(strict=True)
    except OSError as fault:
        raise PluginFault(f"{path} cannot be read: {fault.strerror or fault}") from fault
    if not real.is_relative_to(base):
        raise PluginFault(f"{path} leads out of {root}, to {real}; a plugin's code lies within its folder")
    for place in _all_of(real, base):
        _check_owner(place)
    for place in base.parents:
        _check_way(place)


def _all_of(real: Path, base: Path) -> Iterator[Path]:
    """Yield a path, what lies between it and the root, the root, and of a package each module."""
    yield real
    if real != base:
        yield from (place for place in real.parents if place.is_relative_to(base))
    if real.name in ("plugin.py", "__init__.py"):
        yield from real.parent.rglob("*.py")


def _check_owner(place: Path) -> None:
    status = _status(place)
    if status.st_uid not in (0, os.geteuid()):
        raise PluginFault(
            f"{place} belongs to user {status.st_uid}; it has to belong to root or to the engine's own user"
        )
    if status.st_mode & stat.S_IWOTH:
        raise PluginFault(f"{place} can be written by everybody; run `chmod o-w {place}`")
    # A user's own group, as distributions give each user one, holds nobody else.
    if status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid()):
        raise PluginFault(f"{place} can be written by group {status.st_gid}; run `chmod g-w {place}`")


def _check_way(place: Path) -> None:
    """A folder on the way that all may write to lets anyone put another folder in the place of ours."""
    status = _status(place)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise PluginFault(f"{place}, on the way to it, can be written by everybody; run `chmod o-w {place}`")


def _status(place: Path) -> os.stat_result:
    try:
        return place.stat()
    except OSError as fault:
        raise PluginFault(f"{place} cannot be read: {fault.strerror or fault}") from fault
