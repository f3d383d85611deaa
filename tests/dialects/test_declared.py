"""What of seeds/004 and of the dialects' notes on it is seen only when an engine runs what was declared."""

from pathlib import Path

from tests.plugins.python_plugins import HEAD
from tests.runtime.house import House

from cronsole.model import event as events
from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.plugin import PluginStatus


def write(folder: Path, name: str, declared: str, run: str, verb: str = "async def") -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(
        f"{HEAD}class Sample(Plugin):\n    def schedules(self):\n        {declared}\n"
        f"    {verb} run(self, ctx):\n        {run}\n"
    )
    return (str(folder),)


async def outputs(house: House, schedule_id: str) -> list[str]:
    return [run.output.strip() for run in await house.rows(schedule_id)]


async def test_a_description_is_shown(house: House, tmp_path: Path) -> None:
    """004: description is "a human-readable label that shows up in the TUI and logs"."""
    roots = write(tmp_path / "roots", "a", "return [Schedule('gc', '5m', 'collect garbage')]", "pass")
    await house.start(plugin_roots=roots)
    assert (await house.engine.facade.schedule("gc")).schedule.description == "collect garbage"


async def test_run_all_fires_in_order(house: House, tmp_path: Path) -> None:
    """004: RunAll "Fire the schedule once for every missed window, in order"."""
    declared = "return [Schedule('gc', '0 * * * *', missed_run_policy='RunAll')]"
    await house.start(
        plugin_roots=write(
            tmp_path / "roots", "a", declared, "ctx.log(ctx.scheduled_at_ms // 3_600_000 % 24)"
        )
    )
    await house.stop()
    house.clock.step(3 * HOUR + 10 * MINUTE)
    await house.start()
    for _ in range(20):
        await house.seconds(1)
    await house.until(events.RunFinished, count=3)
    assert await outputs(house, "gc") == ["1", "2", "3"]


async def test_the_context_tells_which_run_it_is_and_when_it_has_to_be_over(
    house: House, tmp_path: Path
) -> None:
    """`ctx` has `run_id`, `run_count` (first is 1), `fence`, `deadline_ms`."""
    told = "ctx.log(f'{ctx.run_id} {ctx.run_count} {ctx.fence} {ctx.deadline_ms - ctx.scheduled_at_ms}')"
    declared = "return [Schedule('gc', '5m', timeout_ms=90_000)]"
    await house.start(plugin_roots=write(tmp_path / "roots", "a", declared, told))
    for count in (1, 2):
        await house.seconds(5 * 60)
        await house.until(events.RunFinished, count=count)
    rows = await house.rows("gc")
    assert await outputs(house, "gc") == [
        f"{run.run_id} {count} {run.fence} 90000" for count, run in enumerate(rows, 1)
    ]


async def test_a_plugin_that_raises_fails_its_run_and_the_next_slot_fires(
    house: House, tmp_path: Path
) -> None:
    """004: run() returns Result<(), String>: an error is a failed run, and nothing else."""
    roots = write(tmp_path / "roots", "a", "return [Schedule('gc', '5m')]", "raise ValueError(ctx.run_count)")
    await house.start(plugin_roots=roots)
    for count in (1, 2):
        await house.seconds(5 * 60)
        await house.until(events.RunFinished, count=count)
    assert [(run.state.value, run.detail) for run in await house.rows("gc")] == [
        ("failed", "ValueError: 1"),
        ("failed", "ValueError: 2"),
    ]


async def test_a_load_that_is_aborted_holds_up_no_other_plugin(house: House, tmp_path: Path) -> None:
    """004: "A Err(...) here aborts plugin load"; "a mis-configured plugin should fail loud"."""
    write(tmp_path / "roots", "bad", "raise OSError('no database')", "pass")
    roots = write(tmp_path / "roots", "good", "return [Schedule('gc', '5m')]", "pass")
    await house.start(plugin_roots=roots)
    bad = house.engine.plugins.record("bad")
    assert bad is not None
    assert bad.status is PluginStatus.FAILED
    assert [event.plugin for event in house.of(events.PluginFailed)] == ["bad"]
    await house.seconds(5 * 60)
    await house.until(events.RunFinished)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_a_run_that_still_goes_on_makes_the_next_slot_a_skip(house: House, tmp_path: Path) -> None:
    """Overlap in this dialect always skips."""
    gate = tmp_path / "gate"
    wait = f"import os, time\n        while not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    roots = write(tmp_path / "roots", "a", "return [Schedule('gc', '5m')]", wait, "def")
    await house.start(plugin_roots=roots)
    await house.seconds(5 * 60)
    await house.until(events.RunStarted)
    await house.seconds(5 * 60)
    gate.touch()
    await house.until(events.RunFinished)
    assert await house.verdicts("gc") == ["succeeded", "skipped(overlap)"]
