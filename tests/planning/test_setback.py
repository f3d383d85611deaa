import pytest
from tests.planning.stand_ins import T0, a_schedule, a_state

from cronsole.model.instant import DAY, HOUR
from cronsole.model.schedule import Pause
from cronsole.planning.due import owing_since
from cronsole.planning.setback import after_setback


def test_a_short_wait_for_the_watermark_changes_nothing():
    assert after_setback(a_state(watermark=T0 + 3 * HOUR), T0) is None


@pytest.mark.parametrize("field", ["watermark", "created_at", "trigger_changed_at", "resumed_at"])
def test_whatever_lies_far_ahead_falls_to_now(field):
    state = after_setback(a_state(**{field: T0 + 3 * HOUR + 1}), T0)
    assert state is not None
    assert owing_since(a_schedule(), state) == T0


def test_what_lies_behind_stays():
    state = after_setback(a_state(watermark=T0 + 9 * DAY, created_at=T0 - DAY), T0)
    assert state is not None
    assert state.created_at == T0 - DAY


def test_a_pause_from_the_time_ahead_goes_on():
    state = after_setback(a_state(watermark=T0 + 9 * DAY, pause=Pause(T0 + 9 * DAY)), T0)
    assert state is not None
    assert state.pause is not None
    assert state.pause.holds_at(T0)
