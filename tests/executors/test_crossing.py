import asyncio
import threading
from collections.abc import Callable

import pytest

from cronsole.executors.crossing import Crossing


class Counted:
    """A crossing into the running loop, and how often that was woken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self.crossing = Crossing(self.loop)
        self.wakes = 0
        wake = self.loop.call_soon_threadsafe

        def counted(callback: Callable[[], object]) -> None:
            self.wakes += 1
            wake(callback)

        monkeypatch.setattr(self.loop, "call_soon_threadsafe", counted)


@pytest.fixture
async def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def on_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def test_a_thousand_calls_into_a_busy_loop_are_one_wake_up(counted: Counted) -> None:
    seen: list[int] = []

    def put_all() -> None:
        for number in range(1_000):
            counted.crossing.put(lambda number=number: seen.append(number))  # type: ignore[misc]

    on_a_thread(put_all)
    assert seen == []
    await asyncio.sleep(0)
    assert seen == list(range(1_000))
    assert counted.wakes == 1


async def test_what_comes_while_the_calls_are_made_wakes_it_anew(counted: Counted) -> None:
    seen: list[str] = []

    def first() -> None:
        seen.append("first")
        on_a_thread(lambda: counted.crossing.put(lambda: seen.append("second")))

    counted.crossing.put(first)
    await asyncio.sleep(0)
    assert seen == ["first"]
    await asyncio.sleep(0)
    assert seen == ["first", "second"]


async def test_calls_from_a_loop_are_announced_when_it_has_done_its_round(counted: Counted) -> None:
    seen: list[int] = []
    for number in range(3):
        counted.crossing.put_from(counted.loop, lambda number=number: seen.append(number))  # type: ignore[misc]
    assert counted.wakes == 0
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (seen, counted.wakes) == ([0, 1, 2], 1)


async def test_a_call_that_raises_is_told_and_the_next_is_made(counted: Counted) -> None:
    told: list[object] = []
    counted.loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    fault, seen = ValueError("broken"), []

    def broken() -> None:
        raise fault

    counted.crossing.put(broken)
    counted.crossing.put(lambda: seen.append("next"))
    await asyncio.sleep(0)
    assert (told, seen) == ([fault], ["next"])


async def test_a_loop_that_was_closed_calls_nothing() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    Crossing(loop).put(lambda: pytest.fail("nobody calls it"))
