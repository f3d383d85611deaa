import asyncio
from typing import Any

import msgspec
import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, schedule

from cronsole.api.facade import Asker
from cronsole.config.hashing import definition_hash
from cronsole.errors import (
    ConfigError,
    Forbidden,
    KeyReused,
    NotOurs,
    ScheduleExists,
    StaleDefinition,
    StoreUnavailable,
    UnknownSchedule,
)
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import Event, ScheduleDefined, ScheduleDeleted, Warned
from cronsole.model.instant import HOUR, from_iso, to_datetime
from cronsole.model.schedule import Origin, SourceKind
from cronsole.narration import sentence
from cronsole.runtime.enactment import first_seen
from cronsole.store.base import Defined

ANN = Asker("ann", may_execute=True)
EVE = Asker("eve")
FILE = Origin(name="jobs.toml", line=14)
GC: dict[str, Any] = {"id": "gc", "cron": "* * * * *"}
NOTE = {"handler": "tests.runtime.handlers_in_tests:note"}


async def create(house: House, definition: dict[str, Any] = GC, asker: Asker = ANN, key: str = "") -> str:
    return await house.engine.control.create(definition, asker, idempotency_key=key)


def etag(house: House, schedule_id: str = "gc") -> str:
    return definition_hash(house.engine.control.lane(schedule_id).schedule)


async def test_a_schedule_that_is_created_fires(house: House) -> None:
    await house.start()
    assert await create(house) == "gc"
    await house.seconds(61)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_its_creator_is_its_origin(house: House) -> None:
    await house.start()
    await create(house)
    assert house.engine.control.lane("gc").schedule.origin == Origin(SourceKind.API, "ann")


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_it_outlives_its_engine_with_its_history(house: House, end: str) -> None:
    await house.start(schedule("other", "@yearly"))
    await create(house)
    await house.seconds(61)
    await getattr(house, end)()
    await house.start()
    await house.seconds(60)
    assert await house.verdicts("gc") == ["succeeded"] * 2
    assert house.engine.control.lane("gc").schedule.origin == Origin(SourceKind.API, "ann")


async def test_an_interval_keeps_its_anchor_over_restarts_and_reloads(house: House) -> None:
    await house.start()
    await create(house, {"id": "gc", "every": "1m"})
    await house.seconds(90)
    await house.restart()
    await house.reload(schedule("b", "@yearly"))
    await house.seconds(60)
    slots = [run.slot for run in await house.rows("gc")]
    assert slots == [from_iso("2026-11-20T00:01:00.500Z"), from_iso("2026-11-20T00:02:00.500Z")]


async def test_a_reload_of_the_files_leaves_it_alone(house: House) -> None:
    await house.start(schedule("a", "@yearly"))
    await create(house)
    await house.reload(schedule("b", "@yearly"))
    await house.seconds(61)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_an_id_that_is_taken_is_refused_with_who_has_it(house: House) -> None:
    await house.start(schedule("b", "@yearly", origin=FILE))
    await create(house)
    with pytest.raises(ScheduleExists, match="gc exists already: created by ann"):
        await create(house, asker=EVE)
    with pytest.raises(ScheduleExists, match=r"b exists already: defined in jobs\.toml:14"):
        await create(house, {"id": "b", "cron": "5m"})


