"""The machine under an engine: clock, time-zone data, SQLite, limits, disk, and what the terminal can show."""

import ctypes
import locale
import os
import re
import resource
import shutil
import sqlite3
import stat
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cronsole.cli import render
from cronsole.cli.findings import Finding, bad, doubtful, well

_NAME: Final = "clock"
_TIME_ERROR: Final = 5
_UNSYNCHRONISED: Final = 0x40
_WORST_CLOCK_US: Final = 1_000_000
_SYNC_ADVICE: Final = "start chrony or systemd-timesyncd: `timedatectl set-ntp true`"
_OLDEST_SQLITE: Final = (3, 35)
_FEW_FILES: Final = 4_096
_FEW_PROCESSES: Final = 512
_LITTLE_DISK: Final = 1024**3
_NO_DISK: Final = 64 * 1024**2
_FEW_INODES: Final = 10_000
LONGEST_SOCKET_PATH: Final = 107
"""Bytes in the path of a unix socket on Linux, its end mark not counted."""


class _Timex(ctypes.Structure):
    """The beginning of struct timex as adjtimex(2) fills it in; what follows is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def clock() -> Finding:
    """Tell whether the kernel's clock follows a source of time; it is only read."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (AttributeError, OSError):
        state = -1
    if state < 0:
        return doubtful(_NAME, "the kernel does not tell whether the clock is synchronised", _SYNC_ADVICE)
    return clock_finding(state, timex.status, timex.maxerror)


def clock_finding(state: int, status: int, worst_us: int) -> Finding:
    """Grade what adjtimex(2) returned."""
    if state == _TIME_ERROR or status & _UNSYNCHRONISED:
        return doubtful(_NAME, "the clock is not synchronised, as far as the kernel knows", _SYNC_ADVICE)
    if worst_us > _WORST_CLOCK_US:
        told = f"the clock may be off by {worst_us / 1e6:.1f} s"
        return doubtful(_NAME, told, "look at `chronyc tracking` or `timedatectl timesync-status`")
    return well(_NAME, f"synchronised, off by {worst_us / 1000:.0f} ms at most")


def sqlite() -> Finding:
    """Tell which SQLite is in use, and whether it can bear threads."""
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return bad("sqlite", f"SQLite {version} is too old", "use a Python that is linked to 3.35 or newer")
    with sqlite3.connect(":memory:") as database:
        options = {row[0] for row in database.execute("PRAGMA compile_options")}
    database.close()
    if "THREADSAFE=0" in options:
        return bad("sqlite", f"SQLite {version} is built without threads", "use another build of Python")
    return well("sqlite", f"SQLite {version}")


