import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule

from cronsole.errors import ConfigError, UnknownSchedule
from cronsole.model.ask import PauseAsk, ResumeAsk, Selection
from cronsole.model.instant import DAY, HOUR, MINUTE, to_datetime
from cronsole.model.policy import MissedRunPolicy, Retry
from cronsole.model.prospect import EffectView
from cronsole.model.schedule import Origin, SourceKind

ALL = Selection(everything=True)


def pausing(house: House, ms: int | None, select: Selection = ALL, *, preview: bool = True) -> PauseAsk:
    until = None if ms is None else to_datetime(house.clock.now() + ms)
    return PauseAsk(until=until, select=select, preview=preview, reason="deploy")


async def pause(house: House, ms: int | None, select: Selection = ALL, *, preview: bool = True) -> EffectView:
    return await house.engine.control.pause_selected(pausing(house, ms, select, preview=preview), actor="ops")


async def resume(house: House, *, catch_up: bool = True, preview: bool = True) -> EffectView:
    ask = ResumeAsk(catch_up=catch_up, select=ALL, preview=preview)
    return await house.engine.control.resume_selected(ask, actor="ops")


async def paused(house: House) -> set[str]:
    states = await house.engine.ledger.schedule_states()
    return {schedule_id for schedule_id, state in states.items() if state.pause is not None}


async def test_a_preview_counts_the_fires_that_a_pause_would_skip_and_pauses_nothing(house: House) -> None:
    await house.start(schedule("a", "*/10 * * * *"), schedule("b", "0 * * * *"))
    effect = await pause(house, 2 * HOUR)
    assert (effect.skips, effect.is_preview, effect.schedule_ids) == (14, True, ("a", "b"))
    assert effect.told == ("14 fires until 2026-11-20T02:00:00.500Z are skipped",)
    assert await paused(house) == set()
    assert await house.engine.ledger.audit_trail() == []


async def test_what_is_told_before_is_what_is_skipped_then(house: House) -> None:
    await house.start(schedule("a", "*/10 * * * *"))
    told = await pause(house, 2 * HOUR)
    done = await pause(house, 2 * HOUR, preview=False)
    await house.seconds(2 * 3600)
    assert (done.skips, done.is_preview) == (told.skips, False)
    assert await house.verdicts("a") == ["skipped(paused)"] * told.skips


async def test_the_slot_at_which_a_pause_ends_runs(house: House) -> None:
    await house.start(schedule("a", "0 * * * *"))
    done = await pause(house, HOUR - 500, preview=False)
    await house.seconds(3600)
    assert (done.skips, await house.verdicts("a")) == (0, ["succeeded"])


async def test_a_pause_without_an_end_is_told_by_what_a_day_would_bring(house: House) -> None:
    await house.start(schedule("a", "0 * * * *"))
    effect = await pause(house, None)
    assert effect.told == ("no end is set: 24 fires of the next 24 hours are skipped",)


async def test_fires_that_would_not_come_anyway_are_not_counted(house: House) -> None:
    end = house.clock.now() + HOUR
    await house.start(
        schedule("ended", "*/10 * * * *", end=end),
        schedule("few", "*/10 * * * *", max_runs=2),
        schedule("off", "*/10 * * * *", enabled=False),
    )
    assert (await pause(house, DAY)).skips == 6 + 2


async def test_fires_of_an_age_are_counted_without_going_through_them(house: House) -> None:
    await house.start(schedule("a", "* * * * * *"))
    assert (await pause(house, 3_000 * DAY)).skips == 3_000 * 86_400


async def test_what_grows_old_meanwhile_is_told_the_worst_first(house: House) -> None:
    await house.start(
        schedule("backup", "0 1 * * *"), schedule("hourly", "0 * * * *"), schedule("never", "@yearly")
    )
    await house.seconds(7200)
    effect = await pause(house, 24 * HOUR)
    assert effect.told[1:] == (
        "backup's last success will be 48 h old",
        "hourly's last success will be 25 h old",
    )


