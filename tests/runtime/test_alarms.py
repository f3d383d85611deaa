import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from cronsole.runtime.alarms import Alarms
from cronsole.testing import FakeClock


class Rung:
    """Alarms under a clock that is told, and what they have rung."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.alarms = Alarms(self.clock)
        self.names: list[str] = []

    def note(self, name: str) -> Callable[[], None]:
        return lambda: self.names.append(name)

    def in_ms(self, ahead: int, name: str, *, is_sharp: bool = False) -> None:
        self.alarms.at(self.clock.now() + ahead, self.note(name), is_sharp=is_sharp)


@pytest.fixture
async def rung() -> AsyncIterator[Rung]:
    rung = Rung()
    running = asyncio.create_task(rung.alarms.run())
    yield rung
    running.cancel()


async def test_alarms_ring_in_the_order_of_their_instants(rung: Rung):
    rung.in_ms(20, "second")
    rung.in_ms(10, "first")
    await rung.clock.advance(30)
    assert rung.names == ["first", "second"]


async def test_a_sharp_alarm_rings_at_its_instant(rung: Rung):
    rung.in_ms(250, "sharp", is_sharp=True)
    await rung.clock.advance(249)
    assert rung.names == []
    await rung.clock.advance(1)
    assert rung.names == ["sharp"]


async def test_what_is_due_goes_before_what_waits_for_that(rung: Rung):
    rung.alarms.when_idle(rung.note("told"))
    rung.in_ms(0, "started")
    await rung.clock.settle()
    assert rung.names == ["started", "told"]


async def test_what_waits_keeps_its_order_and_does_not_wait_for_what_is_not_due(rung: Rung):
    rung.in_ms(1000, "later")
    rung.alarms.when_idle(rung.note("one"))
    rung.alarms.when_idle(rung.note("two"))
    await rung.clock.settle()
    assert rung.names == ["one", "two"]
