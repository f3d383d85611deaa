import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from cronsole.model.event import Event, Level, RunFinished, SlotSkipped, SlotsMissed, Warned
from cronsole.model.run import Range, RunState, SkipReason
from cronsole.model.view import EventView, RangeView
from cronsole.runtime.feed import OLDEST, Feed, event_view
from cronsole.testing import FakeClock, let_others_run

DAWN = datetime(2026, 11, 20, tzinfo=UTC)


class Reader:
    """A reader that takes what comes only when told to."""

    def __init__(self, stream: AsyncIterator[Sequence[EventView]]) -> None:
        self._stream = stream

    async def take(self) -> list[EventView]:
        async with asyncio.timeout(10):
            return list(await anext(self._stream))


class Station:
    """A feed and its readers."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clock = FakeClock()
        self.feed = Feed(self.clock, "n1", capacity=5)
        self._stack = stack

    def read(self, since: str | None = None) -> Reader:
        return Reader(aiter(self._stack.enter_context(self.feed.reader(since))))

    def tell(self, *texts: str) -> None:
        for text in texts:
            self.feed.note(Warned(self.clock.now(), text))


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    async with AsyncExitStack() as stack:
        yield Station(stack)


def told(views: list[EventView]) -> list[str]:
    return [view.message if view.kind == "warned" else view.kind for view in views]


async def test_a_reader_gets_what_comes_from_now_on(station: Station) -> None:
    station.tell("before")
    reader = station.read()
    station.tell("first", "second")
    assert told(await reader.take()) == ["first", "second"]


async def test_each_event_has_the_node_and_its_number_as_id(station: Station) -> None:
    reader = station.read()
    station.tell("first", "second")
    assert [view.id for view in await reader.take()] == ["n1-1", "n1-2"]


async def test_a_reader_goes_on_after_the_last_it_has_seen(station: Station) -> None:
    station.tell("first", "second", "third")
    reader = station.read("n1-1")
    assert told(await reader.take()) == ["second", "third"]
    assert told(await reader.take()) == ["heartbeat"]


async def test_a_reader_that_has_seen_all_gets_no_resync(station: Station) -> None:
    station.tell("first")
    reader = station.read("n1-1")
    assert told(await reader.take()) == ["heartbeat"]
    station.tell("second")
    assert told(await reader.take()) == ["second"]


@pytest.mark.parametrize("since", ["n1-1", "n1-99", "n2-6", "", "n1-", "n1-x", "n1-²", "-1"])
async def test_what_is_not_remembered_or_of_another_start_is_a_resync(station: Station, since: str) -> None:
    station.tell(*"abcdefgh")
    reader = station.read(since)
    assert told(await reader.take()) == ["resync"]
    station.tell("next")
    assert "next" in told(await reader.take())


async def test_after_a_resync_its_id_is_where_a_reader_goes_on(station: Station) -> None:
    station.tell(*"abcdefgh")
    (resync,) = await station.read("n0-1").take()
    station.tell("next")
    assert told(await station.read(resync.id).take()) == ["next"]


async def test_the_oldest_asks_for_all_that_is_remembered(station: Station) -> None:
    station.tell(*"abcdefgh")
    assert told(await station.read(OLDEST).take()) == list("defgh")


async def test_a_reader_that_falls_behind_gets_a_resync_and_then_what_is_new(station: Station) -> None:
    reader = station.read()
    station.tell(*"abcdefgh")
    assert told(await reader.take()) == ["resync"]
    station.tell("next")
    assert told(await reader.take()) == ["next"]


async def test_a_slow_reader_takes_nothing_from_a_quick_one(station: Station) -> None:
    slow, quick = station.read(), station.read()
    found = []
    for text in "abcdefgh":
        station.tell(text)
        found += told(await quick.take())
    assert found == list("abcdefgh")
    assert told(await slow.take()) == ["resync"]


async def test_the_view_of_an_event_is_shared_between_readers(station: Station) -> None:
    one, other = station.read(), station.read()
    station.tell("first")
    assert (await one.take())[0] is (await other.take())[0]


async def test_a_heartbeat_comes_every_two_seconds_in_silence(station: Station) -> None:
    reader = station.read()
    heard = asyncio.ensure_future(reader.take())
    await station.clock.advance(1_999)
    assert not heard.done()
    await station.clock.advance(1)
    assert told(await heard) == ["heartbeat"]


async def test_a_reader_that_waits_is_woken_by_an_event(station: Station) -> None:
    heard = asyncio.ensure_future(station.read().take())
    await let_others_run()
    station.tell("first")
    await let_others_run()
    assert told(await heard) == ["first"]


async def test_a_reader_that_left_is_told_nothing_more(station: Station) -> None:
    with station.feed.reader() as reader:
        heard = asyncio.ensure_future(Reader(aiter(reader)).take())
        await let_others_run()
    station.tell("first")
    await let_others_run()
    assert not heard.done()
    heard.cancel()


@pytest.mark.parametrize(
    ("event", "view"),
    [
        (
            RunFinished(1, "gc", "r1", RunState.FAILED, 2, 3100, 1, "exit code 1"),
            EventView(
                id="n1-7",
                at=datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
                kind="run_finished",
                level=Level.ERROR,
                message="gc failed after 3.1s: exit code 1",
                schedule_id="gc",
                run_id="r1",
                fields={
                    "state": RunState.FAILED,
                    "attempt": 2,
                    "duration_ms": 3100,
                    "exit_code": 1,
                    "detail": "exit code 1",
                },
            ),
        ),
        (
            SlotSkipped(1, "gc", 1_795_132_800_000, SkipReason.PAUSED, ""),
            EventView(
                id="n1-7",
                at=datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
                kind="slot_skipped",
                message="gc skipped for 2026-11-20T00:00Z: paused",
                schedule_id="gc",
                fields={"slot": DAWN, "reason": SkipReason.PAUSED, "detail": ""},
            ),
        ),
        (
            SlotsMissed(1, "gc", Range(2, 1_795_132_800_000, 1_795_132_800_000)),
            EventView(
                id="n1-7",
                at=datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
                kind="slots_missed",
                level=Level.WARNING,
                message="gc missed 2 slots: 2026-11-20T00:00Z to 2026-11-20T00:00Z",
                schedule_id="gc",
                fields={"missed": RangeView(count=2, first=DAWN, last=DAWN)},
            ),
        ),
    ],
)
def test_an_event_is_a_sentence_and_its_fields_with_instants_as_datetimes(
    event: Event, view: EventView
) -> None:
    assert event_view(event, "n1-7") == view
