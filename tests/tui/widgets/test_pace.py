"""When a frame may go, on a clock that only these tests move."""

import pytest

from cronsole_tui.widgets.pace import Pace


def _sends(pace: Pace, now: float) -> bool:
    """Draw a frame; return whether it went out at once."""
    pace.drawn()
    if pace.wait_s(now):
        return False
    pace.sent(now)
    return True


def _answers(pace: Pace, now: float) -> bool:
    pace.asked()
    return _sends(pace, now)


def _tired() -> Pace:
    """A pace that clocks have just drawn on as much as they may."""
    pace = Pace(0.0)
    while _sends(pace, 0.0):
        pass
    return pace


def test_the_first_frame_after_a_key_goes_out_at_once():
    assert _answers(_tired(), 0.0)


def test_what_waits_goes_out_with_the_answer():
    pace = _tired()
    assert pace.wait_s(0.0) > 0
    assert _answers(pace, 0.001)


def test_a_frame_that_was_drawn_before_the_key_was_heard_is_no_answer():
    pace = _tired()
    pace.asked()
    assert pace.wait_s(0.0) > 0


def test_one_frame_alone_is_the_answer_to_a_key():
    pace = _tired()
    assert _answers(pace, 0.0)
    assert not _sends(pace, 0.0)


@pytest.mark.parametrize("draws", [_sends, _answers])
def test_a_held_key_and_busy_clocks_stay_within_fifteen_frames_a_second(draws):
    pace = Pace(0.0)
    sent_at = [ms / 1000 for ms in range(3_000) if draws(pace, ms / 1000)]
    most = max(sum(start <= at < start + 1 for at in sent_at) for start in sent_at)
    assert 11 <= most <= 15


def test_keys_as_fast_as_they_are_typed_are_answered_at_once_while_clocks_tick():
    pace = Pace(0.0)
    is_at_once = []
    for ms in range(0, 3_000, 5):
        _sends(pace, ms / 1000)
        if ms % 100 == 0:
            is_at_once.append(_answers(pace, ms / 1000))
    assert all(is_at_once)


def test_a_frame_that_waited_as_long_as_it_was_told_may_go():
    pace = _tired()
    assert pace.wait_s(0.0 + pace.wait_s(0.0) + 1e-9) == 0
