import pytest
from tests.semantics.story import entries, ids, job, story, takes

from cronsole.model.instant import MINUTE, SECOND
from cronsole.model.policy import Overlap, Policy, Retry
from cronsole.model.settings import Settings
from cronsole.simulate.happenings import Failure

EVERY_5 = "*/5 * * * *"
TWELVE = takes(12 * MINUTE)


def under(overlap: Overlap, **fields: int) -> Policy:
    return Policy(overlap=overlap, **fields)  # type: ignore[arg-type] # the tests name fields that hold numbers


def test_skip_leaves_out_what_comes_while_one_runs():
    assert story(job(EVERY_5), to="00:16", duration=TWELVE) == [
        "00:05 skipped(overlap)",
        "00:10 skipped(overlap)",
        "00:12 succeeded slot 00:00",
        "00:16 running slot 00:15",
    ]


def test_queue_one_keeps_one_waiting():
    assert story(job(EVERY_5, under(Overlap.QUEUE_ONE)), to="00:25", duration=TWELVE)[:3] == [
        "00:10 skipped(overlap)",
        "00:12 succeeded slot 00:00",
        "00:20 skipped(overlap)",
    ]


def test_queue_all_keeps_all_in_slot_order():
    told = story(job(EVERY_5, under(Overlap.QUEUE_ALL)), to="00:40", duration=TWELVE)
    assert told[:3] == [
        "00:12 succeeded slot 00:00",
        "00:24 succeeded slot 00:05 started 00:12",
        "00:36 succeeded slot 00:10 started 00:24",
    ]


def test_queue_all_is_capped():
    told = story(job(EVERY_5, under(Overlap.QUEUE_ALL, queue_limit=1)), to="00:11", duration=TWELVE)
    assert told[0] == "00:10 skipped(queue_full)"


def test_cancel_old_asks_waits_and_then_starts():
    policy = under(Overlap.CANCEL_OLD)
    assert story(job(EVERY_5, policy), to="00:07", duration=takes(12 * MINUTE, stop_ms=3 * SECOND)) == [
        "00:05:03 cancelled slot 00:00",
        "00:07 running slot 00:05 started 00:05:03",
    ]


def test_cancel_old_waits_no_longer_than_the_kill_grace():
    policy = under(Overlap.CANCEL_OLD, kill_grace_ms=2 * SECOND)
    told = story(job(EVERY_5, policy), to="00:07", duration=takes(12 * MINUTE, stop_ms=MINUTE))
    assert told[0] == "00:05:02 cancelled slot 00:00"


def test_kill_old_starts_at_once():
    policy = under(Overlap.KILL_OLD)
    assert story(job(EVERY_5, policy), to="00:07", duration=takes(12 * MINUTE, stop_ms=3 * SECOND)) == [
        "00:05 cancelled slot 00:00",
        "00:07 running slot 00:05",
    ]


def test_allow_runs_side_by_side_up_to_max_parallel_and_queues_the_rest():
    policy = under(Overlap.ALLOW, max_parallel=2)
    assert story(job(EVERY_5, policy), to="00:18", duration=TWELVE) == [
        "00:12 succeeded slot 00:00",
        "00:17 succeeded slot 00:05",
        "00:18 running slot 00:10 started 00:12",
        "00:18 running slot 00:15 started 00:17",
    ]


def test_a_run_that_waits_to_retry_counts_as_running():
    policy = Policy(retry=Retry(attempts=1, delay_ms=7 * MINUTE))
    assert story(job(EVERY_5, policy), to="00:08", failure=Failure(attempts=1)) == [
        "00:00 failed",
        "00:05 skipped(overlap)",
        "00:07 succeeded #2 slot 00:00",
    ]


def test_a_run_that_ends_as_the_next_comes_due_is_out_of_its_way():
    assert story(job(EVERY_5), to="00:11", duration=takes(5 * MINUTE))[:2] == [
        "00:05 succeeded slot 00:00",
        "00:10 succeeded slot 00:05",
    ]


def test_what_is_beyond_the_engine_s_limit_waits_in_slot_order():
    jobs = [job("0 0 * * *", id=name) for name in ("a", "b", "c")]
    assert story(*jobs, to="01:00", settings=Settings(max_running=1), duration=TWELVE) == [
        "00:12 a succeeded slot 00:00",
        "00:24 b succeeded slot 00:00 started 00:12",
        "00:36 c succeeded slot 00:00 started 00:24",
    ]


def test_a_tag_s_limit_holds_only_for_those_that_have_it():
    jobs = [job("0 0 * * *", id=name, tags=("db",)) for name in ("a", "b")] + [job("0 0 * * *", id="c")]
    settings = Settings(tag_limits=(("db", 1),))
    told = entries(*jobs, to="01:00", settings=settings, duration=TWELVE)
    assert ids(told) == ["a", "c", "b"]


def test_a_run_that_waits_for_room_in_the_engine_counts_as_running():
    jobs = [job("0 0 * * *", id="long"), job(EVERY_5, id="often")]
    told = story(
        *jobs, to="00:13", settings=Settings(max_running=1), duration=takes(12 * MINUTE, schedule="long")
    )
    assert told == [
        "00:05 often skipped(overlap)",
        "00:10 often skipped(overlap)",
        "00:12 long succeeded slot 00:00",
        "00:12 often succeeded slot 00:00",
    ]


@pytest.mark.parametrize("overlap", Overlap)
def test_no_policy_runs_more_at_once_than_it_allows(overlap):
    policy = under(overlap, max_parallel=2)
    told = entries(job("* * * * *", policy), to="03:00", duration=takes(150 * SECOND, stop_ms=SECOND))
    edges = sorted(
        [(entry.end, -1) for entry in told if entry.end is not None]
        + [(entry.start, +1) for entry in told if entry.start is not None]
    )
    running = [sum(change for _, change in edges[: position + 1]) for position in range(len(edges))]
    assert max(running) == (2 if overlap is Overlap.ALLOW else 1)
