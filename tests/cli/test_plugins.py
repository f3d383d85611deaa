"""`cronsole plugins`: what it prints of plugins that are values."""

import msgspec
import pytest
from tests.cli.plugin_scene import DETAIL, EVIL, OFF, PLUGINS, PULSE, TIDY, WITHINGS
from tests.cli.scene import HOSTILE, VIEWER, ago, ahead
from tests.cli.test_pages import CONTROLS, WIDTHS, golden, printed

from cronsole.cli.plugin_page import plugin_page
from cronsole.cli.plugin_rows import ordered, plugin_table, reasons, sentence_of, summary
from cronsole.model.plugin import CircuitView, PluginDetail
from cronsole.text import width as cells


def the_list(width: int, *, has_glyphs: bool = True) -> str:
    views = ordered(PLUGINS)
    table = plugin_table(views, has_glyphs=has_glyphs)
    return printed([table, *reasons(views, has_glyphs=has_glyphs), summary(views)], width)


def page(detail: PluginDetail = DETAIL) -> str:
    return printed(plugin_page(detail, VIEWER, has_glyphs=True), 120)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_looks_as_it_was_approved(width: int):
    assert the_list(width) == golden(f"plugins-{width}", the_list(width))


def test_the_list_of_an_ascii_terminal_looks_as_it_was_approved():
    text = the_list(120, has_glyphs=False)
    assert text == golden("plugins-ascii", text)


def test_the_page_of_a_plugin_looks_as_it_was_approved():
    assert page() == golden("plugins-show", page())


def test_what_failed_is_listed_first_then_what_is_stale_then_what_has_failing_schedules():
    assert [view.name for view in ordered(PLUGINS)] == [HOSTILE, "pulse", "withings", "tidy", "gone", "old"]


@pytest.mark.parametrize("width", [40, 60, *WIDTHS])
def test_no_row_is_wider_than_the_terminal(width: int):
    table = printed([plugin_table(PLUGINS)], width)
    assert max(map(cells, table.splitlines())) <= width


def test_the_reason_is_told_in_full_where_the_terminal_is_narrow_a_line_for_each_fault():
    assert "'(' was never closed[/bold]\n    \\x1b[2Jline 3\n" in the_list(40)


def test_the_page_tells_each_fault_of_a_plugin_that_failed():
    assert "\n  why       SyntaxError:" in page(PluginDetail(plugin=EVIL))
    assert "\n            \\x1b[2Jline 3\n" in page(PluginDetail(plugin=EVIL))


def test_nothing_that_a_terminal_obeys_comes_through():
    assert not CONTROLS & set(the_list(200) + page())


def test_nothing_is_read_as_markup():
    assert "[bold]'('" in the_list(200)
    assert "[new]" in page()


@pytest.mark.parametrize(
    ("circuit", "told"),
    [
        (CircuitView(failures=0), "closed\n"),
        (CircuitView(failures=1), "closed, 1 failure in a row"),
        (CircuitView(failures=3, opened_at=ago(minutes=1), open_until=ahead(minutes=12)), "open until 03:45"),
        (
            CircuitView(failures=3, opened_at=ago(hours=1), open_until=ago(minutes=1)),
            "half open, the next run tries it",
        ),
        (CircuitView(failures=3, opened_at=ago(hours=1), is_probing=True), "half open, a run tries it"),
        (CircuitView(failures=3, opened_at=ago(hours=1)), "open, 3 failures"),
    ],
)
def test_a_circuit_is_told_as_it_stands(circuit: CircuitView, told: str):
    command = msgspec.structs.replace(DETAIL.commands[0], circuit=circuit)
    assert f"circuit {told}" in page(msgspec.structs.replace(DETAIL, commands=(command,)))


def test_a_plugin_without_anything_has_no_empty_parts():
    assert page(PluginDetail(plugin=TIDY)).count("\n\n") == 0


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (
            WITHINGS,
            "withings is loaded: process, version 1.2.3, 2 schedules declared, 1 made, 1 refused, 1 shadowed",
        ),
        (TIDY, "tidy is loaded: python, 12 schedules declared"),
        (PULSE, "pulse is stale, and goes on with what it declared before: did not answer within 30s"),
        (OFF, "old is disabled: disabled in the configuration"),
    ],
)
def test_how_a_plugin_stands_is_a_sentence(view, told: str):
    assert sentence_of(view) == told


def test_a_plugin_that_failed_says_why():
    assert sentence_of(EVIL).startswith(f"{HOSTILE} has failed: SyntaxError")
