"""Runs one scheduler on one workload in a process of its own, and tells what can be seen from outside."""

import math
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks import probe
from benchmarks.systems import System
from benchmarks.workload import NS, Fires, Workload, stamped

_PATIENCE_S = 180.0
_WARM_UP_S = 2
# A process that takes less of a core than this has done all that its start brings with it.
_SETTLED = 0.02


class Observed(msgspec.Struct, frozen=True):
    """What a scheduler did in a stretch of time: its runs, its own CPU without that of its children, its memory."""

    fires: Fires
    cpu_s: float
    seconds: float
    begun: int
    resident_mb: float

    @property
    def cpu_us_a_run(self) -> float:
        # A scheduler that cannot keep up may begin nothing at all in a short stretch.
        return self.cpu_s / self.begun * 1e6 if self.begun else math.inf

    @property
    def percent_of_a_core(self) -> float:
        return self.cpu_s / self.seconds * 100


def observe(system: System, workload: Workload, seconds: int) -> Observed:
    """Start the scheduler, let it come to rest or fire for a while, and look at it for so many seconds."""
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
        folder = Path(name)
        with _running(system, workload, folder) as process:
            if workload.period_s:
                _await_first_fire(process, folder)
                _sleep_until_middle_of_second(_WARM_UP_S)
            else:
                _await_rest(process)
            began_ns, began_cpu = time.time_ns(), cpu_seconds(process.pid)
            time.sleep(seconds)
            ended_ns, ended_cpu = time.time_ns(), cpu_seconds(process.pid)
            resident_mb = _resident_mb(process.pid)
            if workload.period_s:
                # What was due in that time may still have to begin.
                time.sleep(1.5)
        fires = _fires(workload, folder)
    return Observed(
        fires.between(began_ns, ended_ns),
        ended_cpu - began_cpu,
        (ended_ns - began_ns) / NS,
        fires.begun_between(began_ns, ended_ns),
        resident_mb,
    )


@contextmanager
def _running(system: System, workload: Workload, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = system.start(workload, folder)
    try:
        yield process
        process.terminate()
        process.wait(_PATIENCE_S)
    finally:
        process.kill()
        process.wait()


def _fires(workload: Workload, folder: Path) -> Fires:
    if not workload.period_s:
        return Fires(())
    if workload.argv:
        return stamped(folder / "stamps", workload.period_s)
    return probe.read(folder / "probe")


def _await_first_fire(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not ((folder / "probe").exists() or (folder / "stamps").exists()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} fires nothing:\n{(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.1)


def _sleep_until_middle_of_second(seconds: int) -> None:
    """Begin and end where nothing is due, so that whole instants are seen."""
    now = time.time_ns()
    until = (now // NS + 1 + seconds) * NS - NS // 4
    time.sleep((until - now) / NS)


def _await_rest(process: "subprocess.Popen[bytes]") -> None:
    time.sleep(1.0)
    while True:
        before = cpu_seconds(process.pid)
        time.sleep(1.0)
        if cpu_seconds(process.pid) - before < _SETTLED:
            return


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process, those that have ended included, and of no child."""
    # The kernel's number for the CPU clock of another process; Python has a name only for its own.
    return time.clock_gettime((~pid << 3) | 2)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
