from hypothesis import given
from hypothesis import strategies as st

from cronsole.model.instant import MINUTE
from cronsole.planning.jitter import fraction, jitter, spread


def test_the_same_slot_has_the_same_jitter_in_every_process():
    assert [jitter("job", slot, MINUTE) for slot in range(3)] == [29_543, 35_340, 53_643]


def test_the_slots_of_a_schedule_differ():
    assert len({jitter("job", slot, MINUTE) for slot in range(100)}) > 90


def test_schedules_are_spread_over_the_whole_window():
    tenths = {spread(f"job-{n}", 1000) // 100 for n in range(200)}
    assert tenths == set(range(10))


@given(st.text(alphabet=st.characters()))
def test_any_id_has_a_place(schedule_id):
    assert 0 <= fraction(schedule_id) < 1


def test_without_a_window_there_is_no_offset():
    assert (jitter("job", 0, 0), spread("job", 0)) == (0, 0)
