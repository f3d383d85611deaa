import asyncio
from datetime import datetime

import pytest
from tests.runtime.house import House, schedule, shell

from cronsole.api.facade import Asker
from cronsole.errors import ConfigError, StoreUnavailable
from cronsole.model.ask import PlanAsk
from cronsole.model.event import CatalogRefused, CatalogReloaded
from cronsole.model.instant import DAY, HOUR, from_iso, to_datetime
from cronsole.model.policy import Retry
from cronsole.model.prospect import FieldChange, PlannedChange, PlanView, ReloadView
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.settings import Configuration
from cronsole.model.trigger import IntervalSpec
from cronsole.runtime import planned

FILE = Origin(name="jobs.toml", line=14)


def moments(*texts: str) -> tuple[datetime, ...]:
    return tuple(to_datetime(from_iso(text)) for text in texts)


async def plan(house: House, *definitions: Schedule, days: int = 1) -> PlanView:
    house.define(*definitions)
    return await house.engine.control.plan(PlanAsk(days=days))


def broken() -> Configuration:
    raise ConfigError(["jobs.toml:3: nonsense"])


async def test_a_plan_without_a_change_says_so(house: House) -> None:
    gc = schedule("gc", "@daily")
    await house.start(gc)
    view = await plan(house, gc)
    assert view == PlanView(until=to_datetime(house.clock.now() + DAY), unchanged=1)


async def test_what_is_added_tells_its_keys_and_the_fires_that_it_gains(house: House) -> None:
    await house.start()
    view = await plan(house, schedule("gc", "0 */4 * * *", origin=FILE, tags=("db",)))
    (added,) = view.added
    assert (added.id, added.origin, added.fires_before, added.fires_after) == ("gc", "jobs.toml:14", 0, 6)
    assert added.fields == (
        FieldChange(key="id", before="", after="gc"),
        FieldChange(key="cron", before="", after="0 */4 * * *"),
        FieldChange(key="timezone", before="", after="UTC"),
        FieldChange(key="tags", before="", after='["db"]'),
    )
    assert added.gains == moments(*(f"2026-11-20T{hour:02d}:00Z" for hour in (4, 8, 12, 16, 20)))


async def test_what_is_removed_tells_the_fires_that_it_loses(house: House) -> None:
    await house.start(schedule("gc", "0 */12 * * *"), schedule("b", "@daily"))
    view = await plan(house, schedule("b", "@daily"))
    (removed,) = view.removed
    assert removed.loses == moments("2026-11-20T12:00Z", "2026-11-21T00:00Z")
    assert (removed.fires_before, removed.fires_after, removed.gains) == (2, 0, ())
    assert view.unchanged == 1


async def test_what_is_moved_tells_both_and_only_those_that_differ(house: House) -> None:
    await house.start(schedule("gc", "0 */4 * * *"))
    (moved,) = (await plan(house, schedule("gc", "0 */6 * * *"))).retimed
    assert moved == PlannedChange(
        id="gc",
        origin="file",
        fields=(FieldChange(key="cron", before="0 */4 * * *", after="0 */6 * * *"),),
        loses=moments("2026-11-20T04:00Z", "2026-11-20T08:00Z", "2026-11-20T16:00Z", "2026-11-20T20:00Z"),
        gains=moments("2026-11-20T06:00Z", "2026-11-20T18:00Z"),
        fires_before=6,
        fires_after=4,
    )


async def test_a_changed_interval_starts_anew_from_now_as_it_would_in_the_reload(house: House) -> None:
    await house.start(schedule("gc", IntervalSpec(4 * HOUR)))
    await house.seconds(600)
    changed = schedule("gc", IntervalSpec(8 * HOUR))
    (moved,) = (await plan(house, changed)).retimed
    assert moved.gains[0] == moments("2026-11-20T08:10:00.500Z")[0]
    await house.reload(changed)
    lane = house.engine.control.lane("gc")
    assert lane.slot is not None
    assert to_datetime(lane.slot) == moved.gains[0]


async def test_what_only_its_policy_changed_of_keeps_its_fires(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *", shell("a"), retry=Retry(attempts=1)))
    (changed,) = (await plan(house, schedule("gc", "0 * * * *", shell("b"), retry=Retry(attempts=2)))).changed
    assert changed.fields == (
        FieldChange(key="command", before="a", after="b"),
        FieldChange(key="retry.attempts", before="1", after="2"),
    )
    assert (changed.loses, changed.gains, changed.fires_before, changed.fires_after) == ((), (), 24, 24)


async def test_what_is_disabled_loses_all_its_fires(house: House) -> None:
    await house.start(schedule("gc", "0 */12 * * *"))
    (changed,) = (await plan(house, schedule("gc", "0 */12 * * *", enabled=False))).changed
    assert changed.loses == moments("2026-11-20T12:00Z", "2026-11-21T00:00Z")
    assert (changed.fires_before, changed.fires_after) == (2, 0)


async def test_what_comes_back_is_counted_by_what_the_ledger_remembers_of_it(house: House) -> None:
    gc, b = schedule("gc", "0 * * * *", max_runs=3), schedule("b", "@yearly")
    await house.start(gc, b)
    await house.seconds(2 * 3600)
    await house.reload(b)
    (added,) = (await plan(house, gc, b)).added
    assert added.fires_after == 1


async def test_fires_beyond_number_are_counted_and_said_not_to_be_compared(house: House) -> None:
    await house.start(schedule("gc", "* * * * * *"))
    view = await plan(house, schedule("gc", "* * * * * */1"), days=365)
    (moved,) = view.retimed
    assert (moved.fires_before, moved.fires_after) == (365 * 86_400, 365 * 86_400)
    assert view.warnings == ("gc: only its first 10,000 fires are compared one by one",)


async def test_more_changes_than_anyone_reads_are_cut_and_said_to_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "_SHOWN", 3)
    await house.start()
    view = await plan(house, *(schedule(f"s{number}", "@daily") for number in range(5)))
    assert len(view.added) == 3
    assert view.warnings == ("only the first 3 of 5 added schedules are shown",)


