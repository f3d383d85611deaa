"""A process that schedules with APScheduler, as its users write one: commands in threads, coroutines on the loop."""

import asyncio
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from benchmarks.probe import fired_unknowing
from benchmarks.workload import Workload

# The default is 10. With more, a herd of short commands begins no sooner: its threads wait for one another.
_THREADS = 10


def run_command(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _scheduler(workload: Workload, store: str) -> AsyncIOScheduler:
    scheduler = AsyncIOScheduler(timezone="UTC")
    if workload.argv:
        scheduler.add_executor(ThreadPoolExecutor(_THREADS))
    if store == "sqlite":
        scheduler.add_jobstore("sqlalchemy", url="sqlite:///jobs.sqlite")
    return scheduler


def _trigger(workload: Workload, number: int) -> BaseTrigger:
    if not workload.period_s:
        return CronTrigger(month=2, day=29, hour=0, minute=0, timezone="UTC")
    if workload.is_spread:
        first = datetime.fromisoformat(workload.first_at(number))
        return IntervalTrigger(seconds=workload.period_s, start_date=first, timezone="UTC")
    return CronTrigger(second=f"*/{workload.period_s}", timezone="UTC")


def _add_jobs(scheduler: AsyncIOScheduler, workload: Workload) -> None:
    for number in range(workload.count):
        scheduler.add_job(
            run_command if workload.argv else fired_unknowing,
            _trigger(workload, number),
            args=workload.argv or (workload.period_s, workload.offset_ms(number)),
            id=f"job-{number:06d}",
            # It drops what is late by more than a second unless it is told to bear with it.
            misfire_grace_time=None,
            max_instances=10,
        )


async def _serve(workload: Workload, store: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    scheduler = _scheduler(workload, store)
    _add_jobs(scheduler, workload)
    scheduler.start()
    await stopped.wait()
    scheduler.shutdown(wait=False)


if __name__ == "__main__":
    asyncio.run(_serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Workload), sys.argv[2]))
