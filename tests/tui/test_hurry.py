"""What clumsy and hostile hands do: verbs on nothing, keys on empty views, an engine that goes away meanwhile."""

import gc
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from tests.runtime.house import schedule
from tests.tui.stage import Stage, fleet_of_128, past_run, stage
from tests.tui.test_manners import MIDNIGHT, holds, home_of
from textual.widgets import Input

from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole_tui.screens.form import FormScreen
from cronsole_tui.screens.runs import RunsScreen
from cronsole_tui.screens.schedules import SchedulesScreen
from cronsole_tui.views.entry import Entry


def three() -> list[Schedule]:
    return [schedule(name, "*/5 * * * *", timezone="UTC") for name in ("a/one", "a/two", "b/three")]


@pytest.mark.parametrize("keys", [("i",), ("5", "/", "z", "z", "enter"), ("2", "/", "z", "z", "enter")])
async def test_a_view_with_no_rows_still_heeds_every_key(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with stage(tmp_path, three()) as console:
        await console.press(*("slash" if key == "/" else key for key in keys))
        await console.press("question_mark")
        await console.until("help for where you are")
        await console.press("escape", "1")
        assert isinstance(console.app.screen, SchedulesScreen)


@pytest.mark.parametrize("key", ["t", "p", "P", "b", "D", "w", "l", "x"])
async def test_a_verb_where_nothing_is_found_says_so(tmp_path: Path, key: str) -> None:
    async with stage(tmp_path, three()) as console:
        await console.type("/zz")
        await console.press("enter", key)
        await console.until("There is no schedule under the cursor.")


async def test_what_shows_one_thing_is_for_the_schedule_at_the_cursor_whatever_is_marked(
    tmp_path: Path,
) -> None:
    runs = [past_run(name, MIDNIGHT) for name in ("a/one", "a/two", "b/three")]
    async with stage(tmp_path, three(), runs) as console:
        home = home_of(console)
        await console.press("space", "space")
        entry = home.entry
        assert entry is not None
        await console.press("l")
        await console.until(f"{entry.schedule.id}   ")
        assert "all of it" in console.screen
        await console.press("escape", "w")
        await console.until(f"why  {entry.schedule.id}")


async def test_escape_takes_off_the_filter_and_then_the_marks(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        home = home_of(console)
        await console.type("/a")
        await console.press("enter", "asterisk", "escape")
        assert len(home.table.marks) == 2
        await console.press("escape")
        assert not home.table.marks


async def test_a_range_is_run_for_all_that_is_marked_each_with_its_count(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        await console.seconds(3_600)
        await console.press("asterisk", "b")
        await console.type("30m")
        await console.press("enter")
        await console.until("Run 21 slots of 3 schedules")
        assert "a/two: 7" in console.screen
        await console.press("y")
        await console.until("Queued 21 runs.")


async def test_a_letter_of_the_filter_and_what_it_leaves_are_drawn_together(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        home = home_of(console)
        await console.press("slash")
        field = home.query_one("#filter", Input)
        assert not field.cursor_blink
        field.insert_text_at_cursor("backup")
        assert len(home.table.source) == 8


async def test_what_is_wrong_with_a_form_is_said_in_full(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        await console.press("P")
        await console.type("25")
        await console.press("enter")
        assert isinstance(console.app.screen, FormScreen)
        assert "2026-03-29T02:30+01:00" in console.screen


async def test_an_editor_that_fails_is_told_and_nothing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "false")
    monkeypatch.setattr("cronsole_tui.forms.outside", lambda _: nullcontext())
    written = tmp_path / "a.toml"
    written.touch()
    async with stage(tmp_path, three()) as console:
        known = home_of(console).entry
        assert known is not None
        there = msgspec.structs.replace(known.schedule, origin=f"{written}:1")
        console.app.verbs._forms._open_editor(Entry(known.host, there))
        await console.until("false has failed, exit 1.")
        assert isinstance(console.app.screen, SchedulesScreen)


async def test_the_timeline_keeps_what_it_knew_of_an_engine_that_is_lost(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        await console.press("2")
        await console.until("3 starts")
        await lose(console)
        await console.press("plus")
        await console.until("no engine answers")
        assert "3 starts" in console.screen


async def test_the_runs_keep_what_they_knew_of_an_engine_that_is_lost(tmp_path: Path) -> None:
    async with stage(
        tmp_path, three(), [past_run("a/one", MIDNIGHT, RunState.FAILED, exit_code=1)]
    ) as console:
        await console.press("3")
        await console.until("exit 1")
        await lose(console)
        runs = console.app.screen
        assert isinstance(runs, RunsScreen)
        await runs._first_pages()
        await console.until("no engine answers")
        assert "exit 1" in console.screen


async def test_what_was_never_read_is_not_called_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        await lose(console)
        await console.press("3")
        await console.until("Nothing is known yet.")
        await console.press("2")
        await console.until("not known: no engine answers")
        await console.press("H")
        await console.until("Not known: no engine answers.")


async def lose(console: Stage) -> None:
    await console.door.close()
    await console.until("lost")


async def test_a_page_that_cannot_be_read_says_all_of_why(tmp_path: Path) -> None:
    async with stage(tmp_path, three(), size=(80, 24)) as console:
        await lose(console)
        await console.press("enter")
        await console.until("start one")
        assert "`cronsole engine`" in " ".join(console.screen.split()).replace("` ", "`")


async def test_of_many_schedules_that_were_read_none_is_left_to_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cronsole_tui.feed._MANY", 100)
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    async with stage(tmp_path, fleet_of_128()) as console:
        frozen.clear()
        console.app.scene.feeds["ops@web-1"].look_again()
        await holds(console, lambda: bool(frozen))


async def test_what_is_said_again_and_again_is_shown_once_and_few_things_at_a_time(tmp_path: Path) -> None:
    async with stage(tmp_path, three(), is_read_only=True) as console:
        for _ in range(5):
            await console.press("t")
        assert console.screen.count("This console is read-only.") == 1
        for number in range(9):
            console.app.tell(f"sentence {number}")
        await console.rest()
        assert console.screen.count("sentence") == 3
        assert "sentence 8" in console.screen


async def test_a_question_keeps_its_keys_when_the_terminal_becomes_small(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        await console.press("asterisk", "t")
        await console.until("and 116 more")
        await console.pilot.resize_terminal(60, 15)
        await console.rest()
        assert "y yes   n no" in console.screen
        assert "more" in console.screen
        await console.press("n")


async def test_what_is_marked_and_filtered_out_is_not_forgotten(tmp_path: Path) -> None:
    async with stage(tmp_path, three()) as console:
        await console.press("asterisk")
        await console.type("/b/")
        await console.press("enter")
        await console.until("3 marked, 2 not shown")
