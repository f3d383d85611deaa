"""The proposal of the other system, quoted, against a real engine, a real plugin process and generated clients."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("grpc_tools")

import grpc
import grpc.aio
from tests.dialects.protoc import generated
from tests.plugins.pulse import Glyphs
from tests.runtime.house import House, schedule

from cronsole.api.facade import Asker
from cronsole.dialects.pulse.messages import CreateScheduleRequest, CreateScheduleResponse
from cronsole.dialects.pulse.service import ScheduleService
from cronsole.dialects.pulse.wire import WireFault
from cronsole.errors import UnknownSchedule
from cronsole.model.action import PluginCall
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import RunFinished, Warned
from cronsole.model.policy import Retry
from cronsole.model.run import RunState
from cronsole.model.schedule import Origin, SourceKind
from cronsole.plugins.base import RuntimeSchedule

ANNOUNCED = {"handler_name": "work", "interval_seconds": 86_400, "enabled_by_default": True}
ADMIN = Asker("ann", may_execute=True)


class Pulse:
    """A house with the plugin in it, asked through its own runs or by a generated client that has its token."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder / "state")
        self.glyphs = Glyphs(folder / "glyphs")
        self.glyphs.script(announce=[ANNOUNCED])
        self._channels: list[grpc.aio.Channel] = []

    async def start(self, **settings: Any) -> None:
        await self.house.start(plugins=(self.glyphs.settings(**settings),))

    async def stop(self) -> None:
        for channel in self._channels:
            await channel.close()
        if hasattr(self.house, "engine"):
            # What hangs is not waited for.
            self.house.engine.shutdown.hurry()
        await self.house.stop()
        self.glyphs.kill()

    def channel(self) -> grpc.aio.Channel:
        channel = grpc.aio.insecure_channel(self.glyphs.notes("initialize")[-1]["endpoint"])
        self._channels.append(channel)
        return channel

    async def ask(self, verb: str, token: str | None = None, **fields: Any) -> Any:
        """Call the service as any client would."""
        _, messages, _, services = generated()
        note = self.glyphs.notes("initialize")[-1]
        channel = self.channel()
        request = getattr(messages, f"{verb}ScheduleRequest")(
            auth_token=note["token"] if token is None else token, **fields
        )
        return await getattr(services.ScheduleServiceStub(channel), f"{verb}Schedule")(request)

    async def create(self, seconds: int = 60, **fields: Any) -> str:
        answer = await self.ask("Create", handler_name="poll", interval_seconds=seconds, **fields)
        assert answer.success, answer.error
        return str(answer.schedule_id)

    async def have_it(self, verb: str, **asked: Any) -> dict[str, Any]:
        """Have the plugin itself ask, in a run of its own."""
        before = len(self.house.of(RunFinished))
        control = self.house.engine.control
        await control.trigger("glyphs/work", TriggerAsk(payload={"do": verb, **asked}), actor="ann")
        finished = await self.house.until(RunFinished, count=before + 1)
        assert finished.state is RunState.SUCCEEDED, finished.detail
        return {
            name: value
            for name, value in self.glyphs.notes("asked")[-1].items()
            if name not in ("what", "pid")
        }

    async def passes(self, seconds: float, runs: int = 1) -> None:
        """Let time pass in which so many runs start, and end."""
        before = len(self.house.of(RunFinished))
        await self.house.seconds(seconds)
        await self.house.until(RunFinished, count=before + runs)

    def polled(self) -> list[str]:
        return [note["payload"] for note in self.glyphs.notes("execute") if note["handler"] == "poll"]


