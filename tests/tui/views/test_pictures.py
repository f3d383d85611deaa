from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.tui.seen import NOW, ago, ahead, failing, fire, paused, ran, running, seen

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, from_datetime
from cronsole.model.run import RunState
from cronsole.model.view import RangeView
from cronsole_tui.views import heatmap, timeline
from cronsole_tui.views.line import line_width, plain
from cronsole_tui.views.window import SPANS, around, axis, midnight_before

UTC_ZONE = ZoneInfo("UTC")
HOUR_WINDOW = around(NOW, HOUR, 60)


def drawn(*args: object, **more: bool) -> str:
    view, runs, fires = args
    return plain(timeline.row(view, runs, fires, HOUR_WINDOW, now=NOW, **more))  # type: ignore[arg-type]


def test_now_is_a_line_in_the_middle() -> None:
    assert drawn(seen(), [], []).index("│") == 30


def test_a_fire_to_come_is_a_tick_and_several_in_one_cell_are_told_apart() -> None:
    text = drawn(
        seen(), [], [fire("gc", 10 * MINUTE), fire("gc", 20 * MINUTE), fire("gc", 20 * MINUTE + SECOND)]
    )
    assert [text[40], text[50]] == ["▫", "∷"]


def test_a_run_is_as_long_as_it_took_and_a_failure_ends_in_its_glyph() -> None:
    text = drawn(failing(), [ran("x", RunState.FAILED, ago_ms=20 * MINUTE, duration_ms=5 * MINUTE)], [])
    assert text[10:16] == "━━━━━✗"


def test_a_short_failure_is_drawn_over_a_short_success_beside_it() -> None:
    both = [ran("x", RunState.FAILED, ago_ms=20 * MINUTE), ran("x", ago_ms=20 * MINUTE - SECOND)]
    assert drawn(failing(), both, [])[10] == "✗"


def test_a_run_under_way_reaches_up_to_now() -> None:
    text = drawn(running(), [ran("x", RunState.RUNNING, ago_ms=5 * MINUTE, duration_ms=None)], [])
    assert text[25:31] == "━━━━━▶"


def test_a_pause_is_hatched_until_it_ends() -> None:
    text = drawn(paused(until=ahead(10 * MINUTE)), [], [])
    assert text[:30] == "░" * 30
    assert text[31:41] == "░" * 10
    assert text[41:].strip() == ""


def test_a_missed_range_is_marked_all_along() -> None:
    missed = ran(
        "x", RunState.MISSED, stands_for=RangeView(count=5, first=ago(20 * MINUTE), last=ago(16 * MINUTE))
    )
    assert drawn(seen(), [missed], [])[10:15] == "∅∅∅∅∅"


def test_ascii_pictures_have_no_other_letters() -> None:
    text = drawn(paused(), [ran("x", RunState.FAILED)], [fire("x", MINUTE)], ascii_only=True)
    assert text.isascii()


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("cells", [40, 97, 180])
def test_every_zoom_fits_its_width_and_says_its_times(span: int, cells: int) -> None:
    window = around(NOW, span, cells)
    assert line_width(axis(window, UTC_ZONE)) == cells
    assert plain(axis(window, UTC_ZONE)).strip()
    assert window.since <= NOW < window.until


def test_the_worst_moment_names_who_starts_in_it() -> None:
    fires = [fire("a", 10 * SECOND), *(fire(name, 30 * MINUTE) for name in ("a", "b", "c"))]
    worst = timeline.worst_moment(fires)
    assert worst is not None
    assert (worst.starts, worst.schedule_ids) == (3, ("a", "b", "c"))
    assert timeline.told_worst(worst, UTC_ZONE, NOW) == "03:03:10: 3 at once"
    assert timeline.worst_moment([fire("a", MINUTE), fire("b", 5 * MINUTE)]) is None


