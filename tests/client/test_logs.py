from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.client.scripted import answered, refused, serving

from cronsole.client import logs
from cronsole.client.engine import EngineClient
from cronsole.errors import CronsoleError, UnknownRun, Unreachable
from cronsole.model.view import LogChunk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once() -> Iterator[float]:
        return iter(lambda: 0.0, 1.0)

    monkeypatch.setattr(logs, "delays", at_once)
    monkeypatch.setattr(logs, "_LOOK_SECONDS", 0.0)


def piece(
    data: bytes, offset: int, *, attempt: int = 1, left_out: int = 0, is_complete: bool = False
) -> bytes:
    return answered(
        data,
        "Cronsole-Run: r",
        f"Cronsole-Attempt: {attempt}",
        f"Cronsole-Offset: {offset}",
        f"Cronsole-Next-Offset: {offset + len(data)}",
        f"Cronsole-Left-Out: {left_out}",
        f"Cronsole-Complete: {'true' if is_complete else 'false'}",
    )


def run(attempt: int, state: str) -> bytes:
    at = "2026-11-20T00:00:00Z"
    fields = {"run_id": "r", "schedule_id": "s", "cause": "manual", "due_at": at, "created_at": at}
    return answered({"run": {**fields, "state": state, "attempt": attempt}})


async def chunks(path: Path, **options: object) -> list[LogChunk]:
    async with EngineClient.at(str(path)) as client, aclosing(client.log("r", **options)) as log:  # type: ignore[arg-type]
        return [chunk async for chunk in log]


def asked(request: str) -> str:
    return request.split(" ", 2)[1].partition("?")[2]


async def test_all_that_there_is_is_read_and_then_no_more_waited_for(path: Path):
    async with serving(path, piece(b"ab", 0), piece(b"cd", 2), piece(b"", 4)) as server:
        found = await chunks(path)
    assert b"".join(chunk.data for chunk in found) == b"abcd"
    assert [asked(request) for request in server.requests] == [
        "offset=0&limit=262144",
        "attempt=1&offset=2&limit=262144",
        "attempt=1&offset=4&limit=262144",
    ]


async def test_a_limit_bounds_all_chunks_together(path: Path):
    async with serving(path, piece(b"abc", 0), piece(b"de", 3)) as server:
        found = await chunks(path, limit=5)
    assert b"".join(chunk.data for chunk in found) == b"abcde"
    assert [asked(request)[-7:] for request in server.requests] == ["limit=5", "limit=2"]


async def test_a_negative_offset_is_one_from_the_end_for_the_first_chunk_only(path: Path):
    async with serving(path, piece(b"yz", 98), piece(b"", 100, is_complete=True)) as server:
        await chunks(path, offset=-2)
    assert "offset=-2&" in server.requests[0]
    assert "offset=100&" in server.requests[1]


async def test_the_last_chunk_says_that_it_is(path: Path):
    async with serving(path, piece(b"ab", 0, is_complete=True)):
        assert [chunk.is_complete for chunk in await chunks(path)] == [True]


async def test_what_is_no_longer_there_is_told(path: Path):
    async with serving(path, piece(b"head", 0), piece(b"tail", 1_000, left_out=996, is_complete=True)):
        assert [chunk.left_out for chunk in await chunks(path)] == [0, 996]


async def test_a_follower_waits_for_what_is_not_there_yet(path: Path):
    async with serving(
        path, piece(b"", 0), piece(b"ab", 0), piece(b"", 2, is_complete=True), run(1, "succeeded")
    ) as server:
        found = await chunks(path, follow=True)
    assert [chunk.data for chunk in found] == [b"ab", b""]
    assert "wait=20.0" in server.requests[0]


async def test_a_follower_goes_on_with_the_next_attempt_from_its_start(path: Path):
    async with serving(
        path,
        piece(b"one", 0, is_complete=True),
        run(1, "queued"),
        run(2, "running"),
        piece(b"two", 0, attempt=2, is_complete=True),
        run(2, "failed"),
    ) as server:
        found = await chunks(path, follow=True)
    assert [(chunk.attempt, chunk.data) for chunk in found] == [(1, b"one"), (2, b"two")]
    assert asked(server.requests[3]).startswith("attempt=2&offset=0&")


async def test_who_follows_one_attempt_does_not_go_on_with_the_next(path: Path):
    async with serving(path, piece(b"one", 0, is_complete=True)) as server:
        await chunks(path, follow=True, attempt=1)
    assert len(server.requests) == 1


async def test_a_chunk_that_is_cut_off_is_asked_for_again_and_told_once(path: Path):
    whole = piece(b"abcdef", 0)
    async with serving(path, whole[:-2], b"", whole, piece(b"", 6, is_complete=True), run(1, "failed")):
        found = await chunks(path, follow=True)
    assert b"".join(chunk.data for chunk in found) == b"abcdef"


async def test_a_follower_of_an_engine_that_has_gone_for_good_is_told_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(logs, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(Unreachable):
        await chunks(path, follow=True)


async def test_a_run_that_nobody_knows_is_told_at_once(path: Path):
    async with serving(path, refused("unknown-run", 404)):
        with pytest.raises(UnknownRun):
            await chunks(path, follow=True)


async def test_an_answer_without_a_place_is_none_of_an_engine(path: Path):
    async with serving(path, answered(b"<html>")):
        with pytest.raises(CronsoleError, match="no engine of ours"):
            await chunks(path)
