"""What a command costs: start and reap one after another, and a herd due at one instant, beside asyncio and C."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import msgspec

from cronsole.clock import SystemClock
from cronsole.executors.base import Job, discard
from cronsole.executors.command import CommandExecutor
from cronsole.executors.libc import become_subreaper
from cronsole.model.action import Command
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState

HERE = Path(__file__).parent
# Python needs some time between the choice of an instant and being ready for it.
AHEAD_NS = 300_000_000

Start = Callable[[int], Coroutine[None, None, None]]


class Cost(msgspec.Struct):
    wall_us: float
    own_cpu_us: float


def compile_programs(folder: Path) -> None:
    """Compile the C programs of this folder into another."""
    for name in ("stamp", "posix_spawn"):
        subprocess.run(["cc", "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)


def job(folder: Path, number: int, argv: tuple[str, ...]) -> Job:
    return Job(
        run_id=f"bench-{number}",
        schedule_id="bench",
        action=Command(run=argv),
        attempt=1,
        fence=1,
        slot=0,
        due_at=0,
        is_catchup=False,
        run_count=1,
        config="",
        payload="",
        output_path=folder / f"{number}.log",
        timeout_ms=60_000,
        kill_grace_ms=5_000,
        expect=Expect(),
        limits=Limits(),
    )


def ours(folder: Path, executor: CommandExecutor, argv: tuple[str, ...]) -> Start:
    """Return how we run one: all that the engine does but the ledger."""

    async def run(number: int) -> None:
        outcome = await executor.start(job(folder, number, argv)).wait()
        if outcome.state is not RunState.SUCCEEDED:
            sys.exit(outcome.detail)
        discard(outcome)

    return run


def with_asyncio(argv: tuple[str, ...]) -> Start:
    """Return how a scheduler built on asyncio's own subprocesses runs one."""

    async def run(_: int) -> None:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        await process.communicate()

    return run


async def serial(run: Start, count: int) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    for number in range(count):
        await run(number)
    return Cost((time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6)


async def herd(run: Start, count: int, stamps: Path, due: int) -> list[float]:
    """Start all at one instant; return how late each began, in milliseconds, in order."""
    await asyncio.sleep((due - time.time_ns()) / 1e9)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(run(1_000_000 + number))
    return lateness(stamps, due)


def lateness(stamps: Path, due: int) -> list[float]:
    late = sorted((int(line.split()[0]) - due) / 1e6 for line in stamps.read_text().splitlines())
    stamps.unlink()
    return late


def in_c(folder: Path, count: int, due: int, argv: tuple[str, ...]) -> float:
    """Return the wall microseconds a command, started and reaped by the C loop."""
    command = [str(folder / "posix_spawn"), str(count), str(due), *argv]
    return int(subprocess.run(command, check=True, capture_output=True).stdout) / count / 1e3


def print_herd(name: str, late: list[float]) -> None:
    p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
    print(f"  {name:<28}{p50:>9.1f}{p99:>9.1f}")


async def measure(folder: Path, count: int, size: int) -> None:
    """Measure the herd first: ext4 hands out inodes more slowly for minutes after many files were removed."""
    stamps = folder / "stamps"
    argv = (str(folder / "stamp"), str(stamps))
    executor = CommandExecutor(SystemClock(), os.environ)
    runs = {"cronsole": ours(folder, executor, argv), "asyncio subprocess": with_asyncio(argv)}
    print(f"lateness of {size} due at once, ms      p50      p99")
    for name, run in runs.items():
        print_herd(name, await herd(run, size, stamps, time.time_ns() + AHEAD_NS))
    due = time.time_ns() + AHEAD_NS
    await asyncio.to_thread(in_c, folder, size, due, argv)
    print_herd("C, posix_spawn", lateness(stamps, due))
    print(f"start and reap {count}, one after another    wall µs   own CPU µs")
    for name, run in runs.items():
        cost = await serial(run, count)
        print(f"  {name:<28}{cost.wall_us:>19.0f}{cost.own_cpu_us:>13.0f}")
    print(f"  {'C, posix_spawn':<28}{await asyncio.to_thread(in_c, folder, count, 0, argv):>19.0f}")
    await executor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--herd", type=int, default=300)
    chosen = parser.parse_args()
    become_subreaper()
    with tempfile.TemporaryDirectory() as name:
        compile_programs(Path(name))
        asyncio.run(measure(Path(name), chosen.count, chosen.herd))


if __name__ == "__main__":
    main()
