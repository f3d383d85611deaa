"""The palette: what is found by which words, and what that costs of a fleet of ten thousand."""

from pathlib import Path

from tests.tui.seen import entry
from tests.tui.stage import fleet_of_128, stage
from tests.tui.views.test_plugin_views import plugin
from textual.widgets import Input

from cronsole_tui import palette
from cronsole_tui.fleet import Fleet
from cronsole_tui.keymap import ACTIONS
from cronsole_tui.screens.choose import Choice, Choices, ChooseScreen, Finder
from cronsole_tui.views.entry import Host, Link

HOST = "ops@web-1"


class Counted:
    """Choices that count how often one is made, and how often all are folded."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self.made = self.folded = 0

    def __len__(self) -> int:
        return len(self._choices)

    def choice(self, index: int) -> Choice:
        self.made += 1
        return self._choices.choice(index)

    def matched(self) -> list[str]:
        self.folded += 1
        return self._choices.matched()


def ten_thousand() -> Counted:
    fleet = Fleet()
    fleet.set_host(Host(HOST, Link.LIVE))
    fleet.put(HOST, [entry(f"group-{number % 97}/task-{number:05d}").schedule for number in range(10_000)])
    return Counted(palette.choices(ACTIONS, fleet, ["dark"]))


def _texts(choices: Choices, typed: str) -> list[str]:
    return [choices.choice(index).text for index in Finder(choices).find(typed)]


def test_a_schedule_is_found_by_words_in_any_order_and_case():
    choices = ten_thousand()
    assert _texts(choices, "09999") == ["group-8/task-09999"]
    assert _texts(choices, "TASK-09999 Group-8") == ["group-8/task-09999"]
    assert _texts(choices, "nothing of the kind") == []


def test_what_begins_with_the_first_word_comes_first():
    choices = palette.PaletteChoices(
        [Choice("1", "go to runs"), Choice("2", "stop"), Choice("3", "Runs")], [entry("run")]
    )
    assert _texts(choices, "run") == ["Runs", "run", "go to runs"]


def test_a_verb_is_found_by_what_it_does():
    choices = palette.PaletteChoices([Choice("1", "trigger", "t  run now", "run now")], [])
    assert _texts(choices, "now") == ["trigger"]


def test_with_nothing_typed_the_verbs_come_first():
    assert _texts(ten_thousand(), "")[0] not in ("", "theme dark")


def test_a_plugin_is_found_by_its_name_with_how_it_stands():
    fleet = Fleet()
    fleet.set_host(Host(HOST, Link.LIVE, plugins=(plugin("disks"),)))
    choices = palette.choices(ACTIONS, fleet, ["dark"])
    (found,) = [choices.choice(index) for index in Finder(choices).find("plugin disks")]
    assert (found.text, found.told) == ("plugin disks", "loaded")


def test_of_ten_thousand_choices_none_is_made_to_find_some_and_case_is_folded_once():
    choices = ten_thousand()
    finder = Finder(choices)
    for typed in ("", "t", "ta", "task", "task 4", "task 42", "nothing"):
        finder.find(typed)
    assert (choices.made, choices.folded) == (0, 1)


async def test_of_ten_thousand_choices_only_those_that_are_looked_at_are_made(tmp_path: Path) -> None:
    choices = ten_thousand()
    async with stage(tmp_path, fleet_of_128()) as console:
        console.app.push_screen(ChooseScreen(choices, hint="a verb"))
        await console.pilot.pause()
        await console.press(*"09999")
        assert "task-09999" in console.screen
    assert choices.made < 1_000


async def test_a_letter_and_what_it_leaves_are_drawn_together(tmp_path: Path) -> None:
    async with stage(tmp_path, fleet_of_128()) as console:
        screen = ChooseScreen(ten_thousand(), hint="a verb")
        console.app.push_screen(screen)
        await console.pilot.pause()
        screen.query_one("#typed", Input).insert_text_at_cursor("09999")
        assert screen._table.cursor_key is not None
        assert screen._table.cursor_key.endswith("task-09999")
