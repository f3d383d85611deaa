import pytest
from tests.planning.stand_ins import T0

from cronsole.model.instant import MINUTE
from cronsole.model.policy import CircuitBreaker
from cronsole.model.run import RunState
from cronsole.model.schedule import Breaker
from cronsole.planning.breaker import after_run, is_half_open, is_open, probe

POLICY = CircuitBreaker(threshold=3, reset_after_ms=MINUTE)
OPEN = Breaker(3, opened_at=T0)


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.TIMED_OUT, RunState.LOST])
def test_it_opens_after_as_many_failures_in_a_row(state):
    assert after_run(Breaker(1), POLICY, state, T0) == Breaker(2)
    assert after_run(Breaker(2), POLICY, state, T0) == OPEN


def test_a_success_begins_the_count_anew():
    assert after_run(Breaker(2), POLICY, RunState.SUCCEEDED, T0) == Breaker()


def test_a_cancelled_run_counts_neither_way():
    assert after_run(Breaker(2), POLICY, RunState.CANCELLED, T0) == Breaker(2)


def test_it_lets_nothing_through_until_it_is_reset():
    assert is_open(OPEN, POLICY, T0 + MINUTE - 1)
    assert not is_open(OPEN, POLICY, T0 + MINUTE)
    assert is_half_open(OPEN, POLICY, T0 + MINUTE)


def test_half_open_it_lets_one_run_through():
    assert is_open(probe(OPEN), POLICY, T0 + 2 * MINUTE)


def test_it_closes_when_the_probe_succeeds():
    assert after_run(probe(OPEN), POLICY, RunState.SUCCEEDED, T0 + MINUTE) == Breaker()


def test_it_opens_again_when_the_probe_fails():
    assert after_run(probe(OPEN), POLICY, RunState.FAILED, T0 + MINUTE) == Breaker(4, opened_at=T0 + MINUTE)


def test_a_probe_that_was_cancelled_lets_the_next_one_try():
    assert is_half_open(after_run(probe(OPEN), POLICY, RunState.CANCELLED, T0), POLICY, T0 + MINUTE)


def test_a_straggler_that_fails_does_not_put_off_the_reset():
    assert after_run(OPEN, POLICY, RunState.FAILED, T0 + 30) == Breaker(4, opened_at=T0)


def test_a_closed_circuit_is_open_to_all():
    assert not is_open(Breaker(2), POLICY, T0)
    assert not is_half_open(Breaker(2), POLICY, T0)
