from tests.runtime.house import House, schedule

from cronsole.model.event import ClockJumped, Warned, ZoneDataChanged
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND


async def fired(house: House) -> int:
    return sum(1 for run in await house.rows("gc") if run.state == "succeeded")


async def test_a_sleep_is_noticed_and_caught_up_as_one(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    house.clock.suspend(HOUR)
    await house.seconds(5)
    (jump,) = house.of(ClockJumped)
    assert (jump.slept_ms, jump.step_ms) == (HOUR, 0)
    assert await house.verdicts("gc") == ["missed(59)", "succeeded"]


async def test_a_step_forward_is_a_catch_up_range_like_any_other(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    house.clock.step(90 * MINUTE)
    await house.seconds(5)
    assert house.of(ClockJumped)[0].step_ms == 90 * MINUTE
    assert await house.verdicts("gc") == ["missed(89)", "succeeded"]


async def test_a_step_back_by_less_than_three_hours_repeats_nothing(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(120)
    before = await fired(house)
    house.clock.step(-4 * MINUTE)
    await house.seconds(235)
    assert await fired(house) == before
    await house.seconds(70)
    assert await fired(house) == before + 1


async def test_a_step_back_by_more_moves_watermarks_to_now_with_a_loud_warning(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(120)
    before = await fired(house)
    house.clock.step(-4 * HOUR)
    await house.seconds(125)
    assert await fired(house) == before + 2
    assert any("far behind the ledger" in event.detail for event in house.of(Warned))


async def test_ten_years_forward_and_back_ends_in_firing_on_time(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    house.clock.step(3650 * DAY)
    await house.seconds(5)
    house.clock.step(-3650 * DAY)
    await house.seconds(5)
    before = await fired(house)
    await house.seconds(180)
    assert await fired(house) == before + 3


async def test_a_clock_that_is_far_behind_the_ledger_at_the_start_is_noticed(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(120)
    await house.stop()
    house.clock.step(-5 * HOUR)
    await house.start()
    await house.seconds(65)
    assert await fired(house) == 3


async def test_changed_time_zone_data_is_noticed_within_a_minute(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", timezone="Europe/Berlin"))
    house.engine.watchdog._zone_data_version = lambda: "another"
    await house.seconds(61)
    assert len(house.of(ZoneDataChanged)) == 1
    before = await fired(house)
    await house.seconds(60)
    assert await fired(house) == before + 1


async def test_a_second_more_or_less_is_no_jump(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    house.clock.step(SECOND)
    await house.seconds(10)
    house.clock.step(-SECOND)
    await house.seconds(10)
    assert house.of(ClockJumped) == []
