import pytest

from cronsole_tui.widgets.sgr import PLAIN, Look, between, looked, on_blank
from cronsole_tui.widgets.terminal import Colours


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        (PLAIN, PLAIN, ""),
        (Look(("1",), "31"), PLAIN, "\x1b[m"),
        (PLAIN, Look((), "31"), "\x1b[31m"),
        (Look(("1",), "31"), Look((), "31"), "\x1b[22m"),
        (Look(("3",), "31"), Look((), "31"), "\x1b[;31m"),
        (Look(("1", "2"), "38;5;245"), Look(("2",), "38;5;245"), "\x1b[22;2m"),
        (Look(("1",), "97", "48;5;237"), Look((), "38;5;245", "48;5;237"), "\x1b[22;38;5;245m"),
        (Look((), "31", "44"), Look((), "", "44"), "\x1b[39m"),
        (Look((), "31", "44"), Look(("1",), "31", "44"), "\x1b[1m"),
    ],
)
def test_one_look_becomes_another_by_the_shortest_sequence(before, after, sent):
    assert between(before, after) == sent


def test_a_sequence_changes_what_it_names_alone():
    assert looked(Look(("1",), "31", "44"), "39;4", Colours.ALL) == Look(("1", "4"), "", "44")


def test_a_reset_takes_all_off():
    assert looked(Look(("1",), "31", "44"), "", Colours.ALL) == PLAIN


def test_of_a_blank_only_its_ground_is_seen():
    assert on_blank(Look(("1",), "31", "44")) == Look((), "", "44")
    assert on_blank(Look(("4",), "31")) == Look(("4",), "31")
