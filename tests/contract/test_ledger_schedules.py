"""The ledger's contract: definitions, and what is remembered of schedules between two starts."""

import msgspec
import pytest
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import SLOT, claim, defined, state_of

from cronsole.model.action import Celery, Command, Handler, Http, PluginCall, Publish, Record
from cronsole.model.policy import (
    Calendar,
    CircuitBreaker,
    Conditions,
    Delivery,
    Expect,
    Hours,
    Limits,
    Locking,
    MissedRunPolicy,
    Notify,
    OnEngineDeath,
    Overlap,
    Policy,
    Retry,
    Span,
)
from cronsole.model.schedule import Breaker, Origin, Pause, Schedule, SourceKind
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, ManualSpec, OnceSpec, StartupSpec
from cronsole.store.base import (
    Archived,
    Batch,
    BreakerMoved,
    Defined,
    Exhausted,
    Ledger,
    PauseSet,
    StateChange,
)

_FULL_POLICY = Policy(
    delivery=Delivery.AT_LEAST_ONCE,
    missed_run_policy=MissedRunPolicy.RUN_ALL,
    overlap=Overlap.KILL_OLD,
    locking=Locking.REQUIRE_GLOBAL,
    nodes="web*",
    timeout_ms=5,
    retry=Retry(3, 1, 1.5, 9, 2),
    conditions=Conditions(
        days=frozenset({0, 4}),
        hours=(Hours(60, 30), Hours(0, 9)),
        timezone="Europe/Vienna",
        calendar=Calendar("AT", "9", frozenset({"2026-12-24", "2026-12-25"}), (Span(1, 2),)),
        environment=frozenset({"production", "staging"}),
        session_active=False,
        expression="load < 2",
    ),
    circuit_breaker=CircuitBreaker(5, 6),
    pause_after_failures=3,
    notify=Notify(("a", "b"), ("c",)),
    expect=Expect(frozenset({0, 3}), ("ok",), ("error",), 1, 2),
    limits=Limits(1, 2, 3, 4),
    on_engine_death=OnEngineDeath.KILL,
)

_SCHEDULES = [
    Schedule(id="cron", trigger=CronSpec("0 5 * * 1-5"), action=Command("echo 'ä' && false")),
    Schedule(
        id="interval",
        trigger=IntervalSpec(90_000, start_at=7, run_at_start=True),
        action=Command(("tar", "-c", "x y"), (("A", "1"), ("B", "")), ".env", "/srv", "www"),
        timezone="Europe/Vienna",
        dst=DstPolicy.SKIP,
        description="two\nlines",
        tags=("b", "a"),
        enabled=False,
        start=1,
        end=2,
        max_runs=3,
        config='{"deep": [1, {"x": null}]}',
        policy=_FULL_POLICY,
        origin=Origin(SourceKind.API, "ann"),
    ),
    Schedule(id="once", trigger=OnceSpec(at=5), action=Handler("pkg.mod:run")),
    Schedule(id="after", trigger=OnceSpec(after_ms=5), action=PluginCall("disk", "sweep")),
    Schedule(id="startup", trigger=StartupSpec(), action=Record()),
    Schedule(id="manual", trigger=ManualSpec(), invalid="invalid: nobody knows it"),
    Schedule(
        id="http",
        trigger=CronSpec("@daily"),
        action=Http("https://x/y", "POST", (("a", "b"),), "body", (200, 204), 5),
    ),
    Schedule(id="publish", trigger=CronSpec("@daily"), action=Publish("c", "m", "redis://h")),
    Schedule(id="celery", trigger=CronSpec("@daily"), action=Celery("t", "amqp://h", "[1]", "{}", "q")),
]


@pytest.mark.parametrize("schedule", _SCHEDULES, ids=lambda schedule: schedule.id)
async def test_a_definition_comes_back_as_it_went_in(shelf: Shelf, schedule: Schedule):
    await shelf.ledger.commit(Batch(states=[Defined(schedule, state_of(schedule.id))]))
    assert await (await shelf.reopen()).definition(schedule.id) == schedule


async def test_schedules_with_one_policy_and_with_others_keep_their_own(ledger: Ledger):
    await ledger.commit(Batch(states=[Defined(each, state_of(each.id)) for each in _SCHEDULES]))
    for schedule in _SCHEDULES:
        assert await ledger.definition(schedule.id) == schedule


async def test_the_schedules_of_a_source_come_back_by_id_and_whole(shelf: Shelf):
    ours = [
        msgspec.structs.replace(_SCHEDULES[1], id=schedule_id, policy=_FULL_POLICY)
        for schedule_id in ("b", "a")
    ]
    await shelf.ledger.commit(Batch(states=[Defined(each, state_of(each.id)) for each in ours]))
    await shelf.ledger.commit(Batch(states=[defined("of_a_file")]))
    ledger = await shelf.reopen()
    assert await ledger.stored_schedules(SourceKind.API) == [ours[1], ours[0]]
    assert await ledger.stored_schedules(SourceKind.FILE) == [defined("of_a_file").schedule]
    assert await ledger.stored_schedules(SourceKind.PLUGIN) == []


