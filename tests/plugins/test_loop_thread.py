import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from cronsole.plugins.loop_thread import LoopThread


def nothing() -> None:
    """Nobody minds."""


@pytest.fixture
async def loop() -> AsyncIterator[LoopThread]:
    made = LoopThread("sample", pytest.fail)
    yield made
    made.close()


async def test_a_coroutine_runs_in_a_loop_of_its_own(loop: LoopThread) -> None:
    async def where() -> object:
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    found = await loop.run(where, nothing, 1)
    assert found is not asyncio.get_running_loop()
    assert found is await loop.run(where, nothing, 1)


async def test_a_call_that_is_cancelled_before_it_began_ends_at_once(loop: LoopThread) -> None:
    async def never() -> None:
        pytest.fail("it was cancelled")

    async def block() -> None:
        time.sleep(0.1)

    blocking = asyncio.ensure_future(loop.run(block, nothing, 10))
    waiting = asyncio.ensure_future(loop.run(never, nothing, 10))
    await asyncio.sleep(0)
    waiting.cancel()
    await blocking
    async with asyncio.timeout(5):
        await asyncio.wait((waiting,))
    assert waiting.cancelled()
    assert loop.abandoned == 0


async def test_one_that_does_not_heed_its_cancellation_is_left_behind_after_the_grace(
    loop: LoopThread,
) -> None:
    gate = threading.Event()

    async def block() -> None:
        gate.wait()

    left: list[str] = []
    waiting = asyncio.ensure_future(loop.run(block, lambda: left.append("left"), 0.05))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (left, loop.abandoned) == (["left"], 1)

    async def next_one() -> str:
        return "next"

    assert await loop.run(next_one, nothing, 1) == "next"
    gate.set()
    async with asyncio.timeout(10):
        while loop.abandoned:
            await asyncio.sleep(0.01)


async def test_a_task_of_the_plugin_s_own_that_exits_ends_nothing_else(loop: LoopThread) -> None:
    async def quit_at_once() -> None:
        sys.exit(3)

    async def start_it() -> str:
        task = asyncio.ensure_future(quit_at_once())
        await asyncio.wait((task,))
        return type(task.exception()).__name__

    assert await loop.run(start_it, nothing, 1) == "SystemExit"
    assert await loop.run(start_it, nothing, 1) == "SystemExit"


async def test_one_that_exits_has_failed(loop: LoopThread) -> None:
    async def leave() -> None:
        sys.exit(3)

    with pytest.raises(RuntimeError, match="SystemExit: 3"):
        await loop.run(leave, nothing, 1)


async def test_one_that_cannot_be_made_has_failed(loop: LoopThread) -> None:
    async def wants_more(_: object) -> None: ...

    with pytest.raises(TypeError, match="missing 1 required"):
        await loop.run(wants_more, nothing, 1)  # type: ignore[arg-type] # as an author may have written it


async def test_the_plugin_may_stop_its_loop_and_goes_on_all_the_same(loop: LoopThread) -> None:
    async def stop() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return "gone on"

    assert await loop.run(stop, nothing, 1) == "gone on"


async def test_its_thread_ends_with_it() -> None:
    loop = LoopThread("ends", pytest.fail)

    async def thread() -> threading.Thread:
        return threading.current_thread()

    found = await loop.run(thread, nothing, 1)
    loop.close()
    await asyncio.to_thread(found.join, 10)
    assert not found.is_alive()


async def test_a_herd_of_calls_wakes_the_engine_s_loop_now_and_then(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wake-up for each would fill the pipe by which signals come."""
    home = asyncio.get_running_loop()
    wakes: list[object] = []
    wake = home.call_soon_threadsafe

    def counted(callback: Callable[[], object]) -> None:
        wakes.append(callback)
        wake(callback)

    monkeypatch.setattr(home, "call_soon_threadsafe", counted)

    async def work() -> None: ...

    await asyncio.gather(*(loop.run(work, nothing, 1) for _ in range(500)))
    assert 0 < len(wakes) < 100
