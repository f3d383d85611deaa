"""The plugins in the console: their table, the page of one, what keys do to them, with plugins that are real."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.house import schedule
from tests.tui.plugin_stage import HOST, MENDED, fail, opened
from tests.tui.stage import Stage, stage
from tests.tui.test_keys import holds

from cronsole.model.plugin import PluginStatus, PluginView
from cronsole_tui.keymap import ACTIONS, Scope
from cronsole_tui.plugin_verbs import OF_PLUGINS
from cronsole_tui.screens.log import LogScreen
from cronsole_tui.screens.plugin_page import PluginScreen
from cronsole_tui.screens.plugins import PluginsScreen
from cronsole_tui.screens.schedules import SchedulesScreen


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened(tmp_path) as seen:
        yield seen


def known(console: Stage, name: str) -> PluginView:
    plugin = console.app.scene.fleet.plugin(HOST, name)
    assert plugin is not None
    return plugin


async def point_at(console: Stage, name: str) -> None:
    view = console.app.screen
    assert isinstance(view, PluginsScreen)
    view.point_at((HOST, name))
    await console.rest()


def rows(console: Stage) -> list[str]:
    view = console.app.screen
    assert isinstance(view, PluginsScreen)
    return [view.key(index).partition("\x1f")[2] for index in range(len(view))]


async def test_what_failed_stands_on_top_with_its_reason_below(console: Stage) -> None:
    assert rows(console) == ["broken", "feed", "shop", "resting"]
    await console.press("g")
    await console.until("No module named 'no_such_module'")
    assert "its schedules are not in force" in console.screen
    assert "1 plugin failed" in console.screen
    assert console.line_with("resting").split()[:3] == ["○", "resting", "disabled"]


async def test_a_plugin_that_fails_while_one_looks_is_told_without_a_key(
    console: Stage, tmp_path: Path
) -> None:
    (tmp_path / "plugins" / "shop.py").write_text("from cronsole import Plugin\n  oops")
    await console.app.scene.client(HOST).plugins.reload("shop")
    await console.until("≈")
    assert rows(console)[:2] == ["broken", "shop"]
    assert known(console, "shop").status is PluginStatus.STALE
    assert "2 plugins failed" in console.screen


async def test_an_open_circuit_is_counted_as_soon_as_it_opens_and_reset_by_a_key(console: Stage) -> None:
    await fail(console)
    await point_at(console, "feed")
    await console.until("circuit open until 00:30")
    await console.press("b")
    await console.until("Closed the circuit of publish.")
    await holds(console, lambda: known(console, "feed").circuits_open == 0)
    console.app.clear_notifications()
    await console.press("b")
    await console.until("No circuit of feed is open.")


async def test_of_several_circuits_the_one_that_is_meant_is_asked_for(console: Stage, tmp_path: Path) -> None:
    run = tmp_path / "plugins" / "feed" / "run"
    run.write_text("#!/bin/sh\ncat >/dev/null; exit 7\n")
    await console.app.scene.client(HOST).plugins.reload("feed")
    for name in ("feed/publish", "feed/poll"):
        await console.app.scene.client(HOST).trigger(name)
    await console.until("2 open")
    await point_at(console, "feed")
    await console.press("b")
    await console.until("Close which circuit of feed?")
    assert "all 2 of them" in console.screen
    await console.press("escape")
    assert known(console, "feed").circuits_open == 2
    await console.press("b")
    await console.until("Close which circuit of feed?")
    await console.press("1")
    await console.until("Closed the circuits of")
    await console.until("circuit closed")


async def test_a_plugin_that_was_mended_is_loaded_by_a_key(console: Stage, tmp_path: Path) -> None:
    await point_at(console, "broken")
    await console.press("r")
    await console.until("broken is failed:")
    (tmp_path / "plugins" / "broken.py").write_text(MENDED)
    await console.press("r")
    await console.until("Loaded broken: 1 schedule.")
    await console.until("4 plugins")
    assert rows(console) == ["broken", "feed", "shop", "resting"]
    await holds(console, lambda: console.app.scene.fleet.get((HOST, "mended/now")) is not None)
    assert "plugin failed" not in console.screen


async def test_health_is_asked_for_and_stays_with_its_age(console: Stage) -> None:
    await point_at(console, "feed")
    await console.press("h")
    await console.until("feed is well: 3 feeds, all of them answer")
    await console.until("well: 3 feeds, all of them answer, now")
    await point_at(console, "broken")
    await console.press("h")
    await console.until("broken is not well")


async def test_a_command_is_called_by_hand_with_a_payload_and_its_log_followed(console: Stage) -> None:
    await point_at(console, "feed")
    await console.press("t")
    await console.until("Call which command of feed?")
    await console.press("1")
    await console.until("Call poll of feed")
    await console.press(*"nonsense", "enter")
    await console.until("That is no JSON")
    await console.press(*["backspace"] * 8, "left_curly_bracket", "quotation_mark", *"id")
    await console.press("quotation_mark", "colon", "7", "right_curly_bracket", "enter")
    await console.until("Started feed/poll:by-hand. l shows its log.")
    await console.press("l")
    await console.until("poll got")
    assert '"id": 7' in console.line_with("poll got")
    assert isinstance(console.app.screen, LogScreen)


async def test_a_command_of_a_plugin_with_one_is_called_without_being_chosen(console: Stage) -> None:
    await point_at(console, "shop")
    await console.press("f")
    await console.until("Call run of shop")
    await console.press("enter")
    await console.until("fetched for")
    assert isinstance(console.app.screen, LogScreen)


async def test_a_refusal_is_told_in_the_engine_s_words(console: Stage) -> None:
    await point_at(console, "broken")
    await console.press("t")
    await console.until("broken has no commands.")
    console.app.clear_notifications()
    await console.press("l")
    await console.until("No run of broken is kept.")


async def test_the_log_is_that_of_the_latest_run_where_nothing_was_called_here(console: Stage) -> None:
    await fail(console)
    await point_at(console, "feed")
    await console.press("l")
    await console.until("the shelf is full")


async def test_a_read_only_console_looks_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, is_read_only=True) as console:
        await point_at(console, "feed")
        for key in ("t", "f", "r", "b"):
            console.app.clear_notifications()
            await console.press(key)
            await console.until("This console is read-only.")
            assert isinstance(console.app.screen, PluginsScreen)
        console.app.clear_notifications()
        await console.press("h")
        await console.until("feed is well")


async def test_the_page_of_a_plugin_shows_all_that_is_known_of_it(console: Stage) -> None:
    await fail(console)
    await console.app.scene.client(HOST).trigger("feed/poll")
    await point_at(console, "feed")
    await console.press("enter")
    assert isinstance(console.app.screen, PluginScreen)
    await console.until("remembers     cursor  token")
    shown = console.screen
    assert "✗ publish" in shown
    assert "called by feed/publish" in shown
    assert "schedules that it made while it ran" in shown
    assert "feed/poll-5873" in shown
    assert "secret" not in shown


async def test_a_schedule_that_waits_for_its_id_is_not_shown_as_the_plugin_s(console: Stage) -> None:
    await point_at(console, "shop")
    await console.press("enter")
    await console.until("declarations that wait for their id")
    assert "not in force" in console.line_with("    gc")


async def test_a_schedule_is_opened_from_the_page_and_says_whose_it_is(console: Stage) -> None:
    await fail(console)
    await point_at(console, "feed")
    await console.press("enter")
    await console.until("commands")
    await console.press("enter")
    await console.until("a schedule")
    await console.press(*"publish", "enter")
    await console.until("declared by plugin feed (process)")
    assert "i goes to plugin feed, b closes it" in console.screen
    await console.press("i")
    await console.until("called by feed/publish")
    await console.press("b")
    await console.until("Closed the circuit of publish.")
    await console.press("escape", "escape")
    await console.until("remembers")


async def test_its_schedules_are_shown_in_their_own_view_from_table_and_page(console: Stage) -> None:
    for keys in (("s",), ("enter", "s")):
        await console.press("i")
        await point_at(console, "feed")
        await console.press(*keys)
        assert isinstance(console.app.screen, SchedulesScreen)
        await console.until("3 of 6")
        assert "plugin:feed" in console.screen
        await console.press("escape")


async def test_i_goes_to_the_plugin_of_the_schedule_at_the_cursor(console: Stage) -> None:
    await console.press("1")
    home = console.app.screen
    assert isinstance(home, SchedulesScreen)
    home.point_at((HOST, "shop/orders"))
    await console.press("i")
    view = console.app.screen
    assert isinstance(view, PluginsScreen)
    assert view.entry is not None
    assert view.entry.plugin.name == "shop"
    assert "✗   broken" in console.screen or "✗  broken" in console.screen


async def test_a_filter_and_the_brackets_work_as_in_every_view(console: Stage) -> None:
    await console.type("/process")
    await console.press("enter")
    assert "1 plugin" in console.screen
    await console.press("escape")
    assert "4 plugins" in console.screen
    await console.press("right_square_bracket")
    await console.until("sorted by urgency")
    await console.press("i", "left_square_bracket")
    await console.until("as it happens")


async def test_the_palette_leads_there(console: Stage) -> None:
    await console.press("1", "colon", *"view plugins".replace(" ", ""))
    await console.press("escape", "colon", *"the", "space", *"plugins", "enter")
    assert isinstance(console.app.screen, PluginsScreen)


async def test_what_is_known_stays_dimmed_while_the_engine_is_not_heard(console: Stage) -> None:
    await console.door.close()
    await console.until("no engine answers")
    view = console.app.screen
    assert isinstance(view, PluginsScreen)
    assert rows(console) == ["broken", "feed", "shop", "resting"]
    assert view.table.is_dimmed
    await console.door.open()
    await console.until("live")
    assert not view.table.is_dimmed


async def test_two_hosts_make_one_table_with_a_host_column(tmp_path: Path) -> None:
    async with opened(tmp_path, hosts=2) as console:
        await console.until("8 plugins")
        assert "HOST" in console.screen
        assert len([line for line in console.screen.split("\n") if "broken" in line and "✗" in line]) == 2


async def test_without_plugins_the_view_says_what_one_is_and_how_to_get_one(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(80, 24)) as console:
        assert "i Plugins" not in console.screen
        await console.press("i")
        await console.until("No plugins.")
        assert "docs/plugins.md" in console.screen
        assert all(len(line) <= 80 for line in console.screen.split("\n"))


def test_every_action_of_the_plugins_is_a_verb_of_theirs() -> None:
    assert {action.name for action in ACTIONS if action.scope is Scope.PLUGINS} == OF_PLUGINS


async def test_what_a_reload_brings_and_takes_is_known_without_a_key(tmp_path: Path) -> None:
    async with stage(tmp_path, [schedule("old", "5m")]) as console:
        await console.house.reload(schedule("new", "5m"))
        fleet = console.app.scene.fleet
        await holds(console, lambda: fleet.get((HOST, "new")) is not None)
        assert fleet.get((HOST, "old")) is None
