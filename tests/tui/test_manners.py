"""How the console behaves while things happen: links break, rows move, names are hostile, lists are long."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.runtime.house import schedule, shell
from tests.tui.stage import Stage, fleet_of_128, past_run, stage, usual_history

from cronsole.client.engine import EngineClient
from cronsole.model.instant import Instant, from_iso
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleDetail
from cronsole.testing import FakeClock
from cronsole_tui.screens.frame import Frame
from cronsole_tui.screens.schedules import SchedulesScreen
from cronsole_tui.sources import text_of
from cronsole_tui.views.entry import Link
from cronsole_tui.views.line import Line, plain
from cronsole_tui.widgets.banner import Banner

HOST = "ops@web-1"
MIDNIGHT = from_iso("2026-11-20T00:00:00Z")


Drawing = Callable[[int], tuple[Line, ...]]


class Ahead:
    """A clock that is some seconds ahead of another."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds

    def now(self) -> Instant:
        return self._clock.now() + round(self._seconds * 1000)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._seconds


def home_of(console: Stage) -> SchedulesScreen:
    home = console.app.screen
    assert isinstance(home, SchedulesScreen)
    return home


async def holds(console: Stage, test: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    for _ in range(400):
        if test():
            return
        await console.pilot.pause(0.02)
        await console.house.settle()
    raise AssertionError(console.screen)


async def test_a_lost_engine_keeps_its_last_data_dimmed_with_its_age_and_comes_back(tmp_path: Path) -> None:
    schedules = fleet_of_128()
    async with stage(tmp_path, schedules, usual_history(schedules, MIDNIGHT)) as console:
        home = home_of(console)
        assert not home.table.is_dimmed
        await console.door.close()
        await console.until("lost, 1s old")
        await holds(console, lambda: home.table.is_dimmed)
        assert "every 20 minutes" in console.screen
        await console.seconds(90)
        await console.until("lost, 1m old")
        await console.door.open()
        await console.until("live")
        await holds(console, lambda: not home.table.is_dimmed)


async def test_an_engine_that_says_nothing_for_five_seconds_is_stale(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        feed = console.app.scene.feeds[HOST]
        feed._clock = Ahead(console.house.clock, 4.9)
        await console.pilot.pause(1.1)
        assert console.app.scene.fleet.host(HOST).link is Link.LIVE
        feed._clock = Ahead(console.house.clock, 5.1)
        await console.until("stale")
        assert home_of(console).table.is_dimmed


async def test_of_two_hosts_the_rows_of_the_lost_one_alone_fade(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128(), hosts=2) as console:
        scene, home = console.app.scene, home_of(console)
        lost = scene.fleet.host("ops@web-2")._replace(link=Link.LOST, trouble="no route")
        scene.fleet.set_host(lost)
        home.fleet_changed()
        assert not home.table.is_dimmed
        rows = {home.table.source.key(index): index for index in range(len(home.table.source))}
        tones = {
            host: {
                span.tone
                for span in home.table.source.line(rows[text_of((host, "db/backup"))], 120, False, False)
            }
            for host in ("ops@web-1", "ops@web-2")
        }
        assert len(tones["ops@web-2"]) == 1
        assert len(tones["ops@web-1"]) > 1


async def test_the_cursor_stays_on_its_row_when_the_rows_are_sorted_anew(tmp_path: Path) -> None:
    schedules = [*fleet_of_128(), schedule("a/breaks", "0 0 1 1 *", shell("false"))]
    async with stage(tmp_path, schedules, usual_history(schedules[:-1], MIDNIGHT)) as console:
        home = home_of(console)
        home.table.move_to(5)
        await console.press("j")
        key = home.table.cursor_key
        await console.app.scene.client(HOST).trigger("a/breaks")
        await console.until("1 failing")
        await console.seconds(3)
        home.fleet_changed()
        await console.rest()
        assert home.table.source.key(0) == text_of((HOST, "a/breaks"))
        assert home.table.cursor_key == key


async def test_rows_are_not_sorted_under_a_moving_hand(tmp_path: Path) -> None:
    schedules = [*fleet_of_128(), schedule("a/breaks", "0 0 1 1 *", shell("false"))]
    async with stage(tmp_path, schedules, usual_history(schedules[:-1], MIDNIGHT)) as console:
        home = home_of(console)
        await console.seconds(3)
        await console.press("j")
        await console.app.scene.client(HOST).trigger("a/breaks")
        await console.until("1 failing")
        assert home.table.source.key(0) != text_of((HOST, "a/breaks"))
        await console.seconds(3)
        home.fleet_changed()
        assert home.table.source.key(0) == text_of((HOST, "a/breaks"))


HOSTILE = "a/[bold]x[/bold][/][@click=app.bell]"


async def test_the_panel_follows_when_the_hand_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        home, panel = home_of(console), console.app.screen.query_one("#panel", Banner)
        left = home.entry
        monkeypatch.setattr("cronsole_tui.screens.schedules._PANEL_DELAY", 3600.0)
        await console.press("j", "j")
        assert left is not None
        assert home.entry is not None
        assert home.entry.key != left.key
        assert f" {left.schedule.id} " in panel.strip_at(1).text
        home._ask()
        await console.rest()
        assert f" {home.entry.schedule.id} " in panel.strip_at(1).text


async def test_the_panel_is_drawn_once_for_a_schedule_and_with_all_that_it_tells(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        panel = console.app.screen.query_one("#panel", Banner)
        drawn: list[str] = []
        panel._lines = watched(panel._lines, drawn)
        left = home_of(console).entry
        await console.press("j")
        entry = home_of(console).entry
        assert left is not None
        assert entry is not None
        assert entry != left
        await console.until(f" {entry.schedule.id}   ")
        told = [text for text in drawn if f" {entry.schedule.id}   " in text]
        assert told
        assert not any("policy   …" in text for text in told)


def watched(lines: Drawing, drawn: list[str]) -> Drawing:
    """Note what a banner is made to draw."""

    def noted(width: int) -> tuple[Line, ...]:
        found = lines(width)
        drawn.append("\n".join(map(plain, found)))
        return found

    return noted


async def test_a_panel_whose_engine_takes_its_time_tells_what_is_known_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        home = home_of(console)
        panel = console.app.screen.query_one("#panel", Banner)
        monkeypatch.setattr(EngineClient, "schedule", never)
        await console.pilot.press("j")
        assert home.entry is not None
        name = home.entry.schedule.id
        await holds(console, lambda: name in panel.strip_at(1).text)


async def never(*_: object) -> ScheduleDetail:
    await asyncio.Event().wait()
    raise AssertionError


async def test_nothing_that_an_engine_says_is_markup_or_obeyed(tmp_path: Path) -> None:
    evil = schedule(
        HOSTILE, "0 0 1 1 *", shell("printf '[red]out\\033[2J'; false"), description="[/nothing] \x1b[31m red"
    )
    async with stage(tmp_path, [evil]) as console:
        assert HOSTILE in console.screen
        await console.press("t")
        await console.until("1 failing")
        for keys in (("enter",), ("w",), ("l",), ("P",), ("D",), ("colon",), ("2",), ("3",), ("6",)):
            await console.press(*keys)
            assert "\x1b" not in console.screen
            while not isinstance(console.app.screen, Frame):
                console.app.screen.dismiss(None)
                await console.pilot.pause()
            await console.press("1")
        assert HOSTILE in console.screen


async def test_enter_on_a_row_of_the_timeline_opens_its_schedule(tmp_path: Path) -> None:
    schedules = fleet_of_128()
    async with stage(tmp_path, schedules, usual_history(schedules, MIDNIGHT)) as console:
        await console.press("2", "j", "enter")
        await console.until("next fires")


async def test_a_page_whose_engine_is_lost_keeps_what_it_read(tmp_path: Path) -> None:
    failed = past_run("db/backup", MIDNIGHT, RunState.FAILED, exit_code=1)
    async with stage(tmp_path, fleet_of_128(), [failed]) as console:
        await console.press("enter")
        await console.until("next fires")
        await console.door.close()
        await console.until("1s old")
        assert "next fires" in console.screen
        assert console.app.screen.query_one("#page").is_dimmed  # type: ignore[attr-defined] # it is Lines
        await console.door.open()
        await console.until("on ops@web-1")


async def test_times_of_a_schedule_are_on_its_own_clock_once_that_is_asked_for(tmp_path: Path) -> None:
    far = schedule("a/far", "0 9 * * *", timezone="Asia/Tokyo")
    failed = past_run("a/far", MIDNIGHT, RunState.FAILED, exit_code=1)
    async with stage(tmp_path, [far], [failed]) as console:
        assert "UTC" in console.line_with(" next  ")
        await console.press("z")
        console.app.clear_notifications()
        await console.rest()
        assert "JST" in console.line_with(" next  ")
        for key, text in (("enter", "09:00:00 JST"), ("w", "09:00:00.000 JST")):
            await console.press(key)
            await console.until(text)
            await console.press("escape")
        await console.press("3")
        await console.until("09:00:00 JST")
        await console.press("enter")
        await console.until("09:00:00.004 JST")
        await console.press("z")
        await console.until("00:00:00.004 UTC")


async def test_news_that_come_while_the_console_closes_are_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, [schedule("gc", "0 3 * * *")]) as console:
        app, close_all = console.app, console.app._close_all

        async def hear_while_closing() -> None:
            await close_all()
            app._fleet_changed()

        monkeypatch.setattr(app, "_close_all", hear_while_closing)
