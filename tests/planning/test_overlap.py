import pytest

from cronsole.model.policy import MissedRunPolicy, Overlap, Policy
from cronsole.model.run import SkipReason
from cronsole.planning.overlap import Queue, Replace, Skip, Start, decide, goes_in_series

OVERLAPS = Skip(SkipReason.OVERLAP)
FULL = Skip(SkipReason.QUEUE_FULL)


@pytest.mark.parametrize("overlap", Overlap)
def test_with_nothing_running_every_policy_starts(overlap):
    assert decide(Policy(overlap=overlap), running=0, queued=3, is_serial=False) == Start()


@pytest.mark.parametrize(
    ("overlap", "queued", "expected"),
    [
        (Overlap.SKIP, 0, OVERLAPS),
        (Overlap.QUEUE_ONE, 0, Queue()),
        (Overlap.QUEUE_ONE, 1, OVERLAPS),
        (Overlap.QUEUE_ALL, 1, Queue()),
        (Overlap.QUEUE_ALL, 2, FULL),
        (Overlap.CANCEL_OLD, 0, Replace(by_force=False)),
        (Overlap.KILL_OLD, 0, Replace(by_force=True)),
    ],
)
def test_while_one_runs_each_policy_has_its_answer(overlap, queued, expected):
    policy = Policy(overlap=overlap, queue_limit=2)
    assert decide(policy, running=1, queued=queued, is_serial=False) == expected


@pytest.mark.parametrize(
    ("running", "queued", "expected"), [(2, 0, Start()), (3, 0, Queue()), (3, 1, Queue()), (3, 2, FULL)]
)
def test_allow_starts_up_to_max_parallel_and_queues_the_rest(running, queued, expected):
    policy = Policy(overlap=Overlap.ALLOW, max_parallel=3, queue_limit=2)
    assert decide(policy, running=running, queued=queued, is_serial=False) == expected


@pytest.mark.parametrize("overlap", Overlap)
def test_catchups_in_series_wait_whatever_the_policy(overlap):
    assert decide(Policy(overlap=overlap, queue_limit=0), running=1, queued=9, is_serial=True) == Queue()


def test_only_the_catchups_of_run_all_and_what_comes_behind_them_go_in_series():
    run_all = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL)
    assert goes_in_series(run_all, is_catchup=True, catchups_ahead=0)
    assert goes_in_series(run_all, is_catchup=False, catchups_ahead=1)
    assert not goes_in_series(run_all, is_catchup=False, catchups_ahead=0)
    assert not goes_in_series(Policy(), is_catchup=True, catchups_ahead=1)


@pytest.mark.parametrize(("queued", "expected"), [(0, Queue()), (1, OVERLAPS)])
def test_beside_a_backfill_one_slot_waits_that_would_be_skipped_otherwise(queued, expected):
    policy = Policy(overlap=Overlap.SKIP)
    assert decide(policy, running=1, queued=queued, is_serial=False, is_beside_backfill=True) == expected
