"""The words of ductile, from a file to schedules and on to real processes; the quotes are the document's."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from tests.plugins.processes import OK, write_plugin
from tests.runtime.house import House

from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.action import PluginCall
from cronsole.model.event import (
    CircuitClosed,
    CircuitOpened,
    PluginLoaded,
    PluginRefused,
    RunFinished,
    RunStarted,
    SlotSkipped,
)
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, from_iso
from cronsole.model.policy import CircuitBreaker, Hours, MissedRunPolicy, Overlap, Retry
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule, SourceKind
from cronsole.model.settings import Configuration, PluginSettings
from cronsole.model.trigger import CronSpec, IntervalSpec, OnceSpec

NOW = from_iso("2026-11-20T00:00Z")

# The document's own example, indented under `plugins`.
WITHINGS = """
  withings:
    enabled: true
    schedules:
      - command: token_refresh
        every: 1h
        jitter: 5m
      - command: poll
        every: 15m
        jitter: 2m
"""


def loaded(
    folder: Path, plugins: str, environ: Mapping[str, str] | None = None, top: str = ""
) -> Configuration:
    path = folder / "cronsole.yaml"
    path.write_text(f"engine: {{watch_files: false}}\nplugin_roots: [.]\n{top}plugins:{plugins}")
    return load(path, environ=environ or {}, now=NOW)


def withings(folder: Path, entries: str, **given: str) -> PluginSettings:
    """Return what is read of a plugin with these lines in its table."""
    lines = "".join(f"    {line}\n" for line in entries.strip("\n").splitlines())
    (found,) = loaded(folder, f"\n  withings:\n{lines}", given).settings.plugins
    return found


def one(folder: Path, **keys: str) -> Schedule:
    """Return the schedule of one entry with these keys."""
    entry = ", ".join(f"{key}: {value}" for key, value in keys.items())
    (schedule,) = withings(folder, f"schedule: {{{entry}}}").schedules
    return schedule


def refused(folder: Path, entries: str, **given: str) -> str:
    with pytest.raises(ConfigError) as caught:
        withings(folder, entries, **given)
    return str(caught.value).replace(f"{folder}/", "")


def ids(plugin: PluginSettings) -> list[str]:
    return [schedule.id for schedule in plugin.schedules]


def test_scheduleconfig_has_optional_command_field_defaults_to_poll(tmp_path):
    """`ScheduleConfig` has optional `command` field, defaults to `poll`."""
    assert one(tmp_path, every="5m").action == PluginCall("withings", "poll")
    assert one(tmp_path, every="5m", command="token_refresh").action == PluginCall(
        "withings", "token_refresh"
    )


def test_plugin_config_supports_schedules_as_a_list_each_with_its_own_command_and_cadence(tmp_path):
    """Plugin config supports `schedules` (plural) as a list, each with its own command + cadence."""
    (plugin,) = loaded(tmp_path, WITHINGS).settings.plugins
    assert [(each.action, each.trigger, each.policy.jitter_ms) for each in plugin.schedules] == [
        (PluginCall("withings", "token_refresh"), IntervalSpec(HOUR), 5 * MINUTE),
        (PluginCall("withings", "poll"), IntervalSpec(15 * MINUTE), 2 * MINUTE),
    ]


def test_a_single_schedule_with_an_explicit_command(tmp_path):
    """Or single schedule with explicit command."""
    entry = "schedule:\n  command: token_refresh\n  every: 1h\n  jitter: 5m"
    assert ids(withings(tmp_path, entry)) == ["withings/token_refresh"]


def test_existing_schedule_with_no_command_still_calls_poll(tmp_path):
    """Backwards compatible — existing `schedule:` with no `command` still calls `poll`."""
    plugin = withings(tmp_path, "schedule:\n  every: 15m\n  jitter: 2m")
    assert ids(plugin) == ["withings/poll"]
    assert plugin.schedules[0].action == PluginCall("withings", "poll")


def test_deduplication_key_includes_command_name(tmp_path):
    """Deduplication key includes command name (e.g. `token_refresh:withings` not `poll:withings`)."""
    (plugin,) = loaded(tmp_path, WITHINGS).settings.plugins
    assert ids(plugin) == ["withings/token_refresh", "withings/poll"]


def test_several_entries_of_one_command_are_told_apart_by_their_ids(tmp_path):
    entries = """
