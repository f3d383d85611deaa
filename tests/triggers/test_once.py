import pytest

from cronsole.model.instant import HOUR, from_iso
from cronsole.model.trigger import ManualSpec, OnceSpec, StartupSpec
from cronsole.triggers.compile import compile_trigger

AT = from_iso("2026-05-01T12:00Z")


def test_an_instant_fires_once():
    asked = compile_trigger(OnceSpec(at=AT), schedule_id="a")
    assert asked.next(AT - 1) == AT
    assert asked.next(AT) is None


def test_previous_knows_it_from_its_own_instant_on():
    asked = compile_trigger(OnceSpec(at=AT), schedule_id="a")
    assert asked.previous(AT - 1) is None
    assert asked.previous(AT) == AT


def test_count_leaves_out_the_beginning_and_takes_in_the_end():
    asked = compile_trigger(OnceSpec(at=AT), schedule_id="a")
    assert (asked.count(AT - 1, AT), asked.count(AT, AT + 1)) == (1, 0)


def test_after_counts_from_when_the_schedule_was_first_seen():
    asked = compile_trigger(OnceSpec(after_ms=HOUR), schedule_id="a", anchor_at=AT)
    assert asked.next(0) == AT + HOUR


@pytest.mark.parametrize("spec", [StartupSpec(), ManualSpec()])
def test_neither_a_start_nor_somebody_s_asking_is_an_instant(spec: StartupSpec | ManualSpec):
    asked = compile_trigger(spec, schedule_id="a")
    assert (asked.next(0), asked.previous(AT), asked.count(0, AT)) == (None, None, 0)
