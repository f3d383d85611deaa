"""What the whole console costs on a real engine: first paint, bytes while it ticks, one key, the palette, a big fleet.

Measured in a pseudo-terminal of 120×36. A peer is measured in the same run where it is installed.
"""

import asyncio
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from benchmarks.pty_terminal import PtyTerminal, pty_terminal
from benchmarks.table import Row, main
from benchmarks.workload import median
from cronsole.client.engine import EngineClient
from cronsole.errors import CronsoleError
from cronsole.model.ask import RunQuery, ScheduleQuery

FEW, MANY, MOST = 128, 10_000, 100_000
STALL_S = 30
_PATIENCE_S = 180.0
_FIRST_NAME = b"job-00"
_LETTERS = "job-0042"
_CONSOLE = (sys.executable, "-m", "cronsole")


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each figure; the largest fleet only at length."""
    times = 2 if quick else 5
    yield from _fresh(FEW, 1.2, times)
    with _engine(FEW, "*/10 * * * * *") as state:
        yield _paint(FEW, 0.4, state, times)
        yield from _busy(state, 5 if quick else 20)
        yield from _key(state, f"key j, {FEW} busy schedules", 20 if quick else 100, 16)
    with _engine(FEW, None) as state:
        yield _idle(state, 5 if quick else 20)
    if quick:
        return
    with _engine(MANY, None) as state:
        yield _paint(MANY, 0.6, state, times)
        yield _palette(state)
    with _engine(MOST, None) as state:
        yield _paint(MOST, 1.0, state, times)
        yield from _key(state, f"key j, {MOST:,} schedules", 60, 20)
    yield _stalled()


@contextmanager
def _engine(count: int, cron: str | None, command: str = "true") -> Iterator[Path]:
    """Serve as many schedules, busy by an expression or never due, and yield the state directory."""
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
        folder = Path(name)
        config = _config(folder, count, cron, command)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*_CONSOLE, "engine", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            asyncio.run(_until_it_answers(folder / "state", count, process))
            yield folder / "state"
            process.terminate()
            process.wait(_PATIENCE_S)
        finally:
            process.kill()
            process.wait()


def _config(folder: Path, count: int, cron: str | None, command: str) -> Path:
    path = folder / "bench.toml"
    when = f'cron = "{cron}"' if cron else 'cron = "0 0 29 2 *"'
    with path.open("w", encoding="utf-8") as file:
        file.write(f'[engine]\nstate_dir = "{folder}/state"\nwatch_files = false\nmax_running = 1000\n')
        for number in range(count):
            file.write(
                f'\n[[tasks]]\nid = "job-{number:06}"\n{when}\ncommand = "{command}"\n'
                f'description = "job number {number}"\ntags = ["db", "team-{number % 50}"]\n'
            )
    return path


async def _until_it_answers(state: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(CronsoleError):
            async with EngineClient.at(f"unix:{state}/cronsole.sock") as client:
                if len((await client.schedules(ScheduleQuery(limit=1))).items) == 1:
                    return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the engine of {count} schedules does not answer")


@contextmanager
def _console(state: Path, *words: str) -> Iterator[PtyTerminal]:
    environ = {"CRONSOLE_ENGINE": str(state), "HOME": str(state), "XDG_CONFIG_HOME": str(state)}
    with pty_terminal([*_CONSOLE, *(words or ("attach",))], environ=environ) as terminal:
        yield terminal


def _paint(count: int, goal_s: float, state: Path, times: int) -> Row:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        with _console(state) as terminal:
            terminal.hear_until(_FIRST_NAME, _PATIENCE_S)
            took.append(time.perf_counter() - began)
    ours, other = median(took), _peer_paint(count, times)
    return Row(
        f"console: first useful paint, {count:,} schedules, attached, s",
        f"{ours:.2f}",
        f"cronstable {other:.2f}" if other else "",
        f"≤ {goal_s}",
        ours <= goal_s,
    )


def _fresh(count: int, goal_s: float, times: int) -> Iterator[Row]:
    took = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name:
            config = _config(Path(name), count, None, "true")
            began = time.perf_counter()
            state = Path(name, "state")
            with _console(state, "run", str(config), "--stop") as terminal:
                terminal.hear_until(_FIRST_NAME, _PATIENCE_S)
                took.append(time.perf_counter() - began)
                terminal.press("q")
                terminal.hear(20, 1.5)
                terminal.process.wait(_PATIENCE_S)
    ours = median(took)
    yield Row(
        f"console: first useful paint, {count} schedules, new engine, s",
        f"{ours:.2f}",
        "",
        f"≤ {goal_s}",
        ours <= goal_s,
    )


def _peer_paint(count: int, times: int) -> float | None:
    """Return how long the peer's own console takes beside its running engine, whose time to start is left out."""
    if importlib.util.find_spec("cronstable") is None or count > MANY:
        return None
    with tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name, _cronstable(Path(name), count) as url:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            with pty_terminal(_peer_console(url)) as terminal:
                try:
                    terminal.hear_until(_FIRST_NAME, 60)
                except TimeoutError:
                    return None
                took.append(time.perf_counter() - began)
        return median(took)


def _peer_console(url: str) -> Sequence[str]:
    return [sys.executable, "-m", "cronstable", "tui", "--no-boot", "--url", url]


