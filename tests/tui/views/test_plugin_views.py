from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.tui.seen import NOW, ago, ahead, host, seen

from cronsole import marks
from cronsole.model.instant import DAY, HOUR, MINUTE
from cronsole.model.plugin import (
    Carrier,
    CircuitView,
    CommandView,
    HealthView,
    PluginDetail,
    PluginStatus,
    PluginView,
    RefusedView,
    ShadowedView,
)
from cronsole.model.schedule import SourceKind
from cronsole.model.view import Counts, ScheduleDetail
from cronsole_tui.views import detail, heading, plugin_page, plugin_row, schedule_page
from cronsole_tui.views.line import Line, line_width, plain
from cronsole_tui.views.plugin_page import Asked, Seen
from cronsole_tui.views.plugin_row import PluginEntry, PluginLook
from cronsole_tui.views.plugin_words import circuit, provenance

UTC = ZoneInfo("UTC")


def plugin(name: str = "feed", status: PluginStatus = PluginStatus.LOADED, **more: Any) -> PluginView:
    given: dict[str, Any] = {
        "name": name,
        "status": status,
        "since": ago(3 * MINUTE),
        "priority": 1000,
        "carrier": Carrier.PROCESS,
        "version": "2.4.0",
        "origin": "/srv/plugins/feed/manifest.yaml",
        "declared": 2,
    }
    return PluginView(**given | more)


def command(name: str = "poll", circuit: CircuitView | None = None, **more: Any) -> CommandView:
    return CommandView(name=name, circuit=circuit, **more)


def text(lines: tuple[Line, ...]) -> str:
    return "\n".join(plain(line).rstrip() for line in lines)


def page_of(view: PluginView, *, width: int = 100, asked: Asked | None = None, **parts: Any) -> str:
    found = PluginDetail(plugin=view, **parts)
    return text(plugin_page.page(found, {}, Seen(width, NOW, UTC), asked=asked))


def test_what_failed_stands_first_then_what_is_stale_then_whose_schedules_fail() -> None:
    views = [
        plugin("off", PluginStatus.DISABLED),
        plugin("well"),
        plugin("gone", PluginStatus.UNLOADED),
        plugin("failing", failing=1),
        plugin("old", PluginStatus.STALE),
        plugin("broken", PluginStatus.FAILED),
        plugin("also-well"),
        plugin("resting", circuits_open=1),
    ]
    found = plugin_row.arranged(PluginEntry("h", view) for view in views)
    assert [entry.plugin.name for entry in found] == [
        *("broken", "old", "failing", "resting", "also-well", "well", "gone", "off"),
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
def test_every_status_is_told_apart_by_its_glyph_and_its_word(width: int, ascii_only: bool) -> None:
    look = PluginLook(width, ascii_only=ascii_only)
    rows = {
        status: plain(plugin_row.row(PluginEntry("h", plugin(status=status)), look, NOW))
        for status in PluginStatus
    }
    assert len({row.split()[0] for row in rows.values()}) == len(PluginStatus)
    for status, row in rows.items():
        assert row.split()[0] == marks.OF_PLUGIN[status][int(ascii_only)]
        assert status.value in row


@pytest.mark.parametrize("has_hosts", [False, True])
def test_a_row_is_as_wide_as_the_table_and_keeps_its_trouble_at_any_width(has_hosts: bool) -> None:
    entry = PluginEntry("ops@web-1", plugin(failing=3, circuits_open=2, made=4))
    for width in range(60, 220):
        row = plain(plugin_row.row(entry, PluginLook(width, has_hosts=has_hosts), NOW))
        assert len(row) == width
        assert "2 + 4 made" in row
        assert " 3 " in row
        assert ("2 open" in row) is (width >= (70 if has_hosts else 66))


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("feed", True),
        ("FEED", True),
        ("process", True),
        ("!feed", False),
        ("stale", False),
        ("no such", False),
    ],
)
def test_a_filter_looks_at_name_status_carrier_origin_and_reason(words: str, is_found: bool) -> None:
    assert plugin_row.matches(PluginEntry("h", plugin()), words) is is_found


