"""Calls by hand: a command of a plugin is run because somebody asks."""

from pathlib import Path
from typing import Any

import pytest
from tests.plugins.processes import ECHO, OK, echoed, write_plugin
from tests.plugins.python_plugins import plugin_class
from tests.runtime.house import House, schedule

from cronsole.api.facade import Asker
from cronsole.errors import (
    ConfigError,
    KeyReused,
    NotNow,
    ScheduleDisabled,
    UnknownCommand,
    UnknownPlugin,
)
from cronsole.model import event as events
from cronsole.model.action import PluginCall
from cronsole.model.ask import AuditQuery
from cronsole.model.plugin import CallAsk, CircuitAsk
from cronsole.model.policy import CircuitBreaker, Retry
from cronsole.model.run import Cause, RunState
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import PluginSettings
from cronsole.model.trigger import ManualSpec
from cronsole.model.view import RunView, ScheduleStatus
from cronsole.runtime.lane import Lanes

ANN = Asker("ann")
BY_HAND = "withings/poll:by-hand"
FAILING = """#!/bin/sh
cat >/dev/null
echo '{"status": "error", "error": "down", "retry": false}'
"""
WAITING = """#!/bin/sh
cat >/dev/null
while [ ! -e go ]; do sleep 0.02; done
echo '{"status": "ok", "result": "done"}'
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


async def test_the_circuit_of_a_command_is_found_without_a_look_at_every_schedule(
    house: House, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plugin(root, FAILING)
    breaker = CircuitBreaker(3, 60_000)
    await start(house, root, schedule("other", "@daily"), circuit_breaker=breaker)
    await call(house)
    by_hand = house.engine.lanes.in_force(BY_HAND)
    circuits = house.engine.circuits
    monkeypatch.setattr(Lanes, "__iter__", lambda _: pytest.fail("it looked at all of them"))
    assert circuits.shared_by([by_hand]) == [by_hand]
    assert circuits.standing_for([by_hand.schedule]) == {("withings", "poll"): by_hand.state.breaker}
    assert circuits.calls_of("withings") == ["poll"]
    assert await circuits.reset("withings", ["poll"], actor="ann") in ((), ("poll",))


async def start(house: House, root: Path, *tasks: Schedule, **table: Any) -> None:
    await house.start(*tasks, plugin_roots=(str(root),), plugins=(PluginSettings("withings", **table),))


async def call(
    house: House, command: str = "poll", payload: Any = None, *, plugin: str = "withings", **how: Any
) -> RunView:
    asker = how.pop("asker", ANN)
    plugins = house.engine.facade.plugins
    return await plugins.call(plugin, command, CallAsk(payload=payload), asker, **how)


def entry(*, every: str = "1m", **fields: Any) -> Schedule:
    origin = Origin(SourceKind.PLUGIN, "withings")
    return schedule("withings/poll", every, PluginCall("withings", "poll"), origin=origin, **fields)


async def test_a_call_is_a_run_like_any_other(house: House, root: Path) -> None:
    write_plugin(root, ECHO)
    await start(house, root)
    made = await call(house, payload={"day": 1})
    assert (made.schedule_id, made.cause, made.actor) == (BY_HAND, Cause.MANUAL, "ann")
    await house.until(events.RunFinished)
    (run,) = await house.rows(BY_HAND)
    assert (run.run_id, run.state, run.payload) == (made.run_id, RunState.SUCCEEDED, '{"day":1}')
    assert (echoed(run.output)["command"], echoed(run.output)["payload"]) == ("poll", {"day": 1})


async def test_its_schedule_waits_for_the_next_call_and_fires_for_nothing_else(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    await house.seconds(300)
    found = (await house.engine.facade.schedule(BY_HAND)).schedule
    assert (found.trigger, found.status, found.next_due) == ("@manual", ScheduleStatus.ACTIVE, None)
    assert (found.source, found.origin, found.plugin) == (SourceKind.API, "ann", "withings")
    assert len(await house.rows(BY_HAND)) == 1


async def test_the_second_call_finds_the_schedule_of_the_first_after_a_restart_too(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    await house.restart()
    await house.seconds(1)
    await call(house, asker=Asker("bob"))
    await house.until(events.RunFinished, count=2)
    assert [run.actor for run in await house.rows(BY_HAND)] == ["ann", "bob"]
    assert len(house.of(events.ScheduleDefined)) == 1


async def test_the_schedule_comes_back_after_somebody_has_deleted_it(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    await house.engine.facade.delete(BY_HAND, ANN)
    await call(house)
    await house.until(events.RunFinished, count=2)
    assert await house.verdicts(BY_HAND) == ["succeeded", "succeeded"]


async def test_two_calls_go_on_side_by_side(house: House, root: Path) -> None:
    write_plugin(root, WAITING)
    await start(house, root)
    await call(house, "token_refresh")
    await call(house, "token_refresh")
    await house.until(events.RunStarted, count=2)
    assert not house.of(events.RunFinished)
    (root / "withings" / "go").touch()
    await house.until(events.RunFinished, count=2)


async def test_the_parallelism_of_the_plugin_holds_for_calls_too(house: House, root: Path) -> None:
    write_plugin(root, WAITING)
    await start(house, root, parallelism=1)
    await call(house, "token_refresh")
    await house.until(events.RunStarted)
    await call(house, "token_refresh")
    await house.settle()
    assert len(house.of(events.RunStarted)) == 1
    (root / "withings" / "go").touch()
    await house.until(events.RunFinished, count=2)


async def test_a_repeated_call_under_one_key_is_one_run(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root)
    first = await call(house, idempotency_key="k")
    assert (await call(house, idempotency_key="k")).run_id == first.run_id
    with pytest.raises(KeyReused):
        await call(house, "token_refresh", idempotency_key="k")


async def test_a_repeated_call_is_answered_though_the_plugin_has_left_meanwhile(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root)
    first = await call(house, idempotency_key="k")
    await house.until(events.RunFinished)
    await house.reload(plugins=())
    assert (await call(house, idempotency_key="k")).run_id == first.run_id


async def test_a_call_is_on_record_with_who_made_it(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root)
    made = await call(house)
    trail = (await house.engine.facade.audit(AuditQuery(verb="call"))).items
    assert [(each.actor, each.target, each.detail) for each in trail] == [
        ("ann", "withings/poll", made.run_id)
    ]


async def test_what_cannot_be_called_says_why_and_leaves_no_schedule(house: House, root: Path) -> None:
    write_plugin(root)
    (root / "broken.py").write_text("raise ValueError('later')\n")
    await start(house, root)
    with pytest.raises(UnknownPlugin, match="'whitings'; 'withings' is"):
        await call(house, plugin="whitings")
    with pytest.raises(UnknownCommand, match="no command 'pol'; did you mean 'poll'"):
        await call(house, "pol")
    with pytest.raises(UnknownCommand, match="no command 'xx'; it has poll, token_refresh"):
        await call(house, "xx")
    with pytest.raises(NotNow, match=r"plugin broken is failed: .*later"):
        await call(house, "run", plugin="broken")
    with pytest.raises(ConfigError, match="payload: takes 65,538 bytes; accepted are 65,536"):
        await call(house, payload="x" * 65_536)
    assert not list(house.engine.lanes)


async def test_a_plugin_that_is_disabled_cannot_be_called(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root, enabled=False)
    with pytest.raises(NotNow, match="plugin withings is disabled: disabled in the configuration"):
        await call(house)


async def test_the_verbs_of_a_python_plugin_can_be_called_and_its_schedules_are_triggered(
    house: House, root: Path
) -> None:
    (root / "sample.py").write_text(plugin_class(body="def send(self, ctx):\n    ctx.log('sent')"))
    await start(house, root)
    await call(house, "send", plugin="sample")
    await house.until(events.RunFinished)
    assert (await house.rows("sample/send:by-hand"))[0].output == "sent\n"
    with pytest.raises(UnknownCommand, match="no command 'gc'; that is a schedule of it, which is triggered"):
        await call(house, "gc", plugin="sample")


async def test_an_id_that_is_taken_is_told(house: House, root: Path) -> None:
    write_plugin(root)
    taken = schedule(BY_HAND, "1h", PluginCall("withings", "poll"), origin=Origin(name="jobs.toml", line=3))
    await start(house, root, taken)
    with pytest.raises(NotNow, match=r"the id withings/poll:by-hand is taken: defined in jobs\.toml:3"):
        await call(house)


async def test_a_schedule_of_that_id_which_does_something_else_is_not_called(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root)
    await house.engine.facade.create({"id": BY_HAND, "cron": "@manual"}, Asker("eve"))
    with pytest.raises(NotNow, match="the id withings/poll:by-hand is taken: created by eve"):
        await call(house)


async def test_a_schedule_that_somebody_has_disabled_is_not_called(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    await house.engine.facade.patch(BY_HAND, {"enabled": False}, Asker("ops", may_execute=True))
    with pytest.raises(ScheduleDisabled):
        await call(house)


async def test_the_table_s_policy_of_today_holds_and_what_else_was_changed_is_kept(
    house: House, root: Path
) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    ops = Asker("ops", may_execute=True)
    await house.engine.facade.patch(BY_HAND, {"description": "ours", "kill_grace": "1s"}, ops)
    changed = PluginSettings("withings", retry=Retry(2), timeouts=(("poll", 9_000),))
    await house.reload(plugin_roots=(str(root),), plugins=(changed,))
    await call(house)
    held = house.engine.lanes.in_force(BY_HAND).schedule
    assert (held.policy.retry, held.policy.timeout_ms) == (Retry(2), 9_000)
    assert (held.description, held.policy.kill_grace_ms, held.trigger) == ("ours", 1_000, ManualSpec())
    assert held.origin == Origin(SourceKind.API, "ann")


async def test_a_call_passes_an_open_circuit_which_is_recorded_and_closes_it(
    house: House, root: Path
) -> None:
    write_plugin(root, FAILING)
    await start(house, root, schedules=(entry(circuit_breaker=CircuitBreaker(1)),))
    await house.seconds(60)
    await house.until(events.CircuitOpened)
    write_plugin(root, OK)
    made = await call(house)
    assert made.bypassed == "circuit breaker"
    await house.until(events.CircuitClosed, lambda event: event.schedule_id == "withings/poll")


async def test_a_call_that_fails_leaves_an_open_circuit_open(house: House, root: Path) -> None:
    write_plugin(root, FAILING)
    await start(house, root, schedules=(entry(circuit_breaker=CircuitBreaker(2)),))
    for count in (1, 2):
        await house.seconds(60)
        await house.until(events.RunFinished, count=count)
    await call(house)
    await house.until(events.RunFinished, count=3)
    breaker = house.engine.lanes.in_force("withings/poll").state.breaker
    assert breaker.opened_at is not None
    assert breaker.failures == 3


async def test_circuits_are_closed_by_hand_and_that_is_on_record(house: House, root: Path) -> None:
    write_plugin(root, FAILING)
    await start(house, root, schedules=(entry(circuit_breaker=CircuitBreaker(1)),))
    await house.seconds(60)
    await house.until(events.CircuitOpened)
    plugins = house.engine.facade.plugins
    assert (await plugins.reset("withings", CircuitAsk(command="token_refresh"), ANN)).commands == ()
    assert (await plugins.reset("withings", CircuitAsk(command="poll"), ANN)).commands == ("poll",)
    assert (await plugins.reset("withings", CircuitAsk(), ANN)).commands == ()
    with pytest.raises(UnknownCommand, match="did you mean 'poll'"):
        await plugins.reset("withings", CircuitAsk(command="pol"), ANN)
    (entry_,) = await house.engine.ledger.audit_trail(verb="reset circuit")
    assert (entry_.actor, entry_.target) == ("ann", "withings/poll")


async def test_the_definition_of_it_can_be_sent_back(house: House, root: Path) -> None:
    write_plugin(root)
    await start(house, root)
    await call(house)
    await house.until(events.RunFinished)
    detail = await house.engine.facade.schedule(BY_HAND)
    assert detail.definition["cron"] == "@manual"
    ops = Asker("ops", may_execute=True)
    again = await house.engine.facade.replace(BY_HAND, detail.definition, ops)
    assert again.schedule.etag == detail.schedule.etag
