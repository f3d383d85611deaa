import asyncio
import threading

import pytest

from cronsole.executors.threads import ThreadPool


def nothing() -> None:
    """Nobody minds."""


async def test_calls_that_block_do_not_hold_up_the_next() -> None:
    pool, gate = ThreadPool(4), threading.Event()
    blocked = [asyncio.ensure_future(pool.run(gate.wait, nothing)) for _ in range(3)]
    assert await pool.run(lambda: "through", nothing) == "through"
    gate.set()
    assert await asyncio.gather(*blocked) == [True] * 3
    pool.close()


async def test_no_more_than_the_limit_run_at_a_time() -> None:
    pool, gate, lock = ThreadPool(3), threading.Event(), threading.Lock()
    running = [0, 0]

    def work() -> None:
        with lock:
            running[0] += 1
            running[1] = max(running)
        gate.wait(0.02)
        with lock:
            running[0] -= 1

    await asyncio.gather(*(pool.run(work, nothing) for _ in range(30)))
    assert running == [0, 3]
    pool.close()


async def test_short_calls_share_threads() -> None:
    pool = ThreadPool(200)
    names: list[str] = []
    await asyncio.gather(
        *(pool.run(lambda: names.append(str(threading.get_ident())), nothing) for _ in range(200))
    )
    assert len(names) == 200
    # How many it takes depends on the machine; one for each would be a thread woken for every call.
    assert len(set(names)) < 100
    pool.close()


async def test_calls_wait_in_order() -> None:
    pool, gate, seen = ThreadPool(1), threading.Event(), []
    first = asyncio.ensure_future(pool.run(gate.wait, nothing))
    others = [
        asyncio.ensure_future(pool.run(lambda number=number: seen.append(number), nothing))  # type: ignore[misc]
        for number in range(20)
    ]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)
    assert seen == list(range(20))
    pool.close()


async def test_a_call_that_is_given_up_leaves_its_place_to_the_next() -> None:
    pool, gate = ThreadPool(1), threading.Event()
    left: list[str] = []
    given_up = asyncio.ensure_future(pool.run(gate.wait, lambda: left.append("left")))
    while pool.abandoned == 0:
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.sleep(0)
    assert left == ["left"]
    assert await pool.run(lambda: "next", nothing) == "next"
    gate.set()
    async with asyncio.timeout(10):
        while pool.abandoned:
            await asyncio.sleep(0.01)
    pool.close()


async def test_a_call_that_was_given_up_before_its_turn_is_never_made() -> None:
    pool, gate = ThreadPool(1), threading.Event()
    first = asyncio.ensure_future(pool.run(gate.wait, nothing))
    waiting = asyncio.ensure_future(pool.run(lambda: pytest.fail("it was given up"), nothing))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait((waiting,))
    gate.set()
    assert await first
    assert await pool.run(lambda: "next", nothing) == "next"
    pool.close()


async def test_the_threads_end_when_the_pool_is_closed() -> None:
    pool = ThreadPool(4)
    threads: set[threading.Thread] = set()
    gate = threading.Barrier(3)

    def work() -> None:
        threads.add(threading.current_thread())
        gate.wait(10)

    await asyncio.gather(*(pool.run(work, nothing) for _ in range(3)))
    assert len(threads) == 3
    pool.close()
    for thread in threads:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()


async def test_what_a_function_raises_is_raised_where_it_is_awaited() -> None:
    pool = ThreadPool(1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 / 0, nothing)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await pool.run(lambda: next(iter(())), nothing)
    pool.close()
