"""Every row of the table of keys is pressed, and what it does is seen."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.runtime.house import schedule, shell
from tests.tui import plugin_stage
from tests.tui.stage import Stage, past_run, stage

from cronsole.model.ask import RunQuery
from cronsole.model.instant import HOUR, MINUTE, SECOND, from_iso
from cronsole.model.run import Run, RunState
from cronsole.model.schedule import Schedule
from cronsole.model.view import RunView, ScheduleStatus, ScheduleView
from cronsole_tui.keymap import ACTIONS, Action, remapped
from cronsole_tui.screens.events import EventsScreen
from cronsole_tui.screens.log import LogScreen
from cronsole_tui.screens.plugins import PluginsScreen
from cronsole_tui.screens.runs import RunsScreen
from cronsole_tui.screens.schedules import SchedulesScreen
from cronsole_tui.screens.timeline import TimelineScreen

HOST = "ops@web-1"
NOW = from_iso("2026-11-20T00:00:00.500Z")
MIDNIGHT = NOW - 500
BROKEN, LONG, SAID = "a/broken", "b/long", "c/said"


def fleet() -> list[Schedule]:
    """One that fails, one that runs long, one that says something, and forty that rest."""
    return [
        schedule(BROKEN, "*/10 * * * *", shell("false"), tags=("db",), timezone="America/New_York"),
        schedule(LONG, "0 0 1 1 *", shell("sleep 600"), tags=("db",)),
        schedule(SAID, "0 0 1 1 *", shell("echo one; echo two; echo one again"), tags=("web",)),
        *(schedule(f"z/rest-{number:02d}", f"{number} 5 * * *") for number in range(40)),
    ]


def history() -> list[Run]:
    return [
        past_run(BROKEN, MIDNIGHT, RunState.FAILED, exit_code=1, output="disk full\n"),
        past_run(BROKEN, MIDNIGHT - 10 * MINUTE, output="well\n"),
        past_run(BROKEN, MIDNIGHT - 20 * MINUTE, output="one\ntwo\none again\n"),
        *(past_run(f"z/rest-{number:02d}", MIDNIGHT - 5 * HOUR, took_ms=SECOND) for number in range(40)),
    ]


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    actions: tuple[Action, ...] = ACTIONS,
    is_read_only: bool = False,
    hosts: int = 1,
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[Stage]:
    async with stage(
        folder, fleet(), history(), actions=actions, is_read_only=is_read_only, hosts=hosts, size=size
    ) as seen:
        yield seen


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened(tmp_path) as seen:
        yield seen


def known(console: Stage, name: str) -> ScheduleView:
    entry = console.app.scene.fleet.get((HOST, name))
    assert entry is not None
    return entry.schedule


async def runs_of(console: Stage, name: str) -> tuple[RunView, ...]:
    return (await console.app.scene.client(HOST).runs(RunQuery(schedule_ids=(name,)))).items


async def point_at(console: Stage, name: str) -> None:
    home = console.app.screen
    assert isinstance(home, SchedulesScreen)
    home.point_at((HOST, name))
    await console.rest()


async def holds(console: Stage, test: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    for _ in range(400):
        if test():
            return
        await console.pilot.pause(0.02)
        await console.house.settle()
    raise AssertionError(console.screen)


Case: TypeAlias = Callable[[Stage, str], Awaitable[None]]
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    """Note what is to be seen when an action's key is pressed."""

    def note(function: Case) -> Case:
        CASES[name] = function
        return function

    return note


def opens(name: str, text: str, *before: str) -> None:
    """Note that a key brings a text to the screen."""

    async def seen(console: Stage, key: str) -> None:
        if before:
            await console.press(*before)
        assert text not in console.screen
        await console.press(key)
        await console.until(text)

    CASES[name] = seen


opens("help", "sort by the next column")
opens("palette", "a verb, a schedule, a plugin, a theme, a host")
opens("view_timeline", "the next ten minutes")
opens("view_runs", "CAUSE")
opens("view_monitors", "No monitors.")
opens("view_nodes", "runs as")
opens("view_events", "as it happens")
opens("view_plugins", "No plugins.")
opens("view_schedules", "sorted by urgency", "3")
opens("next_view", "the next ten minutes")
opens("previous_view", "as it happens")
opens("reload", "Nothing changes")
opens("sort", "sorted by name")
opens("reverse", "sorted by urgency, reversed")
opens("trigger_with", "payload")
opens("pause_with", "who reads this will want to know")
opens("backfill", "yesterday 06:00")
opens("new", "a name that no other schedule has")
opens("delete", "Delete a/broken?")
opens("history", "schedule:a/broken")
opens("why", "will run at")
opens("log_failed", "disk full", "j", "k", "plus", "plus")
opens("log", "disk full", "plus", "plus")
opens("worst", "what starts at", "2")
opens("heatmap", "the seven days from today on", "2")
opens("failures", "1 run", "3")
opens("run_why", "slots before", "3", "f")
opens("run_log", "disk full", "3", "f")
opens("audit", "the audit trail", "6")


