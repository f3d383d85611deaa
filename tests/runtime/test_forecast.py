"""What is to come, of all schedules together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.house import House, calls, schedule

from cronsole.errors import NotNow
from cronsole.model.ask import ForecastQuery, LoadKind, LoadQuery, PauseAsk, Selection, TriggerAsk
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, to_datetime
from cronsole.model.policy import Conditions
from cronsole.model.prospect import ForecastView, LoadView


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    found = House(tmp_path / "state")
    yield found
    await found.stop()


async def ahead(house: House, span_ms: int, **more: Any) -> ForecastView:
    until = to_datetime(house.clock.now() + span_ms)
    return await house.engine.facade.forecast(ForecastQuery(until=until, **more))


def told(view: ForecastView) -> list[str]:
    return [f"{fire.due:%H:%M:%S} {fire.schedule_id}" for fire in view.fires]


async def load(house: House, span_ms: int, **more: Any) -> LoadView:
    now = house.clock.now() - house.clock.now() % SECOND
    query = LoadQuery(since=to_datetime(now), until=to_datetime(now + span_ms), **more)
    return await house.engine.facade.load(query)


async def test_all_fires_are_told_by_when_they_are_due(house: House) -> None:
    await house.start(schedule("a", "*/2 * * * *"), schedule("b", "*/3 * * * *"))
    assert told(await ahead(house, 6 * MINUTE)) == [
        "00:02:00 a", "00:03:00 b", "00:04:00 a", "00:06:00 a", "00:06:00 b",
    ]  # fmt: skip


async def test_paused_and_disabled_schedules_and_closed_gates_are_left_out(house: House) -> None:
    await house.start(
        schedule("a", "* * * * *"),
        schedule("off", "* * * * *", enabled=False),
        schedule("weekend", "* * * * *", conditions=Conditions(days=frozenset({5, 6}))),
        schedule("paused", "* * * * *"),
    )
    pause = PauseAsk(until=to_datetime(house.clock.now() + 2 * MINUTE), select=Selection(ids=("paused",)))
    await house.engine.control.pause_selected(pause, actor="ops")
    assert told(await ahead(house, 3 * MINUTE)) == [
        "00:01:00 a", "00:02:00 a", "00:03:00 a", "00:03:00 paused",
    ]  # fmt: skip


async def test_a_fire_that_is_claimed_already_is_still_to_come(house: House) -> None:
    await house.start(schedule("a", "* * * * *", calls("note")))
    await house.seconds(59.4)
    assert told(await ahead(house, MINUTE)) == ["00:01:00 a"]


async def test_a_run_that_was_asked_for_at_a_time_is_to_come(house: House) -> None:
    await house.start(schedule("a", "0 0 1 1 *", calls("note")))
    at = to_datetime(house.clock.now() + 90 * SECOND)
    await house.engine.control.trigger("a", TriggerAsk(at=at), actor="ops")
    assert told(await ahead(house, HOUR)) == ["00:01:30 a"]


async def test_a_list_that_is_cut_is_whole_up_to_its_end(house: House) -> None:
    await house.start(schedule("a", "* * * * *"), schedule("b", "*/2 * * * *"))
    view = await ahead(house, HOUR, limit=4)
    assert view.is_cut
    assert f"{view.until:%H:%M}" == "00:03"
    assert told(view) == ["00:01:00 a", "00:02:00 a", "00:02:00 b", "00:03:00 a"]


async def test_fires_can_be_asked_for_by_tag_and_from_a_later_time(house: House) -> None:
    await house.start(schedule("a", "* * * * *", tags=("db",)), schedule("b", "* * * * *"))
    since = to_datetime(house.clock.now() + 2 * MINUTE)
    assert told(await ahead(house, 3 * MINUTE, tags=("db",), since=since)) == ["00:03:00 a"]


async def test_what_is_jittered_is_told_when_it_is_due(house: House) -> None:
    await house.start(schedule("a", "* * * * *", jitter_ms=30 * SECOND))
    fires = (await ahead(house, 5 * MINUTE)).fires
    assert any(fire.due > fire.slot for fire in fires)


async def test_runs_that_are_left_bound_what_is_to_come(house: House) -> None:
    await house.start(schedule("a", "* * * * *", max_runs=2))
    assert len((await ahead(house, HOUR)).fires) == 2


async def test_the_load_counts_what_is_due_in_each_part_and_names_the_fullest_moments(house: House) -> None:
    await house.start(schedule("a", "*/20 * * * *"), schedule("b", "40 * * * *"), schedule("c", "5 * * * *"))
    view = await load(house, HOUR, bucket_ms=30 * MINUTE)
    assert view.counts == (2, 2)
    assert [(f"{moment.at:%H:%M}", moment.count, moment.schedule_ids) for moment in view.busiest] == [
        ("00:40", 2, ("a", "b"))
    ]


async def test_the_load_of_the_past_counts_failures(house: House) -> None:
    await house.start(
        schedule("bad", "* * * * *", calls("fail")), schedule("good", "* * * * *", calls("note"))
    )
    since = house.clock.now() - house.clock.now() % SECOND
    await house.seconds(125)
    query = LoadQuery(
        since=to_datetime(since), until=to_datetime(since + HOUR), bucket_ms=HOUR, kind=LoadKind.FAILED
    )
    assert (await house.engine.facade.load(query)).counts == (2,)


async def test_a_question_with_too_many_parts_is_refused(house: House) -> None:
    await house.start(schedule("a", "* * * * *"))
    with pytest.raises(NotNow, match="360,000 buckets"):
        await load(house, 100 * HOUR, bucket_ms=SECOND)


async def test_a_week_of_a_schedule_that_fires_every_second_is_counted(house: House) -> None:
    await house.start(schedule("a", "* * * * * *"), schedule("b", "90s"), schedule("c", "0 3 * * *"))
    view = await load(house, 7 * 24 * HOUR, bucket_ms=HOUR)
    assert view.left_out == 0
    assert view.counts[1] == 3_600 + 40
    assert view.counts[3] == 3_600 + 40 + 1


async def test_what_fires_too_often_to_be_counted_is_left_out_as_a_whole(house: House) -> None:
    await house.start(schedule("a", "* * * * * *", jitter_ms=100), schedule("b", "0 * * * *"))
    view = await load(house, 7 * 24 * HOUR, bucket_ms=HOUR)
    assert view.left_out == 1
    assert set(view.counts[1:]) == {1}


async def test_a_pause_without_an_end_is_not_searched_for_a_fire_until_the_end_of_time(house: House) -> None:
    await house.start(schedule("a", "1s"), schedule("b", "@daily"))
    await house.engine.control.pause_selected(PauseAsk(select=Selection(ids=("a",))), actor="test")
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count_turns())
    view = await ahead(house, 365_000 * DAY, limit=3)
    counting.cancel()
    assert {fire.schedule_id for fire in view.fires} == {"b"}
    assert turns >= 400
