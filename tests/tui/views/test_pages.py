from zoneinfo import ZoneInfo

from tests.tui.seen import NOW, ago, ahead, brief, failing, host, paused, ran, seen, spark

from cronsole.model.event import Level
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND
from cronsole.model.prospect import FieldChange, PlannedChange, PlanView, StepOutcome, WhyStep, WhyView
from cronsole.model.run import Cause, RunState, SkipReason
from cronsole.model.view import (
    AttemptView,
    AuditView,
    Counts,
    EventView,
    FireView,
    GateView,
    RangeView,
    RunDetail,
    ScheduleDetail,
    Statistics,
)
from cronsole_tui.keymap import ACTIONS, Scope, of_scopes
from cronsole_tui.views import detail, heading, key_help, node_row, plan, run_page, schedule_page, why
from cronsole_tui.views.event_row import audit_line, event_line, event_matches
from cronsole_tui.views.line import Line, line_width, plain
from cronsole_tui.views.pages import wrapped
from cronsole_tui.views.run_row import RunEntry, RunLook, row

ZONE = ZoneInfo("UTC")


def text(lines: tuple[Line, ...]) -> str:
    return "\n".join(plain(line).rstrip() for line in lines)


def test_why_says_the_conclusion_first_and_then_each_step() -> None:
    view = WhyView(
        schedule_id="gc",
        slot=ago(MINUTE),
        conclusion="skipped: paused by ops",
        steps=(
            WhyStep(name="trigger", outcome=StepOutcome.PASSES, detail="every 10 minutes"),
            WhyStep(name="pause", outcome=StepOutcome.STOPS, detail="paused since 02:00"),
        ),
    )
    shown = text(why.page(view, width=80, now=NOW, zone=ZONE)).split("\n")
    assert shown[0].split() == ["slot", "2026-11-20", "02:32:10.000", "UTC"]
    assert shown[2] == " skipped: paused by ops"
    assert [line.split()[:2] for line in shown[4:]] == [["✓", "trigger"], ["✗", "pause"]]


def test_a_long_step_is_wrapped_under_itself() -> None:
    step = WhyStep(name="calendar", outcome=StepOutcome.NOTE, detail="word " * 40)
    view = WhyView(schedule_id="gc", slot=None, conclusion="no slot", steps=(step,))
    lines = why.page(view, width=60, now=NOW, zone=ZONE)
    assert max(line_width(line) for line in lines) <= 60


def test_a_plan_says_what_is_lost_and_gained() -> None:
    change = PlannedChange(
        id="gc",
        origin="sample.toml:14",
        fields=(FieldChange(key="cron", before="0 3 * * *", after="0 4 * * *"),),
        loses=(ahead(HOUR),),
        gains=(ahead(2 * HOUR),),
        fires_before=7,
        fires_after=7,
    )
    shown = text(
        plan.page(
            PlanView(until=ahead(7 * DAY), retimed=(change,), unchanged=3), width=100, now=NOW, zone=ZONE
        )
    )
    assert "1 moved, 3 unchanged" in shown
    assert "cron: 0 3 * * * → 0 4 * * *" in shown
    assert "loses 03:33:10 UTC  of 7 fires" in shown
    assert "gains 04:33:10 UTC  of 7 fires" in shown


def test_a_plan_with_faults_shows_the_faults_alone() -> None:
    shown = text(
        plan.page(PlanView(until=ahead(DAY), problems=("a.toml:3: cron: no",)), width=80, now=NOW, zone=ZONE)
    )
    assert "would be refused" in shown
    assert "a.toml:3: cron: no" in shown


def test_a_plan_without_changes_says_so() -> None:
    assert plan.summary(PlanView(until=ahead(DAY), unchanged=9)) == "Nothing changes"


def test_a_plan_says_that_nothing_is_done_before_one_is_asked_and_nothing_of_that_without_changes() -> None:
    change = PlannedChange(id="gc", origin="a.toml:3")
    asked = text(plan.page(PlanView(until=ahead(DAY), added=(change,)), width=80, now=NOW, zone=ZONE))
    idle = text(plan.page(PlanView(until=ahead(DAY), unchanged=9), width=80, now=NOW, zone=ZONE))
    assert "whoever leaves this page is asked" in asked
    assert "asked" not in idle
    assert "until" not in idle


