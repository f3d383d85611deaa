"""What monitoring collects."""

from prometheus_client.parser import text_string_to_metric_families
from tests.api.served import Served
from tests.runtime.house import calls, schedule, shell

from cronsole.model.event import RunFinished, SlotSkipped


async def samples(served: Served) -> dict[str, float]:
    answer = await served.ask("GET", "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.name + ("{" + ",".join(sample.labels.values()) + "}" if sample.labels else ""): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


async def test_runs_are_counted_by_state_and_cause(served: Served):
    await served.start(schedule("good", "1h", calls("note")), schedule("bad", "1h", shell("exit 3")))
    for name in ("good", "good", "bad"):
        await served.ask("POST", f"/api/v1/schedules/{name}/trigger")
    await served.house.until(RunFinished, count=3)
    found = await samples(served)
    assert found["cronsole_runs_total{manual,succeeded}"] == 2
    assert found["cronsole_runs_total{manual,failed}"] == 1
    assert found["cronsole_run_duration_seconds_count"] == 3
    assert found["cronsole_run_lateness_seconds_count"] == 3


async def test_slots_without_a_run_are_counted_by_reason(served: Served):
    await served.start(schedule("tick", "1s", calls("note")))
    await served.ask("POST", "/api/v1/schedules/tick/pause")
    await served.house.seconds(2)
    await served.house.until(SlotSkipped)
    assert (await samples(served))["cronsole_slots_skipped_total{paused}"] >= 1


async def test_what_stands_now_is_measured_when_somebody_looks(served: Served):
    await served.start(schedule("tick", "0 * * * *", calls("hold")), schedule("tock", "0 * * * *"))
    await served.ask("POST", "/api/v1/schedules/tick/trigger")
    await served.ask("POST", "/api/v1/schedules/tock/pause")
    await served.house.seconds(1)
    found = await samples(served)
    assert found["cronsole_schedules{active}"] == 1
    assert found["cronsole_schedules{paused}"] == 1
    assert found["cronsole_runs_running"] == 1
    assert found["cronsole_runs_queued"] == 0
    assert found["cronsole_next_fire_timestamp_seconds"] == 1_795_136_400
    assert found["cronsole_ready"] == 1
    assert found["cronsole_database_commits_total"] > 0
    assert any(name.startswith("cronsole_build_info{") for name in found)


async def test_no_label_holds_the_id_of_a_schedule(served: Served):
    await served.start(schedule("unmistakable", "1h", calls("note")))
    await served.ask("POST", "/api/v1/schedules/unmistakable/trigger")
    await served.house.until(RunFinished)
    assert b"unmistakable" not in (await served.ask("GET", "/metrics")).body
