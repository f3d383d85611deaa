"""Runs over the API: their rows, their output, and their end."""

import asyncio

from tests.api.served import Served
from tests.runtime import handlers_in_tests
from tests.runtime.house import calls, schedule, shell

from cronsole.model.event import RunFinished, RunStarted


async def triggered(served: Served, schedule_id: str) -> str:
    return (await served.ask("POST", f"/api/v1/schedules/{schedule_id}/trigger")).json()["run_id"]


async def test_a_run_is_listed_and_shown_with_its_actor(served: Served):
    await served.start(schedule("tick", "1h", calls("note")), schedule("tock", "1h"))
    run_id = await triggered(served, "tick")
    await served.house.until(RunFinished)
    listed = (await served.ask("GET", "/api/v1/runs?schedule_ids=tick&states=succeeded&causes=manual")).json()
    assert [each["run_id"] for each in listed["items"]] == [run_id]
    detail = (await served.ask("GET", f"/api/v1/runs/{run_id}")).json()
    assert detail["run"]["actor"].startswith("uid ")


async def test_the_log_is_bytes_with_where_they_are_in_the_headers(served: Served):
    await served.start(schedule("tick", "1h", shell(r"printf 'one\377two'")))
    run_id = await triggered(served, "tick")
    await served.house.until(RunFinished)
    answer = await served.ask("GET", f"/api/v1/runs/{run_id}/log?offset=2&limit=3")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.body == b"e\xfft"
    assert {name: value for name, value in answer.headers.items() if name.startswith("cronsole-")} == {
        "cronsole-run": run_id,
        "cronsole-attempt": "1",
        "cronsole-offset": "2",
        "cronsole-next-offset": "5",
        "cronsole-left-out": "0",
        "cronsole-complete": "false",
    }
    rest = await served.ask("GET", f"/api/v1/runs/{run_id}/log?offset=5")
    assert (rest.body, rest.headers["cronsole-complete"]) == (b"wo", "true")


async def test_a_log_is_followed_until_its_run_ends(served: Served):
    script = "echo begun; until test -e done; do sleep 0.01; done; echo ended"
    await served.start(schedule("tick", "1h", shell(f"cd {served.house.state}; {script}")))
    run_id = await triggered(served, "tick")
    async with served.line() as line:
        await line.send("GET", f"/api/v1/runs/{run_id}/log?follow=true", {})
        assert (await line.head()).headers["content-type"] == "text/plain; charset=utf-8"
        following = asyncio.ensure_future(line.until("begun"))
        while not following.done():
            await served.house.seconds(0.2)
        (served.house.state / "done").touch()
        await served.house.until(RunFinished)
        following = asyncio.ensure_future(line.rest())
        while not following.done():
            await served.house.seconds(0.2)
        assert await following == "ended\n"


async def test_a_wait_for_more_output_is_within_bounds(served: Served):
    await served.start(schedule("tick", "1h", calls("note")))
    run_id = await triggered(served, "tick")
    await served.house.until(RunFinished)
    for query in ("wait=61", "wait=-1", "wait=nan", "limit=0", "limit=1048577", "attempt=0"):
        assert (await served.ask("GET", f"/api/v1/runs/{run_id}/log?{query}")).status == 400
    assert (await served.ask("GET", f"/api/v1/runs/{run_id}/log?wait=60")).status == 200


async def test_a_run_is_cancelled(served: Served):
    await served.start(schedule("tick", "1h", calls("hold")))
    run_id = await triggered(served, "tick")
    await served.house.until(RunStarted)
    assert (await served.ask("POST", f"/api/v1/runs/{run_id}/cancel")).status == 200
    finished = await served.house.until(RunFinished)
    assert finished.state == "cancelled"
    again = await served.ask("POST", f"/api/v1/runs/{run_id}/cancel")
    assert (again.status, again.problem()) == (409, "not-now")
    assert len(handlers_in_tests.calls) == 1
