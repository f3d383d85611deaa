"""What becomes of the calls of a process plugin, as the ledger has it: attempts, verdicts and the sentences beside."""

import sys
from pathlib import Path

import msgspec
import pytest
from tests.plugins.processes import write_plugin
from tests.runtime.house import House

from cronsole.config.load import load
from cronsole.executors.libc import become_subreaper
from cronsole.model.event import RunFinished, RunRetryScheduled

CONFIG = """
plugin_roots: .
plugins:
  withings:
    schedule: {every: 5m}
"""

ANSWERS = """#!/bin/sh
cat >/dev/null
printf '%s' '{answer}'
exit {code}
"""

GARBAGE = """#!{python}
import sys
sys.stdin.buffer.read()
sys.stdout.buffer.write(bytes.fromhex("{stdout}"))
"""


async def begin(house: House, folder: Path, program: str, config: str = CONFIG) -> None:
    become_subreaper()
    write_plugin(folder, program)
    (folder / "ductile.yaml").write_text(config)
    found = load(folder / "ductile.yaml", environ={}, now=house.clock.now())
    settings = msgspec.structs.replace(found.settings, watch_files=False)
    house.configuration = msgspec.structs.replace(found, settings=settings)
    await house.start()
    await house.seconds(300)


async def test_a_call_that_fails_is_tried_four_times_ever_later(house: House, tmp_path: Path) -> None:
    """`retry {max_attempts: 4, backoff_base: 30s}` (the first run counts)."""
    await begin(house, tmp_path, ANSWERS.format(answer='{"status": "error", "error": "down"}', code=1))
    for count, seconds in ((1, 30), (2, 60), (3, 120)):
        await house.until(RunRetryScheduled, count=count)
        await house.seconds(seconds - 1)
        assert len(house.of(RunRetryScheduled)) == count
        await house.seconds(1)
    await house.until(RunFinished)
    (run,) = await house.rows("withings/poll")
    assert (run.state.value, run.attempt, run.detail) == ("failed", 4, "down")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ('{"status": "error", "error": "no such account", "retry": false}', 0),
        ('{"status": "error", "error": "no such account"}', 78),
    ],
    ids=["retry: false", "exit 78"],
)
async def test_a_final_failure_is_tried_once(house: House, tmp_path: Path, answer: str, code: int) -> None:
    """exit 78 or `retry: false` is final."""
    await begin(house, tmp_path, ANSWERS.format(answer=answer, code=code))
    await house.until(RunFinished)
    (run,) = await house.rows("withings/poll")
    assert (run.state.value, run.attempt, run.detail) == ("failed", 1, "no such account")
    assert house.of(RunRetryScheduled) == []


@pytest.mark.parametrize(
    "stdout", [b"", b"\xff\x00\x1b[2J", b'{"status": "ok"', b"[" * 30_000, b"\xf0\x9f\x92\xa9" * 100]
)
async def test_garbage_is_a_recorded_failure_and_the_engine_goes_on(
    house: House, tmp_path: Path, stdout: bytes
) -> None:
    """no or broken JSON … retried."""
    once = CONFIG + "    retry: {max_attempts: 1}\n"
    await begin(house, tmp_path, GARBAGE.format(python=sys.executable, stdout=stdout.hex()), once)
    await house.until(RunFinished)
    await house.seconds(300)
    await house.until(RunFinished, count=2)
    rows = await house.rows("withings/poll")
    assert [run.state.value for run in rows] == ["failed", "failed"]
    assert all(run.detail.isprintable() and run.detail for run in rows)


async def test_an_entry_at_rest_tells_why(house: House, tmp_path: Path) -> None:
    """`only_between "HH:MM-HH:MM"`, `not_on` (names, 0-6, 7 is Sunday)."""
    entry = 'schedule: {every: 5m, only_between: "05:00-06:00", not_on: [7, fri]}'
    await begin(
        house,
        tmp_path,
        ANSWERS.format(answer='{"status": "ok", "result": "a"}', code=0),
        CONFIG.replace("schedule: {every: 5m}", entry),
    )
    # The clock of the house begins on a Friday.
    (verdict,) = await house.verdicts("withings/poll")
    assert verdict.startswith("skipped(")
