import asyncio

from cronsole.plugins.deadlines import Deadlines


async def sleeps(deadlines: Deadlines, timeout_ms: int | None, seconds: float = 10) -> str:
    deadline = deadlines.begin(timeout_ms)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        return "timed out" if deadline is not None and deadline.is_why() else "cancelled"
    finally:
        deadlines.end(deadline)
    return "done"


async def test_each_task_has_its_own() -> None:
    deadlines = Deadlines()
    found = tuple(
        await asyncio.gather(
            sleeps(deadlines, 60_000, 0.05),
            sleeps(deadlines, 20),
            sleeps(deadlines, 40),
            sleeps(deadlines, None, 0.05),
        )
    )
    assert found == ("done", "timed out", "timed out", "done")


async def test_a_task_goes_on_after_its_deadline_as_if_nobody_had_cancelled_it() -> None:
    deadlines = Deadlines()
    assert await sleeps(deadlines, 10) == "timed out"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await sleeps(deadlines, 10) == "timed out"


async def test_whoever_cancels_the_task_is_not_taken_for_the_deadline() -> None:
    deadlines = Deadlines()
    task = asyncio.ensure_future(sleeps(deadlines, 60_000))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "cancelled"


async def test_one_timer_is_enough_for_all_of_them() -> None:
    loop, deadlines = asyncio.get_running_loop(), Deadlines()
    before = len(loop._scheduled)  # type: ignore[attr-defined] # the loop has no other way to tell
    tasks = [asyncio.ensure_future(sleeps(deadlines, 60_000, 0)) for _ in range(100)]
    await asyncio.gather(*tasks)
    assert len(loop._scheduled) <= before + 1  # type: ignore[attr-defined]
    deadlines.close()
