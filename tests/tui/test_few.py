"""A console over few schedules: what the table leaves free shows more of the one at the cursor."""

from pathlib import Path

from tests.runtime.house import schedule
from tests.tui.stage import past_run, stage
from tests.tui.test_manners import MIDNIGHT, home_of

from cronsole.model.run import RunState

TALKATIVE = "".join(f"line {number}\n" for number in range(40))


async def test_the_panel_takes_the_room_that_few_schedules_leave(tmp_path: Path) -> None:
    three = [schedule(name, "0 3 * * *") for name in ("a", "b", "c")]
    failed = past_run("a", MIDNIGHT, RunState.FAILED, exit_code=1, output=TALKATIVE)
    async with stage(tmp_path, three, [failed]) as console:
        await console.until("line 39")
        panel = console.app.screen.query_one("#panel")
        assert panel.size.height == 36 - 7 - 3
        assert "line 22" in console.screen
        await console.press("plus")
        assert not panel.display
        await console.press("plus")
        assert panel.size.height == 36 - 7 - 3


async def test_what_a_feed_learns_while_there_is_no_panel_is_no_fault(tmp_path: Path) -> None:
    async with stage(tmp_path, [schedule("a", "0 3 * * *")]) as console:
        home = home_of(console)
        await console.app.screen.query_one("#panel").remove()
        home._sort_by_itself()
        assert "all 1" in console.screen
