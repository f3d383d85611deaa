import asyncio
import json
import os
import resource
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.processes import (
    ECHO,
    OK,
    MemoryState,
    Pipe,
    echoed,
    ground_in,
    is_alive,
    job,
    opened,
    write_plugin,
)

from cronsole.executors.base import Outcome
from cronsole.executors.libc import become_subreaper
from cronsole.model.action import PluginCall
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import IntervalSpec
from cronsole.plugins.base import PluginFault
from cronsole.testing import FakeClock


@pytest.fixture(autouse=True)
def subreaper():
    become_subreaper()
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@pytest.fixture
def pipe(tmp_path):
    found = Pipe(tmp_path / "pipe")
    yield found
    found.close()


def sh(text: str) -> str:
    return f"#!/bin/sh\n{text}\n"


def entry(command: str) -> Schedule:
    return Schedule(f"withings/{command}", IntervalSpec(60_000), PluginCall("withings", command))


async def called(
    tmp_path: Path, program: str, verb: str = "poll", settings: dict[str, Any] | None = None, **changes: Any
) -> Outcome:
    plugin = await opened(write_plugin(tmp_path, program), **(settings or {}))
    outcome = await plugin.call(job(tmp_path, verb, **changes), verb)
    await plugin.close()
    return outcome


async def test_each_call_is_a_fresh_process_that_reads_one_document_and_then_the_end(tmp_path):
    outcome = await called(
        tmp_path, ECHO, settings={"config": '{"base_url":"http://x"}'}, payload='{"kinds":[1]}'
    )
    request = echoed(outcome.output)
    assert outcome.state is RunState.SUCCEEDED
    assert request["protocol"] == 2
    assert request["command"] == "poll"
    assert request["config"] == {"base_url": "http://x"}
    assert request["payload"] == {"kinds": [1]}
    assert request["state"] == {}
    assert request["context"]["schedule_id"] == "withings/poll"
    assert request["job_id"] == request["context"]["run_id"]
    assert request["deadline_at"].endswith("Z")
    assert "event" not in request
    assert "secrets" not in request


async def test_the_payload_of_an_entry_is_handed_over_unless_the_run_has_its_own(tmp_path):
    outcome = await called(tmp_path, ECHO, config='{"of": "entry"}')
    assert echoed(outcome.output)["payload"] == {"of": "entry"}
    outcome = await called(tmp_path, ECHO, config='{"of": "entry"}', payload='{"of": "run"}')
    assert echoed(outcome.output)["payload"] == {"of": "run"}


async def test_handle_is_handed_its_payload_as_the_event(tmp_path):
    plugin = await opened(write_plugin(tmp_path, ECHO, commands=("handle",)))
    outcome = await plugin.call(job(tmp_path, "handle", payload='{"type": "t", "payload": {}}'), "handle")
    await plugin.close()
    assert echoed(outcome.output)["event"] == {"type": "t", "payload": {}}


async def test_secrets_travel_by_themselves_and_references_are_resolved_at_the_call(tmp_path):
    config = '{"a": "${env:ENGINE_SECRET}", "secrets": {"token": "${env:ENGINE_SECRET}"}}'
    request = echoed((await called(tmp_path, ECHO, settings={"config": config})).output)
    assert request["config"] == {"a": "hush"}
    assert request["secrets"] == {"token": "hush"}


async def test_the_environment_is_clean_with_what_the_plugin_is_given(tmp_path):
    program = sh(
        'cat >/dev/null; echo "$A $CRONSOLE_SCHEDULE ${ENGINE_SECRET-unset} $PWD" >&2; '
        """echo '{"status":"ok","result":"x"}'"""
    )
    outcome = await called(tmp_path, program, settings={"env": (("A", "1"),)})
    assert outcome.output.splitlines()[0] == f"1 withings/poll unset {tmp_path}/withings"


async def test_logs_events_stderr_and_the_result_become_the_output_of_the_run(tmp_path):
    program = sh("""cat >/dev/null; echo 'on its way' >&2; cat <<END
{"status": "ok", "result": "3 new", "logs": [{"level": "warn", "message": "slow"}],
 "events": [{"type": "measured", "payload": {"kg": 80}}]}
END""")
    outcome = await called(tmp_path, program)
    assert outcome.output == 'on its way\nwarn: slow\nevent measured {"kg":80}\n3 new\n'
    assert outcome.detail == "3 new"


