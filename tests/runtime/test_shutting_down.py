import asyncio

from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.model.event import RunFinished, RunStarted
from cronsole.model.instant import SECOND


async def stop_while_time_goes_on(house: House, seconds: int) -> None:
    stopping = asyncio.ensure_future(house.stop())
    for _ in range(seconds * 4):
        await house.clock.advance(SECOND // 4)
        await asyncio.sleep(0.005)
        if stopping.done():
            break
    await stopping


async def test_a_stop_waits_for_what_runs(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("sleep 0.3; echo done")))
    await house.seconds(60)
    await house.until(RunStarted)
    await house.stop()
    (finished,) = house.of(RunFinished)
    assert finished.state == "succeeded"


async def test_what_does_not_end_within_the_grace_is_cancelled_by_the_shutdown(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("sleep 60")), shutdown_grace_ms=2 * SECOND)
    await house.seconds(60)
    await house.until(RunStarted)
    await stop_while_time_goes_on(house, 20)
    (finished,) = house.of(RunFinished)
    assert (finished.state, finished.detail) == ("cancelled", "shutdown")


async def test_a_second_stop_kills_at_once(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("trap '' TERM; while :; do sleep 1; done")))
    await house.seconds(60)
    await house.until(RunStarted)
    stopping = asyncio.ensure_future(house.stop())
    await asyncio.sleep(0.05)
    house.engine.stop("SIGTERM")
    house.engine.stop("SIGTERM")
    async with asyncio.timeout(10):
        await stopping
    (finished,) = house.of(RunFinished)
    assert finished.state == "cancelled"


async def test_a_claim_made_ahead_is_owed_again_after_a_stop(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    assert await house.verdicts("gc") == ["starting"]
    await house.stop()
    house.clock.step(30_000)
    await house.start()
    await house.seconds(1)
    await house.until(RunFinished)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_what_waits_goes_on_with_the_next_engine(house: House) -> None:
    await house.start(
        schedule("a", "* * * * *", calls("hold")), schedule("b", "* * * * *", calls("note")), max_running=1
    )
    await house.seconds(61)
    (held,) = handlers_in_tests.calls
    stopping = asyncio.ensure_future(house.stop())
    await asyncio.sleep(0.05)
    handlers_in_tests.gates[held.run_id].set()
    await stopping
    await house.start()
    await house.seconds(1)
    assert await house.verdicts("b") == ["succeeded"]