@contextmanager
def _cronstable(folder: Path, count: int, cron: str = "0 0 29 2 *", command: str = "true") -> Iterator[str]:
    path, port = folder / "bench.yaml", 18_000 + os.getpid() % 2_000
    url = f"http://127.0.0.1:{port}"
    with path.open("w", encoding="utf-8") as file:
        file.write(f"web:\n  listen:\n    - {url}\njobs:\n")
        for number in range(count):
            file.write(f'  - name: job-{number:06}\n    schedule: "{cron}"\n    command: {command}\n')
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cronstable", "-c", str(path)], stdout=log, stderr=log, cwd=folder
        )
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and not _answers(port):
            time.sleep(0.2)
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _settled(terminal: PtyTerminal) -> None:
    terminal.hear_until(_FIRST_NAME, _PATIENCE_S)
    terminal.hear(3, 1.2)


def _busy(state: Path, seconds: int) -> Iterator[Row]:
    with _console(state) as terminal:
        _settled(terminal)
        ours = len(terminal.hear(seconds).data) / seconds
    other = _peer_busy(seconds)
    yield Row(
        f"console: {FEW} schedules that run every 10 s, bytes/s",
        f"{ours:,.0f}",
        f"cronstable {other:,.0f}" if other else "",
        "≤ 1,000",
        ours <= 1_000,
    )


def _peer_busy(seconds: int) -> float | None:
    if importlib.util.find_spec("cronstable") is None:
        return None
    with (
        tempfile.TemporaryDirectory(prefix="cronsole-bench-") as name,
        _cronstable(Path(name), FEW, "*/10 * * * * * *") as url,
        pty_terminal(_peer_console(url)) as terminal,
    ):
        try:
            terminal.hear_until(_FIRST_NAME, 60)
        except TimeoutError:
            return None
        terminal.hear(3)
        return len(terminal.hear(seconds).data) / seconds


def _idle(state: Path, seconds: int) -> Row:
    with _console(state) as terminal:
        _settled(terminal)
        ours = len(terminal.hear(seconds).data) / seconds
    return Row(f"console: {FEW} schedules that rest, bytes/s", f"{ours:,.0f}", "", "≤ 200", ours <= 200)


def _key(state: Path, figure: str, times: int, goal_ms: float) -> Iterator[Row]:
    with _console(state) as terminal:
        _settled(terminal)
        answers, later = [], []
        for _ in range(times):
            # So that the key falls anywhere between two ticks of the clocks; the panel follows in this time.
            later.append(len(terminal.hear(0.27).data))
            terminal.press("j")
            heard = terminal.hear(1, 0.03)
            answers.append((len(heard.data), heard.first_s * 1000))
    size = median([size for size, _ in answers])
    slow = sorted(wait for _, wait in answers)[int(times * 0.95)]
    follows = median(later[1:])
    yield Row(
        f"console: {figure}, bytes (then, as the hand rests)",
        f"{size:,.0f} ({follows:,.0f})",
        "",
        "≤ 500",
        size <= 500,
    )
    yield Row(f"console: {figure}, p95 ms", f"{slow:.1f}", "", f"≤ {goal_ms:.0f}", slow <= goal_ms)


def _ticked(terminal: PtyTerminal) -> None:
    """Wait until the clocks have just ticked, so that no tick is taken for the end of an answer."""
    terminal.hear(0.5)
    terminal.hear(2, 0.03)


def _palette(state: Path) -> Row:
    with _console(state) as terminal:
        _settled(terminal)
        _ticked(terminal)
        terminal.press(":")
        opened = terminal.hear(3, 0.3)
        waits = []
        for letter in _LETTERS:
            _ticked(terminal)
            terminal.press(letter)
            waits.append(terminal.hear(3, 0.15).last_s * 1000)
    slow = max(waits)
    return Row(
        f"console: palette at {MANY:,}, slowest key, ms (to open)",
        f"{slow:.0f} ({opened.last_s * 1000:.0f})",
        "cronstable 270–510 (quoted)",
        "≤ 50",
        slow <= 50,
    )


def _stalled() -> Row:
    """Compare how late runs begin while nobody reads the console's terminal with how late without a console."""
    with _engine(FEW, "* * * * * *") as state:
        time.sleep(3)
        quiet_from = time.time()
        time.sleep(STALL_S / 2)
        quiet = asyncio.run(_lateness(state, quiet_from))
        with _console(state) as terminal:
            _settled(terminal)
            stalled_from = time.time()
            ends = time.monotonic() + STALL_S
            while time.monotonic() < ends:
                terminal.press("j")
                time.sleep(0.25)
            stalled = asyncio.run(_lateness(state, stalled_from))
    return Row(
        f"late by, p99 ms, console's terminal stalled {STALL_S} s",
        f"{stalled:.0f}",
        f"without a console {quiet:.0f}",
        "unchanged: ≤ 1.5 × + 20",
        stalled <= 1.5 * quiet + 20,
    )


async def _lateness(state: Path, since: float) -> float:
    """Return the 99th percentile of what the ledger says, by ms, of runs that were due after a moment."""
    late: list[float] = []
    async with EngineClient.at(f"unix:{state}/cronsole.sock") as client:
        before: str | None = None
        while True:
            page = await client.runs(RunQuery(limit=1000, before=before))
            for run in page.items:
                if run.started_at is not None and run.due_at.timestamp() >= since:
                    late.append(_ms_between(run.due_at, run.started_at))
            before = page.next
            if before is None or page.items[-1].due_at.timestamp() < since:
                break
    return sorted(late)[len(late) * 99 // 100]


def _ms_between(due: datetime, began: datetime) -> float:
    return (began - due).total_seconds() * 1000


if __name__ == "__main__":
    main(rows)