@pytest.fixture
async def pulse(tmp_path: Path) -> AsyncIterator[Pulse]:
    made = Pulse(tmp_path)
    yield made
    await made.stop()


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_the_proposal_from_end_to_end(pulse: Pulse, end: str) -> None:
    """„ix-json plugin needs per-glyph polling schedules created at runtime, not just at init“."""
    house = pulse.house
    await pulse.start()
    # „Activate clicks: id, err := p.services.Schedule().Create("ix-json.poll", intervalSecs, payload, metadata)“
    made = await pulse.have_it(
        "create", handler_name="poll", interval_seconds=60, payload='{"glyph":7}', metadata={"glyph_id": "7"}
    )
    schedule_id = made["schedule_id"]
    assert made["success"]
    await pulse.passes(60)
    assert pulse.polled() == ['{"glyph":7}']
    # „no persistence across restarts“
    await getattr(house, end)()
    await pulse.start()
    await pulse.passes(60)
    assert pulse.polled() == ['{"glyph":7}'] * 2
    # „Pause clicks: err := p.services.Schedule().Pause(scheduleID)“
    assert (await pulse.have_it("pause", schedule_id=schedule_id))["success"]
    assert (await pulse.have_it("get", schedule_id=schedule_id))["job"]["state"] == "paused"
    await house.seconds(120)
    assert len(pulse.polled()) == 2
    assert (await pulse.have_it("resume", schedule_id=schedule_id))["success"]
    await pulse.passes(60)
    assert len(pulse.polled()) == 3
    assert (await pulse.have_it("delete", schedule_id=schedule_id))["success"]
    await house.seconds(120)
    assert len(pulse.polled()) == 3
    assert (await pulse.have_it("get", schedule_id=schedule_id))["job"]["state"] == "deleted"


async def test_what_a_plugin_makes_is_seen_like_any_other_with_its_creator(pulse: Pulse) -> None:
    """„no visibility in the Pulse panel“, „no state management“."""
    await pulse.start()
    schedule_id = await pulse.create()
    shown = (await pulse.house.engine.facade.schedule(schedule_id)).schedule
    assert (shown.plugin, shown.source, shown.origin) == ("glyphs", SourceKind.API, "plugin:glyphs")
    (entry,) = await pulse.house.engine.ledger.audit_trail(target=schedule_id)
    assert (entry.verb, entry.actor) == ("create", "plugin:glyphs")


async def test_people_pause_patch_and_delete_it_like_any_other(pulse: Pulse) -> None:
    await pulse.start()
    control = pulse.house.engine.control
    schedule_id = await pulse.create()
    await control.pause([schedule_id], actor="ann")
    assert (await pulse.ask("Get", schedule_id=schedule_id)).job.state == "paused"
    await control.patch(schedule_id, {"every": "2m"}, ADMIN)
    job = (await pulse.ask("Get", schedule_id=schedule_id)).job
    assert (job.interval_seconds, control.lane(schedule_id).schedule.origin.name) == (120, "plugin:glyphs")
    await control.delete(schedule_id, ADMIN)
    assert (await pulse.ask("Get", schedule_id=schedule_id)).job.state == "deleted"


async def test_the_first_run_is_one_interval_after_its_creation(pulse: Pulse) -> None:
    await pulse.start()
    await pulse.create(90)
    await pulse.house.seconds(89)
    assert pulse.polled() == []
    await pulse.passes(1)
    assert pulse.polled() == [""]


async def test_two_creates_with_the_same_handler_make_two_schedules(pulse: Pulse) -> None:
    await pulse.start()
    first, second = await pulse.create(), await pulse.create()
    assert first != second
    await pulse.passes(60, runs=2)
    assert len(pulse.polled()) == 2


async def test_overlap_is_judged_for_each_schedule_by_itself(pulse: Pulse) -> None:
    await pulse.start()
    slow = await pulse.create(60, payload=b'{"do":"hang"}')
    await pulse.create(60)
    await pulse.passes(60)
    await pulse.passes(60)
    assert await pulse.house.verdicts(slow) == ["running", "skipped(overlap)"]
    assert len(pulse.polled()) == 3


async def test_get_tells_everything_and_its_times_are_rfc_3339(pulse: Pulse) -> None:
    await pulse.start()
    schedule_id = await pulse.create(60, payload=b'{"a":1}', metadata={"glyph_id": "7", "plugin": "ix"})
    job = (await pulse.ask("Get", schedule_id=schedule_id)).job
    assert (job.id, job.handler_name, job.payload, job.interval_seconds) == (
        schedule_id,
        "poll",
        b'{"a":1}',
        60,
    )
    assert json.loads(job.metadata) == {"glyph_id": "7", "plugin": "ix"}
    assert (job.state, job.last_run_at, job.last_execution_id) == ("active", "", "")
    assert job.created_at == job.updated_at == "2026-11-20T00:00:00.500Z"
    assert job.next_run_at == "2026-11-20T00:01:00.500Z"
    await pulse.passes(60)
    (run,) = await pulse.house.rows(schedule_id)
    job = (await pulse.ask("Get", schedule_id=schedule_id)).job
    assert (job.last_run_at, job.last_execution_id) == ("2026-11-20T00:01:00.500Z", run.run_id)
    assert job.next_run_at == "2026-11-20T00:02:00.500Z"
    assert (job.ats_code, job.source_url, job.created_from_doc) == ("", "", "")