def test_the_agenda_names_every_schedule_of_a_moment() -> None:
    lines = timeline.agenda(
        [fire("a", 50 * SECOND), fire("b", 50 * SECOND), fire("c", 110 * SECOND)],
        {"c": seen("c")},
        now=NOW,
        zone=UTC_ZONE,
        width=80,
        count=5,
    )
    assert [plain(line).split() for line in lines] == [
        ["02:34:00", "2", "starts", "a", "b"],
        ["02:35:00", "c", "every", "10", "minutes"],
    ]


def test_where_the_agenda_has_no_room_for_every_moment_who_fires_often_is_told_once() -> None:
    often = [fire("busy", number * 10 * SECOND) for number in range(1, 60)]
    fires = sorted([*often, fire("rare", 5 * MINUTE + SECOND)], key=lambda each: each.due)
    lines = timeline.agenda(fires, {"busy": seen("busy")}, now=NOW, zone=UTC_ZONE, width=80, count=5)
    assert [plain(line).split() for line in lines] == [
        ["02:33:20", "busy", "every", "10", "minutes", "59×"],
        ["02:38:11", "rare"],
    ]


def test_starts_of_several_that_fire_often_are_told_apart() -> None:
    twins = [fire(name, number * 10 * SECOND) for number in range(1, 60) for name in ("a", "b")]
    lines = timeline.agenda(twins, {}, now=NOW, zone=UTC_ZONE, width=80, count=5)
    assert plain(lines[0]).rstrip().endswith("2 starts  a 59×   b 59×")


def test_who_has_no_room_on_one_line_goes_on_below_while_there_are_lines_to_spare() -> None:
    many = [fire(f"group/schedule-{number:02}", 50 * SECOND) for number in range(9)]
    lines = timeline.agenda(many, {}, now=NOW, zone=UTC_ZONE, width=80, count=5)
    told = "\n".join(map(plain, lines))
    assert all(each.schedule_id in told for each in many)
    assert len(lines) == 3


def test_where_no_line_is_left_it_is_said_how_many_start_besides() -> None:
    many = [fire(f"group/schedule-{number:02}", 50 * SECOND) for number in range(9)]
    (line,) = timeline.agenda(many, {}, now=NOW, zone=UTC_ZONE, width=80, count=1)
    assert plain(line).rstrip().endswith("and 7 more")
    assert "…" not in plain(line)


def test_the_density_counts_schedules_and_not_how_often_one_of_them_fires() -> None:
    minute = from_datetime(ahead(10 * MINUTE))
    busy = [minute + number * SECOND for number in range(6)]
    assert timeline.starts_of([busy, [minute]], HOUR_WINDOW) == [minute, minute]


def week(counts: tuple[int, ...]) -> heatmap.Week:
    return heatmap.Week(midnight_before(NOW, UTC_ZONE), counts, "fires")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_week_fits_and_says_its_scale(width: int) -> None:
    lines = heatmap.picture(week(tuple(range(168))), width, UTC_ZONE)
    assert max(line_width(line) for line in lines) <= width
    assert "1–" in plain(lines[-2])
    assert "most on" in plain(lines[-1])


def test_an_empty_week_is_no_fault() -> None:
    assert "0 fires in all" in plain(heatmap.picture(week((0,) * 168), 80, UTC_ZONE)[-1])


def test_a_week_with_a_clock_change_keeps_its_days() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    since = midnight_before(from_datetime(datetime(2026, 10, 23, 12, tzinfo=UTC)), berlin)
    lines = heatmap.picture(heatmap.Week(since, (1,) * 169, "fires"), 80, berlin)
    assert sum(1 for line in lines if "Oct" in plain(line) and "most" not in plain(line)) == 7
    assert "169 fires in all, most on Sun 25 Oct from 02:00: 2" in plain(lines[-1])


@pytest.mark.parametrize("counts", [(0, 1), (0, 2, 1), (0, 3, 3, 1), (0, 5, 9, 100)])
def test_the_most_is_the_darkest(counts: tuple[int, ...]) -> None:
    limits = heatmap.scale(counts)
    assert heatmap.shade(max(counts), limits) == 4
    assert heatmap.shade(0, limits) == 0


def test_a_window_moves_with_its_shift() -> None:
    window = around(NOW, HOUR, 60, shift_ms=-DAY)
    assert window.until < NOW
