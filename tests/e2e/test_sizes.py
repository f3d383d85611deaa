"""Any size, changed at any moment."""

import random

from tests.e2e.conftest import Laying
from tests.e2e.terminal import ENTER, ESCAPE

TASKS = "".join(
    f'\n[[tasks]]\nid = "group-{number % 7}/task-{number:02}"\nevery = "2s"\ncommand = "echo {number}"\n'
    f'description = "wide 世界 and narrow {number}"\n'
    for number in range(30)
)
RESIZES = 500


def test_five_hundred_sizes_at_random_leave_a_console_that_shows_what_it_should(lay: Laying) -> None:
    place = lay(TASKS)
    place.start_engine()
    terminal = place.show("attach")
    terminal.wait_for("task-00", "live")
    pick = random.Random(20261120)
    keys = ("j", "G", "g", "2", "1", "3", "6", "1", ENTER, ESCAPE, "l", ESCAPE, "+", "?", ESCAPE, "w", ESCAPE)
    for number in range(RESIZES):
        terminal.resize(pick.randint(1, 300), pick.randint(1, 100))
        if number % 5 == 0:
            terminal.press(keys[number // 5 % len(keys)])
        # Some come in the midst of a frame, some after it.
        terminal.look(pick.choice((0, 0, 0.01, 0.05)))
    terminal.resize(120, 36)
    for _ in range(3):
        terminal.press(ESCAPE)
        terminal.look(0.3)
    terminal.press("1", "g")
    terminal.wait_for("NAME", "SCHEDULE", "task-", "30 schedules", "live")
    terminal.until(lambda seen: all(len(line) <= 120 for line in seen.split("\n")), "lines that fit")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


def test_a_terminal_that_is_too_small_is_told_so(lay: Laying) -> None:
    place = lay(TASKS)
    place.start_engine()
    terminal = place.show("attach", width=59, height=14)
    terminal.wait_for("59×14", "60×15 are the least")
    terminal.resize(60, 15)
    terminal.wait_for("NAME", "LAST", "task-")
    terminal.resize(20, 3)
    terminal.until(lambda seen: "task-" not in seen, "a table that gives way")
    terminal.resize(200, 60)
    terminal.wait_for("NAME", "TOOK", "task-", "next ")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


def test_a_terminal_that_shrinks_and_grows_again_within_a_frame_is_drawn_anew(lay: Laying) -> None:
    place = lay(TASKS)
    place.start_engine()
    terminal = place.show("attach", width=200, height=60)
    terminal.wait_for("task-29", "TOOK", "next ")
    for _ in range(20):
        # Who shrinks loses what no longer fits, and the program may learn of the last size alone.
        terminal.resize(20, 3)
        terminal.resize(200, 60)
        terminal.wait_for("NAME", "TOOK", "task-00", "task-29", "next ")
    terminal.press("q")
    assert terminal.end() == 0