async def test_times_without_a_fraction_still_have_their_seconds(pulse: Pulse) -> None:
    pulse.house.clock.step(-500)
    await pulse.start()
    schedule_id = await pulse.create()
    assert (await pulse.ask("Get", schedule_id=schedule_id)).job.created_at == "2026-11-20T00:00:00Z"


@pytest.mark.parametrize("verb", ["Create", "Pause", "Resume", "Delete", "Get"])
@pytest.mark.parametrize("token", ["", "wrong", "ä" * 50])
async def test_a_wrong_token_is_an_answer_with_a_sentence_and_no_error_of_the_line(
    pulse: Pulse, verb: str, token: str
) -> None:
    await pulse.start()
    answer = await pulse.ask(verb, token)
    assert (answer.success, answer.error) == (False, "invalid authentication token")


@pytest.mark.parametrize("verb", ["Pause", "Resume", "Delete", "Get"])
@pytest.mark.parametrize("schedule_id", ["", "nobody", "glyphs/work", "theirs", " x"])
async def test_what_is_not_its_own_is_not_found(pulse: Pulse, verb: str, schedule_id: str) -> None:
    await pulse.start()
    await pulse.house.engine.control.create({"id": "theirs", "cron": "5m"}, ADMIN)
    answer = await pulse.ask(verb, schedule_id=schedule_id)
    assert (answer.success, answer.error) == (False, f"scheduled job not found: {schedule_id}")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"handler_name": "poll", "interval_seconds": 0}, "interval is 0s; the shortest is 1s"),
        ({"handler_name": "poll", "interval_seconds": -5}, "interval is -5s; the shortest is 1s"),
        ({"handler_name": "paint", "interval_seconds": 5}, "unknown handler: 'paint'; glyphs has work, poll"),
        ({"interval_seconds": 5}, "handler name is empty"),
        (
            {"handler_name": "poll", "interval_seconds": 5, "payload": b"x" * 1_200_000},
            "payload and metadata take 1,200,028 characters; accepted are 1,048,576",
        ),
    ],
)
async def test_what_cannot_be_a_schedule_is_refused_in_the_answer(
    pulse: Pulse, fields: dict[str, Any], told: str
) -> None:
    await pulse.start()
    answer = await pulse.ask("Create", **fields)
    assert (answer.success, answer.error, answer.schedule_id) == (False, told, "")


async def test_a_deleted_schedule_can_be_neither_resumed_nor_paused_and_is_deleted_twice_without_harm(
    pulse: Pulse,
) -> None:
    await pulse.start()
    schedule_id = await pulse.create()
    assert (await pulse.ask("Delete", schedule_id=schedule_id)).success
    told = f"scheduled job is deleted since 2026-11-20T00:00:00.500Z: {schedule_id}"
    for verb in ("Resume", "Pause"):
        answer = await pulse.ask(verb, schedule_id=schedule_id)
        assert (answer.success, answer.error) == (False, told)
    assert (await pulse.ask("Delete", schedule_id=schedule_id)).success


async def test_a_request_of_four_megabytes_and_bytes_that_are_none_end_that_call_alone(pulse: Pulse) -> None:
    await pulse.start()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await pulse.ask("Create", handler_name="poll", interval_seconds=5, payload=b"x" * 5_000_000)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    channel: Any = pulse.channel()
    for broken in (b"\x0a\x05ab", b"\x0a\x02\xff\xfe", b"\xff" * 30):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/protocol.ScheduleService/CreateSchedule")(broken)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/protocol.ScheduleService/PaintSchedule")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    await pulse.create()


