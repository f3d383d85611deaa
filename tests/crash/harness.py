"""Runs a real engine on a fixture of schedules, ends it in ways it cannot foresee, and gathers the evidence."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tests.crash.checker import Finding, check
from tests.crash.fixture import Task, config_text
from tests.crash.records import Bounds, Evidence, Ledger, Life, Line, Watched, read_journal, read_ledger

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
JOB = HERE / "job.sh"
READY_WITHIN_S = 60.0
BOUNDS = Bounds()
# How the ledger of each kind of store is read.
LEDGERS = {"sqlite": read_ledger}

T = TypeVar("T")
R = TypeVar("R")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def boot_wall_ms() -> int:
    """Return the wall time of the boot: jobs know only how long ago that is."""
    return now_ms() - round(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)


@dataclass
class Site:
    """One state directory with its configuration, its journal, and every engine that has lived on it."""

    folder: Path
    tasks: tuple[Task, ...]
    settings: dict[str, str] = field(default_factory=dict)
    store: str = "sqlite"
    lives: list[Life] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.config = self.folder / "cronsole.toml"
        self.state = self.folder / "state"
        self.journal = self.folder / "journal"
        self.log = self.folder / "engine.log"
        self._boot_wall_ms = boot_wall_ms()
        self._launched_at = 0
        self._starts_before = 0
        self.write_config(self.tasks)

    @property
    def database(self) -> Path:
        return self.state / "ledger.db"

    def write_config(self, tasks: tuple[Task, ...]) -> None:
        """Put the configuration in place as a careful editor does: all of it or nothing."""
        draft = self.config.with_suffix(".draft")
        draft.write_text(config_text(tasks, self.settings, job=JOB, journal=self.journal))
        draft.replace(self.config)

    def start(
        self, *, fault: str = "", environ: dict[str, str] | None = None, log_to: Path | None = None
    ) -> None:
        """Start an engine; a fault is the name of something that the launcher breaks in it."""
        module = ["tests.crash.launcher", fault] if fault else ["cronsole"]
        command = [sys.executable, "-m", *module, "engine", str(self.config), "--state", str(self.state)]
        path = f"{REPOSITORY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        self._starts_before = self.saw("EngineStarted")
        with (log_to or self.log).open("ab") as log:
            self._launched_at = now_ms()
            self.process = subprocess.Popen(
                [*command, "--log-format", "json"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONPATH": path, **(environ or {})},
            )

    @property
    def engine(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        """End the engine at once; its runs go on."""
        self.engine.kill()
        self.engine.wait()
        self.note_end(was_killed=True)

    def stop(self, within_s: float = 30.0) -> float:
        """Ask the engine to end, and return how many seconds that took."""
        began = time.monotonic()
        self.engine.send_signal(signal.SIGTERM)
        self.wait(within_s)
        return time.monotonic() - began

    def wait(self, within_s: float) -> int:
        """Wait until the engine has ended by itself; return how."""
        code = self.engine.wait(within_s)
        self.note_end(was_killed=code < 0)
        return code

    def note_end(self, *, was_killed: bool) -> None:
        ended_at = now_ms()
        # Where no log says when it was ready, it was so from its launch on.
        told = (
            [*self._starts()[self._starts_before :], ended_at] if self.log.exists() else [self._launched_at]
        )
        self.lives.append(Life(self._launched_at, ended_at, was_killed, told[0]))
        self.process = None

    def clean_up(self) -> None:
        """Leave no engine and no job behind, whatever happened."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for pid in self.jobs():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def jobs(self) -> list[int]:
        """Return the living processes that this site's runs have started."""
        mark = f"\0JOURNAL={self.journal}\0".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    environ = b"\0" + (entry / "environ").read_bytes()
                except OSError:
                    continue
                if mark in environ:
                    found.append(int(entry.name))
        return found

    def events(self) -> list[dict[str, object]]:
        """Return what the engines logged, tracebacks and the like left out."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def saw(self, kind: str) -> int:
        return self.log.read_bytes().count(f'"event":"{kind}"'.encode()) if self.log.exists() else 0

    def _starts(self) -> list[int]:
        return [int_at(event) for event in self.events() if event.get("event") == "EngineStarted"]

    def await_event(self, kind: str, count: int = 1, within_s: float = READY_WITHIN_S) -> None:
        """Wait until the engines have logged an event so many times."""
        self.await_that(lambda: self.saw(kind) >= count, f"no {kind}", within_s)

    def await_told(self, is_it: Callable[[Line], bool]) -> None:
        """Wait until a job has told the journal a thing."""
        self.await_that(lambda: any(map(is_it, self.told())), "no such line in the journal")

    def await_that(
        self, is_so: Callable[[], object], otherwise: str, within_s: float = READY_WITHIN_S
    ) -> None:
        until = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < until, (
                f"{otherwise} within {within_s} s; the log ends with {self.log_tail()}"
            )
            time.sleep(0.05)

    def await_ready(self) -> None:
        self.await_event("EngineStarted", count=self._starts_before + 1)

    def await_ready_or_end(self) -> None:
        self.await_that(
            lambda: self.saw("EngineStarted") > self._starts_before or self.engine.poll() is not None,
            "neither ready nor ended",
        )

    def mishaps(self) -> list[str]:
        """Return the tracebacks that the engines left in their log."""
        text = self.log.read_text(errors="replace")
        return [part[:2000] for part in text.split("Traceback (most recent call last)")[1:]]

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def evidence(self, *, bounds: Bounds = BOUNDS, stopped_cleanly: bool = True) -> Evidence:
        return Evidence(
            schedules=self.watched(),
            lives=tuple(self.lives),
            ledger=self.ledger(),
            journal=self.told(),
            bounds=bounds,
            stopped_cleanly=stopped_cleanly,
        )

    def ledger(self) -> Ledger:
        return LEDGERS[self.store](self.database)

    def told(self) -> tuple[Line, ...]:
        """Return what the jobs told the journal."""
        return read_journal(self.journal, self._boot_wall_ms)

    def watched(self) -> tuple[Watched, ...]:
        """Return what is expected: from the first instant at which the first engine was surely up."""
        since = min(self._starts(), default=now_ms())
        return tuple(task.watched(since) for task in self.tasks)

    def findings(self) -> list[Finding]:
        return check(self.evidence())


def int_at(event: dict[str, object]) -> int:
    """Return the instant of a log line."""
    return round(datetime.fromisoformat(str(event["at"])).timestamp() * 1000)


def at_once(work: Callable[[T], R], items: Iterable[T]) -> dict[T, R]:
    """Do the work for all items at the same time, as it is mostly waiting; return what came of each."""
    items = list(items)
    with ThreadPoolExecutor(len(items)) as pool:
        return dict(zip(items, pool.map(work, items), strict=True))


def kill_again_and_again(site: Site, kills: int, seed: int, *, shortest_s: float, longest_s: float) -> None:
    """Start the engine and kill it at random moments, every other time those of its start and recovery included."""
    dice = random.Random(seed)
    for number in range(kills):
        site.start()
        if number % 2:
            site.await_ready()
        time.sleep(dice.uniform(shortest_s, longest_s))
        site.kill()
        if dice.random() < 0.3:
            time.sleep(dice.uniform(0.0, 1.0))