def test_how_a_run_ended_is_said_in_words_where_a_code_says_less() -> None:
    assert detail.told(brief(RunState.FAILED, exit_code=3)) == "exit 3 after 1s"
    assert detail.told(brief(RunState.FAILED, exit_code=-9)) == "SIGKILL after 1s"
    assert detail.told(brief(RunState.TIMED_OUT, exit_code=-15)) == "timed out after 1s"
    assert detail.told(brief(RunState.CANCELLED, exit_code=-15)) == "cancelled after 1s"


def test_the_page_of_a_run_shows_its_output_without_the_codes_of_its_colours() -> None:
    run = ran("gc", output="\x1b[31mred\x1b[0m\n", output_bytes=13)
    assert "   red\n" in text(run_page.page(RunDetail(run=run), width=80, now=NOW, zone=ZONE)) + "\n"


def test_in_a_narrow_column_it_is_still_said_how_each_run_ended() -> None:
    recent = tuple(brief(RunState.TIMED_OUT, ago_ms=number * MINUTE, took_ms=3_000) for number in range(3))
    known = ScheduleDetail(schedule=seen(), definition={}, recent=recent)
    lines = text(detail.column(seen(), known, (), width=46, height=40, now=NOW, zone=ZONE))
    assert lines.count("timed out after 3s") == 3
    assert "times in UTC" in lines


def test_a_trigger_that_is_written_as_it_is_spoken_is_told_once() -> None:
    page = text(
        schedule_page.page(
            ScheduleDetail(schedule=seen(trigger="20s", when="every 20s"), definition={}),
            [],
            width=80,
            now=NOW,
            zone=ZONE,
        )
    )
    assert "every 20s   UTC" in page


def test_what_is_wrong_with_a_host_is_labelled_once() -> None:
    lines = text(node_row.panel(host(trouble="no engine answers: " + "start one " * 12), width=80, zone=ZONE))
    assert lines.count("trouble") == 1


def test_two_hosts_in_the_head_stand_further_apart_than_what_is_said_of_each() -> None:
    line = plain(heading.top_line([host("web-1"), host("web-2")], 120, NOW, ZONE))
    assert "   web-2  " in line


def test_a_narrow_head_rather_says_what_fails_than_which_day_it_is() -> None:
    failing = plain(heading.top_line([host(counts=Counts(failing=3))], 60, NOW, ZONE))
    late = plain(heading.top_line([host(counts=Counts(failing=3, late=1))], 60, NOW, ZONE))
    assert "3 failing" in failing
    assert failing.endswith(" 02:33:10 UTC ")
    assert "3 failing  1 late" in late


def test_a_run_tells_its_times_its_cause_and_its_attempts() -> None:
    run = ran(
        "gc",
        RunState.FAILED,
        slot=ago(MINUTE),
        finished_at=ago(30 * SECOND),
        late_ms=4,
        exit_code=1,
        attempt=2,
        output="one\ntwo\n",
        output_bytes=8,
    )
    attempts = (
        AttemptView(attempt=1, state=RunState.TIMED_OUT),
        AttemptView(attempt=2, state=RunState.FAILED),
    )
    shown = text(
        run_page.page(
            RunDetail(run=run, attempts=attempts, environment=("A", "B")), width=100, now=NOW, zone=ZONE
        )
    )
    for told in (
        "✗ failed",
        "4ms after it was due",
        "2 attempts",
        "◴ timed out",
        "A  B",
        "   two",
        "output, 8 bytes",
    ):
        assert told in shown


def test_a_schedule_page_holds_everything() -> None:
    view = ScheduleDetail(
        schedule=failing(pause=paused().pause, tags=("db",)),
        definition={"id": "cache-warm", "cron": "*/10 * * * *", "retry": {"attempts": 2}},
        fires=(
            FireView(slot=ahead(MINUTE), due=ahead(MINUTE), local="Fri 2026-11-20 02:34 UTC", note="moved"),
        ),
        gates=(GateView(name="days", is_open=False, detail="runs on Mon"),),
        statistics=Statistics(
            succeeded=3, failed=1, cancelled=5, p50_ms=3_000, p95_ms=4_000, trend="getting slower"
        ),
    )
    shown = text(schedule_page.page(view, [RunEntry("h", ran())], width=120, now=NOW, zone=ZONE))
    for told in (
        "✗ failed",
        "paused        since 2026-11-20 00:33:10.000 UTC by ops: maintenance",
        "moved",
        "✗ days",
        "3, 75 % of what ended by itself",
        "usually 3s, 95 % within 4s   getting slower",
        'retry = {"attempts":2}',
    ):
        assert told in shown