schedules:
  - every: 15m
  - {id: nightly, cron: "0 3 * * *", payload: {full: true}}
  - {command: token_refresh, every: 1h}
"""
    plugin = withings(tmp_path, entries)
    assert ids(plugin) == ["withings/poll:default", "withings/poll:nightly", "withings/token_refresh"]
    assert plugin.schedules[1].config == '{"full":true}'


def test_schedule_and_schedules_at_once_is_an_error(tmp_path):
    told = refused(tmp_path, "schedule: {every: 1h}\nschedules: [{every: 1h}]")
    assert told == (
        "cronsole.yaml:6: plugins.withings.schedules: stands beside schedule; a plugin has one of the two"
    )


def test_an_id_is_unique_in_the_plugin(tmp_path):
    told = refused(
        tmp_path, "schedules:\n  - {id: a, every: 1h}\n  - {id: a, every: 2h, command: token_refresh}"
    )
    assert "cronsole.yaml:7: plugins.withings.schedules[1].id" in told
    assert "'a' is taken by another entry" in told
    assert "'default' is taken" in refused(tmp_path, "schedules:\n  - {every: 1h}\n  - {every: 2h}")


def test_handle_is_refused(tmp_path):
    assert "is called for an event, never by a schedule" in refused(
        tmp_path, "schedule: {command: handle, every: 1h}"
    )


@pytest.mark.parametrize(
    ("every", "millis"),
    [
        ("90s", 90 * SECOND),
        ("hourly", HOUR),
        ("daily", DAY),
        ("Weekly", 7 * DAY),
        ("monthly", 30 * DAY),
        ("1.5d", 36 * HOUR),
        ("0.5w", 84 * HOUR),
        ("1h30m", 90 * MINUTE),
    ],
)
def test_every_is_a_duration_or_one_of_four_words_with_fractional_days_and_weeks(tmp_path, every, millis):
    assert one(tmp_path, every=every).trigger == IntervalSpec(millis)


def test_an_entry_has_cron_at_or_after_in_the_place_of_every(tmp_path):
    assert one(tmp_path, cron='"0 3 * * *"').trigger == CronSpec("0 3 * * *")
    assert one(tmp_path, after="2h").trigger == OnceSpec(after_ms=2 * HOUR)
    at = one(tmp_path, at="2027-01-01T08:00", timezone="Europe/Berlin")
    assert at.trigger == OnceSpec(at=from_iso("2027-01-01T07:00Z"))
    assert at.timezone == "Europe/Berlin"


def test_an_entry_without_a_pace_or_with_two_is_an_error(tmp_path):
    assert "is missing; an entry has one of every, cron, at, after" in refused(tmp_path, "schedule: {}")
    assert "stands beside every" in refused(tmp_path, 'schedule: {every: 1h, cron: "0 3 * * *"}')


def test_the_zone_of_the_engine_is_that_of_an_entry_that_names_none(tmp_path):
    path = tmp_path / "cronsole.yaml"
    path.write_text("engine: {timezone: Asia/Tokyo}\nplugins:\n  withings: {schedule: {every: 1h}}\n")
    (plugin,) = load(path, environ={}, now=NOW).settings.plugins
    assert plugin.schedules[0].timezone == "Asia/Tokyo"


def test_catch_up_is_skip_unless_it_says_otherwise(tmp_path):
    assert one(tmp_path, every="1h").policy.missed_run_policy is MissedRunPolicy.SKIP
    assert one(tmp_path, every="1h", catch_up="run_all").policy.missed_run_policy is MissedRunPolicy.RUN_ALL


@pytest.mark.parametrize(
    ("word", "overlap"),
    [("skip", Overlap.SKIP), ("queue", Overlap.QUEUE_ONE), ("cancel", Overlap.CANCEL_OLD)],
)
def test_if_running_says_what_happens_while_the_last_call_goes_on(tmp_path, word, overlap):
    assert one(tmp_path, every="1h", if_running=word).policy.overlap is overlap


def test_only_between_and_not_on_are_gates(tmp_path):
    conditions = one(
        tmp_path, every="1h", only_between='"22:00-06:00"', not_on="[sat, 7, 3]"
    ).policy.conditions
    assert conditions.hours == (Hours(22 * 60, 6 * 60),)
    assert conditions.days == frozenset({0, 1, 3, 4})


def test_not_on_every_day_is_an_error(tmp_path):
    assert "leaves no day of the week" in refused(
        tmp_path, "schedule: {every: 1h, not_on: [0, 1, 2, 3, 4, 5, 6]}"
    )


def test_the_first_run_counts_in_max_attempts(tmp_path):
    entries = "retry: {max_attempts: 3, backoff_base: 10s}\nschedule: {every: 1h}"
    assert withings(tmp_path, entries).schedules[0].policy.retry == Retry(attempts=2, delay_ms=10 * SECOND)
    assert one(tmp_path, every="1h").policy.retry == Retry(attempts=3, delay_ms=30 * SECOND)


def test_each_command_has_its_own_timeout(tmp_path):
    entries = """
