"""A console that nobody has touched yet: what it counts while it reads, where its cursor is, and what a verb hits."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from tests.runtime.house import schedule, shell
from tests.tui.stage import Stage, fleet_of_128, stage, usual_history
from tests.tui.test_manners import HOST, MIDNIGHT, home_of

from cronsole.client.engine import EngineClient
from cronsole.model.ask import ScheduleQuery
from cronsole.model.instant import DAY, to_datetime
from cronsole.model.run import Run
from cronsole.model.schedule import Schedule
from cronsole.model.view import Page, ScheduleView
from cronsole_tui import feed
from cronsole_tui.sources import text_of


async def test_while_schedules_are_read_the_count_is_the_engines_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    ask = EngineClient.schedules

    async def held(self: EngineClient, query: ScheduleQuery) -> Page[ScheduleView]:
        if query.after is not None:
            await gate.wait()
        return await ask(self, query)

    monkeypatch.setattr(EngineClient, "schedules", held)
    monkeypatch.setattr(feed, "_FIRST_PAGE", 50)
    async with stage(tmp_path, fleet_of_128(), waits=False) as console:
        await console.until("50 of 128, loading")
        assert "128 schedules" in console.screen
        await console.type("/backup")
        assert " of 128, loading" in console.screen
        await console.press("escape")
        gate.set()
        await console.until("all 128")
        assert "loading" not in console.screen


def breaking() -> list[Schedule]:
    """A fleet with one that fails as soon as it is triggered, and rises to the top by that."""
    return [*fleet_of_128(), schedule("a/breaks", "0 0 1 1 *", shell("false"))]


def history() -> list[Run]:
    return usual_history(fleet_of_128(), MIDNIGHT)


async def breaks(console: Stage) -> None:
    """Let the top of the table change without anybody's doing."""
    await console.app.scene.client(HOST).trigger("a/breaks")
    await console.until("1 failing")
    await console.seconds(3)
    home_of(console).fleet_changed()
    await console.rest()


async def test_a_screen_that_nobody_touches_keeps_its_cursor_on_the_schedule_that_was_seen_there(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, breaking(), history()) as console:
        table = home_of(console).table
        seen = table.cursor_key
        assert table.cursor_index == 0
        await breaks(console)
        assert table.source.key(0) == text_of((HOST, "a/breaks"))
        assert table.cursor_key == seen
        assert table.cursor_index == 1
        assert table.scroll_offset.y == 0


async def test_a_verb_after_the_rows_moved_is_for_the_schedule_that_was_seen_under_the_cursor(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, breaking(), history()) as console:
        home = home_of(console)
        entry = home.entry
        assert entry is not None
        await breaks(console)
        await console.press("p")
        await console.until("u takes it back")
        assert "paused" in console.line_with(f" {entry.schedule.id} ")


async def sinks(console: Stage) -> str:
    """Let the schedule at the top sink out of sight; return the key of the one that is there then."""
    home, fleet = home_of(console), console.app.scene.fleet
    assert home.entry is not None
    top = home.entry.schedule
    fleet.put(HOST, [msgspec.structs.replace(top, next_due=to_datetime(MIDNIGHT + 400 * DAY))])
    await console.seconds(3)
    home._sorts_from = 0.0
    home.fleet_changed()
    await console.rest()
    assert home.table.cursor_key is not None
    return home.table.cursor_key


async def test_a_verb_is_held_back_for_a_moment_from_what_came_under_the_cursor_by_itself(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, breaking(), history()) as console:
        home = home_of(console)
        before = home.table.cursor_key
        now = await sinks(console)
        assert now != before
        assert home.entry is not None
        name = home.entry.schedule.id
        await console.press("p")
        await console.until(f"{name} has only just come under the cursor")
        assert "paused" not in console.line_with(f" {name} ")
        await console.seconds(2)
        await console.press("p")
        await console.until("u takes it back")
        assert "paused" in console.line_with(f" {name} ")


async def test_what_only_looks_is_never_held_back(tmp_path: Path) -> None:
    async with stage(tmp_path, breaking(), history()) as console:
        await sinks(console)
        await console.press("w")
        await console.until("esc back")


async def test_an_untouched_screen_goes_back_to_its_top_once_what_was_there_has_sunk_out_of_sight(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, breaking(), history()) as console:
        table = home_of(console).table
        seen = table.cursor_key
        assert await sinks(console) != seen
        assert (table.cursor_index, table.scroll_offset.y) == (0, 0)