@pytest.mark.parametrize(
    "payload", [b"\xff\x00\xfe", b"", b"plain", '{"ü":"${env:HOME} $${file:/etc/passwd}"}'.encode()]
)
async def test_any_payload_comes_back_and_reaches_the_handler_to_the_byte(
    pulse: Pulse, payload: bytes
) -> None:
    await pulse.start()
    schedule_id = await pulse.create(60, payload=payload, metadata={"a": "${env:HOME}"})
    answer = await pulse.ask("Get", schedule_id=schedule_id)
    assert (answer.job.payload, json.loads(answer.job.metadata)) == (payload, {"a": "${env:HOME}"})
    await pulse.passes(60)
    (polled,) = pulse.polled()
    assert polled == (payload.hex() if payload.startswith(b"\xff") else payload.decode())


async def test_since_last_run_is_left_out_at_the_first_run_and_a_time_at_the_next(pulse: Pulse) -> None:
    await pulse.start()
    await pulse.create(60, payload=b'{"a": 1, "since": "last_run"}')
    await pulse.passes(60)
    await pulse.passes(60)
    assert pulse.polled() == ['{"a":1}', '{"a":1,"since":"2026-11-20T00:01:00.500Z"}']


async def test_since_anything_else_and_what_is_no_object_stay_as_they_are(pulse: Pulse) -> None:
    await pulse.start()
    payloads = [b'{"since": "2026-01-01"}', b'["since", "last_run"]', b'{"since": "last_run"']
    for payload in payloads:
        await pulse.create(60, payload=payload)
    await pulse.passes(60, runs=3)
    assert sorted(pulse.polled()) == sorted(payload.decode() for payload in payloads)


async def test_announced_schedules_that_are_no_longer_announced_are_archived_and_runtime_ones_are_not(
    pulse: Pulse,
) -> None:
    await pulse.start()
    made = await pulse.create()
    pulse.glyphs.script(announce=[])
    await pulse.house.engine.plugins.reload("glyphs")
    control = pulse.house.engine.control
    with pytest.raises(UnknownSchedule):
        control.lane("glyphs/work")
    assert control.lane(made).schedule.action == PluginCall("glyphs", "poll")
    await pulse.house.restart()
    assert control.lane(made).schedule.origin == Origin(SourceKind.API, "plugin:glyphs")
    assert (await pulse.house.engine.ledger.schedule_states())["glyphs/work"].archived_at is not None


async def test_a_schedule_that_is_not_enabled_by_default_starts_paused_and_can_be_resumed(
    pulse: Pulse,
) -> None:
    pulse.glyphs.script(announce=[{"handler_name": "poll", "interval_seconds": 60}])
    await pulse.start()
    await pulse.house.seconds(60)
    assert await pulse.house.verdicts("glyphs/poll") == ["skipped(paused)"]
    await pulse.house.engine.control.resume(["glyphs/poll"], actor="ann")
    await pulse.passes(60)
    await pulse.house.restart()
    await pulse.passes(60)
    assert await pulse.house.verdicts("glyphs/poll") == ["skipped(paused)", "succeeded", "succeeded"]


async def test_schedules_may_be_made_while_the_plugin_is_still_being_initialized(pulse: Pulse) -> None:
    pulse.glyphs.script(create=[{"handler_name": "poll", "interval_seconds": 60, "payload": "early"}])
    await pulse.start()
    assert pulse.glyphs.notes("asked")[0]["success"]
    await pulse.passes(60)
    assert pulse.polled() == ["early"]


