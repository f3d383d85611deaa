"""The views of lanes and rows, and what they leave out."""

import msgspec
import pytest
from tests.runtime.house import calls, schedule

from cronsole.model.action import Action, Command, Handler, Http, PluginCall, Publish, Record
from cronsole.model.instant import DAY, MINUTE, to_datetime
from cronsole.model.run import Cause, Run, RunState
from cronsole.model.trigger import CronSpec, IntervalSpec, ManualSpec, OnceSpec, StartupSpec, TriggerSpec
from cronsole.model.view import RunBrief, RunView
from cronsole.runtime.lane import Active
from cronsole.runtime.recent_runs import NO_RUNS, RecentRuns, brief, kept_of_each, recalled, typical
from cronsole.runtime.statistics import percentile, statistics, trend
from cronsole.runtime.views import action_kind, live, plugin_of, run_view, trigger_text, wording
from cronsole.store.base import Ended, History, Timed

NOW = 1_795_132_800_000


def run(**fields: object) -> Run:
    plain = Run(
        run_id="r1", schedule_id="gc", cause=Cause.SLOT, state=RunState.SUCCEEDED, due_at=NOW, created_at=NOW
    )
    return msgspec.structs.replace(plain, **fields)


def ended(number: int, state: RunState = RunState.SUCCEEDED, took_ms: int = 100) -> Ended:
    at = NOW + number * MINUTE
    return Ended(f"r{number}", state, Cause.SLOT, at, at, at + took_ms)


def after(*states: RunState, kept: int = 12) -> RecentRuns:
    return recalled([ended(number, state) for number, state in enumerate(states)], NO_RUNS, kept=kept)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (CronSpec("*/5 * * * *"), "*/5 * * * *"),
        (IntervalSpec(90_000), "1m30s"),
        (OnceSpec(at=NOW), "2026-11-20T00:00:00Z"),
        (OnceSpec(after_ms=MINUTE), "after 1m"),
        (StartupSpec(), "@startup"),
        (ManualSpec(), "@manual"),
    ],
)
def test_a_trigger_is_shown_as_one_writes_it(spec: TriggerSpec, text: str) -> None:
    assert trigger_text(spec) == text


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Command("true"), "command"),
        (Handler("a:b"), "handler"),
        (PluginCall("withings", "poll"), "plugin"),
        (Http("http://localhost"), "http"),
        (Publish("c", "m", "redis://localhost"), "publish"),
        (Record(), "record"),
    ],
)
def test_an_action_is_named_by_its_key(action: Action, kind: str) -> None:
    assert action_kind(action) == kind


def test_a_schedule_that_calls_a_plugin_belongs_to_it() -> None:
    assert plugin_of(schedule("gc", "* * * * *", PluginCall("withings", "poll"))) == "withings"
    assert plugin_of(schedule("gc", "* * * * *", calls("note"))) == ""


def test_jitter_and_hashes_are_part_of_the_words() -> None:
    assert wording(schedule("gc", "*/10 * * * *", jitter_ms=5_000)).when == "every 10 minutes ±5s"
    assert "H" not in wording(schedule("gc", "H 3 * * *")).when


def test_a_run_that_has_ended_has_a_duration_and_a_lateness() -> None:
    view = run_view(run(started_at=NOW + 4, finished_at=NOW + 104), NOW + DAY)
    assert (view.late_ms, view.duration_ms) == (4, 100)


def test_a_run_that_goes_on_has_its_duration_so_far() -> None:
    view = run_view(run(state=RunState.RUNNING, started_at=NOW), NOW + 500)
    assert (view.duration_ms, view.finished_at) == (500, None)


def test_a_run_that_never_started_has_neither() -> None:
    view = run_view(run(state=RunState.QUEUED), NOW + 500)
    assert (view.duration_ms, view.late_ms, view.started_at) == (None, None, None)


def test_a_second_attempt_is_not_called_late() -> None:
    assert run_view(run(attempt=2, started_at=NOW + MINUTE, finished_at=NOW + MINUTE), NOW).late_ms is None


def test_when_it_is_tried_again_is_told_only_until_it_is() -> None:
    waits = run_view(run(state=RunState.QUEUED, retry_at=NOW + 9, attempt=2), NOW)
    assert waits.retry_at == to_datetime(NOW + 9)
    assert run_view(run(retry_at=NOW + 9, attempt=2), NOW).retry_at is None