def test_a_manual_run_says_by_whom_and_a_catch_up_for_how_many() -> None:
    look = RunLook(130, ZONE)
    manual = row(RunEntry("h", ran(cause=Cause.MANUAL, actor="ops")), look, NOW)
    stands_for = RangeView(count=5, first=ago(HOUR), last=ago(MINUTE))
    late = row(RunEntry("h", ran(cause=Cause.CATCHUP, is_catchup=True, stands_for=stands_for)), look, NOW)
    assert "by ops" in plain(manual)
    assert "catch-up of 5" in plain(late)


def test_a_skipped_slot_says_its_reason() -> None:
    run = ran(state=RunState.SKIPPED, reason=SkipReason.CIRCUIT_OPEN, started_at=None, duration_ms=None)
    assert "circuit open" in plain(row(RunEntry("h", run), RunLook(130, ZONE), NOW))


def test_a_run_row_fills_any_width_exactly() -> None:
    for width in (60, 80, 100, 120, 160, 200):
        for has_hosts in (False, True):
            assert line_width(row(RunEntry("h", ran()), RunLook(width, ZONE, has_hosts), NOW)) == width


def test_the_panel_shows_what_is_known_before_the_rest_is_read() -> None:
    view = seen(recent=(spark(),), last=brief(), typical_ms=SECOND)
    shown = text(detail.panel(view, None, (), width=100, now=NOW, zone=ZONE))
    assert "usually 1s" in shown
    assert "✓ 02:32:10" in shown


def test_the_help_lists_every_action_of_a_place_with_its_keys() -> None:
    actions = of_scopes(ACTIONS, (Scope.SCHEDULES,))
    shown = text(key_help.page(actions))
    assert all(action.help in shown for action in actions)


def test_the_footer_keeps_help_and_palette_at_any_width() -> None:
    actions = of_scopes(ACTIONS, (Scope.EVERYWHERE, Scope.TABLE, Scope.SCHEDULES))
    for width in (60, 80, 120, 200):
        line = key_help.footer(actions, width)
        assert line_width(line) == width
        assert "? help" in plain(line)
        assert ": command" in plain(line)


def test_events_and_audit_are_told_in_a_line_each() -> None:
    event = EventView(
        id="n-1", at=ago(MINUTE), kind="RunFinished", level=Level.ERROR, message="gc failed", schedule_id="gc"
    )
    entry = AuditView(at=ago(MINUTE), actor="uid 0 (root)", verb="pause", target="gc", detail="why\x1b[2J")
    assert plain(event_line(event, "", now=NOW, zone=ZONE)).split() == ["✗", "02:32:10", "gc", "failed"]
    told = plain(audit_line(entry, "web-1", now=NOW, zone=ZONE))
    assert "pause gc" in told
    assert told.isprintable()


def test_events_are_filtered_by_words() -> None:
    event = EventView(id="n-1", at=ago(0), kind="RunFinished", message="gc failed", schedule_id="gc")
    assert event_matches(event, ["gc", "failed"])
    assert not event_matches(event, ["!gc"])


def test_text_from_outside_is_wrapped_at_words_and_cut_where_it_must_be() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("abcdefghij", 4) == ["abc", "def", "ghij"]
    assert all(line.isprintable() for line in wrapped("a\x1b]52;c;x\x07b " * 5, 20))


def test_text_is_wrapped_where_there_is_no_room_at_all() -> None:
    assert wrapped("ab c", 0) == wrapped("ab c", -5) == ["a", "b", "c"]


def test_the_column_can_be_drawn_before_it_has_a_width() -> None:
    for width in (-4, 0, 1, 40):
        lines = detail.column(
            failing(description="warm it"), None, (), width=width, height=5, now=NOW, zone=ZONE
        )
        assert max(line_width(line) for line in lines) <= max(0, width)
