"""Schedules over the API: pages, entity tags, idempotency, and what is done to them."""

from typing import Any

from tests.api.served import Served
from tests.runtime.house import calls, schedule

from cronsole.model.event import RunFinished

SCHEDULES = "/api/v1/schedules"
NIGHTLY = {"id": "night/ly", "cron": "30 4 * * *", "description": "made over the API"}


async def test_pages_lead_to_the_next_in_the_body_and_in_the_link(served: Served):
    await served.start(*(schedule(name, "1h", tags=("x",)) for name in ("a", "b", "c")))
    first = await served.ask("GET", f"{SCHEDULES}?limit=2&tags=x")
    assert [each["id"] for each in first.json()["items"]] == ["a", "b"]
    cursor = first.json()["next"]
    target = first.headers["link"].removeprefix("<").partition(">")[0]
    assert first.headers["link"].endswith('>; rel="next"')
    assert f"after={cursor}" in target
    second = await served.ask("GET", target)
    assert [each["id"] for each in second.json()["items"]] == ["c"]
    assert "link" not in second.headers


async def test_a_definition_is_created_read_replaced_patched_and_deleted(served: Served):
    await served.start()
    created = await served.ask("POST", SCHEDULES, NIGHTLY)
    assert created.status == 201
    read = await served.ask("GET", f"{SCHEDULES}/night%2Fly")
    assert read.headers["etag"] == created.headers["etag"]
    assert read.json()["definition"]["description"] == "made over the API"
    definition = {**read.json()["definition"], "description": "replaced"}
    replaced = await served.ask("PUT", f"{SCHEDULES}/night%2Fly", definition, If_Match=read.headers["etag"])
    assert replaced.status == 200
    assert replaced.headers["etag"] != read.headers["etag"]
    patched = await served.ask("PATCH", f"{SCHEDULES}/night%2Fly", {"description": None, "tags": ["db"]})
    assert patched.json()["definition"].get("description") is None
    assert patched.json()["schedule"]["tags"] == ["db"]
    deleted = await served.ask("DELETE", f"{SCHEDULES}/night%2Fly", If_Match=patched.headers["etag"])
    assert (deleted.status, deleted.body) == (204, b"")
    assert (await served.ask("GET", f"{SCHEDULES}/night%2Fly")).problem() == "unknown-schedule"


async def test_a_change_of_what_was_changed_meanwhile_is_refused(served: Served):
    await served.start()
    etag = (await served.ask("POST", SCHEDULES, NIGHTLY)).headers["etag"]
    await served.ask("PATCH", f"{SCHEDULES}/night%2Fly", {"description": "by somebody else"})
    stale: dict[str, Any] = {"If_Match": etag}
    for method, body in (("PUT", NIGHTLY), ("PATCH", {"tags": ["x"]}), ("DELETE", None)):
        answer = await served.ask(method, f"{SCHEDULES}/night%2Fly", body, **stale)
        assert (answer.status, answer.problem()) == (412, "stale-definition")
    assert (await served.ask("GET", f"{SCHEDULES}/night%2Fly")).json()["definition"]["description"] == (
        "by somebody else"
    )


async def test_who_has_seen_a_definition_is_not_sent_it_again(served: Served):
    await served.start(schedule("tick", "1h"))
    etag = (await served.ask("GET", f"{SCHEDULES}/tick")).headers["etag"]
    for seen in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await served.ask("GET", f"{SCHEDULES}/tick", If_None_Match=seen)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert (await served.ask("GET", f"{SCHEDULES}/tick", If_None_Match='"other"')).status == 200


async def test_a_definition_that_runs_something_needs_exec(served: Served):
    editor = served.token("editor", role="editor")
    both = served.token("both", "write", "exec")
    await served.start()
    runs = {**NIGHTLY, "command": "echo hello"}
    assert (await served.ask("POST", SCHEDULES, runs, token=editor)).problem() == "forbidden"
    assert (await served.ask("POST", SCHEDULES, runs, token=both)).status == 201
    assert (await served.ask("POST", SCHEDULES, {**NIGHTLY, "id": "b"}, token=editor)).status == 201


async def test_every_fault_of_a_definition_is_told(served: Served):
    await served.start()
    answer = await served.ask("POST", SCHEDULES, {"id": "a", "cron": "61 * * * *", "time_out": "5s"})
    assert (answer.status, answer.problem()) == (422, "config-error")
    assert len(answer.json()["problems"]) == 2