timeouts: {poll: 90s, token_refresh: 5s}
schedules: [{every: 1h}, {every: 1h, command: token_refresh}, {every: 1h, command: weigh}]
"""
    timeouts = [schedule.policy.timeout_ms for schedule in withings(tmp_path, entries).schedules]
    assert timeouts == [90 * SECOND, 5 * SECOND, 60 * SECOND]


def test_a_circuit_breaker_is_there_unless_told_otherwise(tmp_path):
    assert one(tmp_path, every="1h").policy.circuit_breaker == CircuitBreaker(3, 30 * MINUTE)
    entries = "circuit_breaker: {threshold: 5, reset_after: 1h}\nschedule: {every: 1h}"
    assert withings(tmp_path, entries).schedules[0].policy.circuit_breaker == CircuitBreaker(5, HOUR)


def test_polls_and_parallelism_are_the_plugins(tmp_path):
    plugin = withings(tmp_path, "max_outstanding_polls: 2\nparallelism: 3\nuses: base\nenabled: false")
    assert (plugin.max_outstanding_polls, plugin.parallelism) == (2, 3)
    assert (plugin.uses, plugin.enabled) == ("base", False)


def test_a_variable_that_is_unset_is_an_error_wherever_it_stands(tmp_path):
    told = refused(
        tmp_path, "config: {key: '${NO_SUCH}'}\nschedule: {every: '${PACE}', payload: {a: '${NOR_THIS}'}}"
    )
    assert "NO_SUCH is not set" in told
    assert "PACE is not set" in told
    assert "NOR_THIS is not set" in told


def test_a_variable_that_is_set_is_taken_and_one_in_config_or_payload_stays_a_reference(tmp_path):
    entries = "config: {key: '${KEY}'}\nschedule: {every: '${PACE}', payload: {key: '${KEY}'}}"
    plugin = withings(tmp_path, entries, KEY="s3cret", PACE="2h")
    assert plugin.schedules[0].trigger == IntervalSpec(2 * HOUR)
    assert plugin.config == '{"key":"${env:KEY}"}'
    assert plugin.schedules[0].config == '{"key":"${env:KEY}"}'


def test_keys_of_older_versions_warn_and_still_count(tmp_path):
    found = loaded(tmp_path, "\n  withings: {timeout: 7s, max_attempts: 2, schedule: {every: 1h}}")
    (schedule,) = found.settings.plugins[0].schedules
    assert (schedule.policy.timeout_ms, schedule.policy.retry.attempts) == (7 * SECOND, 1)
    place = f"{tmp_path}/cronsole.yaml:4: plugins.withings"
    assert found.warnings == (
        f"{place}: timeout is a key of an older version; write timeouts: {{poll: …, <command>: …}}",
        f"{place}: max_attempts is a key of an older version; write retry: {{max_attempts: …}}",
    )


def test_every_fault_of_a_table_is_told_at_once_with_its_line(tmp_path):
    entries = """
enabld: true
retry: {max_attempts: 0}
schedules:
  - every: soon
    comand: poll
  - 7
