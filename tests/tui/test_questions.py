"""The fourteen questions that an operator comes with, each within its keys, on a fleet of 128 with history."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.runtime.house import schedule, shell
from tests.tui.stage import Stage, fleet_of_128, past_run, stage, usual_history

from cronsole.model.ask import ForecastQuery
from cronsole.model.instant import HOUR, MINUTE, from_iso, to_datetime
from cronsole.model.policy import Overlap
from cronsole.model.run import Cause, Run, RunState, SkipReason
from cronsole.model.schedule import Schedule

NOW = from_iso("2026-11-20T00:00:00.500Z")
NAME = "db/backup"
SLOW = "shop/sync"


def history(schedules: list[Schedule]) -> list[Run]:
    """A day like any other, but for one failure that recovered, one that did not, a skipped slot and slow runs."""
    runs = [run for run in usual_history(schedules, NOW) if run.schedule_id not in (NAME, SLOW)]
    slots = [NOW - 500 - number * 20 * MINUTE for number in range(23, -1, -1)]
    for number, slot in enumerate(slots):
        state = RunState.FAILED if number in (19, 23) else RunState.SUCCEEDED
        output = "disk full\n" if number == 19 else "tape jammed\n" if number == 23 else "copied\n"
        code = 1 if state is RunState.FAILED else 0
        runs.append(past_run(NAME, slot, state, took_ms=3_100, exit_code=code, output=output))
        runs.append(past_run(SLOW, slot + 6 * MINUTE - 20 * MINUTE, took_ms=2_000 + 300 * max(0, number - 6)))
    skipped = past_run("ops/purge", NOW - 500 - 6 * MINUTE, RunState.SKIPPED)
    skipped = msgspec.structs.replace(
        skipped, reason=SkipReason.PAUSED, started_at=None, detail="paused by ops: no tapes", cause=Cause.SLOT
    )
    return [run for run in runs if (run.schedule_id, run.slot) != ("ops/purge", skipped.slot)] + [skipped]


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Stage]:
    schedules = fleet_of_128()
    async with stage(tmp_path, schedules, history(schedules)) as seen:
        yield seen


async def test_a_what_is_failing_now_and_for_how_long(fleet: Stage) -> None:
    assert "1 failing" in fleet.screen
    assert "failed now" in fleet.line_with(NAME)
    assert fleet.keys == 0


async def test_a_one_that_is_paused_or_runs_again_is_still_counted(fleet: Stage) -> None:
    await fleet.type("/db/backup")
    await fleet.press("enter", "p")
    await fleet.until("paused")
    await fleet.seconds(3)
    await fleet.until("1 failing")
    assert "✗‖" in fleet.line_with("every 20 minutes")


async def test_b_everything_of_the_next_ten_minutes(fleet: Stage) -> None:
    await fleet.press("2")
    await fleet.until("00:02:00")
    assert "15 starts" in fleet.line_with("00:02:00")
    assert "the next ten minutes" in fleet.screen
    assert fleet.keys == 1


async def test_c_what_runs_now_against_how_long_it_usually_takes(tmp_path: Path) -> None:
    schedules = [*fleet_of_128(), schedule("long/haul", "1s", shell("sleep 60"))]
    async with stage(tmp_path, schedules, usual_history(schedules, NOW)) as fleet:
        await fleet.seconds(2)
        await fleet.until("running")
        line = fleet.line_with("long/haul")
        assert "▶" in line
        assert "running 0:0" in line
        assert "█" in line or "▏" in line or "0s" in line or "1s" in line
        assert fleet.keys == 0


async def test_d_why_a_slot_did_not_run(fleet: Stage) -> None:
    await fleet.type("/ops/purge")
    await fleet.press("enter", "w")
    await fleet.until("slots before")
    line = fleet.line_with("23:54:00")
    assert "skipped" in line
    assert "paused by ops: no tapes" in line
    assert fleet.keys == len("ops/purge") + 3


async def test_e_the_output_of_a_failed_run_though_newer_runs_have_passed(tmp_path: Path) -> None:
    schedules = fleet_of_128()
    runs = [run for run in history(schedules) if (run.schedule_id, run.slot) != (NAME, NOW - 500)]
    runs.append(past_run(NAME, NOW - 500, output="copied\n"))
    async with stage(tmp_path, schedules, runs) as fleet:
        await fleet.type(f"/{NAME}")
        await fleet.press("enter", "L")
        await fleet.until("disk full")
        assert "failed" in fleet.screen
        assert fleet.keys == len(NAME) + 3


async def test_f_trigger_and_follow_from_the_first_line(tmp_path: Path) -> None:
    schedules = [*fleet_of_128(), schedule("say/hello", "0 0 1 1 *", shell("echo hello; echo world"))]
    async with stage(tmp_path, schedules, usual_history(fleet_of_128(), NOW)) as fleet:
        for _ in range(2):
            fleet.keys = 0
            await fleet.type("/say/hello")
            await fleet.press("enter", "f")
            await fleet.until("world")
            assert "hello" in fleet.screen
            assert fleet.keys == len("say/hello") + 3
            await fleet.press("escape", "escape")


async def test_g_stop_one_of_several_runs_choosing_which(tmp_path: Path) -> None:
    many = schedule("many/runs", "0 0 1 1 *", shell("sleep 60"), overlap=Overlap.ALLOW, max_parallel=3)
    schedules = [*fleet_of_128(), many]
    async with stage(tmp_path, schedules, usual_history(fleet_of_128(), NOW)) as fleet:
        await fleet.type("/many/runs")
        await fleet.press("enter", "t", "t")
        await fleet.until("×2")
        await fleet.press("escape")
        fleet.keys = 0
        await fleet.type("/many/runs")
        await fleet.press("ctrl+x")
        await fleet.until("Stop which run?")
        await fleet.press("2")
        assert fleet.keys == len("many/runs") + 3
        await fleet.until("⊘")
        assert "1 running" in fleet.screen


async def test_h_pause_until_a_time_with_a_reason(fleet: Stage) -> None:
    await fleet.type(f"/{NAME}")
    await fleet.press("enter", "P")
    assert fleet.keys == len(NAME) + 3
    await fleet.type("06:00")
    await fleet.press("tab")
    await fleet.type("tapes")
    await fleet.press("enter")
    await fleet.until("resumes 5h")
    view = fleet.app.scene.fleet.get(("ops@web-1", NAME))
    assert view is not None
    assert view.schedule.pause is not None
    assert view.schedule.pause.reason == "tapes"
    assert f"{view.schedule.pause.until:%H:%M}" == "06:00"


async def test_i_pause_a_whole_group_being_told_what_that_skips(fleet: Stage) -> None:
    await fleet.type("/#db")
    await fleet.press("enter", "*", "p")
    await fleet.until("Pause 16 schedules?")
    assert "skips" in fleet.screen
    assert fleet.keys <= 8
    await fleet.press("y")
    await fleet.until("16 paused")


async def test_j_what_collides_at_three_exactly(fleet: Stage) -> None:
    await fleet.press("2", "m")
    await fleet.until("what starts at")
    assert fleet.keys <= 4
    names = {
        f"{group}/report" for group in ("db", "mail", "cache", "shop", "billing", "search", "media", "ops")
    }
    assert await in_the_agenda_of_three(fleet) >= names
    assert all(name in fleet.screen for name in names)


async def in_the_agenda_of_three(fleet: Stage) -> set[str]:
    """Who starts at 03:00:00, as the console knows it."""
    page = await fleet.house.engine.facade.forecast(at_three())
    await fleet.until(page.fires[0].schedule_id)
    return {fire.schedule_id for fire in page.fires}


async def test_k_failed_runs_of_the_last_two_hours_recovered_or_not(fleet: Stage) -> None:
    await fleet.press("3", "f")
    await fleet.until("2 runs")
    assert fleet.keys <= 3
    lines = [line for line in fleet.screen.split("\n") if NAME in line]
    assert len(lines) == 2


async def test_l_how_long_it_usually_takes_and_that_it_is_getting_slower(fleet: Stage) -> None:
    await fleet.type(f"/{SLOW}")
    await fleet.press("enter")
    await fleet.until("usually")
    line = fleet.line_with("takes")
    assert "slower" in line
    assert fleet.keys == len(SLOW) + 2


async def test_m_what_a_reload_changes_before_it_does(fleet: Stage) -> None:
    before = fleet.house.configuration
    fleet.house.define(*before.schedules[1:], schedule("new/one", "0 4 * * *"))
    await fleet.press("R")
    await fleet.until("1 added, 1 removed")
    assert "new/one" in fleet.screen
    assert "db/backup" in fleet.screen
    assert fleet.keys == 1
    assert fleet.house.engine.lanes.get("new/one") is None


async def test_n_all_of_this_for_two_hosts_in_one_table(tmp_path: Path) -> None:
    schedules = fleet_of_128()
    async with stage(tmp_path, schedules, history(schedules), hosts=2, size=(130, 36)) as fleet:
        await fleet.until("256 schedules")
        failing = [line for line in fleet.screen.split("\n") if NAME in line and "✗" in line]
        assert {line.split()[1] for line in failing if line.split()[0] == "✗"} >= {"ops@web-1", "ops@web-2"}
        assert fleet.keys == 0


def at_three() -> ForecastQuery:
    three = NOW - 500 + 3 * HOUR
    return ForecastQuery(since=to_datetime(three - 1), until=to_datetime(three))