async def test_the_last_success_counts_also_where_a_failure_came_after_it(house: House) -> None:
    handlers_in_tests.failures_left["gc"] = 0
    await house.start(schedule("gc", "0 * * * *", calls("fail_at_first")))
    await house.seconds(3601)
    handlers_in_tests.failures_left["gc"] = 1
    await house.seconds(3600)
    assert await house.verdicts("gc") == ["succeeded", "failed"]
    effect = await pause(house, 3 * HOUR)
    assert effect.told[1:] == ("gc's last success will be 5 h old",)


async def test_runs_that_go_on_are_told(house: House) -> None:
    await house.start(schedule("a", "* * * * *", calls("hold")), schedule("b", "* * * * *", calls("hold")))
    await house.seconds(61)
    assert (await pause(house, HOUR)).told[-1] == "2 runs go on"


async def test_a_selection_is_by_id_tag_or_plugin_and_each_once(house: House) -> None:
    plugin = Origin(SourceKind.PLUGIN, "mail")
    await house.start(
        schedule("a", "@daily", tags=("db",)),
        schedule("b", "@daily"),
        schedule("c", "@daily", origin=plugin),
        schedule("d", "@daily"),
    )
    select = Selection(ids=("a", "b"), tags=("db",), plugins=("mail",))
    effect = await pause(house, HOUR, select, preview=False)
    assert effect.schedule_ids == ("a", "b", "c")
    assert await paused(house) == {"a", "b", "c"}


async def test_a_selection_of_nothing_is_refused(house: House) -> None:
    await house.start(schedule("a", "@daily"))
    with pytest.raises(ConfigError, match="select: names no schedule"):
        await pause(house, HOUR, Selection())


@pytest.mark.parametrize(
    ("select", "told"),
    [
        (Selection(ids=("cache-worm",)), "no schedule is called 'cache-worm'; 'cache-warm' is"),
        (Selection(tags=("dbb",)), r"no schedule bears the tag 'dbb'; did you mean 'db'\?"),
        (Selection(plugins=("x",)), "no schedule comes from the plugin 'x'"),
    ],
)
async def test_a_name_that_nothing_bears_is_told_with_the_nearest(
    house: House, select: Selection, told: str
) -> None:
    await house.start(schedule("cache-warm", "@daily", tags=("db",)))
    with pytest.raises(UnknownSchedule, match=told):
        await pause(house, HOUR, select, preview=False)


async def test_an_end_that_has_passed_is_refused(house: House) -> None:
    await house.start(schedule("a", "@daily"))
    with pytest.raises(ConfigError, match=r"until: 2026-11-19T23:59:00\.500Z has passed"):
        await pause(house, -MINUTE)


async def test_a_preview_of_a_resume_tells_what_would_start(house: House) -> None:
    each = MissedRunPolicy.RUN_ALL
    await house.start(schedule("once", "* * * * *"), schedule("all", "* * * * *", missed_run_policy=each))
    await house.engine.control.pause(["once", "all"], actor="ops")
    await house.seconds(200)
    effect = await resume(house)
    assert effect.starts == 4
    assert effect.told == (
        "once starts 1 run for 3 slots of its pause",
        "all starts 3 runs for 3 slots of its pause",
    )
    assert await paused(house) == {"once", "all"}
    await resume(house, preview=False)
    await house.seconds(1)
    assert len([run for run in await house.rows() if run.is_catchup]) == effect.starts


async def test_a_resume_without_catch_up_starts_only_the_retries_that_were_put_off(house: House) -> None:
    await house.start(schedule("gc", "0-1 0 * * *", calls("fail"), retry=Retry(attempts=1, delay_ms=30_000)))
    await house.seconds(61)
    await house.engine.control.pause(["gc"], actor="ops")
    await house.seconds(60)
    effect = await resume(house, catch_up=False)
    assert (effect.starts, effect.told) == (1, ("gc goes on with 1 retry",))


async def test_what_is_not_paused_is_said_to_be_so(house: House) -> None:
    await house.start(schedule("a", "* * * * *"), schedule("b", "* * * * *"))
    await house.engine.control.pause(["a"], actor="ops")
    effect = await resume(house)
    assert (effect.starts, effect.told) == (0, ("1 schedule of these is not paused",))
