from collections.abc import Mapping

import pytest

from cronsole import marks
from cronsole.cli import glyphs as of_command_line
from cronsole.cli.glyphs import strip_of
from cronsole.marks import Mark
from cronsole.model.plugin import PluginStatus
from cronsole.model.prospect import StepOutcome
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, Spark
from cronsole.text import width
from cronsole_tui.views import glyphs as of_console
from cronsole_tui.views.line import plain
from cronsole_tui.views.strip import strip, usual_ms

ALL = {name: mark for name, mark in vars(marks).items() if isinstance(mark, Mark)}


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (marks.OF_RUN, set(RunState)),
        (marks.OF_STATUS, set(ScheduleStatus) - {ScheduleStatus.ACTIVE}),
        (marks.OF_PLUGIN, set(PluginStatus)),
        (marks.OF_STEP, set(StepOutcome)),
    ],
)
def test_every_state_has_a_mark(table: Mapping[object, Mark], kinds: set[object]):
    assert set(table) == kinds


def test_no_two_states_look_alike_or_are_called_alike():
    assert len({mark.glyph for mark in ALL.values()}) == len(ALL)
    assert len({mark.word for mark in ALL.values()}) == len(ALL)


def test_only_what_starts_shares_its_letter_with_what_runs():
    letters = [mark.letter for name, mark in ALL.items() if name != "STARTING"]
    assert len(set(letters)) == len(letters)
    assert marks.STARTING.letter == marks.RUNNING.letter


@pytest.mark.parametrize("mark", ALL.values(), ids=ALL)
def test_a_mark_takes_one_cell_in_unicode_and_in_ascii(mark: Mark):
    assert (width(mark.glyph), len(mark.letter)) == (1, 1)
    assert mark.letter.isascii()


def test_no_bar_is_taken_for_a_run_that_did_not_succeed():
    others = {marks.OF_RUN[state].letter for state in RunState if state.is_final} - {marks.OK.letter}
    assert not others & set(marks.LETTER_BARS)
    assert len(marks.LETTER_BARS) == len(marks.BARS)


@pytest.mark.parametrize("state", RunState)
def test_the_command_line_and_the_console_say_the_same(state: RunState):
    assert of_command_line.OF_RUN[state][:3] == of_console.of_run(state)[:3] == tuple(marks.OF_RUN[state])


@pytest.mark.parametrize(
    ("duration_ms", "height"),
    [
        (10_000, 3),
        (13_000, 3),
        (7_500, 3),
        (20_000, 5),
        (40_000, 7),
        (400_000, 7),
        (5_000, 1),
        (1, 0),
        (None, 3),
    ],
)
def test_a_bar_is_measured_against_the_usual_so_that_noise_makes_no_trend(
    duration_ms: int | None, height: int
):
    assert marks.bar_height(duration_ms, 10_000) == height


def test_milliseconds_are_noise_and_what_is_quick_draws_no_eye():
    assert marks.bar_height(9, 2) == marks.bar_height(900, 2) == marks.bar_height(2, 2) == 0
    assert marks.bar_height(4_000, 900) == 4


def test_without_a_usual_duration_a_bar_says_only_that_it_ran():
    assert marks.bar_height(10_000, None) == 0


def test_a_strip_of_the_command_line_and_one_of_the_console_are_as_high():
    runs = [Spark(RunState.SUCCEEDED, took) for took in (900, 3_000, 6_000, 6_100, 12_000, 60_000)]
    usual = usual_ms(runs)
    there = "".join(mark.sign for mark in strip_of(runs, usual, has_glyphs=True))
    assert plain(strip(runs, 10)) == there