async def test_a_request_that_is_repeated_under_its_key_is_done_once(served: Served):
    await served.start(schedule("tick", "1h", calls("note")))
    key: dict[str, Any] = {"Idempotency_Key": "4f9c"}
    first = await served.ask("POST", f"{SCHEDULES}/tick/trigger", {"payload": 1}, **key)
    again = await served.ask("POST", f"{SCHEDULES}/tick/trigger", {"payload": 1}, **key)
    assert (first.status, again.status) == (202, 202)
    assert first.json()["run_id"] == again.json()["run_id"]
    other = await served.ask("POST", f"{SCHEDULES}/tick/trigger", {"payload": 2}, **key)
    assert (other.status, other.problem()) == (422, "key-reused")
    await served.house.until(RunFinished)
    assert len(await served.house.rows("tick")) == 1


async def test_creation_and_retry_and_backfill_take_a_key_too(served: Served):
    await served.start(schedule("tick", "0 * * * *", calls("note")))
    key: dict[str, Any] = {"Idempotency_Key": "once"}
    created = [await served.ask("POST", SCHEDULES, NIGHTLY, **key) for _ in range(2)]
    assert [each.status for each in created] == [201, 201]
    run = (await served.ask("POST", f"{SCHEDULES}/tick/trigger")).json()["run_id"]
    await served.house.until(RunFinished)
    retried = [await served.ask("POST", f"/api/v1/runs/{run}/retry", Idempotency_Key="r") for _ in range(2)]
    assert retried[0].json()["run_id"] == retried[1].json()["run_id"] != run
    asked = {"since": "2026-11-19T20:00:00Z", "until": "2026-11-19T23:00:00Z"}
    target = f"{SCHEDULES}/tick/backfill"
    filled = [await served.ask("POST", target, asked, Idempotency_Key="b") for _ in range(2)]
    assert filled[0].json() == filled[1].json()
    assert filled[0].json()["slots"] > 0


async def test_a_malformed_key_is_refused(served: Served):
    await served.start(schedule("tick", "1h"))
    answer = await served.ask("POST", f"{SCHEDULES}/tick/trigger", Idempotency_Key="x" * 256)
    assert (answer.status, answer.problem()) == (400, "invalid-request")


async def test_a_pause_names_the_actor_and_is_lifted_again(served: Served):
    token = served.token("deploy", role="operator")
    await served.start(schedule("tick", "1h"))
    paused = await served.ask("POST", f"{SCHEDULES}/tick/pause", {"reason": "maintenance"}, token=token)
    assert paused.json()["schedule_ids"] == ["tick"]
    view = (await served.ask("GET", f"{SCHEDULES}/tick")).json()["schedule"]
    assert (view["status"], view["pause"]["actor"]) == ("paused", "token deploy from 127.0.0.1")
    await served.ask("POST", f"{SCHEDULES}/tick/resume", token=token)
    assert (await served.ask("GET", f"{SCHEDULES}/tick")).json()["schedule"]["status"] == "active"


async def test_a_selection_has_to_be_given_and_the_path_is_not_widened_by_the_body(served: Served):
    await served.start(schedule("tick", "1h"), schedule("tock", "1h"))
    assert (await served.ask("POST", "/api/v1/pause", {})).status == 400
    widened = await served.ask("POST", f"{SCHEDULES}/tick/pause", {"select": {"everything": True}})
    assert widened.status == 400
    both = await served.ask("POST", "/api/v1/pause", {"select": {"everything": True}, "preview": True})
    assert (both.json()["schedule_ids"], both.json()["is_preview"]) == (["tick", "tock"], True)


async def test_what_comes_and_why_are_told_for_the_instant_asked_for(served: Served):
    await served.start(schedule("tick", "0 * * * *"))
    fires = (await served.ask("GET", f"{SCHEDULES}/tick/next?count=2&after=2026-12-24T00:30:00Z")).json()
    assert [each["slot"] for each in fires] == ["2026-12-24T01:00:00Z", "2026-12-24T02:00:00Z"]
    why = (await served.ask("GET", f"{SCHEDULES}/tick/why")).json()
    assert (why["schedule_id"], why["slot"]) == ("tick", "2026-11-20T01:00:00Z")


async def test_the_runs_of_a_schedule_that_there_is_not_are_no_empty_list(served: Served):
    await served.start(schedule("tick", "1h"))
    assert (await served.ask("GET", f"{SCHEDULES}/tick/runs")).json() == {"items": []}
    assert (await served.ask("GET", f"{SCHEDULES}/tock/runs")).problem() == "unknown-schedule"


async def test_the_audit_trail_tells_who_changed_what(served: Served):
    token = served.token("deploy", role="operator")
    await served.start(schedule("tick", "1h"))
    await served.ask("POST", f"{SCHEDULES}/tick/pause", token=token)
    (entry, *_) = (await served.ask("GET", "/api/v1/audit?verb=pause")).json()["items"]
    assert (entry["actor"], entry["target"]) == ("token deploy from 127.0.0.1", "tick")
