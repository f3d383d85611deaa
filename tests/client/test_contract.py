"""Every method of the client, over every carrier, against a real engine."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.client.engine_process import EngineProcess

import cronsole
from cronsole.client.engine import EngineClient
from cronsole.errors import (
    ConfigError,
    CronsoleError,
    Forbidden,
    KeyReused,
    NotNow,
    NotOurs,
    ScheduleExists,
    StaleDefinition,
    UnknownCommand,
    UnknownPlugin,
    UnknownRun,
    UnknownSchedule,
)
from cronsole.model.ask import (
    AuditQuery,
    BackfillAsk,
    ForecastQuery,
    LoadQuery,
    PauseAsk,
    ResumeAsk,
    RunQuery,
    ScheduleQuery,
    Selection,
    TriggerAsk,
)
from cronsole.model.plugin import PluginStatus
from cronsole.model.prospect import PlanView, ReloadView
from cronsole.model.run import Cause, RunState
from cronsole.model.view import ScheduleStatus

NIGHTLY = "etc/nightly-backup"
CRON = "30 4 1 1 *"


async def output(client: EngineClient, run_id: str, **options: bool) -> bytes:
    """Return what a run wrote until its end."""
    async with aclosing(client.log(run_id, follow=True, **options)) as log:
        return b"".join([chunk.data async for chunk in log])


def fresh(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


def test_the_client_has_at_most_twenty_things_to_ask():
    public = {name for name in vars(EngineClient) if not name.startswith("_")}
    assert len(public - {"at"}) <= 20, public


async def test_the_engine_tells_who_it_is_and_whom_it_takes_us_for(client: EngineClient):
    told = await client.engine()
    assert told.version == cronsole.__version__
    assert told.counts.schedules >= 5
    assert "admin" in told.permissions


async def test_schedules_are_filtered_and_paged(client: EngineClient):
    found = await client.schedules(ScheduleQuery(tags=("backup", "manual"), ids=(NIGHTLY,)))
    assert [view.id for view in found.items] in ([NIGHTLY], [])
    first = await client.schedules(ScheduleQuery(limit=1))
    second = await client.schedules(ScheduleQuery(limit=1, after=first.next))
    assert first.items[0].id != second.items[0].id
    by_word = await client.schedules(ScheduleQuery(words=("copies",), is_running=False))
    assert [view.id for view in by_word.items] == [NIGHTLY]


async def test_an_id_may_hold_slashes(client: EngineClient):
    detail = await client.schedule(NIGHTLY)
    assert detail.schedule.id == NIGHTLY
    assert detail.definition["command"] == "echo backed up"


@pytest.mark.parametrize("name", ["nobody", "a/../b", "%2e", "a%2Fb", "ä?x=1#y", ".", ".."])
async def test_an_id_that_nobody_has_is_told(client: EngineClient, name: str):
    with pytest.raises(CronsoleError) as refusal:
        await client.schedule(name)
    assert isinstance(refusal.value, UnknownSchedule) or set(name) == {"."}


async def test_the_fires_to_come_are_counted_from_an_instant(client: EngineClient):
    fires = await client.fires(NIGHTLY, count=2, after=datetime(2030, 1, 1, 12, tzinfo=UTC))
    assert [fire.slot for fire in fires] == [datetime(2030, 1, day, 3, tzinfo=UTC) for day in (2, 3)]


async def test_all_fires_of_a_stretch_of_time_are_listed_and_counted(client: EngineClient):
    since, until = datetime(2030, 1, 2, tzinfo=UTC), datetime(2030, 1, 3, tzinfo=UTC)
    listed = await client.forecast(ForecastQuery(since=since, until=until))
    assert len(listed.fires) == 1
    counted = await client.forecast(LoadQuery(since=since, until=until))
    assert sum(counted.counts) == 1


async def test_a_decision_is_explained(client: EngineClient):
    assert (await client.why(NIGHTLY)).steps
    slot = datetime(2030, 1, 2, 3, tzinfo=UTC)
    assert (await client.why(NIGHTLY, slot)).slot == slot


async def test_a_triggered_run_is_followed_to_its_end(client: EngineClient):
    made = await client.trigger("echo")
    assert made.cause is Cause.MANUAL
    assert await output(client, made.run_id) == b"one\ntwo\n"
    detail = await client.run(made.run_id)
    assert detail.run.state is RunState.SUCCEEDED
    assert detail.run.exit_code == 0


async def test_a_payload_reaches_the_run(client: EngineClient):
    made = await client.trigger("echo", TriggerAsk(payload={"ä": [1, None]}))
    assert (await client.run(made.run_id)).run.payload == '{"ä":[1,null]}'


async def test_a_key_makes_one_run_however_often_it_is_sent(client: EngineClient):
    key = uuid4().hex
    first = await client.trigger("echo", idempotency_key=key)
    assert (await client.trigger("echo", idempotency_key=key)).run_id == first.run_id
    with pytest.raises(KeyReused):
        await client.trigger("wordy", idempotency_key=key)


async def test_without_a_key_each_call_makes_a_run(client: EngineClient):
    made = [await client.trigger("echo") for _ in range(2)]
    assert made[0].run_id != made[1].run_id


async def test_runs_are_filtered_and_paged(client: EngineClient):
    for _ in range(2):
        await output(client, (await client.trigger("echo")).run_id)
    query = RunQuery(schedule_ids=("echo",), states=(RunState.SUCCEEDED,), causes=(Cause.MANUAL,), limit=1)
    first = await client.runs(query)
    second = await client.runs(RunQuery(schedule_ids=("echo",), limit=1, before=first.next))
    assert first.items[0].run_id != second.items[0].run_id
    assert {run.schedule_id for page in (first, second) for run in page.items} == {"echo"}


async def test_a_run_that_nobody_knows_is_told(client: EngineClient):
    with pytest.raises(UnknownRun):
        await client.run("nope")
    with pytest.raises(UnknownRun):
        await output(client, "nope")


async def test_a_long_output_comes_whole_and_in_parts(client: EngineClient):
    run_id = (await client.trigger("wordy")).run_id
    whole = b"".join(b"%d\n" % number for number in range(1, 100_001))
    assert await output(client, run_id) == whole
    part = [chunk async for chunk in client.log(run_id, offset=1_000, limit=300_000)]
    assert b"".join(chunk.data for chunk in part) == whole[1_000:301_000]
    end = [chunk async for chunk in client.log(run_id, offset=-7)]
    assert b"".join(chunk.data for chunk in end) == b"100000\n"


async def test_output_is_told_while_the_run_goes_on(client: EngineClient, shared_engine: EngineProcess):
    run_id = (await client.trigger("waits")).run_id
    async with aclosing(client.log(run_id, follow=True)) as log:
        assert (await anext(log)).data == b"begun\n"
        shared_engine.open_gate("let through")
        assert b"".join([chunk.data async for chunk in log]) == b"let through\n"


async def test_a_follower_sees_every_attempt(client: EngineClient):
    run_id = (await client.trigger("flaky")).run_id
    assert await output(client, run_id) == b"attempt 1\nattempt 2\n"
    assert len((await client.run(run_id)).attempts) == 2


async def test_what_happens_is_told_as_it_happens(client: EngineClient):
    async with aclosing(client.events("oldest")) as events:
        first = await anext(events)
        run_id = (await client.trigger("echo")).run_id
        heard = [first]
        async for event in events:
            heard.append(event)
            if event.run_id == run_id and event.kind == "run_finished":
                break
    assert {event.schedule_id for event in heard if event.run_id == run_id} == {"echo"}
    started = next(event for event in heard if event.run_id == run_id)
    async with aclosing(client.events(started.id)) as again:
        assert (await anext(again)).run_id == run_id


async def test_a_schedule_is_paused_and_resumed(client: EngineClient):
    select = Selection(ids=(NIGHTLY,))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    effect = await client.pause(PauseAsk(select=select, reason="moving house", until=until))
    assert effect.schedule_ids == (NIGHTLY,)
    paused = (await client.schedule(NIGHTLY)).schedule
    assert paused.status is ScheduleStatus.PAUSED
    assert paused.pause is not None
    assert (paused.pause.reason, paused.pause.until) == ("moving house", until)
    assert (await client.resume(ResumeAsk(select=select, preview=True))).is_preview
    await client.resume(ResumeAsk(select=select))
    assert (await client.schedule(NIGHTLY)).schedule.status is ScheduleStatus.ACTIVE


async def test_a_run_is_cancelled_and_started_once_more(client: EngineClient):
    run_id = (await client.trigger("waits")).run_id
    async with aclosing(client.log(run_id, follow=True)) as log:
        await anext(log)
        await client.cancel(run_id, by_force=True)
        assert [chunk async for chunk in log][-1].is_complete
    assert (await client.run(run_id)).run.state is RunState.CANCELLED
    with pytest.raises(NotNow):
        await client.cancel(run_id)
    again = await client.retry(run_id)
    assert again.run_id != run_id
    assert again.schedule_id == "waits"
    await client.cancel(again.run_id, by_force=True)


async def test_a_backfill_is_shown_before_it_is_made(client: EngineClient):
    ask = BackfillAsk(
        since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 1, 2, 12, tzinfo=UTC), preview=True
    )
    found = await client.backfill(NIGHTLY, ask)
    assert (found.slots, found.is_preview, found.run_ids) == (2, True, ())


async def test_a_schedule_is_created_changed_replaced_and_deleted(client: EngineClient):
    name = fresh("ours/made-here")
    made = await client.save({"id": name, "cron": CRON, "command": "true"})
    assert made.schedule.id == name
    with pytest.raises(ScheduleExists):
        await client.save({"id": name, "cron": CRON, "command": "true"})
    patched = await client.save({"description": "new"}, schedule_id=name, patch=True, etag=made.schedule.etag)
    assert patched.schedule.description == "new"
    with pytest.raises(StaleDefinition):
        await client.save({"description": "newer"}, schedule_id=name, patch=True, etag=made.schedule.etag)
    put = await client.save({"cron": CRON, "command": "false"}, schedule_id=name)
    assert (put.definition["command"], put.schedule.description) == ("false", "")
    await client.delete(name, etag=put.schedule.etag)
    with pytest.raises(UnknownSchedule):
        await client.schedule(name)


async def test_every_fault_of_a_definition_is_told(client: EngineClient):
    with pytest.raises(ConfigError) as refusal:
        await client.save({"id": fresh("x"), "cron": "61 * * * *", "command": "true", "colour": "red"})
    assert len(refusal.value.problems) == 2


async def test_what_a_file_defines_is_changed_there(client: EngineClient):
    with pytest.raises(NotOurs):
        await client.delete("echo")


async def test_a_reload_is_shown_before_it_is_made(client: EngineClient):
    plan = await client.reload(preview=True, days=3)
    assert isinstance(plan, PlanView)
    assert plan.problems == ()
    done = await client.reload()
    assert isinstance(done, ReloadView)
    assert (done.problems, done.added, done.removed) == ((), (), ())


async def test_who_did_what_is_on_record(client: EngineClient):
    name = fresh("ours/audited")
    await client.save({"id": name, "cron": CRON, "command": "true"})
    told = await client.audit(AuditQuery(target=name))
    actor = (await client.engine()).actor
    assert [(entry.actor, entry.target) for entry in told.items] == [(actor, name)]


async def test_many_ask_at_once(client: EngineClient):
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(client.schedule(NIGHTLY)) for _ in range(20)]
    assert {task.result().schedule.id for task in asking} == {NIGHTLY}


async def test_who_may_only_look_is_told_so(shared_engine: EngineProcess, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(shared_engine.certificate))
    async with EngineClient.at(shared_engine.origin, token=shared_engine.viewer_token) as client:
        assert (await client.engine()).permissions == ("read",)
        with pytest.raises(Forbidden, match="operate"):
            await client.trigger("echo")


async def test_a_wrong_token_lets_nobody_in(shared_engine: EngineProcess, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(shared_engine.certificate))
    async with EngineClient.at(shared_engine.origin, token="cronsole_wrong") as client:
        with pytest.raises(Forbidden, match="CRONSOLE_TOKEN"):
            await client.engine()


async def test_plugins_are_listed_and_shown(client: EngineClient):
    (listed,) = await client.plugins.list()
    assert (listed.name, listed.status, listed.version) == ("greeter", PluginStatus.LOADED, "1.2")
    detail = await client.plugins.show("greeter")
    assert detail.declared == ("greet",)
    assert [(each.name, each.description) for each in detail.commands][1] == ("shout", "Say it loudly.")


async def test_a_plugin_is_asked_for_its_health_and_loaded_anew(client: EngineClient):
    assert (await client.plugins.health("greeter")).is_well
    before = (await client.plugins.show("greeter")).plugin
    assert (await client.plugins.reload("greeter")).since > before.since


async def test_a_command_is_called_by_hand(client: EngineClient):
    key = uuid4().hex
    made = await client.plugins.call("greeter", "shout", {"to": "you"}, idempotency_key=key)
    assert (made.schedule_id, made.cause) == ("greeter/shout:by-hand", Cause.MANUAL)
    assert await output(client, made.run_id) == b"HELLO\n"
    again = await client.plugins.call("greeter", "shout", {"to": "you"}, idempotency_key=key)
    assert again.run_id == made.run_id
    assert (await client.run(made.run_id)).run.payload == '{"to":"you"}'


async def test_circuits_are_closed(client: EngineClient):
    assert await client.plugins.reset("greeter") == ()
    assert await client.plugins.reset("greeter", "shout") == ()


async def test_what_no_plugin_has_is_told_with_the_nearest(client: EngineClient):
    with pytest.raises(UnknownPlugin, match="'greter'; 'greeter' is"):
        await client.plugins.show("greter")
    with pytest.raises(UnknownCommand, match="did you mean 'shout'"):
        await client.plugins.call("greeter", "shuot")
    with pytest.raises(UnknownCommand, match="that is a schedule of it, which is triggered"):
        await client.plugins.call("greeter", "greet")
