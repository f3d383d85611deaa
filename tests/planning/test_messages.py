from typing import Any

import pytest

from cronsole.model.message import Posted
from cronsole.model.policy import Notify, Policy
from cronsole.model.run import Cause, Finished, Range, Rejected, Run, RunState, SkipReason
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.trigger import CronSpec
from cronsole.planning.messages import messages_of_end, messages_of_rejection, messages_of_verdict

EACH = Notify(("failure",), ("success",), ("skip",), ("missed",), ("recovery",))


def job(notify: Notify = EACH) -> Schedule:
    return Schedule(
        "gc", CronSpec("* * * * *"), policy=Policy(notify=notify), origin=Origin(name="t", line=3)
    )


def run(state: RunState = RunState.QUEUED, **fields: Any) -> Run:
    return Run(
        run_id="r1",
        schedule_id="gc",
        cause=Cause.SLOT,
        state=state,
        due_at=60,
        created_at=60,
        slot=60,
        **fields,
    )


def told_of(state: RunState, notify: Notify = EACH, *, was_failing: bool = False) -> list[Posted]:
    ended = Finished("r1", 1, 90, state, 3, "why", "out")
    return messages_of_end(job(notify), run(), ended, was_failing=was_failing)


def addressed(told: list[Posted]) -> list[tuple[str, tuple[str, ...]]]:
    return [(posted.message.kind.value, posted.channels) for posted in told]


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.TIMED_OUT, RunState.LOST])
@pytest.mark.parametrize("was_failing", [False, True])
def test_every_failure_is_told_however_many_came_before(state: RunState, was_failing: bool) -> None:
    assert addressed(told_of(state, was_failing=was_failing)) == [("failure", ("failure",))]


def test_a_success_is_told_and_after_a_failure_it_is_a_recovery_too() -> None:
    assert addressed(told_of(RunState.SUCCEEDED)) == [("success", ("success",))]
    assert addressed(told_of(RunState.SUCCEEDED, was_failing=True)) == [
        ("recovery", ("recovery",)),
        ("success", ("success",)),
    ]


def test_one_channel_gets_one_message_of_one_end() -> None:
    notify = Notify(on_success=("a", "b"), on_recovery=("b",))
    assert addressed(told_of(RunState.SUCCEEDED, notify, was_failing=True)) == [
        ("recovery", ("b",)),
        ("success", ("a",)),
    ]


def test_a_cancelled_run_is_told_to_nobody() -> None:
    assert told_of(RunState.CANCELLED, was_failing=True) == []


def test_nobody_is_told_where_nobody_is_named() -> None:
    for state in RunState:
        assert told_of(state, Notify(), was_failing=True) == []
    assert messages_of_rejection(job(Notify()), run(), Rejected("r1", 1, 90, SkipReason.OVERLAP)) == []
    assert messages_of_verdict(job(Notify()), run(RunState.SKIPPED)) == []


def test_the_id_of_a_message_is_made_of_its_run_so_that_the_same_end_is_told_once() -> None:
    (first,), (second,) = told_of(RunState.LOST), told_of(RunState.FAILED)
    assert first.message.id == second.message.id == "r1.failure"


def test_a_message_says_what_is_known_of_the_end() -> None:
    ((told, _),) = [(posted.message, posted.channels) for posted in told_of(RunState.FAILED)]
    assert (told.exit_code, told.detail, told.output, told.at, told.slot) == (3, "why", "out", 90, 60)
    assert told.origin == "t:3"


def test_output_is_told_by_its_last_four_kibibytes_and_never_breaks_the_message() -> None:
    ended = Finished("r1", 1, 90, RunState.FAILED, 1, "bad \udcff", "é" * 5_000 + "\ud800")
    (posted,) = messages_of_end(job(), run(), ended, was_failing=False)
    assert len(posted.message.output.encode()) <= 4_096
    assert posted.message.output.endswith("é?")
    assert posted.message.detail == "bad ?"


def test_a_rejected_run_is_told_as_skipped_with_the_reason() -> None:
    rejected = Rejected("r1", 1, 90, SkipReason.QUEUE_FULL, "full")
    (posted,) = messages_of_rejection(job(), run(), rejected)
    assert addressed([posted]) == [("skip", ("skip",))]
    assert (posted.message.reason, posted.message.state) == ("queue_full", "skipped")


def test_a_verdict_without_a_run_is_told_as_what_it_is() -> None:
    missed = run(RunState.MISSED, stands_for=Range(7, 10, 60))
    (posted,) = messages_of_verdict(job(), missed)
    assert addressed([posted]) == [("missed", ("missed",))]
    assert posted.message.stands_for == Range(7, 10, 60)
    skipped = run(RunState.SKIPPED, reason=SkipReason.DAYS)
    assert addressed(messages_of_verdict(job(), skipped)) == [("skip", ("skip",))]


def test_a_verdict_that_makes_a_run_is_told_when_the_run_ends() -> None:
    assert messages_of_verdict(job(), run(RunState.STARTING)) == []