def test_a_page_says_why_a_plugin_failed_and_what_that_means() -> None:
    reason = "line 2: there is no module named no_such; pip install no_such in the engine's environment"
    shown = page_of(plugin(status=PluginStatus.FAILED, reason=reason, declared=0), width=70)
    assert "✗ failed" in shown
    assert "its schedules are not in force" in shown
    assert "no_such in the" in shown
    assert max(map(len, shown.split("\n"))) <= 70


def test_a_stale_plugin_goes_on_with_what_it_declared() -> None:
    shown = page_of(plugin(status=PluginStatus.STALE, reason="line 3: unexpected indent"))
    assert "what it declared before goes on" in shown


def test_a_page_lists_declarations_that_are_not_in_force_with_their_reasons() -> None:
    shown = page_of(
        plugin(),
        refused=(RefusedView(schedule_id="feed/odd", reason="'every blue moon' is no trigger"),),
        shadowed=(ShadowedView(schedule_id="gc", held_by="sample.toml:14"),),
        remembers=("cursor", "token"),
    )
    assert "'every blue moon' is no trigger" in shown
    assert "held by sample.toml:14" in shown
    assert "cursor  token" in shown


@pytest.mark.parametrize(
    ("breaker", "told"),
    [
        (None, ""),
        (CircuitView(failures=0), "circuit closed"),
        (CircuitView(failures=2), "circuit closed, 2 failures in a row"),
        (
            CircuitView(failures=5, opened_at=ago(MINUTE), open_until=ahead(4 * MINUTE)),
            "circuit open until 02:37:10 UTC, in 4m; 5 failures in a row",
        ),
        (
            CircuitView(failures=5, opened_at=ago(HOUR), open_until=ago(MINUTE)),
            "circuit open, the next run is let through to try it; 5 failures in a row",
        ),
        (
            CircuitView(failures=5, opened_at=ago(HOUR), open_until=ago(MINUTE), is_probing=True),
            "circuit probing: one run is let through; 5 failures in a row",
        ),
    ],
)
def test_a_circuit_is_told_in_words(breaker: CircuitView | None, told: str) -> None:
    assert plugin_page.circuit_told(breaker, Seen(100, NOW, UTC))[1] == told


def test_the_states_of_a_circuit_have_a_glyph_each() -> None:
    states = (plugin_page.CLOSED, plugin_page.OPEN, plugin_page.PROBING)
    assert len({mark.glyph for mark in states}) == len({mark.letter for mark in states}) == len(states)


def test_commands_with_an_open_circuit_come_first_and_name_who_calls_them() -> None:
    opened = CircuitView(failures=2, opened_at=ago(MINUTE), open_until=ahead(MINUTE))
    shown = page_of(
        plugin(),
        commands=(
            command("health", is_write=False),
            command("publish", opened, description="put it on the shelf", schedules=("feed/publish",)),
        ),
    )
    assert shown.index("publish") < shown.index("health")
    assert "write" in next(line for line in shown.split("\n") if "✗ publish" in line)
    assert "called by feed/publish" in shown
    assert "called by no schedule" in shown


def test_a_page_shows_its_schedules_as_the_home_view_does_and_says_which_are_not_in_force() -> None:
    found = PluginDetail(plugin=plugin(), declared=("feed/poll", "feed/odd"), made=("feed:1",))
    known = {"feed/poll": seen("feed/poll", source=SourceKind.PLUGIN), "feed:1": seen("feed:1")}
    shown = text(plugin_page.page(found, known, Seen(120, NOW, UTC)))
    assert "in 2m 14s" in next(line for line in shown.split("\n") if "feed/poll" in line)
    assert "not in force" in next(line for line in shown.split("\n") if "feed/odd" in line)
    assert shown.index("made while it ran") < shown.index("feed:1")


def test_what_a_plugin_said_of_its_health_has_an_age() -> None:
    shown = page_of(plugin(), asked=Asked(HealthView(is_well=False, detail="401"), NOW - 2 * MINUTE))
    assert "not well: 401, 2m ago" in shown


def test_what_comes_from_a_plugin_is_shown_as_text() -> None:
    hostile = "\x1b[2J[red]"
    shown = page_of(
        plugin(hostile, reason=hostile, version=hostile, origin=hostile),
        commands=(command(hostile, description=hostile, schedules=(hostile,)),),
        refused=(RefusedView(schedule_id=hostile, reason=hostile),),
        remembers=(hostile,),
    )
    assert "\x1b" not in shown
    assert "[red]" in shown