async def test_a_schedule_that_a_file_takes_over_is_a_change_and_not_an_addition(house: House) -> None:
    await house.start()
    definition = {"id": "gc", "cron": "@daily", "timezone": "UTC"}
    await house.engine.control.create(definition, Asker("ann"))
    view = await plan(house, schedule("gc", "@daily", description="x", origin=FILE))
    assert [change.id for change in view.changed] == ["gc"]
    assert (view.added, view.removed) == ((), ())


async def test_a_plan_changes_nothing(house: House) -> None:
    await house.start(schedule("gc", "@daily"))
    await plan(house, schedule("b", "@daily"))
    assert [entry.id for entry in house.engine.catalog] == ["gc"]
    assert set(await house.engine.ledger.schedule_states()) == {"gc"}
    assert house.of(CatalogReloaded) == []


async def test_a_plan_of_files_with_faults_tells_them_and_nothing_else(house: House) -> None:
    await house.start(schedule("gc", "@daily"))
    house.engine.reloader._read = broken
    view = await house.engine.control.plan(PlanAsk())
    assert view.problems == ("jobs.toml:3: nonsense",)
    assert (view.removed, view.unchanged) == ((), 0)
    assert (house.engine.reloader.problems, house.of(CatalogRefused)) == ((), [])


@pytest.mark.parametrize("days", [0, -1, 3_661])
async def test_days_beyond_reason_are_refused(house: House, days: int) -> None:
    await house.start(schedule("gc", "@daily"))
    with pytest.raises(ConfigError, match=r"days: .* is out of range; accepted is 1 to 3,660"):
        await plan(house, schedule("gc", "@daily"), days=days)


async def test_a_reload_that_is_asked_for_tells_what_it_did_and_is_on_record(house: House) -> None:
    await house.start(schedule("a", "@daily"), schedule("b", "@daily"), schedule("c", "@daily"))
    house.define(schedule("b", "@daily"), schedule("c", "@weekly"), schedule("d", "@daily"))
    view = await house.engine.control.reload(actor="ann")
    assert view == ReloadView(added=("d",), changed=("c",), removed=("a",), unchanged=1)
    (entry,) = await house.engine.ledger.audit_trail()
    assert (entry.actor, entry.verb, entry.detail) == ("ann", "reload", "")


async def test_a_removal_in_a_reload_that_is_asked_for_counts_at_once(house: House) -> None:
    await house.start(schedule("a", "@daily"), schedule("b", "@daily"))
    house.define(schedule("b", "@daily"))
    before = house.clock.now()
    await house.engine.control.reload(actor="ann")
    assert house.clock.now() == before
    assert house.engine.lanes.get("a") is None


async def test_a_removal_that_settles_does_not_hold_up_who_asks(house: House) -> None:
    await house.start(schedule("a", "@daily"), schedule("b", "@daily"))
    house.define(schedule("b", "@daily"))
    settling = asyncio.ensure_future(house.engine.reloader.reload())
    await house.settle()
    before = house.clock.now()
    await house.engine.control.reload(actor="ann")
    await settling
    assert house.clock.now() == before
    assert house.engine.lanes.get("a") is None


async def test_a_reload_of_files_with_faults_tells_them_and_is_on_record(house: House) -> None:
    await house.start(schedule("gc", "@daily"))
    house.engine.reloader._read = broken
    view = await house.engine.control.reload(actor="ann")
    assert view == ReloadView(problems=("jobs.toml:3: nonsense",), unchanged=1)
    (entry,) = await house.engine.ledger.audit_trail()
    assert (entry.actor, entry.verb, entry.detail) == ("ann", "reload", "refused: jobs.toml:3: nonsense")


async def test_a_reload_that_the_ledger_cannot_take_is_refused_to_who_asks(house: House) -> None:
    await house.start(schedule("a", "@daily"))

    async def unwritable(_batch: object) -> None:
        raise StoreUnavailable("disk full")

    house.define(schedule("b", "@daily"))
    house.engine.ledger.commit = unwritable  # type: ignore[assignment, method-assign]
    with pytest.raises(StoreUnavailable, match="disk full"):
        await house.engine.control.reload(actor="ann")
    del house.engine.ledger.commit
    await house.seconds(2)
    assert [entry.id for entry in house.engine.catalog] == ["a"]