async def test_what_was_made_while_the_engine_started_is_there_after_the_next_start(pulse: Pulse) -> None:
    pulse.glyphs.script(create=[{"handler_name": "poll", "interval_seconds": 60, "payload": "early"}])
    await pulse.start()
    await pulse.passes(60)
    await pulse.house.stop()
    pulse.glyphs.script()
    await pulse.start()
    await pulse.passes(60)
    assert pulse.polled() == ["early", "early"]


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_plugin_finds_its_schedules_while_it_is_introduced_to_the_next_engine(
    pulse: Pulse, end: str
) -> None:
    await pulse.start()
    kept, doomed = await pulse.create(), await pulse.create()
    await pulse.passes(60, runs=2)
    await getattr(pulse.house, end)()
    pulse.glyphs.script(announce=[ANNOUNCED], get=kept, delete=doomed)
    await pulse.start()
    deleted, got = pulse.glyphs.notes("asked")
    assert deleted["success"]
    assert (got["job"]["state"], got["job"]["last_run_at"]) == ("active", "2026-11-20T00:01:00.500Z")
    await pulse.passes(60)
    assert await pulse.house.verdicts(kept) == ["succeeded", "succeeded"]
    assert await pulse.house.verdicts(doomed) == ["succeeded"]


async def test_the_plugins_table_rules_what_it_makes_as_well(pulse: Pulse) -> None:
    await pulse.start(timeouts=(("poll", 200),), retry=Retry(1, delay_ms=1000))
    schedule_id = await pulse.create(60, payload=b'{"do":"hang"}')
    policy = pulse.house.engine.control.lane(schedule_id).schedule.policy
    assert (policy.timeout_ms, policy.retry.attempts) == (200, 1)


async def test_a_crash_amid_a_run_fails_it_and_the_schedule_goes_on_once_the_plugin_is_back(
    pulse: Pulse,
) -> None:
    await pulse.start()
    schedule_id = await pulse.create(3600, payload=b"")
    deadly = await pulse.create(60, payload=b'{"do":"die"}')
    await pulse.passes(60)
    (run,) = await pulse.house.rows(deadly)
    assert (run.state, run.detail) == (
        RunState.FAILED,
        "its process ended while the run went on: exit code 7; it wrote last: I am done for",
    )
    await pulse.house.until(Warned, lambda event: "is away" in event.detail)
    assert (await pulse.house.engine.registry.health("glyphs")).is_well is False
    await pulse.house.engine.control.delete(deadly, ADMIN)
    while len(pulse.glyphs.notes("initialize")) < 2:
        await pulse.house.seconds(1)
    await pulse.passes(3600)
    assert (await pulse.house.verdicts(schedule_id))[-1] == "succeeded"


async def test_a_file_that_calls_the_plugin_hands_its_config_over(pulse: Pulse) -> None:
    task = schedule("mine", "1m", PluginCall("glyphs", "poll"), config='{"from":"a file"}')
    await pulse.house.start(task, plugins=(pulse.glyphs.settings(),))
    await pulse.passes(60)
    assert pulse.polled() == ['{"from":"a file"}']


class Anything:
    """Takes whatever comes through."""

    async def create(self, plugin: str, handler: str, *, every_ms: int, payload: str, metadata: Any) -> str:
        assert isinstance(handler, str)
        assert all(isinstance(text, str) for pair in metadata.items() for text in pair)
        return f"{plugin}-{handler}-{every_ms}-{len(payload)}"

    async def pause(self, plugin: str, schedule_id: str) -> None:
        assert isinstance(schedule_id, str)

    resume = delete = pause

    async def get(self, plugin: str, schedule_id: str) -> RuntimeSchedule:
        raise UnknownSchedule(f"scheduled job not found: {schedule_id}")


@given(
    st.sampled_from(["Create", "Pause", "Resume", "Delete", "Get"]),
    st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: b"\x0a\x05token" + rest),
)
async def test_whatever_bytes_come_they_are_answered_or_refused_as_no_message(verb: str, data: bytes) -> None:
    methods = ScheduleService("glyphs", "token", Anything()).methods()
    try:
        answer = await methods[f"/protocol.ScheduleService/{verb}Schedule"](data)
    except WireFault:
        return
    assert CreateScheduleResponse.decode(answer).success or CreateScheduleResponse.decode(answer).error


async def test_a_field_of_the_wrong_type_is_passed_over_as_real_servers_do() -> None:
    methods = ScheduleService("glyphs", "token", Anything()).methods()
    data = CreateScheduleRequest(auth_token="token", interval_seconds=5).encode() + b"\x10\x07\x1a\x01x"
    answer = await methods["/protocol.ScheduleService/CreateSchedule"](data)
    assert CreateScheduleResponse.decode(answer).schedule_id == "glyphs--5000-0"
