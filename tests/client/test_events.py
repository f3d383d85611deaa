import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.client.scripted import HOLD, event, kinds, refused, serving, streamed

from cronsole.client import events, wire
from cronsole.client.engine import EngineClient
from cronsole.errors import Forbidden, Unreachable
from cronsole.model.view import EventView


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "FIRST_SECONDS", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


async def first(count: int, path: Path, since: str | None = None) -> list[EventView]:
    """Return the first events of a stream."""
    heard = []
    async with EngineClient.at(f"unix:{path}") as client, aclosing(client.events(since)) as stream:
        async for view in stream:
            heard.append(view)
            if len(heard) == count:
                break
    return heard


async def test_a_stream_that_is_cut_off_goes_on_after_its_last_event(path: Path):
    async with serving(
        path, streamed(event("n-1", second=7)), streamed(event("n-2"), event("n-3"), HOLD)
    ) as server:
        heard = await first(5, path)
    assert kinds(heard) == ["tick", "lost", "found", "tick", "tick"]
    assert [view.id for view in heard if view.kind == "tick"] == ["n-1", "n-2", "n-3"]
    assert "last-event-id" not in server.requests[0].lower()
    assert "last-event-id: n-1\r\n" in server.requests[1].lower()


async def test_a_reader_begins_after_the_event_that_it_names(path: Path):
    async with serving(path, streamed(event("n-8"), HOLD)) as server:
        await first(1, path, since="n-7")
    assert "last-event-id: n-7\r\n" in server.requests[0].lower()


async def test_a_lost_link_is_told_with_its_reason_and_with_when_the_engine_was_last_heard(path: Path):
    async with serving(path, streamed(event("n-1", second=7)), streamed(event("n-2"), HOLD)):
        lost = (await first(2, path))[1]
    assert (lost.id, lost.at) == ("n-1", datetime(2026, 11, 20, 0, 0, 7, tzinfo=UTC))
    assert lost.message == "the engine has ended the stream"


async def test_attempts_are_numbered_until_the_engine_is_heard(path: Path):
    async with serving(
        path,
        streamed(event("n-1")),
        refused("store-unavailable", 503),
        streamed(),
        streamed(event("n-2")),
        streamed(event("n-3"), HOLD),
    ):
        heard = await first(10, path)
    assert kinds(heard) == ["tick", "lost", "lost", "found", "lost", "found", "tick", "lost", "found", "tick"]
    assert [view.fields["attempt"] for view in heard if view.kind == "lost"] == [1, 2, 3, 1]


async def test_where_no_event_was_seen_yet_a_reader_is_told_to_look_at_everything_afresh(path: Path):
    async with serving(path, streamed(b": hello\n\n"), streamed(event("n-1"), HOLD)):
        heard = await first(4, path)
    assert kinds(heard) == ["lost", "found", "resync", "tick"]


async def test_a_stream_that_falls_silent_is_lost(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "SILENCE_SECONDS", 0.05)
    async with serving(path, streamed(event("n-1"), HOLD), streamed(event("n-2"), HOLD)) as server:
        heard = await first(4, path)
        await server.closed.wait()
    assert kinds(heard) == ["tick", "lost", "found", "tick"]
    assert "nothing was heard" in heard[1].message


async def test_an_event_that_is_cut_in_two_is_told_once_and_whole(path: Path):
    whole = event("n-2")
    async with serving(
        path, streamed(event("n-1"), whole[: len(whole) // 2]), streamed(whole, event("n-3"), HOLD)
    ):
        heard = await first(5, path)
    assert [view.id for view in heard if view.kind == "tick"] == ["n-1", "n-2", "n-3"]


async def test_the_first_attempt_of_all_says_that_nobody_is_there(path: Path):
    with pytest.raises(Unreachable, match="start one with `cronsole engine`"):
        await first(1, path)


async def test_a_refusal_ends_the_stream(path: Path):
    async with serving(path, streamed(event("n-1")), refused("forbidden", 403)):
        with pytest.raises(Forbidden, match="because"):
            await first(9, path)


async def test_a_reader_that_leaves_closes_its_connection(path: Path):
    async with serving(path, streamed(event("n-1"), HOLD)) as server:
        await first(1, path)
        await server.closed.wait()


async def test_a_reader_that_is_cancelled_closes_its_connection(path: Path):
    async with serving(path, streamed(event("n-1"), HOLD)) as server, EngineClient.at(str(path)) as client:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(anext_of(client, 2))
            await server.asked.wait()
            reading.cancel()
        await server.closed.wait()


async def anext_of(client: EngineClient, count: int) -> None:
    async with aclosing(client.events()) as stream:
        for _ in range(count):
            await anext(stream)
