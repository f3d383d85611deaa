"""Server-sent events: live, from where a reader was cut off, and to the end of the server."""

import asyncio
import re

from tests.api.served import Line, Served
from tests.runtime.house import calls, schedule

from cronsole.api.tokens import revoke
from cronsole.model.event import RunFinished

EVENTS = "/api/v1/events"


async def open_events(line: Line, query: str = "", **headers: str) -> None:
    await line.send(
        "GET", f"{EVENTS}{query}", {name.replace("_", "-"): text for name, text in headers.items()}
    )
    head = await line.head()
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    await line.until(": cronsole")


def ids_of(text: str) -> list[str]:
    return re.findall(r"^id: (.*)$", text, re.MULTILINE)


def kinds_of(text: str) -> list[str]:
    return re.findall(r"^event: (.*)$", text, re.MULTILINE)


async def test_what_happens_is_told_with_id_kind_and_fields(served: Served):
    await served.start(schedule("tick", "1h", calls("note")))
    async with served.line() as line:
        await open_events(line)
        await served.ask("POST", "/api/v1/schedules/tick/trigger")
        text = await line.until("run_finished", "\n\n")
    assert kinds_of(text)[-2:] == ["run_started", "run_finished"]
    assert '"schedule_id":"tick"' in text
    assert '"message":"tick succeeded' in text


async def test_a_reader_goes_on_where_it_was_cut_off(served: Served):
    await served.start(schedule("tick", "1h", calls("note")))
    async with served.line() as line:
        await open_events(line)
        await served.ask("POST", "/api/v1/schedules/tick/trigger")
        first = await line.until("run_finished", "\n\n")
    await served.ask("POST", "/api/v1/schedules/tick/trigger")
    await served.house.until(RunFinished, count=2)
    last = ids_of(first)[-1]
    for query, headers in (("", {"Last_Event_ID": last}), (f"?since={last}", {})):
        async with served.line() as line:
            await open_events(line, query, **headers)
            second = await line.until("run_finished", "\n\n")
        assert not set(ids_of(first)) & set(ids_of(second))
        assert kinds_of(second)[-2:] == ["run_started", "run_finished"]


async def test_a_reader_whose_events_are_gone_is_told_to_look_afresh(served: Served):
    await served.start()
    async with served.line() as line:
        await open_events(line, "?since=another-engine-7")
        assert kinds_of(await line.until("\n\n"))[0] == "resync"


async def test_a_quiet_stream_beats_every_two_seconds(served: Served):
    await served.start()
    async with served.line() as line:
        await open_events(line)
        await served.house.seconds(6)
        text = await line.until('"at":"2026-11-20T00:00:06.500000Z"')
    assert kinds_of(text) == ["heartbeat"] * 3


async def test_a_reader_hears_of_what_it_asked_for_and_of_the_stream_itself(served: Served):
    await served.start(schedule("tick", "1s", calls("note")), schedule("tock", "1h", calls("note")))
    async with served.line() as line:
        await open_events(line, "?schedule=tock&kind=run_finished")
        await served.house.seconds(6)
        await served.ask("POST", "/api/v1/schedules/tock/trigger")
        text = await line.until("run_finished", "\n\n")
    assert set(kinds_of(text)) == {"heartbeat", "run_finished"}
    assert '"schedule_id":"tick"' not in text


async def test_a_reader_who_went_away_leaves_nothing_behind(served: Served):
    await served.start()
    feed = served.house.engine.facade._reads.feed
    async with served.line() as line:
        await open_events(line)
        assert len(feed._readers) == 1
    async with asyncio.timeout(20):
        while feed._readers:
            await asyncio.sleep(0)


async def test_streams_end_whole_when_the_server_stops(served: Served):
    await served.start()
    async with served.line() as line:
        await open_events(line)
        stopping = asyncio.ensure_future(served.stop())
        text = await line.rest()
        await stopping
    assert kinds_of(text)[-1] in ("engine_stopped", "engine_stopping")


async def test_a_stream_does_not_outlive_its_token(served: Served):
    token = served.token("deploy", role="viewer")
    await served.start()
    async with served.line(tcp=True) as line:
        await open_events(line, Authorization=f"Bearer {token}")
        revoke(served.token_file, "deploy")
        await served.house.seconds(2)
        assert await line.rest() == ""


async def test_a_malformed_id_is_refused(served: Served):
    await served.start()
    assert (await served.ask("GET", f"{EVENTS}?since=%00")).status == 400
    assert (await served.ask("GET", f"{EVENTS}?since={'x' * 300}")).status == 400
