from itertools import islice

from cronsole.client.backoff import delays


def test_delays_double_up_to_five_seconds():
    longest = islice(delays(dice=lambda: 1.0), 7)
    assert list(longest) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_chance_cuts_a_delay_by_half_at_most():
    assert list(islice(delays(dice=lambda: 0.0), 3)) == [0.125, 0.25, 0.5]


def test_a_wish_for_a_longer_wait_is_bounded_too():
    assert next(delays(60.0, dice=lambda: 1.0)) == 5.0