@case("quit")
async def _quit(console: Stage, key: str) -> None:
    await console.pilot.press(key)
    assert console.app._exit


@case("undo")
async def _undo(console: Stage, key: str) -> None:
    await console.press("p")
    await holds(console, lambda: known(console, BROKEN).status is ScheduleStatus.PAUSED)
    await console.press(key)
    await holds(console, lambda: known(console, BROKEN).status is ScheduleStatus.ACTIVE)


@case("back")
async def _back(console: Stage, key: str) -> None:
    await console.type("/#web")
    await console.press("enter")
    assert "1 of 43" in console.screen
    await console.press(key)
    assert "all 43" in console.screen


@case("zone")
async def _zone(console: Stage, key: str) -> None:
    await point_at(console, BROKEN)
    assert "UTC" in console.line_with(" next  ")
    await console.press(key)
    await console.until("on its own clock")
    console.app.clear_notifications()
    await console.rest()
    assert "EST" in console.line_with(" next  ")
    await console.press(key)
    console.app.clear_notifications()
    await console.rest()
    assert "UTC" in console.line_with(" next  ")


@case("redraw")
async def _redraw(console: Stage, key: str) -> None:
    drawn: list[bool] = []
    console.app.draw_anew = lambda: drawn.append(True)  # type: ignore[method-assign] # no terminal to draw on
    # In the table, in the filter, on a page, and where a form is filled in.
    await console.press(key, "slash", key, "escape", "enter", key, "escape", "P", key)
    assert drawn == [True] * 4


