import pytest
from tests.cli.scene import CACHE, FAILED, LATE, OK, SCHEDULES, ago, ahead, brief, schedule

from cronsole.cli.standing import Order, chosen, look_of, ordered, parse_filter, standings
from cronsole.errors import CronsoleError
from cronsole.model.run import RunState
from cronsole.model.view import PauseView, ScheduleStatus, ScheduleView

PAUSED = {"status": ScheduleStatus.PAUSED, "pause": PauseView(since=ago(hours=1))}


def names(views: list[ScheduleView]) -> list[str]:
    return [view.id for view in views]


def found(*words: str) -> list[str]:
    return sorted(names(chosen(SCHEDULES, parse_filter(words))))


def test_failed_and_late_come_first_then_what_runs_then_by_next_and_paused_last():
    assert names(ordered(SCHEDULES, Order.URGENCY))[:5] == [
        "cache-warm",
        "mail-queue",
        "daily-report",
        SCHEDULES[3].id,
        "nightly",
    ]
    assert names(ordered(SCHEDULES, Order.URGENCY))[-1] == "withings/token_refresh"


def test_a_failing_schedule_that_is_paused_or_runs_again_still_counts_as_failed():
    busy = schedule("a", failures=3, running=(brief(RunState.RUNNING, ago(seconds=1)),), **PAUSED)
    assert {"failed", "running", "paused"} <= set(standings(busy))
    assert look_of(busy).word == "failed"


def test_a_schedule_that_ran_last_without_success_is_shown_as_it_ended():
    assert look_of(schedule("a", last=brief(RunState.CANCELLED, ago(hours=1)))).word == "cancelled"


@pytest.mark.parametrize(
    ("order", "first"),
    [
        (Order.NAME, SCHEDULES[3].id),
        (Order.NEXT, "mail-queue"),
        (Order.LAST, SCHEDULES[3].id),
        (Order.TOOK, "daily-report"),
    ],
)
def test_there_are_other_orders(order: Order, first: str):
    assert names(ordered(SCHEDULES, order))[0] == first


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["state:failed"], ["cache-warm"]),
        (["state:failing"], ["cache-warm"]),
        (["STATE:Paused"], ["withings/token_refresh"]),
        (["tag:EDGE"], ["cache-warm"]),
        (["warm", "edge"], ["cache-warm"]),
        (["warm edge"], ["cache-warm"]),
        (["mail", "!queue"], ["daily-report"]),
        (["state:active", "!tag:web", "daily"], ["daily-report"]),
        (["source:file", "nightly"], ["nightly"]),
        (["state:done"], ["once"]),
    ],
)
def test_a_filter_is_made_of_words_that_all_have_to_hold(words: list[str], ids: list[str]):
    assert found(*words) == ids


def test_a_word_with_a_colon_that_names_no_field_is_a_word():
    assert names(chosen([schedule("db:backup"), CACHE], parse_filter(["db:backup"]))) == ["db:backup"]


@pytest.mark.parametrize(
    ("word", "hint"), [("stat:failed", "'state'"), ("state:failedx", "'failed'"), ("tag:", "after the colon")]
)
def test_a_filter_that_is_misspelled_is_refused_with_the_nearest_spelling(word: str, hint: str):
    with pytest.raises(CronsoleError, match=hint):
        parse_filter([word])


def test_late_is_not_hidden_by_success():
    assert look_of(LATE).word == "late"


def test_equal_schedules_are_ordered_by_name():
    views = [schedule(name, last=brief(OK, ago(hours=1)), next_due=ahead(hours=1)) for name in "cab"]
    assert names(ordered(views, Order.URGENCY)) == ["a", "b", "c"]


def test_a_failure_ranks_above_lateness():
    assert names(
        ordered([LATE, schedule("z", failures=1, last=brief(FAILED, ago(hours=1)))], Order.URGENCY)
    ) == [
        "z",
        "mail-queue",
    ]
