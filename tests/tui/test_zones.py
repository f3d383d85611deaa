"""Times on the viewer's clock or, after `z`, on the schedule's: whichever it is, it is said beside them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.house import schedule
from tests.tui.stage import Stage, past_run, stage

from cronsole.model.instant import from_iso
from cronsole.model.run import RunState

HOST = "ops@web-1"
MIDNIGHT = from_iso("2026-11-20T00:00:00Z")


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Stage]:
    """One that failed in Tokyo, and one that comes next in New York."""
    far = schedule("a/far", "0 9 * * *", timezone="Asia/Tokyo")
    west = schedule("b/west", "5 19 * * *", timezone="America/New_York")
    failed = past_run("a/far", MIDNIGHT, RunState.FAILED, exit_code=1, output="lost\n")
    async with stage(tmp_path, [far, west], [failed]) as seen:
        yield seen


async def press_zone(console: Stage) -> None:
    await console.press("z")
    console.app.clear_notifications()
    await console.rest()


async def test_the_head_of_a_log_is_on_the_clock_of_its_schedule_once_that_is_asked_for(
    console: Stage,
) -> None:
    await press_zone(console)
    await console.press("l")
    await console.until("09:00:00.004 JST")


async def test_the_clock_can_be_changed_within_a_log(console: Stage) -> None:
    await console.press("l")
    await console.until("00:00:00.004 UTC")
    await press_zone(console)
    assert "09:00:00.004 JST" in console.screen
    await press_zone(console)
    assert "00:00:00.004 UTC" in console.screen


def axis(console: Stage) -> str:
    return next(line for line in console.screen.split("\n") if " now " in line)


async def test_the_axis_is_on_the_clock_of_the_schedule_at_the_cursor_and_says_which_that_is(
    console: Stage,
) -> None:
    await console.press("2")
    await console.until("the next ten minutes")
    assert axis(console).startswith(" UTC ")
    await press_zone(console)
    assert axis(console).startswith(" JST, Asia/Tokyo ")
    assert " 09:10 " in axis(console)
    assert "the next ten minutes, paused schedules left out  JST" in console.screen
    await console.press("j")
    assert axis(console).startswith(" EST, America/New_York ")
    assert " 19:10 " in axis(console)
    assert "19:05:00" in console.screen
    await press_zone(console)
    assert axis(console).startswith(" UTC ")


async def test_the_week_has_one_clock_for_all_of_its_schedules(console: Stage) -> None:
    await press_zone(console)
    await console.press("2", "H")
    await console.until("in all")
    assert any(line.startswith(" UTC  ") for line in console.screen.split("\n"))