async def test_stderr_is_kept_to_64_kib(tmp_path):
    program = sh(
        """cat >/dev/null; head -c 100000 /dev/zero | tr '\\0' x >&2; echo '{"status":"ok","result":"x"}'"""
    )
    outcome = await called(tmp_path, program)
    lines = Path(outcome.output_file).read_text().splitlines()
    assert len(lines[0]) == 64 * 1024
    assert lines[1] == "… 34,464 more bytes on stderr were not kept …"


async def test_a_valid_ok_counts_even_when_the_exit_code_is_not_0(tmp_path):
    outcome = await called(tmp_path, sh("""cat >/dev/null; echo '{"status":"ok","result":"x"}'; exit 3"""))
    assert (outcome.state, outcome.exit_code) == (RunState.SUCCEEDED, 3)


async def test_exit_78_and_retry_false_are_final(tmp_path):
    assert (await called(tmp_path, sh("exit 78"))).is_final
    error = """cat >/dev/null; echo '{"status":"error","error":"revoked","retry":false}'"""
    outcome = await called(tmp_path, sh(error))
    assert (outcome.state, outcome.detail, outcome.is_final) == (RunState.FAILED, "revoked", True)


@pytest.mark.parametrize(
    "program",
    [
        sh("exit 0"),
        sh("echo hello"),
        sh("""echo '{"status":"ok"'"""),
        sh("printf '\\377\\376'"),
        sh("""echo '{"status":"ok","result":"x"} trailing'"""),
        sh("kill -9 $$"),
        "#!/no/such/interpreter\n",
        "\x7fELF no program",
    ],
)
async def test_no_or_broken_json_and_a_spawn_error_are_retried(tmp_path, program):
    outcome = await called(tmp_path, program)
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, False)
    assert outcome.detail


async def test_what_was_said_instead_of_an_answer_is_kept_in_the_output(tmp_path):
    outcome = await called(tmp_path, sh("cat >/dev/null; echo 'Traceback: oops'"))
    assert outcome.output == "stdout was: Traceback: oops\n\n"


async def test_stdout_over_10_mib_fails_and_the_process_is_ended_at_once(tmp_path):
    outcome = await called(tmp_path, sh("cat >/dev/null; cat /dev/zero"))
    assert (outcome.state, outcome.detail) == (RunState.FAILED, "its output is longer than 10 MiB")


async def test_what_a_process_that_wrote_too_much_left_behind_is_ended_too(tmp_path, pipe):
    program = sh(f"cat >/dev/null; sleep 600 & echo $! >{pipe.path}; head -c 11000000 /dev/zero; exit 0")
    plugin = await opened(write_plugin(tmp_path, program))
    outcome = await plugin.call(job(tmp_path), "poll")
    grandchild = int(await pipe.line())
    await plugin.close()
    assert outcome.detail.startswith("its output is longer than 10 MiB")
    assert not is_alive(grandchild)


