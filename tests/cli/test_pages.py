"""What the verbs that look print, against texts that were looked at; CRONSOLE_GOLDEN=write makes them anew."""

import io
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from tests.cli import scene

from cronsole.cli.explanation import explanation
from cronsole.cli.plan_text import plan_lines
from cronsole.cli.run_rows import run_table
from cronsole.cli.schedule_page import schedule_page
from cronsole.cli.schedule_rows import schedule_table, summary
from cronsole.cli.standing import Order, ordered
from cronsole.cli.timeline_text import Window, timeline_lines
from cronsole.model.instant import DAY, HOUR, MINUTE

GOLDEN = Path(__file__).parent / "golden"
CONTROLS = {*map(chr, range(32)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u202e"} - {"\n"}
WIDTHS = [80, 120, 200]


def printed(parts: Iterable[RenderableType], width: int) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, markup=False, emoji=False, highlight=False)
    for part in parts:
        console.print(part, crop=False, no_wrap=True, overflow="ignore")
    return stream.getvalue()


def golden(name: str, text: str) -> str:
    """Return the text that was looked at."""
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("CRONSOLE_GOLDEN") == "write":
        file.write_text(text)
    return file.read_text()


def the_list(width: int, *, has_glyphs: bool = True) -> str:
    views = ordered(scene.SCHEDULES, Order.URGENCY)
    table = schedule_table(views, now=scene.NOW, zone=scene.VIEWER.zone, has_glyphs=has_glyphs)
    return printed([table, summary(views)], width)


def timeline(width: int, *, has_glyphs: bool = True) -> str:
    start = scene.NOW
    rows = {
        "cache-warm": ([start + n * 10 * MINUTE for n in range(144)], False),
        scene.HOSTILE: ([start + n * 3 * HOUR for n in range(8)], False),
        "pulse": ([start + n * 2_000 for n in range(1000)], True),
    }
    window = Window(start, start + DAY, width)
    return printed(timeline_lines(rows, window, scene.VIEWER, has_glyphs=has_glyphs), width)


def page() -> str:
    return printed(schedule_page(scene.DETAIL, scene.RUNS[:2], scene.VIEWER, has_glyphs=True), 120)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_looks_as_it_was_approved(width: int):
    assert the_list(width) == golden(f"list-{width}", the_list(width))


def test_the_list_of_an_ascii_terminal_looks_as_it_was_approved():
    text = the_list(120, has_glyphs=False)
    assert text == golden("list-ascii", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_runs_look_as_they_were_approved(width: int):
    text = printed([run_table(scene.RUNS, scene.VIEWER)], width)
    assert text == golden(f"runs-{width}", text)


def test_the_page_of_a_schedule_looks_as_it_was_approved():
    assert page() == golden("show", page())


def test_an_explanation_looks_as_it_was_approved():
    text = printed(explanation(scene.WHY, scene.VIEWER, timezone="Europe/Berlin", has_glyphs=True), 120)
    assert text == golden("why", text)


def test_a_plan_looks_as_it_was_approved():
    text = printed(plan_lines(scene.PLAN, scene.VIEWER, has_glyphs=True), 120)
    assert text == golden("plan", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_timeline_looks_as_it_was_approved(width: int):
    assert timeline(width) == golden(f"timeline-{width}", timeline(width))


@pytest.mark.parametrize("width", [40, 60, *WIDTHS])
def test_no_line_of_the_list_is_wider_than_the_terminal(width: int):
    from cronsole.text import width as cells

    assert max(map(cells, the_list(width).splitlines()[:-1])) <= width


def test_nothing_that_a_terminal_obeys_comes_through():
    texts = [the_list(200), page(), timeline(120), *(path.read_text() for path in GOLDEN.iterdir())]
    assert not CONTROLS & set("".join(texts))


def test_nothing_is_read_as_markup():
    assert "[/var/log]" in the_list(200)
    assert "[bold]not bold[/bold]" in the_list(200)


def test_an_ascii_terminal_gets_ascii_but_for_what_came_from_outside():
    ours = the_list(120, has_glyphs=False).replace("東京", "").replace("±", "").replace("×", "")
    assert ours.isascii()
