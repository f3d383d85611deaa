import pytest
from tests.tui.seen import NOW, ago, ahead, brief, failing, paused, running, seen, spark

from cronsole.model.instant import HOUR, MINUTE, SECOND
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus, ScheduleView
from cronsole_tui.views.columns import header
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.line import Tone, line_width, plain
from cronsole_tui.views.schedule_row import Look, Wishes, placed, row, wished


def shown(schedule: ScheduleView, width: int = 120, *, ascii_only: bool = False) -> str:
    return plain(row(Entry("web-1", schedule), Look(width, ascii_only=ascii_only), NOW)).rstrip()


def test_a_failing_schedule_says_when_it_failed_and_what_comes_next() -> None:
    assert shown(failing(recent=(spark(), spark(RunState.FAILED)))).split() == [
        "✗", "cache-warm", "every", "10", "minutes", "in", "2m", "14s", "failed", "7m", "ago", "▄✗", "3.1s",
    ]  # fmt: skip


def test_a_running_schedule_counts_up_beside_what_is_usual() -> None:
    assert "running 0:42" in shown(running())
    assert shown(running()).endswith("42s  ███▌")


def test_a_run_far_over_its_usual_time_says_so() -> None:
    assert shown(running(typical_ms=SECOND)).endswith("over")


def test_a_failing_schedule_that_runs_again_shows_both() -> None:
    assert shown(failing(running=running().running)).lstrip().startswith("✗▶ cache-warm")


def test_a_failing_schedule_that_is_paused_is_still_failing() -> None:
    view = failing(status=ScheduleStatus.PAUSED, pause=paused().pause)
    assert shown(view).lstrip().startswith("✗‖ cache-warm")
    assert "in 2m" not in shown(view)


def test_a_paused_schedule_says_for_how_long_and_never_when_it_is_due() -> None:
    assert "paused 2h " in shown(paused())
    assert "resumes 3h" in shown(paused(until=ahead(3 * HOUR)))


def test_an_overdue_schedule_says_by_how_much() -> None:
    assert "12s late" in shown(seen(next_due=ago(12 * SECOND), is_late=True))


def test_several_runs_at_once_are_counted() -> None:
    two = (brief(RunState.RUNNING, ago_ms=MINUTE), brief(RunState.RUNNING, ago_ms=5 * SECOND))
    assert "running 0:05 ×2" in shown(running(running=two))


@pytest.mark.parametrize("width", [60, 80, 100, 109, 110, 120, 160, 200])
def test_a_row_and_its_header_fill_any_width_exactly(width: int) -> None:
    look = Look(width, has_hosts=width > 100)
    assert line_width(row(Entry("web-1", failing()), look, NOW)) == width
    assert line_width(header(placed(look))) == width


def test_a_narrow_table_keeps_state_name_next_and_last() -> None:
    assert [column.title for column in placed(Look(80)) if column.title] == ["NAME", "NEXT", "LAST"]
    assert [column.title for column in placed(Look(110)) if column.title] == [
        "NAME", "SCHEDULE", "NEXT", "LAST", "RUNS", "TOOK",
    ]  # fmt: skip


def test_ascii_has_no_other_letters() -> None:
    views = (failing(recent=(spark(), spark(RunState.LOST))), running(), paused(), seen(last=brief()))
    assert all(shown(view, ascii_only=True).isascii() for view in views)


def test_names_from_outside_cannot_reach_the_terminal() -> None:
    hostile = shown(seen("[/var/log]\x1b]52;c;x\x07", when="\x9b6n"))
    assert hostile.isprintable()
    assert "[/var/log]\\x1b" in hostile


def test_wide_names_keep_the_columns_straight() -> None:
    assert line_width(row(Entry("web-1", seen("数据库备份任务每天晚上运行一次备份")), Look(80), NOW)) == 80


@pytest.mark.parametrize("state", list(RunState))
def test_each_state_has_a_glyph_and_a_word_of_its_own(state: RunState) -> None:
    from cronsole_tui.views.glyphs import of_run

    marks = [of_run(other) for other in RunState if other is not state]
    assert of_run(state).glyph not in {mark.glyph for mark in marks}
    assert of_run(state).word not in {mark.word for mark in marks}


def test_successes_do_not_outshout_a_failure() -> None:
    line = row(Entry("web-1", failing(recent=(spark(), spark(RunState.FAILED)))), Look(120), NOW)
    tones = {span.text: span.tone for span in line}
    assert tones["▄"] is Tone.QUIET
    assert tones["✗"] is Tone.BAD


def cells_of(look: Look) -> dict[str, int]:
    return {column.name: column.cells for column in placed(look)}


def test_what_short_names_do_not_need_goes_to_schedules_that_are_long_to_say() -> None:
    when = "every 15m, and at its first start"
    known = wished([Entry("web-1", seen("gc", when=when)), Entry("web-1", seen("cache-warm"))])
    line = row(Entry("web-1", seen("gc", when=when)), Look(120, wishes=known), NOW)
    assert when in plain(line)
    assert line_width(line) == 120


def test_no_name_is_cut_for_a_schedule_that_is_long_to_say() -> None:
    long = Wishes(host=9, name=40, when=90)
    assert cells_of(Look(120, wishes=long))["name"] == cells_of(Look(120))["name"]


def test_a_host_of_a_longer_name_takes_its_room_from_what_has_too_much() -> None:
    look = Look(130, has_hosts=True, wishes=Wishes(host=17, name=14, when=20))
    assert cells_of(look)["host"] == 17
    assert line_width(header(placed(look))) == 130


def test_a_title_with_its_arrow_has_room_over_the_shortest_names() -> None:
    assert cells_of(Look(120, wishes=Wishes(host=4, name=4, when=90)))["name"] >= 12