@pytest.fixture
def few_descriptors():
    """Leave as many descriptors free as a test asks for, and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []

    def leave(free: int) -> None:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(free):
            os.close(taken.pop())

    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    yield leave
    for fd in taken:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("free", range(8))
async def test_too_few_descriptors_are_a_failure_that_is_retried(tmp_path, few_descriptors, free):
    plugin = await opened(write_plugin(tmp_path))
    few_descriptors(free)
    outcome = await plugin.call(job(tmp_path), "poll")
    few_descriptors(12)
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, False)
    assert "Too many open files" in outcome.detail
    assert (await plugin.call(job(tmp_path), "poll")).state is RunState.SUCCEEDED
    await plugin.close()


async def test_a_large_request_and_a_large_answer_do_not_wait_for_each_other(tmp_path):
    payload = json.dumps({"x": "y" * 3_000_000})
    outcome = await called(tmp_path, ECHO, payload=payload)
    assert outcome.state is RunState.SUCCEEDED


async def test_a_process_that_never_reads_its_request_can_still_answer(tmp_path):
    payload = json.dumps({"x": "y" * 3_000_000})
    outcome = await called(tmp_path, sh("""echo '{"status":"ok","result":"x"}'"""), payload=payload)
    assert outcome.state is RunState.SUCCEEDED


async def test_a_timeout_ends_the_whole_tree_and_is_retried(tmp_path, pipe):
    program = sh(f"trap '' TERM; setsid sleep 600 & echo $! >{pipe.path}; wait; sleep 600")
    plugin = await opened(write_plugin(tmp_path, program), timeouts=(("poll", 700),))
    call = asyncio.ensure_future(plugin.call(job(tmp_path), "poll"))
    grandchild = int(await pipe.line())
    outcome = await call
    await plugin.close()
    assert (outcome.state, outcome.is_final) == (RunState.TIMED_OUT, False)
    assert outcome.detail == "timed out after 0.7s"
    assert not is_alive(grandchild)


async def test_the_timeout_of_the_run_goes_before_that_of_the_command(tmp_path):
    outcome = await called(tmp_path, sh("sleep 600"), timeout_ms=200)
    assert outcome.detail == "timed out after 0.2s"


async def test_a_cancelled_call_comes_back_when_its_tree_is_gone_with_what_it_wrote(tmp_path, pipe):
    program = sh(f"echo begun >&2; sleep 600 & echo $! $$ >{pipe.path}; wait")
    plugin = await opened(write_plugin(tmp_path, program))
    call = asyncio.ensure_future(plugin.call(job(tmp_path), "poll"))
    pids = [int(pid) for pid in (await pipe.line()).split()]
    call.cancel()
    outcome = await call
    assert (outcome.state, outcome.output) == (RunState.CANCELLED, "begun\n")
    assert not any(map(is_alive, pids))
    await plugin.close()


async def test_a_call_that_resists_is_killed_when_it_is_cancelled_again(tmp_path, pipe):
    program = sh(f"trap '' TERM; echo $$ >{pipe.path}; while :; do sleep 600; done")
    plugin = await opened(write_plugin(tmp_path, program))
    call = asyncio.ensure_future(plugin.call(job(tmp_path, kill_grace_ms=600_000), "poll"))
    pid = int(await pipe.line())
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    assert (await call).state is RunState.CANCELLED
    assert not is_alive(pid)
    await plugin.close()


async def test_a_grandchild_that_holds_stdout_does_not_hold_the_run_and_is_ended_after_it(tmp_path, pipe):
    program = sh(f"""sleep 600 & echo $! >{pipe.path}; echo '{{"status":"ok","result":"x"}}'""")
    plugin = await opened(write_plugin(tmp_path, program))
    outcome = await plugin.call(job(tmp_path), "poll")
    grandchild = int(await pipe.line())
    await plugin.close()
    assert outcome.state is RunState.SUCCEEDED
    assert not is_alive(grandchild)


async def test_what_a_plugin_wants_to_remember_goes_with_the_outcome(tmp_path):
    program = sh("""cat >/dev/null; echo '{"status":"ok","result":"x","state_updates":{"token":"t2"}}'""")
    outcome = await called(tmp_path, program)
    assert outcome.remembered is not None
    assert (outcome.remembered.plugin, outcome.remembered.updates) == ("withings", '{"token":"t2"}')


async def test_a_failed_call_keeps_what_it_learnt_before_it_failed(tmp_path):
    program = sh("""cat >/dev/null; echo '{"status":"error","error":"x","state_updates":{"token":"t2"}}'""")
    outcome = await called(tmp_path, program)
    assert outcome.state is RunState.FAILED
    assert outcome.remembered is not None


async def test_the_state_of_the_plugin_is_in_the_request(tmp_path):
    state = MemoryState()
    state.tables["withings"] = {"token": "t1"}
    plugin = await opened(write_plugin(tmp_path, ECHO), ground_in(tmp_path, state=state))
    outcome = await plugin.call(job(tmp_path), "poll")
    await plugin.close()
    assert echoed(outcome.output)["state"] == {"token": "t1"}


async def test_a_command_that_is_not_listed_is_not_started(tmp_path):
    outcome = await called(tmp_path, OK, verb="pol")
    assert outcome.is_final
    assert outcome.detail.endswith("lists no command 'pol'; did you mean \"poll\"?")


async def test_what_counts_as_success_may_ask_for_more_than_an_ok(tmp_path):
    outcome = await called(tmp_path, OK, expect=Expect(output_has=("more",)))
    assert (outcome.state, outcome.detail) == (RunState.FAILED, "the output lacks 'more'")


async def test_output_beyond_its_limit_is_cut(tmp_path):
    program = sh(
        """cat >/dev/null; head -c 60000 /dev/zero | tr '\\0' x >&2; echo '{"status":"ok","result":"x"}'"""
    )
    outcome = await called(tmp_path, program, limits=Limits(output_bytes=8192))
    assert "bytes left out" in Path(outcome.output_file).read_text()


async def concurrent_calls(
    tmp_path: Path, pipe: Pipe, verbs: list[str], *, manifest: str = "", **settings: Any
) -> str:
    """Return what the calls told, begun at once: `<` when one begins and `>` when it ends."""
    program = sh(f"""cat >/dev/null; printf '<' >{pipe.path}; sleep 0.2; printf '>' >{pipe.path};
