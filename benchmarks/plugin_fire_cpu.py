"""µs of CPU for each fire of a Python plugin in the engine's process: coroutines on its loop, functions on its threads.

All threads are counted, the plugin's own too; each fire has its durable row, as that of a handler has.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.observed import observe
from benchmarks.systems import System
from benchmarks.table import Row, main
from benchmarks.workload import Workload

GOAL_US: Final = 80
_SCHEDULES: Final = 1_000
_QUICK_SECONDS: Final = 4
_SECONDS: Final = 10

_PLUGIN: Final = """
from benchmarks.probe import note
from cronsole import Plugin, Schedule


class Bench(Plugin):
    def schedules(self):
        return [Schedule(f"job-{{number:06d}}", "{cron}") for number in range({count})]

    {form} run(self, ctx):
        note(ctx)
"""


def rows(quick: bool) -> Iterator[Row]:
    """Yield a row for each form that `run` may have."""
    for name, form in (("async", "async def"), ("on a thread", "def")):
        figure = min(measure(form, _QUICK_SECONDS if quick else _SECONDS) for _ in range(1 if quick else 3))
        yield Row(
            f"CPU per fire of a Python plugin, {name}, µs",
            f"{figure:.0f}",
            f"with {_SCHEDULES:,} schedules, all due at once each second",
            f"≤ {GOAL_US}",
            figure <= GOAL_US,
        )


def measure(form: str, seconds: int) -> float:
    """Return the CPU time per fire of a plugin whose `run` is defined so."""
    system = System("cronsole", partial(_arguments, form))
    return observe(system, Workload(count=_SCHEDULES, period_s=1), seconds).cpu_us_a_run


def _arguments(form: str, workload: Workload, folder: Path) -> list[str]:
    text = _PLUGIN.format(cron=f"*/{workload.period_s} * * * * *", count=workload.count, form=form)
    (folder / "bench.py").write_text(text, encoding="utf-8")
    path = folder / "bench.toml"
    path.write_text(
        '[engine]\nmax_running = 100_000\n\n[plugins.bench]\npath = "bench.py"\n', encoding="utf-8"
    )
    return [sys.executable, "-m", "cronsole", "engine", str(path), "--state", str(folder / "state")]


if __name__ == "__main__":
    main(rows)
