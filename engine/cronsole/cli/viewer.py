"""Where the one who asks is: the zone in which times are read and shown."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from cronsole.errors import UnknownTimezone
from cronsole.triggers.zone import zone

_LOCALTIME: Final = Path("/etc/localtime")

_UTC: Final = "UTC"
_OTHER_NAMES: Final = frozenset(
    {"Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}
)

UtcOption: TypeAlias = Annotated[
    bool, typer.Option("--utc", help="Times without an offset are UTC, not of this machine's zone.")
]


def viewer_zone(
    *, is_utc: bool = False, environ: Mapping[str, str] | None = None, localtime: Path = _LOCALTIME
) -> str:
    """Return the zone of TZ, else the machine's; UTC where it is asked for or neither names one."""
    if is_utc:
        return _UTC
    told = (os.environ if environ is None else environ).get("TZ", "").removeprefix(":")
    for name in (told, _machine_zone(localtime)):
        if name and _is_known(name):
            return _UTC if name in _OTHER_NAMES else name
    return _UTC


def _machine_zone(localtime: Path) -> str:
    """Return the name behind the machine's link into its time-zone data."""
    _, _, name = str(localtime.resolve()).partition("/zoneinfo/")
    return name.removeprefix("posix/")


def _is_known(name: str) -> bool:
    try:
        zone(name)
    except UnknownTimezone:
        return False
    return True
