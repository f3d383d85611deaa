"""The schedulers: how each is told a workload, and how its process is started."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.probe import VARIABLE
from benchmarks.workload import Workload

ROOT = Path(__file__).parents[1]
_NEVER = "0 0 29 2 *"


class System(msgspec.Struct, frozen=True):
    """`arguments` writes the configuration into a folder and returns what is executed there."""

    name: str
    arguments: Callable[[Workload, Path], list[str]]
    is_installed: bool = True

    def start(self, workload: Workload, folder: Path) -> "subprocess.Popen[bytes]":
        environ = {**os.environ, VARIABLE: str(folder / "probe"), "PYTHONPATH": str(ROOT)}
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                self.arguments(workload, folder),
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _cronsole(workload: Workload, folder: Path) -> list[str]:
    path = folder / "bench.toml"
    with path.open("w", encoding="utf-8") as file:
        # Nothing is to wait for room: what is measured is how soon a run starts that may.
        file.write("[engine]\nmax_running = 100_000\n")
        for number in range(workload.count):
            file.write(f'\n[[tasks]]\nid = "job-{number:06d}"\n{_when(workload, number)}')
            if workload.argv:
                command = ", ".join(f'"{word}"' for word in workload.argv)
                file.write(f"command = [{command}]\n")
            else:
                file.write('handler = "benchmarks.probe:fired"\n')
    return [sys.executable, "-m", "cronsole", "engine", str(path), "--state", str(folder / "state")]


def _when(workload: Workload, number: int) -> str:
    if not workload.period_s:
        return f'cron = "{_NEVER}"\n'
    if workload.is_spread:
        return f'every = "{workload.period_s}s"\nstart_at = {workload.first_at(number)}\n'
    return f'cron = "*/{workload.period_s} * * * * *"\n'


def _apscheduler(workload: Workload, folder: Path, store: str) -> list[str]:
    path = folder / "bench.json"
    path.write_bytes(msgspec.json.encode(workload))
    return [sys.executable, "-m", "benchmarks.apscheduler_host", str(path), store]


def _in_memory(workload: Workload, folder: Path) -> list[str]:
    return _apscheduler(workload, folder, "memory")


def _in_sqlite(workload: Workload, folder: Path) -> list[str]:
    return _apscheduler(workload, folder, "sqlite")


def _cronstable(workload: Workload, folder: Path) -> list[str]:
    path = folder / "bench.yaml"
    with path.open("w", encoding="utf-8") as file:
        file.write("jobs:\n")
        for number in range(workload.count):
            # Its seven fields end with the year.
            cron = f"*/{workload.period_s} * * * * * *" if workload.period_s else _NEVER
            command = "".join(f"\n      - {word}" for word in workload.argv)
            file.write(f'  - name: job-{number:06d}\n    schedule: "{cron}"\n    command:{command}\n')
    return [sys.executable, "-m", "cronstable", "-c", str(path)]


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


CRONSOLE = System("cronsole", _cronsole)
APSCHEDULER = System("APScheduler", _in_memory)
APSCHEDULER_SQLITE = System("APScheduler, SQLite", _in_sqlite, is_installed=_has("sqlalchemy"))
CRONSTABLE = System("cronstable", _cronstable, is_installed=_has("cronstable"))


def commanders(quick: bool) -> list[System]:
    """Return the schedulers that run commands: ours, then the others."""
    others = [APSCHEDULER] if quick else [APSCHEDULER, CRONSTABLE]
    return [CRONSOLE, *(system for system in others if system.is_installed)]