def test_what_the_launcher_knows_lies_over_the_row() -> None:
    active = Active(run(state=RunState.STARTING))
    assert live(active.run, active).state is RunState.QUEUED


def test_no_view_of_a_run_has_a_field_for_its_files_or_processes() -> None:
    assert not {"output_file", "pid", "boot_id"} & set(RunView.__struct_fields__)


def test_the_strip_keeps_the_newest() -> None:
    recent = after(*[RunState.SUCCEEDED] * 20)
    assert [each.run_id for each in recent.briefs] == [f"r{number}" for number in range(8, 20)]
    assert len(after(*[RunState.SUCCEEDED] * 20, kept=1).briefs) == 1


def test_it_fails_since_the_first_failure_after_the_last_success() -> None:
    ok, bad, out = RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED
    assert after(bad, ok, bad, out, bad).failing_since == NOW + 2 * MINUTE
    assert after(bad, ok).failing_since is None
    assert after(bad, out).failing_since == NOW


def test_the_typical_duration_is_the_median_of_the_successes() -> None:
    made = [
        brief(run(state=state), took)
        for state, took in (
            (RunState.SUCCEEDED, 100),
            (RunState.FAILED, 9_000),
            (RunState.SUCCEEDED, 300),
            (RunState.CANCELLED, 1),
        )
    ]
    assert typical(made) == 200
    assert typical(made[1:2]) is None


def test_what_ended_while_the_ledger_was_asked_comes_after_what_it_told_and_once() -> None:
    since = after(RunState.SUCCEEDED, RunState.FAILED)
    told = recalled([ended(-1), ended(0)], since, kept=12)
    assert [each.run_id for each in told.briefs] == ["r-1", "r0", "r1"]
    assert told.failing_since == NOW + MINUTE


def test_where_there_are_very_many_schedules_each_keeps_less() -> None:
    assert [kept_of_each(count) for count in (0, 100, 10_000, 100_000, 1_000_000)] == [12, 12, 12, 1, 1]


def test_a_strip_says_when_how_long_and_how_it_ended() -> None:
    (each,) = after(RunState.FAILED).briefs
    assert each == RunBrief(run_id="r0", state=RunState.FAILED, at=to_datetime(NOW), duration_ms=100)


def test_cancelled_runs_and_verdicts_count_neither_way() -> None:
    counts = {
        RunState.SUCCEEDED: 3,
        RunState.FAILED: 1,
        RunState.TIMED_OUT: 1,
        RunState.LOST: 1,
        RunState.CANCELLED: 4,
        RunState.SKIPPED: 5,
        RunState.MISSED: 6,
    }
    told = statistics(History(counts, last_success=NOW))
    assert (told.succeeded, told.failed, told.cancelled, told.skipped, told.missed) == (3, 3, 4, 5, 6)
    assert (told.last_success, told.last_failure, told.p50_ms) == (to_datetime(NOW), None, None)


def test_only_successes_say_how_long_it_takes() -> None:
    timed = tuple(Timed(NOW, took, RunState.SUCCEEDED) for took in range(1, 101))
    told = statistics(History({}, timed=(*timed, Timed(NOW, 99_999, RunState.FAILED))))
    assert (told.p50_ms, told.p95_ms) == (50, 95)


@pytest.mark.parametrize(("values", "percent", "found"), [([5], 95, 5), ([1, 2], 50, 1), ([], 50, None)])
def test_a_percentile_is_one_of_the_values(values: list[int], percent: int, found: int | None) -> None:
    assert percentile(values, percent) == found


def test_a_schedule_that_is_getting_slower_is_said_to_be() -> None:
    told = trend([1_000] * 30 + [2_000] * 10)
    assert told == "getting slower: the last 10 took 2s, those before 1s"
    assert trend([2_000] * 30 + [1_000] * 10).startswith("getting faster")


@pytest.mark.parametrize(
    "took", [[1_000] * 19, [1_000] * 30 + [1_200] * 10, [10] * 30 + [90] * 10, [1_000] * 40]
)
def test_noise_and_too_few_runs_are_no_trend(took: list[int]) -> None:
    assert trend(took) == ""