def zones() -> Finding:
    """Tell which time-zone data is in use, and whether the package has newer."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        packaged = version("tzdata")
    except PackageNotFoundError:
        packaged = ""
    system = next(filter(None, (_system_release(Path(folder)) for folder in zoneinfo.TZPATH)), None)
    return zones_finding(system, packaged)


def _system_release(folder: Path) -> str | None:
    """Return the release of the data in a folder, `unknown` where it does not say, None where there is none."""
    if not (folder / "Europe").is_dir():
        return None
    for name, pattern in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)"), ("version", r"(\S+)")):
        try:
            with (folder / name).open(encoding="ascii", errors="replace") as file:
                found = re.match(pattern, file.readline())
        except OSError:
            continue
        if found:
            return found[1]
    return "unknown"


def zones_finding(system: str | None, packaged: str) -> Finding:
    """Grade a release such as 2026a of the machine against one such as 2026.1 of the tzdata package."""
    if system is None and not packaged:
        return bad("time zones", "there is no time-zone data", "pip install tzdata")
    if system is None:
        return well("time zones", f"the tzdata package {packaged}; the machine has none of its own")
    if system == "unknown":
        return well("time zones", "the machine's, of a release that it does not tell")
    if packaged and _release(system) < _release(packaged):
        told = f"the machine's data {system} is older than the tzdata package {packaged}, and is what counts"
        return doubtful("time zones", told, "update the machine's tzdata package")
    return well("time zones", f"the machine's, {system}")


def _release(text: str) -> tuple[int, int]:
    """Return year and number of a release in either spelling."""
    year, rest = text[:4], text[4:].lstrip(".")
    number = ord(rest[0]) - ord("a") + 1 if rest[:1].isalpha() else int(rest.partition(".")[0] or 0)
    return int(year) if year.isdigit() else 0, number


def limits() -> Iterator[Finding]:
    """Tell how many files and processes an engine started here may have."""
    for name, which, few in (
        ("open files", resource.RLIMIT_NOFILE, _FEW_FILES),
        ("processes", resource.RLIMIT_NPROC, _FEW_PROCESSES),
    ):
        soft, hard = resource.getrlimit(which)
        yield limit_finding(name, soft, hard, few)


def limit_finding(name: str, soft: int, hard: int, few: int) -> Finding:
    """Grade one limit."""
    if soft == resource.RLIM_INFINITY or soft >= few:
        told = "no limit" if soft == resource.RLIM_INFINITY else f"{soft:,} allowed"
        return well(name, told)
    may = "no limit" if hard == resource.RLIM_INFINITY else f"{hard:,}"
    option = "LimitNOFILE" if name == "open files" else "LimitNPROC"
    return doubtful(name, f"only {soft:,} allowed", f"raise it to {few:,} ({option}=; {may} is possible)")


def state_directory(path: Path) -> Iterator[Finding]:
    """Tell whether a state directory belongs to us, is closed to others, and has room."""
    name = "state"
    try:
        found = path.stat()
    except FileNotFoundError:
        yield well(name, f"{path} is made when the engine first starts")
        return
    except OSError as error:
        yield bad(name, f"{path} cannot be looked at: {error.strerror}", "run doctor as the engine's user")
        return
    if not stat.S_ISDIR(found.st_mode):
        yield bad(name, f"{path} is no directory", "move it away, or name another state_dir")
        return
    if found.st_uid != os.geteuid():
        told = f"{path} belongs to uid {found.st_uid}, and you are {os.geteuid()}"
        yield doubtful(name, told, "run doctor as the engine's user")
    elif found.st_mode & 0o077:
        told = f"{path} is open to others (mode {found.st_mode & 0o777:03o})"
        yield bad(name, told, f"chmod 700 {path}")
    else:
        yield well(name, f"{path}, closed to others")
    yield disk(path)


def disk(path: Path) -> Finding:
    """Tell how much room there is for the ledger and the output of runs."""
    room = os.statvfs(path)
    return disk_finding(room.f_bavail * room.f_frsize, room.f_favail if room.f_files else None)


def disk_finding(free: int, inodes: int | None) -> Finding:
    """Grade free bytes and inodes; file systems without a number of inodes tell none."""
    told = f"{free / 1024**3:.1f} GiB free" + ("" if inodes is None else f", {inodes:,} inodes")
    if free < _NO_DISK or (inodes is not None and inodes < 100):
        return bad("disk", told, "make room: nothing starts that cannot be put on record")
    if free < _LITTLE_DISK or (inodes is not None and inodes < _FEW_INODES):
        return doubtful("disk", told, "make room, or keep less history ([engine.keep])")
    return well("disk", told)


def socket_path(path: str) -> Finding:
    """Tell whether a socket of that path can be."""
    size = len(os.fsencode(path))
    if size > LONGEST_SOCKET_PATH:
        told = f"{path} has {size} bytes, {size - LONGEST_SOCKET_PATH} too many"
        return bad("socket", told, "name a shorter one: socket in [api], or a shorter state_dir")
    return well("socket", path)


def ssh(environ: Mapping[str, str]) -> Finding:
    found = shutil.which("ssh", path=environ.get("PATH"))
    if found is None:
        return doubtful("ssh", "there is no ssh", "install OpenSSH's client to reach engines elsewhere")
    return well("ssh", found)


def terminal(environ: Mapping[str, str]) -> Finding:
    """Tell what the terminal and the locale can show."""
    told = f"TERM={environ.get('TERM', '')}, {locale.getlocale(locale.LC_CTYPE)[1] or 'no encoding'}"
    if not render.has_glyphs():
        return doubtful(
            "terminal", f"{told}: only ASCII is shown", "set a UTF-8 locale, such as LANG=C.UTF-8"
        )
    return well("terminal", told)