def moves(name: str, start: int, to: int, page: int = 0) -> None:
    """Note that a key moves the cursor from one row to another; `page` counts pages of rows."""

    async def seen(console: Stage, key: str) -> None:
        home = console.app.screen
        assert isinstance(home, SchedulesScreen)
        rows = home.table.size.height - 1
        home.table.move_to(start)
        await console.press(key)
        step = {0: 0, 1: rows - 1, 2: rows // 2}[abs(page)]
        assert home.table.cursor_index == to + (step if page > 0 else -step)

    CASES[name] = seen


moves("down", 3, 4)
moves("up", 3, 2)
moves("top", 9, 0)
moves("bottom", 3, 42)
moves("page_down", 2, 2, page=1)
moves("page_up", 40, 40, page=-1)
moves("half_down", 2, 2, page=2)
moves("half_up", 40, 40, page=-2)


@case("open")
async def _open(console: Stage, key: str) -> None:
    await console.press(key)
    await console.until("next fires")
    await console.press("escape", "2", key)
    await console.until("next fires")


@case("filter")
async def _filter(console: Stage, key: str) -> None:
    await console.press(key, *"said")
    assert "1 of 43" in console.screen
    assert SAID in console.screen


@case("copy")
async def _copy(console: Stage, key: str) -> None:
    await console.press(key)
    assert console.app.clipboard == BROKEN


@case("zoom")
async def _zoom(console: Stage, key: str) -> None:
    panel = console.app.screen.query_one("#panel")
    heights = []
    for _ in range(3):
        await console.press(key)
        heights.append(panel.size.height if panel.display else 0)
    assert heights == [15, 0, 8]


@case("trigger")
async def _trigger(console: Stage, key: str) -> None:
    await point_at(console, LONG)
    await console.press(key)
    await holds(console, lambda: bool(known(console, LONG).running))


@case("pause")
async def _pause(console: Stage, key: str) -> None:
    await console.press(key)
    await holds(console, lambda: known(console, BROKEN).status is ScheduleStatus.PAUSED)
    await console.until("u takes it back")
    await console.press(key)
    await holds(console, lambda: known(console, BROKEN).status is ScheduleStatus.ACTIVE)


async def _long_is_running(console: Stage) -> None:
    await console.app.scene.client(HOST).trigger(LONG)
    await holds(console, lambda: bool(known(console, LONG).running))


@case("stop")
async def _stop(console: Stage, key: str) -> None:
    await _long_is_running(console)
    await point_at(console, LONG)
    await console.press(key)
    await console.until("Stopping")
    await holds(console, lambda: not known(console, LONG).running)


@case("kill")
async def _kill(console: Stage, key: str) -> None:
    await _long_is_running(console)
    await point_at(console, LONG)
    await console.press(key)
    await console.until("Kill the run")
    await console.press("y")
    await holds(console, lambda: not known(console, LONG).running)


@case("retry")
async def _retry(console: Stage, key: str) -> None:
    await console.press(key)
    await console.until("again.")
    assert len(await runs_of(console, BROKEN)) == 4


@case("edit")
async def _edit(console: Stage, key: str) -> None:
    await console.press(key)
    await console.until("is not on this machine")


@case("mark")
async def _mark(console: Stage, key: str) -> None:
    await console.press(key)
    assert "1 marked" in console.screen
    assert console.line_with(BROKEN).startswith("*")


@case("mark_all")
async def _mark_all(console: Stage, key: str) -> None:
    await console.type("/#db")
    await console.press("enter", key)
    assert "2 marked" in console.screen


@case("follow")
async def _follow(console: Stage, key: str) -> None:
    await point_at(console, SAID)
    await console.press(key)
    await console.until("one again")
    assert isinstance(console.app.screen, LogScreen)


def spans(name: str, test: Callable[[str, str], bool], *before: str) -> None:
    """Note that a key makes the axis of the timeline another one."""

    async def seen(console: Stage, key: str) -> None:
        await console.press("2", *before)
        axis = console.line_with("UTC   ")
        shown = console.line_with("shown")
        await console.press(key)
        assert isinstance(console.app.screen, TimelineScreen)
        assert test(axis + shown, console.line_with("UTC   ") + console.line_with("shown"))

    CASES[name] = seen


spans("zoom_in", lambda _, after: "20 min shown" in after)
spans("zoom_out", lambda _, after: "3 h shown" in after)
spans("earlier", lambda before, after: before != after and "23:15" not in before)
spans("later", lambda before, after: before != after)
spans(
    "to_now",
    lambda before, after: "now" not in before.split("1 h")[0] or "now" in after,
    "left",
    "left",
    "left",
)


@case("run_stop")
async def _run_stop(console: Stage, key: str) -> None:
    await _long_is_running(console)
    await console.press("3")
    await console.until(LONG)
    await console.press(key)
    await holds(console, lambda: not known(console, LONG).running)


@case("run_kill")
async def _run_kill(console: Stage, key: str) -> None:
    await _long_is_running(console)
    await console.press("3")
    await console.until(LONG)
    await console.press(key)
    await console.until("Kill the run")
    await console.press("y")
    await holds(console, lambda: not known(console, LONG).running)


@case("run_retry")
async def _run_retry(console: Stage, key: str) -> None:
    await console.press("3", "f", key)
    await console.until("again.")
    assert len(await runs_of(console, BROKEN)) == 4


async def _a_log(console: Stage) -> LogScreen:
    runs = await runs_of(console, BROKEN)
    console.app.open_log(HOST, runs[-1].run_id)
    await console.until("one again")
    log = console.app.screen
    assert isinstance(log, LogScreen)
    return log


@case("find")
async def _find(console: Stage, key: str) -> None:
    log = await _a_log(console)
    await console.press(key, *"two", "enter")
    assert not log.has_class("-finding")
    assert console.app.screen is log


@case("find_next")
async def _find_next(console: Stage, key: str) -> None:
    await _a_log(console)
    await console.press("slash", *"nowhere", "enter")
    await console.until("Not found.")
    console.app.clear_notifications()
    await console.press(key)
    await console.until("Not found.")


@case("find_previous")
async def _find_previous(console: Stage, key: str) -> None:
    await _find_next(console, key)


@case("wrap")
async def _wrap(console: Stage, key: str) -> None:
    log = await _a_log(console)
    before = log._log.is_wrapped
    await console.press(key)
    assert log._log.is_wrapped is not before


@case("times")
async def _times(console: Stage, key: str) -> None:
    log = await _a_log(console)
    await console.press(key)
    assert log._log.beside is not None


@case("copy_log")
async def _copy_log(console: Stage, key: str) -> None:
    await _a_log(console)
    await console.press(key)
    assert "one again" in console.app.clipboard


@case("pager")
async def _pager(console: Stage, key: str) -> None:
    log = await _a_log(console)
    opened_with: list[str] = []
    log._open_pager = opened_with.append  # type: ignore[method-assign,assignment] # no terminal to hand over
    await console.press(key)
    await holds(console, lambda: bool(opened_with))


async def _at_the_feed(console: Stage) -> None:
    folder = console.house.state.parent / "plugins"
    plugin_stage.write_all(folder)
    await console.house.reload(*fleet(), **plugin_stage.settings(folder))
    await console.press("i")
    await console.until("feed")
    view = console.app.screen
    assert isinstance(view, PluginsScreen)
    view.point_at((HOST, "feed"))
    await console.until("manifest.yaml")


def tells(name: str, text: str) -> None:
    """Note what a key brings to the screen where the cursor is on a plugin."""

    async def seen(console: Stage, key: str) -> None:
        await _at_the_feed(console)
        await console.press(key)
        await console.until(text)

    CASES[name] = seen


tells("plugin_call", "Call which command of feed?")
tells("plugin_reload", "Loaded feed 1.2.3: 2 schedules.")
tells("plugin_health", "feed is well: 3 feeds")
tells("plugin_log", "No run of feed is kept.")
tells("plugin_schedules", "plugin:feed")
tells("plugin_reset", "No circuit of feed is open.")


@case("plugin_follow")
async def _plugin_follow(console: Stage, key: str) -> None:
    await _at_the_feed(console)
    await console.press(key, "1", "enter")
    await console.until("poll got")
    assert isinstance(console.app.screen, LogScreen)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
async def test_every_action_does_what_the_table_says(console: Stage, action: Action) -> None:
    await CASES[action.name](console, action.keys[0])


async def test_a_remapped_key_does_it_and_the_old_one_does_not(tmp_path: Path) -> None:
    actions = remapped({"pause": "!", "run_log": "o"})
    async with opened(tmp_path, actions=actions) as console:
        await console.press("p")
        assert known(console, BROKEN).status is ScheduleStatus.ACTIVE
        await console.press("exclamation_mark")
        await holds(console, lambda: known(console, BROKEN).status is ScheduleStatus.PAUSED)
        await console.press("3", "f", "enter")
        await console.until("output, 10 bytes")
        assert "o log" in console.screen
        await console.press("o")
        await console.until("disk full")


VERBS = ("t", "T", "p", "P", "x", "X", "r", "b", "n", "e", "D", "R", "f")


async def test_a_read_only_console_refuses_every_verb(tmp_path: Path) -> None:
    async with opened(tmp_path, is_read_only=True) as console:
        before = len(await runs_of(console, BROKEN))
        for key in VERBS:
            console.app.clear_notifications()
            await console.press(key)
            await console.until("This console is read-only.")
            assert isinstance(console.app.screen, SchedulesScreen)
        assert len(await runs_of(console, BROKEN)) == before
        assert known(console, BROKEN).status is ScheduleStatus.ACTIVE


async def test_a_verb_is_for_all_that_is_marked_once_it_is_agreed_to(console: Stage) -> None:
    await console.type("/#db")
    await console.press("enter", "asterisk", "escape", "p")
    await console.until("Pause 2 schedules?")
    assert "skips 144 fires" in console.screen or "skips" in console.screen
    await console.press("n")
    assert known(console, BROKEN).status is ScheduleStatus.ACTIVE
    await console.press("p")
    await console.until("Pause 2 schedules?")
    await console.press("y")
    await holds(console, lambda: known(console, LONG).status is ScheduleStatus.PAUSED)
    assert known(console, BROKEN).status is ScheduleStatus.PAUSED
    assert known(console, SAID).status is ScheduleStatus.ACTIVE


async def test_a_filter_holds_while_it_is_typed(console: Stage) -> None:
    await console.type("/rest-0")
    assert "10 of 43" in console.screen
    await console.press("backspace", "1")
    assert "10 of 43" in console.screen
    assert "z/rest-11" in console.screen
    await console.press("7")
    assert "1 of 43" in console.screen


async def test_what_of_a_filter_is_not_understood_is_said_and_hides_nothing(console: Stage) -> None:
    await console.type("/state:fialed")
    assert "no state is called fialed; failed is" in console.screen
    assert BROKEN in console.screen


async def test_hosts_are_told_apart_and_each_verb_goes_to_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path, hosts=2) as console:
        assert "HOST" in console.screen
        await console.type("/host:web-2 broken")
        await console.press("enter")
        assert "1 of 86" in console.screen
        await console.press("5")
        await console.until("2 nodes")
        await console.press("j", "enter")
        assert "43 of 86" in console.screen


def test_every_page_and_view_has_a_method_for_each_of_its_actions() -> None:
    for screen in (SchedulesScreen, TimelineScreen, RunsScreen, EventsScreen):
        missing = [
            action.name
            for action in ACTIONS
            if action.scope in screen.SCOPES and not hasattr(screen, f"do_{action.name}")
        ]
        # Those of schedules go to the verbs, whichever screen they are chosen on.
        assert screen is SchedulesScreen or not missing
