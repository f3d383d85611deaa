"""The two C programs: the command that writes down when it began, and the floor that no scheduler can go below."""

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.table import Unmeasurable
from benchmarks.workload import NS, Fires

_HERE = Path(__file__).parent
_AHEAD_NS = 300_000_000


def compiled(name: str, folder: Path) -> str:
    """Compile one of them into a folder and return its path."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Unmeasurable("There is no C compiler (cc) here, and what commands cost is measured with one.")
    program = folder / name
    subprocess.run([compiler, "-O2", "-o", program, _HERE / f"{name}.c"], check=True)
    return str(program)


def herd_in_c(folder: Path, loop: str, argv: tuple[str, ...], count: int) -> Fires:
    """Start so many commands at one instant with nothing but posix_spawn."""
    stamps = folder / "stamps-of-c"
    due = time.time_ns() // NS * NS + NS + _AHEAD_NS
    subprocess.run([loop, str(count), str(due), argv[0], str(stamps)], check=True, stdout=subprocess.DEVNULL)
    began = sorted(int(line.split()[0]) for line in stamps.read_text().splitlines())
    stamps.unlink()
    return Fires(tuple((due, time) for time in began))