async def test_two_who_create_one_id_at_once_do_not_both_succeed(house: House) -> None:
    await house.start()
    made = await asyncio.gather(*(create(house) for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in made) == ["ScheduleExists", "ScheduleExists", "str"]


async def test_every_fault_of_a_definition_is_told_and_nothing_comes_of_it(house: House) -> None:
    await house.start()
    with pytest.raises(ConfigError) as caught:
        await create(house, {"id": "gc", "cron": "5m", "timeout": 5, "overlap": "skop"})
    assert caught.value.problems == (
        'definition: timeout = 5: is a number without a unit; write "5s" for seconds',
        'definition: overlap = "skop": accepted is one of skip, queue_one, queue_all, cancel_old, kill_old, allow; '
        'did you mean "skip"?',
    )
    assert len(house.engine.lanes) == 0
    assert await house.engine.ledger.audit_trail() == []


async def test_what_executes_takes_leave_to_execute(house: House) -> None:
    await house.start()
    for harmful in ({"command": "true"}, NOTE, {"description": "${file:/etc/hostname}"}, {"notify": "ops"}):
        with pytest.raises(Forbidden, match="takes the permission exec"):
            await create(house, {**GC, **harmful}, EVE)
    await create(house, {**GC, "http": "http://localhost/"}, EVE)


async def test_a_reference_is_not_even_looked_at_for_who_may_not(house: House) -> None:
    await house.start()
    with pytest.raises(Forbidden):
        await create(house, {**GC, "description": "${file:/no/such/file}"}, EVE)


async def test_a_change_that_leaves_a_command_in_place_takes_leave_to_execute(house: House) -> None:
    await house.start()
    await create(house, {**GC, "command": "true"})
    with pytest.raises(Forbidden):
        await house.engine.control.patch("gc", {"cron": "5m"}, EVE)
    with pytest.raises(Forbidden):
        await house.engine.control.replace("gc", {"cron": "5m", "command": "false"}, EVE)
    await house.engine.control.patch("gc", {"command": None}, EVE)


async def test_a_replacement_takes_the_place_of_the_whole_definition(house: House) -> None:
    await house.start()
    await create(house, {**GC, "description": "old", "tags": ["a"]})
    await house.engine.control.replace("gc", {"cron": "*/2 * * * *"}, ANN)
    found = house.engine.control.lane("gc").schedule
    assert (found.description, found.tags) == ("", ())
    await house.seconds(121)
    assert [run.slot for run in await house.rows("gc")] == [from_iso("2026-11-20T00:02Z")]


async def test_a_replacement_of_what_does_not_exist_creates_it(house: House) -> None:
    await house.start()
    assert await house.engine.control.replace("gc", {"cron": "5m"}, ANN) == "gc"
    (event,) = house.of(ScheduleDefined)
    assert event.is_new


async def test_a_definition_under_another_id_than_its_own_is_refused(house: House) -> None:
    await house.start()
    with pytest.raises(ConfigError, match="definition: id: is 'b', and not 'gc'"):
        await house.engine.control.replace("gc", {"id": "b", "cron": "5m"}, ANN)
    await create(house)
    with pytest.raises(ConfigError, match="definition: id: is 'b', and not 'gc'"):
        await house.engine.control.patch("gc", {"name": "b"}, ANN)


async def test_a_patch_changes_only_what_it_names(house: House) -> None:
    await house.start()
    await create(house, {**GC, "description": "old", "retry": {"attempts": 2, "delay": "5s"}})
    await house.engine.control.patch("gc", {"retry": {"delay": None}, "tags": ["x"]}, ANN)
    found = house.engine.control.lane("gc").schedule
    assert (found.description, found.tags) == ("old", ("x",))
    assert (found.policy.retry.attempts, found.policy.retry.delay_ms) == (2, 10_000)


async def test_what_only_its_policy_changed_of_keeps_its_next_fire(house: House) -> None:
    await house.start()
    await create(house, {"id": "gc", "every": "5m"})
    await house.seconds(90)
    due = house.engine.control.lane("gc").due
    await house.engine.control.patch("gc", {"timeout": "1m"}, ANN)
    assert house.engine.control.lane("gc").due == due


async def test_a_definition_that_was_changed_since_it_was_read_is_not_overwritten(house: House) -> None:
    await house.start()
    await create(house)
    read = etag(house)
    await house.engine.control.patch("gc", {"tags": ["x"]}, ANN, etag=read)
    for change in (
        house.engine.control.patch("gc", {"tags": ["y"]}, ANN, etag=read),
        house.engine.control.replace("gc", GC, ANN, etag=read),
        house.engine.control.delete("gc", ANN, etag=read),
    ):
        with pytest.raises(StaleDefinition, match="gc was changed since you read it"):
            await change
    with pytest.raises(StaleDefinition, match="b does not exist"):
        await house.engine.control.replace("b", {"cron": "5m"}, ANN, etag=read)
    await house.engine.control.delete("gc", ANN, etag=etag(house))


async def test_what_a_file_defines_is_changed_in_its_file(house: House) -> None:
    await house.start(schedule("gc", "@yearly", origin=FILE))
    for change in (
        house.engine.control.patch("gc", {"tags": ["y"]}, ANN),
        house.engine.control.replace("gc", GC, ANN),
        house.engine.control.delete("gc", ANN),
    ):
        with pytest.raises(NotOurs, match=r"gc is defined in jobs\.toml:14, and is changed there"):
            await change


async def test_what_is_unknown_is_neither_changed_nor_deleted(house: House) -> None:
    await house.start()
    await create(house)
    for change in (
        house.engine.control.patch("cg", {"tags": ["y"]}, ANN),
        house.engine.control.delete("cg", ANN),
    ):
        with pytest.raises(UnknownSchedule, match="no schedule is called 'cg'; 'gc' is"):
            await change


async def test_a_deleted_schedule_fires_no_more_and_what_runs_finishes(house: House) -> None:
    await house.start()
    await create(house, {**GC, "handler": "tests.runtime.handlers_in_tests:hold"})
    await house.seconds(61)
    waiting = await house.engine.control.trigger("gc", actor="ops")
    later = TriggerAsk(at=to_datetime(house.clock.now() + HOUR))
    appointed = await house.engine.control.trigger("gc", later, actor="ops")
    await house.engine.control.delete("gc", ANN)
    (context,) = handlers_in_tests.calls
    handlers_in_tests.gates[context.run_id].set()
    await house.seconds(3600 + 60)
    assert await house.verdicts("gc") == ["succeeded", "skipped(disabled)", "skipped(disabled)"]
    assert [run.run_id for run in await house.rows("gc")][1:] == [waiting, appointed]
    with pytest.raises(UnknownSchedule):
        house.engine.control.lane("gc")


async def test_a_deleted_schedule_stays_deleted_over_a_kill(house: House) -> None:
    await house.start()
    await create(house)
    await house.engine.control.delete("gc", ANN)
    await house.kill()
    await house.start()
    await house.seconds(61)
    assert await house.rows("gc") == []


async def test_what_is_created_again_finds_its_history_and_owes_nothing(house: House) -> None:
    await house.start()
    await create(house)
    await house.seconds(61)
    await house.engine.control.delete("gc", ANN)
    await house.seconds(300)
    await create(house)
    await house.seconds(60)
    assert await house.verdicts("gc") == ["succeeded", "succeeded"]


@pytest.mark.parametrize("is_equal", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_file_that_takes_over_an_id_gives_it_back_with_its_state(
    house: House, is_equal: bool, restarts: bool
) -> None:
    await house.start()
    await create(house, {**GC, "timezone": "UTC", "description": "ours"})
    await house.engine.control.pause(["gc"], actor="ops", reason="kept")
    described = "ours" if is_equal else "the file's"
    await house.reload(schedule("gc", "* * * * *", description=described, origin=FILE))
    assert house.engine.control.lane("gc").schedule.origin == FILE
    with pytest.raises(NotOurs):
        await house.engine.control.delete("gc", ANN)
    if restarts:
        await house.kill()
        await house.start()
        assert house.engine.control.lane("gc").schedule.origin == FILE
    await house.reload()
    for _ in range(2):
        lane = house.engine.control.lane("gc")
        assert (lane.schedule.description, lane.schedule.origin.name) == ("ours", "ann")
        assert lane.state.pause is not None
        await house.kill()
        await house.start()
    await house.engine.control.delete("gc", ANN)
    await house.restart()
    assert house.engine.lanes.get("gc") is None


@pytest.mark.parametrize("is_equal", [False, True])
async def test_an_id_that_a_file_takes_and_leaves_while_no_engine_runs_comes_back(
    house: House, is_equal: bool
) -> None:
    await house.start()
    await create(house, {**GC, "timezone": "UTC", "description": "ours"})
    described = "ours" if is_equal else "the file's"
    house.define(schedule("gc", "* * * * *", description=described, origin=FILE))
    await house.restart()
    assert house.engine.control.lane("gc").schedule.origin == FILE
    house.define()
    await house.restart()
    await house.restart()
    lane = house.engine.control.lane("gc")
    assert (lane.schedule.description, lane.schedule.origin.name) == ("ours", "ann")


async def test_what_the_ledger_cannot_take_is_not_in_force(house: House) -> None:
    await house.start()
    await create(house)
    commit = house.engine.ledger.commit

    async def unwritable(_batch: object) -> Any:
        raise StoreUnavailable("disk full")

    house.engine.ledger.commit = unwritable  # type: ignore[assignment, method-assign]
    attempts = [
        asyncio.ensure_future(create(house, {**GC, "id": "b"})),
        asyncio.ensure_future(house.engine.control.patch("gc", {"tags": ["x"]}, ANN)),
        asyncio.ensure_future(house.engine.control.delete("gc", ANN)),
    ]
    while not all(attempt.done() for attempt in attempts):
        await house.seconds(1)
    assert [type(attempt.exception()) for attempt in attempts] == [StoreUnavailable] * 3
    house.engine.ledger.commit = commit  # type: ignore[method-assign]
    await house.seconds(61)
    assert [entry.id for entry in house.engine.catalog] == ["gc"]
    assert house.engine.control.lane("gc").schedule.tags == ()


async def test_each_change_is_on_record_and_told(house: House) -> None:
    await house.start()
    await create(house)
    await house.engine.control.patch("gc", {"tags": ["x"], "timeout": "5s"}, Asker("bob"))
    await house.engine.control.delete("gc", ANN)
    trail = reversed(await house.engine.ledger.audit_trail())
    assert [(entry.actor, entry.verb, entry.target, entry.detail) for entry in trail] == [
        ("ann", "create", "gc", ""),
        ("bob", "change", "gc", "tags, timeout"),
        ("ann", "delete", "gc", ""),
    ]
    told: list[Event] = [*house.of(ScheduleDefined), *house.of(ScheduleDeleted)]
    assert [sentence(event) for event in told] == [
        "gc created by ann",
        "gc changed by bob",
        "gc deleted by ann",
    ]


async def test_a_creation_under_a_key_is_made_once(house: House) -> None:
    await house.start()
    await create(house, key="k")
    await house.restart()
    assert await create(house, dict(reversed(GC.items())), key="k") == "gc"
    with pytest.raises(KeyReused):
        await create(house, {**GC, "cron": "5m"}, key="k")


async def test_a_definition_is_shown_as_it_can_be_sent_back(house: House) -> None:
    await house.start()
    await create(house, {**GC, **NOTE, "retry": 3})
    detail = await house.engine.facade.schedule("gc")
    before = etag(house)
    await house.engine.control.replace("gc", detail.definition, ANN, etag=detail.schedule.etag)
    assert etag(house) == before


async def test_one_that_cannot_be_in_force_any_more_is_told_and_kept_and_stops_no_other(house: House) -> None:
    await house.start()
    await create(house)
    lane = house.engine.control.lane("gc")
    gone = msgspec.structs.replace(lane.schedule, id="gone", timezone="Atlantis/Capital")
    await house.engine.journal.ask(states=[Defined(gone, first_seen(gone, house.clock.now()))])
    await house.restart()
    told = [event.detail for event in house.of(Warned)]
    assert told[-1].startswith("gone, created by ann, is not in force: ")
    assert [entry.id for entry in house.engine.catalog] == ["gc"]
    await house.restart()
    assert "gone" in {schedule.id for schedule in await house.engine.ledger.stored_schedules(SourceKind.API)}


@pytest.mark.parametrize("is_live", [True, False])
async def test_it_comes_back_for_good_where_the_file_had_come_to_say_the_same(
    house: House, is_live: bool
) -> None:
    await house.start()
    await create(house, {**GC, "timezone": "UTC"})
    await house.reload(schedule("gc", "* * * * *", description="other", origin=FILE))
    await house.reload(schedule("gc", "* * * * *", origin=FILE))
    if is_live:
        await house.reload()
    else:
        house.define()
    for _ in range(3):
        await house.restart()
        assert house.engine.control.lane("gc").schedule.origin.name == "ann"


async def test_what_came_back_and_was_deleted_stays_deleted(house: House) -> None:
    await house.start()
    await create(house)
    await house.reload(schedule("gc", "@daily", origin=FILE))
    await house.reload()
    await house.engine.control.delete("gc", ANN)
    await house.restart()
    assert house.engine.lanes.get("gc") is None
