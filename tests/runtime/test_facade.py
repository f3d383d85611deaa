"""What the façade shows of a real engine."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.api.facade import Asker, Facade
from cronsole.errors import UnknownRun, UnknownSchedule
from cronsole.model.action import Command
from cronsole.model.ask import AuditQuery, CancelAsk, PauseAsk, RunQuery, ScheduleQuery, Selection, TriggerAsk
from cronsole.model.event import RunFinished
from cronsole.model.instant import HOUR, MINUTE, from_iso, to_datetime
from cronsole.model.policy import Calendar, CircuitBreaker, Conditions, Overlap, Retry
from cronsole.model.run import Cause, Run, RunState
from cronsole.model.schedule import Origin
from cronsole.model.trigger import DstPolicy
from cronsole.model.view import ScheduleStatus, ScheduleView, Spark

OPS = Asker("ops", may_execute=True)
MIDNIGHT = from_iso("2026-11-20T00:00Z")


async def shown(house: House, schedule_id: str = "gc") -> ScheduleView:
    (view,) = (await house.engine.facade.schedules(ScheduleQuery(ids=(schedule_id,)))).items
    return view


async def ids(house: House, **fields: object) -> list[str]:
    query = ScheduleQuery(**fields)  # type: ignore[arg-type]  # what is asked for is the test's own
    return [view.id for view in (await house.engine.facade.schedules(query)).items]


async def test_it_is_a_facade(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    facade: Facade = house.engine.facade
    assert facade.is_ready()


async def test_a_schedule_is_shown_as_it_is_defined(house: House) -> None:
    gc = schedule(
        "gc",
        "*/10 * * * *",
        shell("true"),
        description="collect",
        tags=("db",),
        timezone="Europe/Berlin",
        origin=Origin(name="sample.toml", line=14),
    )
    await house.start(gc)
    view = await shown(house)
    assert (view.trigger, view.when, view.timezone) == ("*/10 * * * *", "every 10 minutes", "Europe/Berlin")
    assert (view.action, view.origin, view.tags) == ("command", "sample.toml:14", ("db",))
    assert (view.status, view.description) == (ScheduleStatus.ACTIVE, "collect")
    assert view.next_slot == view.next_due == to_datetime(MIDNIGHT + 10 * MINUTE)
    assert (view.recent, view.last, view.typical_ms) == ((), None, None)


async def test_the_etag_changes_with_the_definition_alone(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    before = (await shown(house)).etag
    await house.seconds(130)
    assert (await shown(house)).etag == before
    await house.reload(schedule("gc", "* * * * *", description="collect"))
    assert (await shown(house)).etag != before


async def test_a_definition_that_changed_is_shown_in_its_new_words(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *"))
    assert (await shown(house)).when == "every 10 minutes"
    await house.reload(schedule("gc", "*/5 * * * *"))
    assert (await shown(house)).when == "every 5 minutes"


async def test_the_last_runs_are_shown_the_oldest_first_and_no_more_than_twelve(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("fail_at_first")))
    await house.seconds(60 * 14)
    view = await shown(house)
    assert len(view.recent) == 12
    told = (await house.engine.facade.schedule(view.id)).recent
    assert list(told) == sorted(told, key=lambda brief: brief.at)
    assert view.last == told[-1]
    assert view.recent == tuple(Spark(brief.state, brief.duration_ms) for brief in told)
    assert (view.runs_made, view.typical_ms) == (14, 0)


async def test_since_when_it_fails_is_the_first_failure_after_the_last_success(house: House) -> None:
    handlers_in_tests.failures_left["gc"] = 2
    await house.start(schedule("gc", "* * * * *", calls("fail_at_first")))
    await house.seconds(125)
    assert (await shown(house)).failing_since == to_datetime(MIDNIGHT + MINUTE)
    assert (await shown(house)).failures == 2
    await house.seconds(60)
    assert (await shown(house)).failing_since is None


async def test_the_last_runs_are_known_again_after_a_restart(house: House) -> None:
    handlers_in_tests.failures_left["gc"] = 1
    await house.start(schedule("gc", "* * * * *", calls("fail_at_first")), schedule("new", "0 0 1 1 *"))
    await house.seconds(190)
    before = await shown(house)
    await house.restart()
    async with asyncio.timeout(10):
        while not (view := await shown(house)).recent:
            await house.settle()
    assert view.recent == before.recent
    assert view.last == before.last
    assert (await shown(house, "new")).recent == ()


async def test_a_lane_that_never_ran_remembers_nothing(house: House) -> None:
    await house.start(schedule("gc", "0 0 1 1 *"))
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert lane.recent is None


async def test_a_run_under_way_is_shown_with_how_long_it_runs(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold"), overlap=Overlap.QUEUE_ALL))
    await house.seconds(130)
    view = await shown(house)
    (running,) = view.running
    assert (running.state, running.duration_ms, view.waiting) == (RunState.RUNNING, 70_500, 1)
    assert view.is_late


async def test_how_long_a_run_goes_on_is_told_anew_each_time(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *", calls("hold")))
    await house.seconds(601)
    before = (await shown(house)).running[0].duration_ms
    await house.seconds(5)
    assert before is not None
    assert (await shown(house)).running[0].duration_ms == before + 5_000


async def test_a_run_that_waits_for_its_next_attempt_is_shown_as_queued(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("fail"), retry=Retry(attempts=1, delay_ms=30_000)))
    await house.seconds(60)
    (waiting,) = (await shown(house)).running
    assert (waiting.state, waiting.attempt, waiting.duration_ms) == (RunState.QUEUED, 2, None)


async def test_a_paused_schedule_has_its_next_run_after_the_pause(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *"))
    until = to_datetime(MIDNIGHT + 90 * MINUTE)
    await house.engine.facade.pause(
        PauseAsk(until=until, reason="deploy", select=Selection(ids=("gc",))), OPS
    )
    view = await shown(house)
    assert view.status is ScheduleStatus.PAUSED
    assert view.pause is not None
    assert (view.pause.until, view.pause.reason, view.pause.actor) == (until, "deploy", "ops")
    assert view.next_slot == until


async def test_a_schedule_paused_without_an_end_and_a_disabled_one_have_no_next_run(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"), schedule("off", "* * * * *", enabled=False))
    await house.engine.control.pause(["gc"], actor="ops")
    assert (await shown(house)).next_slot is None
    off = await shown(house, "off")
    assert (off.status, off.next_slot, off.is_late) == (ScheduleStatus.DISABLED, None, False)


async def test_an_open_circuit_says_until_when(house: House) -> None:
    circuit = CircuitBreaker(threshold=1, reset_after_ms=HOUR)
    await house.start(schedule("gc", "* * * * *", calls("fail"), circuit_breaker=circuit))
    await house.seconds(60)
    view = await shown(house)
    assert view.circuit_open_until == to_datetime(MIDNIGHT + MINUTE + HOUR)


async def test_a_list_is_narrowed_by_each_field(house: House) -> None:
    await house.start(
        schedule("db/backup", "* * * * *", calls("hold"), tags=("db",), description="Nightly dump"),
        schedule("db/vacuum", "* * * * *", calls("fail"), tags=("db", "slow")),
        schedule("web", "0 0 1 1 *", enabled=False),
    )
    await house.seconds(61)
    assert await ids(house) == ["db/backup", "db/vacuum", "web"]
    assert await ids(house, ids=("web", "gone", "db/backup")) == ["web", "db/backup"]
    assert await ids(house, tags=("slow", "none")) == ["db/vacuum"]
    assert await ids(house, statuses=(ScheduleStatus.DISABLED,)) == ["web"]
    assert await ids(house, words=("DUMP", "back")) == ["db/backup"]
    assert await ids(house, words=("dump", "vacuum")) == []
    assert await ids(house, is_failing=True) == ["db/vacuum"]
    assert await ids(house, is_running=True) == ["db/backup"]
    assert await ids(house, is_running=False) == ["db/vacuum", "web"]
    assert await ids(house, sources=("api",)) == []
    assert await ids(house, sources=("file",), tags=("db",), is_failing=False) == ["db/backup"]


async def test_pages_follow_one_another_without_a_gap(house: House) -> None:
    await house.start(*(schedule(f"job-{number}", "0 0 1 1 *") for number in range(7)))
    facade, found, cursor = house.engine.facade, [], None
    for _ in range(4):
        page = await facade.schedules(ScheduleQuery(limit=2, after=cursor))
        found.append([view.id for view in page.items])
        cursor = page.next
    assert found == [["job-0", "job-1"], ["job-2", "job-3"], ["job-4", "job-5"], ["job-6"]]
    assert cursor is None


async def test_a_page_goes_on_where_schedules_came_and_went(house: House) -> None:
    await house.start(*(schedule(f"job-{number}", "0 0 1 1 *") for number in range(5)))
    page = await house.engine.facade.schedules(ScheduleQuery(limit=3))
    await house.reload(*(schedule(f"job-{number}", "0 0 1 1 *") for number in (1, 2, 3, 4)))
    rest = await house.engine.facade.schedules(ScheduleQuery(limit=3, after=page.next))
    assert [view.id for view in rest.items] == ["job-3", "job-4"]


async def test_a_schedule_in_which_nothing_happened_is_not_shown_anew(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"), schedule("busy", "* * * * *", calls("hold")))
    before, was_running = await shown(house), await shown(house, "busy")
    await house.seconds(70)
    assert await shown(house) is before
    assert (await shown(house, "busy")).running != was_running.running
    await house.engine.control.pause(["gc"], actor="ops")
    assert (await shown(house)).status is ScheduleStatus.PAUSED
    await house.engine.control.resume(["gc"], actor="ops")
    await house.seconds(3_600)
    assert (await shown(house)).runs_made == 1


async def test_the_detail_of_a_schedule_holds_its_definition_fires_and_gates(house: House) -> None:
    await house.start(schedule("gc", "*/10 * * * *", calls("note"), description="collect"))
    await house.seconds(601)
    detail = await house.engine.facade.schedule("gc")
    assert detail.schedule.id == "gc"
    assert detail.definition["cron"] == "*/10 * * * *"
    assert [fire.slot for fire in detail.fires][:2] == [
        to_datetime(MIDNIGHT + 20 * MINUTE),
        to_datetime(MIDNIGHT + 30 * MINUTE),
    ]
    assert len(detail.fires) == 10
    assert [gate.name for gate in detail.gates][:3] == ["enabled", "pause", "bounds"]
    assert (detail.statistics.succeeded, detail.statistics.failed) == (1, 0)


async def test_an_unknown_schedule_names_the_nearest(house: House) -> None:
    await house.start(schedule("cache-warm", "* * * * *"))
    with pytest.raises(UnknownSchedule, match="cache-warm"):
        await house.engine.facade.schedule("cache-warn")
    with pytest.raises(UnknownSchedule):
        await house.engine.facade.fires("cache-warn", count=1)
    with pytest.raises(UnknownSchedule):
        await house.engine.facade.why("cache-warn")


async def test_fires_say_what_the_clocks_do_to_them(house: House) -> None:
    await house.start(schedule("gc", "30 2 * * *", timezone="Europe/Berlin", dst=DstPolicy.CRON))
    fires = await house.engine.facade.fires("gc", count=3, after=from_iso("2027-03-27T00:00Z"))
    assert [fire.local for fire in fires] == [
        "Sat 2027-03-27 02:30 CET",
        "Sun 2027-03-28 03:00 CEST",
        "Mon 2027-03-29 02:30 CEST",
    ]
    assert [fire.note for fire in fires] == ["", "the clocks skip 02:00–03:00, which moves this fire", ""]


async def test_fires_say_which_of_them_will_be_skipped(house: House) -> None:
    rest = Conditions(calendar=Calendar(dates=frozenset({"2026-11-21"})))
    await house.start(schedule("gc", "0 3 * * *", conditions=rest))
    fires = await house.engine.facade.fires("gc", count=2)
    assert [fire.note for fire in fires] == ["", "skipped: 2026-11-21 is listed"]


async def test_fires_end_where_runs_or_the_schedule_do(house: House) -> None:
    await house.start(
        schedule("few", "* * * * *", max_runs=2), schedule("short", "0 * * * *", end=MIDNIGHT + 3 * HOUR)
    )
    assert len(await house.engine.facade.fires("few", count=9)) == 2
    assert len(await house.engine.facade.fires("short", count=9)) == 3


async def test_rows_are_shown_newest_first_and_paged(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", tags=("db",)), schedule("other", "* * * * *"))
    await house.seconds(185)
    facade = house.engine.facade
    page = await facade.runs(RunQuery(tags=("db",), limit=2))
    assert [run.slot for run in page.items] == [to_datetime(MIDNIGHT + n * MINUTE) for n in (3, 2)]
    rest = await facade.runs(RunQuery(tags=("db",), limit=2, before=page.next))
    assert [(run.schedule_id, run.slot) for run in rest.items] == [("gc", to_datetime(MIDNIGHT + MINUTE))]
    assert rest.next is None
    assert (await facade.runs(RunQuery(tags=("none",)))).items == ()
    assert (await facade.runs(RunQuery(tags=("db",), schedule_ids=("other",)))).items == ()


async def test_a_run_under_way_is_shown_as_running_with_its_time_so_far(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(90)
    (run,) = (await house.engine.facade.runs(RunQuery())).items
    assert (run.state, run.duration_ms, run.late_ms) == (RunState.RUNNING, 30_500, 0)


async def test_the_detail_of_a_run_holds_every_attempt(house: House) -> None:
    await house.start(
        schedule("gc", "* * * * *", calls("fail_at_first"), retry=Retry(attempts=1, delay_ms=1_000))
    )
    await house.seconds(65)
    (row,) = await house.rows("gc")
    detail = await house.engine.facade.run(row.run_id)
    assert [(attempt.attempt, attempt.state) for attempt in detail.attempts] == [
        (1, RunState.FAILED),
        (2, RunState.SUCCEEDED),
    ]
    assert "not yet" in detail.attempts[0].output
    assert detail.run.attempt == 2
    assert detail.run.late_ms is None


async def test_the_detail_of_a_skipped_slot_has_no_attempts(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", enabled=False))
    await house.seconds(60)
    (row,) = await house.rows("gc")
    assert (await house.engine.facade.run(row.run_id)).attempts == ()


async def test_of_its_environment_a_run_shows_the_names_only(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", Command("true", env=(("TOKEN", "s3cret"), ("A", "b")))))
    await house.seconds(60)
    await house.until(RunFinished)
    (row,) = await house.rows("gc")
    detail = await house.engine.facade.run(row.run_id)
    assert detail.environment == ("A", "TOKEN")
    assert "s3cret" not in repr(detail)


async def test_an_unknown_run_is_told(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    with pytest.raises(UnknownRun, match="nonesuch"):
        await house.engine.facade.run("nonesuch")


async def test_a_triggered_run_names_who_asked(house: House) -> None:
    await house.start(schedule("gc", "0 0 1 1 *"))
    made = await house.engine.facade.trigger("gc", TriggerAsk(payload={"a": 1}), OPS)
    assert (made.cause, made.actor) == (Cause.MANUAL, "ops")
    await house.seconds(1)
    (row,) = await house.rows("gc")
    assert (row.run_id, row.state) == (made.run_id, RunState.SUCCEEDED)


async def test_a_run_that_is_stopped_is_shown(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    (row,) = await house.rows("gc")
    asked = await house.engine.facade.cancel(row.run_id, CancelAsk(), OPS)
    assert asked.run_id == row.run_id
    await house.until(RunFinished)
    assert (await house.engine.facade.run(row.run_id)).run.state is RunState.CANCELLED


async def test_the_audit_trail_is_paged_and_narrowed(house: House) -> None:
    await house.start(schedule("gc", "0 0 1 1 *"))
    facade = house.engine.facade
    for _ in range(3):
        await facade.trigger("gc", TriggerAsk(), OPS)
    await facade.pause(PauseAsk(select=Selection(ids=("gc",))), Asker("eve"))
    newest = await facade.audit(AuditQuery(limit=2))
    assert [entry.verb for entry in newest.items] == ["pause", "trigger"]
    rest = await facade.audit(AuditQuery(limit=2, before=newest.next))
    assert [(entry.actor, entry.target) for entry in rest.items] == [("ops", "gc"), ("ops", "gc")]
    assert rest.next is None
    assert [entry.actor for entry in (await facade.audit(AuditQuery(actor="eve"))).items] == ["eve"]


async def test_the_engine_tells_who_it_is_and_counts_its_schedules(house: House) -> None:
    await house.start(
        schedule("on", "*/10 * * * *"),
        schedule("off", "* * * * *", enabled=False),
        schedule("rests", "* * * * *"),
        schedule("fails", "* * * * *", calls("fail")),
        schedule("runs", "* * * * *", calls("hold"), overlap=Overlap.QUEUE_ALL),
        schedule("done", "* * * * *", max_runs=1),
        environment="staging",
    )
    await house.engine.control.pause(["rests"], actor="ops")
    await house.seconds(125)
    view = house.engine.facade.engine()
    assert (view.environment, view.state_dir) == ("staging", str(house.state))
    assert view.now - view.started_at == timedelta(seconds=125)
    counts = view.counts
    assert (counts.schedules, counts.active, counts.paused, counts.disabled, counts.exhausted) == (
        6,
        3,
        1,
        1,
        1,
    )
    assert (counts.failing, counts.running, counts.queued, counts.late) == (1, 1, 1, 1)
    assert view.next_due == to_datetime(MIDNIGHT + 3 * MINUTE)


async def test_what_comes_next_is_no_slot_that_will_be_skipped(house: House) -> None:
    await house.start(
        schedule("gc", "0 3 * * *"),
        schedule("off", "* * * * *", enabled=False),
        schedule("rests", "* * * * *"),
    )
    await house.engine.control.pause(["rests"], actor="ops")
    assert house.engine.facade.engine().next_due == to_datetime(MIDNIGHT + 3 * HOUR)


async def test_an_engine_that_stops_is_not_ready(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    assert house.engine.facade.is_ready()
    house.engine.stop("a test")
    assert not house.engine.facade.is_ready()
    assert house.engine.facade.engine().is_stopping


async def test_the_gauges_count_what_was_committed(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    before = house.engine.facade.gauges()
    await house.seconds(60)
    after = house.engine.facade.gauges()
    assert after.database_commits > before.database_commits
    assert after.schedules["active"] == 1
    assert after.next_due == MIDNIGHT + 2 * MINUTE


async def test_a_loop_that_was_held_up_is_told_for_some_seconds(house: House) -> None:
    await house.start(schedule("gc", "0 0 1 1 *"))
    await house.seconds(1.5)
    house.clock._move(3_000)
    await house.seconds(1)
    assert house.engine.facade.gauges().loop_lag_seconds == pytest.approx(2.5)
    await house.seconds(20)
    assert house.engine.facade.gauges().loop_lag_seconds == 0


async def test_a_listener_hears_of_what_happens(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    heard: list[object] = []
    house.engine.facade.listen(heard.append)
    await house.seconds(60)
    assert any(isinstance(event, RunFinished) for event in heard)


async def test_what_people_asked_for_may_wait_and_is_not_late(house: House) -> None:
    await house.start(schedule("new", "0 0 1 1 *", calls("hold")))
    for _ in range(2):
        await house.engine.control.trigger("new", TriggerAsk(), actor="ops")
    await house.seconds(60)
    view = await shown(house, "new")
    assert (view.waiting, view.is_late) == (1, False)


async def test_a_run_whose_end_was_told_has_ended_though_the_ledger_does_not_hold_it_yet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.seconds(61)
    (row,) = await house.rows("gc")

    async def unwritten(_: str) -> Run:
        return msgspec.structs.replace(row, state=RunState.RUNNING, finished_at=None)

    monkeypatch.setattr(house.engine.ledger, "run", unwritten)
    assert (await house.engine.facade.run(row.run_id)).run.state is RunState.SUCCEEDED