"""
    told = refused(tmp_path, entries).splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        f"cronsole.yaml:{line}" for line in (5, 6, 8, 9, 10)
    ]
    assert 'unknown key; did you mean "enabled"?' in told[0]
    assert "or one of hourly, daily, weekly, monthly" in told[2]
    assert 'unknown key; did you mean "command"?' in told[3]


def test_include_merges_files(tmp_path):
    (tmp_path / "more.yaml").write_text("plugins:\n  fitbit: {schedule: {every: 1h}}\n")
    found = loaded(tmp_path, WITHINGS, top="include: [more.yaml]\n")
    assert [plugin.name for plugin in found.settings.plugins] == ["withings", "fitbit"]


def test_the_schedules_are_the_plugins(tmp_path):
    origin = one(tmp_path, every="1h").origin
    assert (origin.kind, origin.name) == (SourceKind.PLUGIN, "withings")


# From here on an engine runs, on its clock, with real processes.

LISTENING = """#!/bin/sh
cat >> ../requests
echo '{"status": "ok", "result": "done"}'
"""


@pytest.fixture
async def house(tmp_path):
    made = House(tmp_path / "state")
    yield made
    await made.stop()


async def begin(house: House, folder: Path, plugins: str) -> None:
    house.configuration = loaded(folder, plugins)
    await house.start()


async def again(house: House, folder: Path, plugins: str) -> None:
    found = loaded(folder, plugins)
    await house.reload(plugins=found.settings.plugins, plugin_roots=found.settings.plugin_roots)


def requests(folder: Path) -> list[str]:
    lines = (folder / "requests").read_text().splitlines()
    return [msgspec.json.decode(line)["command"] for line in lines]


async def test_scheduler_fires_the_correct_command_at_the_correct_interval(house, tmp_path):
    """Scheduler fires the correct command at the correct interval."""
    write_plugin(tmp_path, LISTENING)
    await begin(
        house, tmp_path, WITHINGS.replace("jitter: 5m", "jitter: 0s").replace("jitter: 2m", "jitter: 0s")
    )
    for quarter in range(1, 5):
        await house.seconds(15 * 60)
        await house.until(RunFinished, count=quarter + (quarter == 4))
    assert requests(tmp_path).count("poll") == 4
    assert requests(tmp_path).count("token_refresh") == 1
    started = [(event.schedule_id, event.slot) for event in house.of(RunStarted)]
    start = from_iso("2026-11-20T00:00:00.500Z")
    assert sorted(started) == [
        *(("withings/poll", start + n * 15 * MINUTE) for n in range(1, 5)),
        ("withings/token_refresh", start + HOUR),
    ]
    assert await house.verdicts("withings/poll") == ["succeeded"] * 4


async def test_one_command_in_flight_keeps_no_other_command_of_the_plugin_from_running(house, tmp_path):
    """Deduplication key includes command name: a poll under way is no token_refresh."""
    program = """#!/bin/sh
grep -q '"command":"poll"' && sleep 600
echo '{"status": "ok", "result": "done"}'
"""
    write_plugin(tmp_path, program)
    entries = "\n  withings: {schedules: [{every: 5m}, {every: 5m, command: token_refresh}]}"
    await begin(house, tmp_path, entries)
    await house.seconds(5 * 60)
    ended = await house.until(RunFinished)
    assert (ended.schedule_id, ended.state) == ("withings/token_refresh", RunState.SUCCEEDED)
    await house.seconds(5 * 60)
    skipped = await house.until(SlotSkipped)
    assert (skipped.schedule_id, skipped.reason) == ("withings/poll", "overlap")
    await house.engine.control.cancel(house.of(RunStarted)[0].run_id, actor="t")


async def test_what_a_command_learns_the_next_one_knows_also_after_a_restart(house, tmp_path):
    program = """#!/usr/bin/env python3
import json, sys
request = json.load(sys.stdin)
if request["command"] == "token_refresh":
    answer = {"status": "ok", "result": "fresh", "state_updates": {"token": "t1"}}
else:
    answer = {"status": "ok", "result": request["state"].get("token", "none")}
