from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.model.instant import DAY, HOUR, MINUTE, Instant, from_iso
from cronsole.model.schedule import Schedule, ScheduleState
from cronsole.planning.coming import Coming, coming
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.parse import parse_trigger

NOW = from_iso("2026-11-20T00:00Z")


def found(expression: str = "0 * * * *", until: Instant = NOW + DAY, **fields: Any) -> Coming:
    state = ScheduleState("a", 0, 0, 0, 0, "", "")
    own = {name: fields.pop(name) for name in list(fields) if name in ScheduleState.__struct_fields__}
    schedule = Schedule("a", parse_trigger(expression), **fields)
    trigger = compile_trigger(schedule.trigger, schedule_id="a")
    return coming(schedule, trigger, msgspec.structs.replace(state, **own), since=NOW, until=until)


def test_both_ends_of_the_stretch_count() -> None:
    assert list(found(until=NOW + 2 * HOUR)) == [NOW, NOW + HOUR, NOW + 2 * HOUR]


@pytest.mark.parametrize(
    "fields",
    [{"enabled": False}, {"max_runs": 0}, {"exhausted_at": 1}, {"archived_at": 1}, {"end": NOW - 1}],
)
def test_what_owes_nothing_has_no_fires(fields: dict[str, Any]) -> None:
    fires = found(**fields)
    assert (fires.count, list(fires)) == (0, [])


def test_what_has_a_verdict_is_not_to_come() -> None:
    assert next(iter(found(watermark=NOW))) == NOW + HOUR


def test_an_end_and_a_start_of_its_own_bound_them() -> None:
    assert list(found(start=NOW + HOUR, end=NOW + 2 * HOUR)) == [NOW + HOUR, NOW + 2 * HOUR]


@given(
    st.sampled_from(["* * * * *", "*/7 3 * * *", "0 0 1 * *", "13m"]),
    st.integers(0, 3 * DAY),
    st.none() | st.integers(0, 50),
)
def test_they_are_as_many_as_one_goes_through(expression: str, span_ms: int, left: int | None) -> None:
    fires = found(expression, NOW + span_ms, max_runs=left, watermark=NOW + MINUTE)
    assert fires.count == len(list(fires))