async def test_a_schedule_that_was_archived_is_not_among_those_of_its_source(ledger: Ledger):
    schedule = msgspec.structs.replace(defined().schedule, origin=Origin(SourceKind.API, "ann"))
    await ledger.commit(Batch(states=[Defined(schedule, state_of()), Archived("tidy", 90)]))
    assert await ledger.stored_schedules(SourceKind.API) == []
    await ledger.commit(Batch(states=[Defined(schedule, state_of())]))
    assert await ledger.stored_schedules(SourceKind.API) == [schedule]


async def test_a_schedule_that_moved_to_another_source_is_found_there_only(ledger: Ledger):
    schedule = msgspec.structs.replace(defined().schedule, origin=Origin(SourceKind.API, "ann"))
    await ledger.commit(Batch(states=[Defined(schedule, state_of())]))
    await ledger.commit(Batch(states=[defined()]))
    assert await ledger.stored_schedules(SourceKind.API) == []
    assert await ledger.stored_schedules(SourceKind.FILE) == [defined().schedule]


async def test_an_unknown_schedule_has_no_definition(ledger: Ledger):
    assert await ledger.definition("nobody") is None


async def test_a_new_definition_replaces_the_old(ledger: Ledger):
    await ledger.commit(Batch(states=[Defined(_SCHEDULES[0], state_of("cron"))]))
    changed = msgspec.structs.replace(_SCHEDULES[0], policy=_FULL_POLICY, description="new")
    await ledger.commit(Batch(states=[Defined(changed, state_of("cron", definition_hash="e"))]))
    assert await ledger.definition("cron") == changed
    assert (await ledger.schedule_states())["cron"].definition_hash == "e"


async def test_all_of_a_state_is_remembered(shelf: Shelf):
    state = state_of(
        watermark=11,
        resumed_at=12,
        runs_made=13,
        pause=Pause(1, 2, "why", "ann"),
        breaker=Breaker(3, 4, True),
        exhausted_at=5,
        archived_at=6,
    )
    await shelf.ledger.commit(Batch(states=[Defined(defined().schedule, state)]))
    assert await (await shelf.reopen()).schedule_states() == {"tidy": state}


async def test_a_pause_set_and_lifted_survives_a_restart(shelf: Shelf):
    pause = Pause(100, None, "on fire", "ann")
    await shelf.ledger.commit(Batch(states=[defined(), PauseSet("tidy", pause)]))
    ledger = await shelf.reopen()
    paused = (await ledger.schedule_states())["tidy"]
    assert (paused.pause, paused.resumed_at) == (pause, 0)
    await ledger.commit(Batch(states=[PauseSet("tidy", None, resumed_at=200)]))
    resumed = (await (await shelf.reopen()).schedule_states())["tidy"]
    assert (resumed.pause, resumed.resumed_at) == (None, 200)


async def test_a_pause_of_one_schedule_leaves_the_others_alone(ledger: Ledger):
    await ledger.commit(Batch(states=[defined(), defined("other"), PauseSet("tidy", Pause(1))]))
    assert (await ledger.schedule_states())["other"].pause is None


async def test_a_breaker_moves_through_its_states(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()]))
    for breaker in (Breaker(2), Breaker(3, 50), Breaker(3, 50, True), Breaker()):
        await ledger.commit(Batch(states=[BreakerMoved("tidy", breaker)]))
        assert (await ledger.schedule_states())["tidy"].breaker == breaker


async def test_changes_of_state_hold_in_the_order_in_which_they_are_listed(ledger: Ledger):
    states: list[StateChange] = [
        defined(),
        PauseSet("tidy", Pause(1)),
        PauseSet("tidy", None, 5),
        BreakerMoved("tidy", Breaker(1)),
    ]
    states.append(PauseSet("tidy", Pause(2)))
    await ledger.commit(Batch(states=states))
    state = (await ledger.schedule_states())["tidy"]
    assert (state.pause, state.resumed_at, state.breaker) == (Pause(2), 5, Breaker(1))


async def test_an_exhausted_schedule_is_remembered_as_such(ledger: Ledger):
    await ledger.commit(Batch(states=[defined(), Exhausted("tidy", 70)]))
    assert (await ledger.schedule_states())["tidy"].exhausted_at == 70


async def test_an_archived_schedule_that_comes_back_finds_its_history(ledger: Ledger):
    await ledger.commit(Batch(states=[defined()], claims=[claim(3)]))
    await ledger.commit(Batch(states=[Archived("tidy", 90)]))
    archived = (await ledger.schedule_states())["tidy"]
    assert (archived.archived_at, archived.watermark, archived.runs_made) == (90, 3 * SLOT, 1)
    back = msgspec.structs.replace(archived, archived_at=None)
    await ledger.commit(Batch(states=[Defined(defined().schedule, back)]))
    assert (await ledger.schedule_states())["tidy"] == back
    assert await ledger.run(claim(3).run_id) == claim(3)
    assert (await ledger.commit(Batch(claims=[claim(3, run_id="again")]))).refused == {"again"}