def test_no_line_is_wider_than_there_is_room() -> None:
    long = "word " * 60
    found = PluginDetail(
        plugin=plugin(reason=long, origin=long),
        commands=(command(description=long, schedules=("a/schedule",) * 20),),
        refused=(RefusedView(schedule_id="x" * 99, reason=long),),
    )
    for width in range(40, 200, 7):
        look = Seen(width, NOW, UTC)
        lines = (*plugin_page.page(found, {}, look), *plugin_page.panel(found.plugin, found, look))
        assert max(map(line_width, lines)) <= width


@pytest.mark.parametrize(
    ("source", "origin", "name", "told"),
    [
        (SourceKind.PLUGIN, "feed", "feed", "declared by plugin feed (process)"),
        (SourceKind.API, "plugin:feed", "feed", "made by plugin feed (process) while it ran"),
        (SourceKind.API, "ops", "feed", "made over the API by ops, calls plugin feed (process)"),
        (SourceKind.API, "ops", "", "made over the API by ops"),
        (SourceKind.FILE, "sample.toml:14", "feed", "sample.toml:14, calls plugin feed (process)"),
    ],
)
def test_where_a_schedule_comes_from_is_said_in_words(
    source: SourceKind, origin: str, name: str, told: str
) -> None:
    view = seen(source=source, origin=origin, plugin=name)
    assert provenance(view, plugin() if name else None) == told
    assert provenance(view) == told.replace(" (process)", "")


def test_a_schedule_of_a_stale_plugin_says_so() -> None:
    view = seen(source=SourceKind.PLUGIN, origin="feed", plugin="feed")
    assert provenance(view, plugin(status=PluginStatus.STALE)) == "declared by plugin feed (process, stale)"


def test_an_open_circuit_says_until_when_and_how_it_is_closed() -> None:
    view = seen(plugin="feed", circuit_open_until=ahead(4 * MINUTE))
    told = "open until 02:37:10 UTC, in 4m; i goes to plugin feed, b closes it"
    assert circuit(view, NOW, UTC) == told
    own = seen(circuit_open_until=ago(MINUTE))
    assert (
        circuit(own, NOW, UTC)
        == "open, its next run tries whether it works again; pausing and resuming closes it"
    )
    for width in (80, 120):
        shown = text(detail.panel(view, None, (), width=width, now=NOW, zone=UTC))
        assert "open until 02:37:10 UTC" in shown
    assert "b closes it" in text(detail.column(view, None, (), width=60, height=40, now=NOW, zone=UTC))


def test_the_page_of_a_schedule_says_whose_it_is_and_what_it_keeps_waiting() -> None:
    view = seen(source=SourceKind.PLUGIN, origin="feed", plugin="feed", circuit_open_until=ahead(DAY + HOUR))
    found = ScheduleDetail(schedule=view, definition={}, shadows=("sample.toml:14",))
    shown = text(schedule_page.page(found, [], width=120, now=NOW, zone=UTC, plugin=plugin()))
    assert "declared by plugin feed (process)" in shown
    assert "open until Sat 21 03:33:10 UTC" in shown
    assert "that of sample.toml:14, which has the same id and waits" in shown


@pytest.mark.parametrize(("count", "told"), [(0, ""), (1, "1 plugin failed"), (2, "2 plugins failed")])
def test_the_head_counts_plugins_that_failed_where_it_has_room(count: int, told: str) -> None:
    counts = Counts(schedules=128, failing=1, plugins_troubled=count)
    top = plain(heading.top_line([host(counts=counts)], 120, NOW, UTC))
    assert (told or "1 failing") in top
    assert ("plugin" in top) is bool(told)
    narrow = plain(heading.top_line([host(counts=counts)], 60, NOW, UTC))
    assert len(narrow) <= 60


def test_the_plugins_have_a_tab_where_there_are_any() -> None:
    assert "Plugins" not in plain(heading.tab_line("Schedules", 120, "sorted"))
    assert "i Plugins" in plain(heading.tab_line("Schedules", 80, "sorted", plugins_key="i"))
