import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.stand_ins import T0

from cronsole.model.instant import MINUTE, SECOND
from cronsole.model.policy import Retry
from cronsole.planning.retry import next_attempt


def delay(policy: Retry, attempt: int, seed: str = "r") -> int | None:
    at = next_attempt(policy, attempt=attempt, is_final=False, now=T0, seed=seed)
    return None if at is None else at - T0


def test_without_retries_the_first_attempt_is_the_last():
    assert delay(Retry(), 1) is None


def test_attempts_count_the_retries_after_the_first():
    policy = Retry(attempts=2)
    assert [delay(policy, attempt) is None for attempt in (1, 2, 3)] == [False, False, True]


def test_delays_grow_by_the_backoff():
    policy = Retry(attempts=9, delay_ms=SECOND, backoff=3.0)
    assert [delay(policy, attempt) for attempt in (1, 2, 3)] == [SECOND, 3 * SECOND, 9 * SECOND]


def test_delays_stop_growing_at_the_longest():
    assert delay(Retry(attempts=9, delay_ms=SECOND, max_delay_ms=5 * SECOND), 4) == 5 * SECOND


def test_a_first_delay_above_the_longest_is_cut_too():
    assert delay(Retry(attempts=9, delay_ms=MINUTE, max_delay_ms=SECOND), 1) == SECOND


def test_a_final_failure_is_not_tried_again():
    assert next_attempt(Retry(attempts=9), attempt=1, is_final=True, now=T0, seed="r") is None


def test_a_thousandth_attempt_is_within_range():
    assert delay(Retry(attempts=10_000, delay_ms=SECOND, backoff=10.0), 9_999) == 60 * MINUTE


@pytest.mark.parametrize(("delay_ms", "backoff"), [(0, 2.0), (SECOND, 1.0)])
def test_a_delay_that_cannot_grow_stays(delay_ms, backoff):
    assert delay(Retry(attempts=9, delay_ms=delay_ms, backoff=backoff), 5) == delay_ms


@given(st.text(), st.integers(1, 50), st.integers(0, MINUTE))
def test_jitter_is_added_and_is_the_same_each_time(seed, attempt, jitter_ms):
    policy = Retry(attempts=50, delay_ms=SECOND, backoff=1.0, jitter_ms=jitter_ms)
    first = delay(policy, attempt, seed)
    assert first is not None
    assert SECOND <= first <= SECOND + jitter_ms
    assert delay(policy, attempt, seed) == first