json.dump(answer, sys.stdout)
"""
    write_plugin(tmp_path, program)
    entries = "\n  withings: {schedules: [{every: 5m}, {every: 3m, command: token_refresh}]}"
    await begin(house, tmp_path, entries)
    await house.seconds(3 * 60)
    await house.until(RunFinished)
    await house.restart()
    await house.seconds(2 * 60)
    await house.until(RunFinished, lambda event: event.schedule_id == "withings/poll")
    (run,) = await house.rows("withings/poll")
    assert run.output == "t1\n"


async def test_a_command_the_manifest_does_not_list_pauses_that_entry_alone_and_it_comes_back_once_fixed(
    house, tmp_path
):
    write_plugin(tmp_path, OK)
    entries = "\n  withings: {schedules: [{every: 5m}, {every: 5m, command: weigh}]}"
    await begin(house, tmp_path, entries)
    refusal = await house.until(PluginRefused)
    assert refusal.schedule_id == "withings/weigh"
    assert "invalid: " in refusal.reason
    await house.seconds(5 * 60)
    await house.until(RunFinished)
    assert await house.verdicts("withings/weigh") == ["skipped(paused)"]
    assert await house.verdicts("withings/poll") == ["succeeded"]
    write_plugin(tmp_path, OK, commands=("poll", "weigh"))
    await house.seconds(3)
    await house.until(PluginLoaded, count=2)
    await house.seconds(5 * 60)
    await house.until(RunFinished, lambda event: event.schedule_id == "withings/weigh")
    assert await house.verdicts("withings/weigh") == ["skipped(paused)", "succeeded"]


async def test_schedule_id_payload_and_skip_reasons_appear_in_history(house, tmp_path, monkeypatch):
    """`schedule_id`, `payload` and skip reasons appear in events and history."""
    monkeypatch.setenv("CRONSOLE_TEST_KEY", "s3cret")
    write_plugin(tmp_path, LISTENING)
    entries = "\n  withings: {schedule: {every: 5m, payload: {key: '${CRONSOLE_TEST_KEY}'}}}"
    house.configuration = loaded(tmp_path, entries, {"CRONSOLE_TEST_KEY": "s3cret"})
    await house.start()
    await house.seconds(5 * 60)
    await house.until(RunFinished)
    (run,) = await house.rows()
    assert (run.schedule_id, run.payload) == ("withings/poll", '{"key":"${env:CRONSOLE_TEST_KEY}"}')
    document = msgspec.json.decode((tmp_path / "requests").read_text())
    assert document["payload"] == {"key": "s3cret"}


FAILING = """#!/bin/sh
cat >/dev/null
echo '{"status": "error", "error": "down", "retry": false}'
"""
TWO_POLLS = """
  withings:
    schedules:
      - {id: often, every: 1m}
      - {id: seldom, every: 150s}
      - {command: token_refresh, every: 150s}
"""


async def open_the_circuit(house: House, folder: Path) -> None:
    write_plugin(folder, FAILING)
    await begin(house, folder, TWO_POLLS)
    for count in (1, 2):
        await house.seconds(60)
        await house.until(RunFinished, count=count)
    await house.seconds(30)
    await house.until(CircuitOpened, lambda event: event.schedule_id == "withings/poll:seldom")


async def test_a_failing_command_rests_for_all_of_its_entries_and_for_no_other_command(house, tmp_path):
    await open_the_circuit(house, tmp_path)
    opened = {event.schedule_id for event in house.of(CircuitOpened)}
    assert opened == {"withings/poll:often", "withings/poll:seldom"}
    await house.seconds(30)
    skipped = await house.until(SlotSkipped)
    assert (skipped.schedule_id, skipped.reason) == ("withings/poll:often", "circuit_open")
    refresh = house.engine.lanes.in_force("withings/token_refresh")
    assert refresh.state.breaker.opened_at is None


async def test_one_entry_tries_for_all_after_the_rest(house, tmp_path):
    await open_the_circuit(house, tmp_path)
    write_plugin(tmp_path, OK)
    await house.seconds(31 * 60)
    await house.until(CircuitClosed, count=2)
    assert {event.schedule_id for event in house.of(CircuitClosed)} == {
        "withings/poll:often",
        "withings/poll:seldom",
    }


async def test_the_circuit_of_a_command_outlives_the_engine_and_is_seen_and_reset_by_plugin(house, tmp_path):
    await open_the_circuit(house, tmp_path)
    await house.restart()
    circuits = house.engine.circuits
    assert house.engine.lanes.in_force("withings/poll:often").state.breaker.opened_at is not None
    assert await circuits.reset("withings", ["poll"], actor="ann") == ("poll",)
    assert house.engine.lanes.in_force("withings/poll:often").state.breaker.opened_at is None


async def test_resuming_one_entry_closes_the_circuit_of_its_command(house, tmp_path):
    await open_the_circuit(house, tmp_path)
    await house.engine.control.resume(["withings/poll:often"], actor="ann")
    assert house.engine.lanes.in_force("withings/poll:seldom").state.breaker.opened_at is None
