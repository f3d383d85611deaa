"""Keys that come faster than the screen changes, all in one read: each is for what the ones before it have led to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.house import schedule
from tests.tui.stage import Stage, stage
from textual import events

from cronsole.model.view import ScheduleStatus
from cronsole_tui.screens.form import FormScreen

_NAMES = {"/": "slash", "\t": "tab", "\r": "enter", " ": "space", ":": "colon", "\x1b": "escape"}


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, [schedule("a/one", "0 3 * * *")]) as seen:
        yield seen


async def burst(console: Stage, text: str) -> None:
    """Hand the console keys as its driver does that has read them all at once."""
    for sign in text:
        console.app.post_message(events.Key(_NAMES.get(sign, sign), sign))
    await console.rest()


def values(console: Stage) -> dict[str, str]:
    screen = console.app.screen
    assert isinstance(screen, FormScreen)
    return dict(screen.values)


async def test_a_tab_within_a_burst_moves_on_before_the_next_key_is_typed(console: Stage) -> None:
    await console.press("P")
    await burst(console, "06:00\tno tapes")
    assert values(console) == {"until": "06:00", "reason": "no tapes"}


async def test_a_burst_opens_a_form_fills_it_and_submits_it(console: Stage) -> None:
    await burst(console, "P\tno tapes\r")
    await console.until("paused")
    entry = console.app.scene.fleet.get(("ops@web-1", "a/one"))
    assert entry is not None
    assert entry.schedule.status is ScheduleStatus.PAUSED
    assert entry.schedule.pause is not None
    assert entry.schedule.pause.reason == "no tapes"


async def test_what_is_long_is_in_its_field_before_a_burst_submits_the_form(console: Stage) -> None:
    reason = "tapes " * 40
    await console.press("P", "tab")
    await burst(console, f"{reason}\t\t\r")
    await console.until("paused")
    entry = console.app.scene.fleet.get(("ops@web-1", "a/one"))
    assert entry is not None
    assert entry.schedule.pause is not None
    assert entry.schedule.pause.reason == reason.strip()


async def test_what_follows_a_form_in_a_burst_is_not_typed_into_it(console: Stage) -> None:
    await console.press("P", "tab")
    await burst(console, "tapes\x1bu")
    assert not isinstance(console.app.screen, FormScreen)
    await console.until("There is nothing to take back.")


async def test_what_follows_a_filter_in_a_burst_is_for_the_table(console: Stage) -> None:
    await burst(console, "/one\rw")
    await console.until("why  a/one")
    await console.press("escape")
    await console.until("1 of 1")