echo '{{"status":"ok","result":"x"}}'""")
    plugin = await opened(write_plugin(tmp_path, program, manifest=manifest), **settings)
    await asyncio.gather(*(plugin.call(job(tmp_path, verb), verb) for verb in verbs))
    await plugin.close()
    return await pipe.line()


async def test_a_plugin_that_is_not_concurrency_safe_is_called_by_one_at_a_time(tmp_path, pipe):
    told = await concurrent_calls(
        tmp_path, pipe, ["token_refresh", "poll"], manifest="concurrency_safe: false\n", parallelism=2
    )
    assert told == "<><>"


async def test_calls_go_on_at_once_where_nothing_is_in_their_way(tmp_path, pipe):
    assert await concurrent_calls(tmp_path, pipe, ["token_refresh"] * 2) == "<<>>"


async def test_the_timeout_begins_when_the_turn_has_come(tmp_path):
    program = sh("""cat >/dev/null; sleep 0.4; echo '{"status":"ok","result":"x"}'""")
    plugin = await opened(write_plugin(tmp_path, program))
    calls = [plugin.call(job(tmp_path, timeout_ms=2_000), "poll") for _ in range(6)]
    outcomes = await asyncio.gather(*calls)
    await plugin.close()
    assert {outcome.state for outcome in outcomes} == {RunState.SUCCEEDED}


async def test_the_manifest_tells_the_commands_and_the_entries_are_its_schedules(tmp_path):
    plugin = await opened(write_plugin(tmp_path), schedules=(entry("poll"), entry("token_refresh")))
    declared = await plugin.declare()
    await plugin.close()
    assert [verb.name for verb in declared.verbs] == ["poll", "token_refresh"]
    assert [schedule.id for schedule in declared.schedules] == ["withings/poll", "withings/token_refresh"]
    assert declared.version == "1.2.3"
    assert plugin.origin == f"{tmp_path}/withings/manifest.yaml"


async def test_a_command_the_manifest_does_not_list_pauses_that_entry_as_invalid_with_the_reason(tmp_path):
    plugin = await opened(write_plugin(tmp_path), schedules=(entry("poll"), entry("weigh")))
    declared = await plugin.declare()
    await plugin.close()
    poll, weigh = declared.schedules
    (refused,) = declared.refused
    assert (poll.id, poll.invalid) == ("withings/poll", "")
    assert (weigh.id, weigh.enabled, weigh.invalid) == ("withings/weigh", True, refused.reason)
    assert refused.schedule_id == "withings/weigh"
    assert refused.reason.startswith("invalid: ")
    assert "lists no command 'weigh'" in refused.reason


async def test_it_comes_back_by_itself_once_fixed(tmp_path):
    clock = FakeClock("2026-11-20T00:00:00Z")
    changed: list[str] = []
    home = write_plugin(tmp_path)
    ground = ground_in(tmp_path, clock=clock, changed=changed.append)
    plugin = await opened(home, ground, schedules=(entry("weigh"),))
    await plugin.declare()
    await clock.advance(5_000)
    assert changed == []
    write_plugin(tmp_path, commands=("poll", "weigh"))
    await clock.advance(5_000)
    await plugin.close()
    assert changed == ["withings"]


async def test_required_config_that_is_missing_aborts_the_load(tmp_path):
    home = write_plugin(tmp_path, manifest="config_keys: {required: [base_url]}\n")
    plugin = await opened(home)
    with pytest.raises(PluginFault, match="requires in its config: base_url"):
        await plugin.declare()
    await plugin.close()


async def test_a_key_that_the_plugin_does_not_know_is_warned_of(tmp_path):
    warnings: list[str] = []
    home = write_plugin(tmp_path, manifest="config_keys: {required: [base_url], optional: [kinds]}\n")
    config = '{"base_url": "x", "kind": 1, "secrets": {}}'
    plugin = await opened(home, ground_in(tmp_path, warn=warnings.append), config=config)
    await plugin.declare()
    await plugin.close()
    assert warnings == [f"plugin withings: {home}/manifest.yaml knows no key 'kind' in its config"]


async def test_a_config_that_is_no_table_aborts_the_load(tmp_path):
    for config in ("[1]", "{"):
        plugin = await opened(write_plugin(tmp_path), config=config)
        with pytest.raises(PluginFault, match="its config is no"):
            await plugin.declare()
        await plugin.close()


async def test_init_is_called_once_per_load_and_what_it_learns_is_kept(tmp_path):
    program = sh(
        """grep -q '"command":"init"'; echo '{"status":"ok","result":"x","state_updates":{"made":1}}'"""
    )
    state = MemoryState()
    home = write_plugin(tmp_path, program, commands=("init", "poll"))
    plugin = await opened(home, ground_in(tmp_path, state=state))
    await plugin.declare()
    await plugin.close()
    assert state.tables == {"withings": {"made": 1}}


async def test_an_init_that_fails_aborts_the_load(tmp_path):
    program = sh("""echo '{"status":"error","error":"no such account"}'""")
    plugin = await opened(write_plugin(tmp_path, program, commands=("init", "poll")))
    with pytest.raises(PluginFault, match="its init failed: no such account"):
        await plugin.declare()
    await plugin.close()


async def test_health_is_asked_of_the_plugin_where_it_lists_that_command(tmp_path):
    program = sh("""echo '{"status":"error","error":"no token yet"}'""")
    plugin = await opened(write_plugin(tmp_path, program, commands=("health", "poll")))
    health = await plugin.health()
    await plugin.close()
    assert (health.is_well, health.detail) == (False, "no token yet")


async def test_a_plugin_without_a_health_command_is_as_well_as_its_manifest(tmp_path):
    home = write_plugin(tmp_path)
    plugin = await opened(home)
    assert (await plugin.health()).is_well
    (home / "run").chmod(0o644)
    assert "is not executable" in (await plugin.health()).detail
    await plugin.close()


async def test_nothing_is_left_behind_by_any_call(tmp_path):
    fds = set(os.listdir("/proc/self/fd"))
    plugin = await opened(write_plugin(tmp_path, sh("sleep 600 & exit 1")), timeouts=(("poll", 5_000),))
    call = partial(plugin.call, job(tmp_path))
    await call("poll")
    await plugin.close()
    assert set(os.listdir("/proc/self/fd")) == fds
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


REPEATING = """#!/usr/bin/env python3
import json, sys
secret = json.load(sys.stdin)["secrets"]["key"]
print("using", secret, file=sys.stderr)
json.dump({"status": "error", "error": f"bad {secret}", "logs": [{"message": secret}]}, sys.stdout)
"""


async def test_a_secret_that_a_plugin_repeats_is_seen_nowhere(tmp_path):
    config = '{"secrets": {"key": "hunter2hunter2"}}'
    outcome = await called(tmp_path, REPEATING, settings={"config": config})
    assert outcome.detail == "bad •••"
    assert outcome.output.splitlines() == ["using •••", "info: •••", "error: bad •••"]


async def test_a_program_that_others_may_write_to_since_it_was_loaded_is_not_run(tmp_path):
    home = write_plugin(tmp_path)
    plugin = await opened(home)
    (home / "run").chmod(0o777)
    outcome = await plugin.call(job(tmp_path), "poll")
    await plugin.close()
    assert outcome.state is RunState.FAILED
    assert outcome.detail.endswith(f"can be written by everybody; run `chmod o-w {home / 'run'}`")
