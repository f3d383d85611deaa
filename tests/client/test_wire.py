import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.client.scripted import HOLD, answered, refused, serving

from cronsole.client.engine import EngineClient
from cronsole.errors import CronsoleError, NotNow, Unreachable
from cronsole.model.ask import RunQuery, ScheduleQuery
from cronsole.model.run import RunState
from cronsole.model.view import ScheduleStatus

RUN = {
    "run_id": "r",
    "schedule_id": "s",
    "cause": "manual",
    "state": "queued",
    "due_at": "2026-11-20T00:00:00Z",
    "created_at": "2026-11-20T00:00:00Z",
}
CUT = b""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


def target(request: str) -> str:
    return request.split(" ", 2)[1]


async def test_a_question_is_written_with_its_fields_repeated_and_its_defaults_left_out(path: Path):
    query = ScheduleQuery(
        statuses=(ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED), words=("a&b c",), is_failing=False
    )
    async with serving(path, answered({"items": []})) as server, EngineClient.at(str(path)) as client:
        await client.schedules(query)
    assert target(server.requests[0]) == (
        "/api/v1/schedules?statuses=active&statuses=paused&words=a%26b%20c&is_failing=false"
    )


async def test_an_instant_is_written_with_its_offset_escaped(path: Path):
    query = RunQuery(since=datetime(2026, 11, 20, tzinfo=UTC), states=(RunState.LOST,))
    async with serving(path, answered({"items": []})) as server, EngineClient.at(str(path)) as client:
        await client.runs(query)
    assert target(server.requests[0]) == "/api/v1/runs?states=lost&since=2026-11-20T00%3A00%3A00Z"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("..", ".."),
        ("ä ?#&", "%C3%A4%20%3F%23%26"),
        ("~x-_.", "~x-_."),
    ],
)
async def test_an_id_stays_one_segment_of_the_path(path: Path, name: str, written: str):
    unknown = refused("unknown-schedule", 404)
    async with serving(path, unknown) as server, EngineClient.at(str(path)) as client:
        with pytest.raises(CronsoleError):
            await client.why(name)
    assert target(server.requests[0]) == f"/api/v1/schedules/{written}/why"


async def test_an_etag_is_insisted_on(path: Path):
    async with serving(path, answered(b"", status=204)) as server, EngineClient.at(str(path)) as client:
        await client.delete("x", etag="3f2a")
    assert '\r\nif-match: "3f2a"\r\n' in server.requests[0].lower()


async def test_a_run_whose_answer_was_lost_is_asked_for_again_under_the_same_key(path: Path):
    async with serving(path, CUT, answered(RUN)) as server, EngineClient.at(str(path)) as client:
        assert (await client.trigger("s")).run_id == "r"
    keys = [
        line for request in server.requests for line in request.splitlines() if "idempotency" in line.lower()
    ]
    assert len(keys) == 2
    assert keys[0] == keys[1]


async def test_a_change_without_a_key_is_never_asked_for_twice(path: Path):
    async with serving(path, CUT, answered(RUN)) as server, EngineClient.at(str(path)) as client:
        with pytest.raises(Unreachable, match="gave no answer"):
            await client.cancel("r")
    assert len(server.requests) == 1


async def test_a_question_is_repeated_once_and_then_told(path: Path):
    async with serving(path, CUT, CUT) as server, EngineClient.at(str(path)) as client:
        with pytest.raises(Unreachable, match="look at its log"):
            await client.engine()
    assert len(server.requests) == 2


async def test_a_refusal_is_not_repeated(path: Path):
    ended = refused("not-now", 409, "it has ended")
    async with serving(path, ended) as server, EngineClient.at(str(path)) as client:
        with pytest.raises(NotNow, match="it has ended"):
            await client.retry("r")
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b'{"version": 7}', b"\xff", b""])
async def test_an_answer_in_another_language_is_told_with_what_to_compare(path: Path, body: bytes):
    async with serving(path, answered(body)), EngineClient.at(str(path)) as client:
        with pytest.raises(CronsoleError, match="cronsole --version"):
            await client.engine()


async def test_what_a_later_version_tells_besides_is_passed_over(path: Path):
    async with serving(path, answered({**RUN, "colour": "red"})), EngineClient.at(str(path)) as client:
        assert (await client.trigger("s")).run_id == "r"


async def test_a_cancelled_question_closes_its_connection(path: Path):
    async with serving(path, HOLD) as server, EngineClient.at(str(path)) as client:
        asking = asyncio.ensure_future(client.engine())
        await server.asked.wait()
        asking.cancel()
        await server.closed.wait()


async def test_a_token_is_sent_as_a_bearer_and_told_to_nobody(path: Path):
    async with (
        serving(path, answered(b"<html>")) as server,
        EngineClient.at(str(path), token="cronsole_x") as client,
    ):
        with pytest.raises(CronsoleError) as refusal:
            await client.engine()
    assert "authorization: bearer cronsole_x" in server.requests[0].lower()
    assert "cronsole_x" not in f"{refusal.value}{client.target}{client!r}"


def test_a_patch_is_for_a_schedule_that_exists():
    client = EngineClient.at("/x.sock")
    with pytest.raises(ValueError, match="name its schedule_id"):
        asyncio.run(client.save({}, patch=True))
