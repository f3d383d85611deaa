import asyncio
import os
import signal
import time

import pytest
from tests.executors.conftest import Fifo, MakeJob, exit_code_of, gone, is_alive, start_elsewhere, zombies

from cronsole.clock import SystemClock
from cronsole.executors.command import CommandExecutor
from cronsole.model.run import RunState

# Detached twice over, holding the output, deaf to TERM; tells its pid and stays.
STUBBORN = "setsid -f sh -c 'trap \"\" TERM HUP; (echo $$ > {fifo}; while :; do sleep 1; done)'"
DAEMON = "setsid -f sh -c 'echo $$ > {fifo}; exec sleep 300'"
CHILD = "sh -c 'echo $$ > {fifo}; exec sleep 300' &"


async def test_a_timeout_ends_the_run_with_its_sentence(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job(("sleep", "300"), timeout_ms=100)).wait()
    assert (outcome.state, outcome.detail) == (RunState.TIMED_OUT, "timed out after 0.1s")
    assert outcome.exit_code == -signal.SIGTERM


async def test_a_run_in_time_is_not_touched_by_its_timeout(commands: CommandExecutor, make_job: MakeJob):
    assert (await commands.start(make_job("true", timeout_ms=60_000)).wait()).state is RunState.SUCCEEDED


async def test_a_stop_lets_the_command_clean_up(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    text = f"trap 'echo cleaned; exit 0' TERM; echo ready > {fifo}; while :; do sleep 0.02; done"
    execution = commands.start(make_job(text, kill_grace_ms=20_000))
    await fifo.told()
    execution.stop("asked by a person")
    outcome = await execution.wait()
    assert (outcome.state, outcome.detail) == (RunState.CANCELLED, "asked by a person")
    assert "cleaned" in outcome.output


async def test_term_is_sent_once(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    text = f"trap 'echo term' TERM; echo ready > {fifo}; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.05; done"
    execution = commands.start(make_job(text, kill_grace_ms=20_000))
    await fifo.told()
    execution.stop("once")
    execution.stop("twice")
    assert (await execution.wait()).output.count("term") == 1


async def test_a_command_that_ignores_term_is_killed_after_the_grace(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    execution = commands.start(make_job(f"trap '' TERM; echo ready > {fifo}; while :; do sleep 1; done"))
    await fifo.told()
    execution.stop("enough")
    outcome = await execution.wait()
    assert (outcome.state, outcome.exit_code) == (RunState.CANCELLED, -signal.SIGKILL)


async def test_force_kills_without_a_grace(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    text = f"trap '' TERM; echo ready > {fifo}; while :; do sleep 1; done"
    execution = commands.start(make_job(text, kill_grace_ms=600_000))
    await fifo.told()
    execution.stop("now", by_force=True)
    assert (await execution.wait()).exit_code == -signal.SIGKILL


async def test_force_hastens_a_stop_that_waits(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    text = f"trap '' TERM; echo ready > {fifo}; while :; do sleep 1; done"
    execution = commands.start(make_job(text, kill_grace_ms=600_000))
    await fifo.told()
    execution.stop("please")
    execution.stop("now", by_force=True)
    outcome = await execution.wait()
    assert (outcome.detail, outcome.exit_code) == ("please", -signal.SIGKILL)


async def test_a_stopped_process_is_ended_too(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    execution = commands.start(make_job(f"echo $$ > {fifo}; kill -STOP $$", kill_grace_ms=600_000))
    await fifo.told()
    execution.stop("wake and go")
    assert (await execution.wait()).exit_code == -signal.SIGTERM


async def test_stopping_what_has_ended_changes_nothing(commands: CommandExecutor, make_job: MakeJob):
    execution = commands.start(make_job("true"))
    outcome = await execution.wait()
    execution.stop("too late", by_force=True)
    assert await execution.wait() is outcome


async def test_several_may_wait_and_one_may_give_up(commands: CommandExecutor, make_job: MakeJob, fifo: Fifo):
    execution = commands.start(make_job(f"read line < {fifo}; echo $line"))
    impatient = asyncio.create_task(execution.wait())
    patient = asyncio.create_task(execution.wait())
    await asyncio.sleep(0)
    impatient.cancel()
    fifo.tell("go")
    assert (await patient).output == "go\n"


@pytest.mark.parametrize("leave", [STUBBORN, DAEMON, CHILD], ids=["stubborn", "daemon", "child"])
async def test_a_timeout_takes_the_whole_tree_along(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo, leave: str
):
    execution = commands.start(make_job(f"{leave.format(fifo=fifo)}\nsleep 300", timeout_ms=700))
    left = int(await fifo.told())
    began = time.monotonic()
    outcome = await execution.wait()
    assert (outcome.state, is_alive(left)) == (RunState.TIMED_OUT, False)
    assert time.monotonic() - began < 0.7 + 0.3 + 2
    assert zombies() == []


@pytest.mark.parametrize("leave", [STUBBORN, DAEMON, CHILD], ids=["stubborn", "daemon", "child"])
async def test_what_a_run_leaves_behind_neither_holds_it_nor_stays(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo, leave: str
):
    execution = commands.start(make_job(f"{leave.format(fifo=fifo)}\necho done"))
    left = int(await fifo.told())
    outcome = await execution.wait()
    assert (outcome.state, outcome.output, is_alive(left)) == (RunState.SUCCEEDED, "done\n", True)
    await gone(left)
    await commands.close()
    assert zombies() == []


async def test_a_child_with_a_wiped_environment_is_found_by_its_session(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    execution = commands.start(make_job(f"env -i sh -c 'trap \"\" TERM; echo $$ > {fifo}; sleep 300' & true"))
    left = int(await fifo.told())
    assert (await execution.wait()).state is RunState.SUCCEEDED
    await gone(left)


async def test_a_daemon_is_left_alone_while_its_run_goes_on(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo, gate: Fifo
):
    execution = commands.start(make_job(f"{DAEMON.format(fifo=fifo)}\nread line < {gate}"))
    daemon = int(await fifo.told())
    commands._orphans.sweep()
    commands._orphans.sweep()
    assert is_alive(daemon)
    gate.tell("go")
    await execution.wait()
    await gone(daemon)


async def test_the_next_attempt_is_not_taken_for_what_the_last_one_left(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    first = make_job(f"{STUBBORN.format(fifo=fifo)}")
    execution = commands.start(first)
    left = int(await fifo.told())
    await execution.wait()
    second = make_job("sleep 300", run_id=first.run_id, attempt=2)
    next_one = commands.start(second)
    await gone(left)
    assert next_one.process is not None
    assert is_alive(next_one.process.pid)
    next_one.stop("seen enough", by_force=True)
    await next_one.wait()


async def test_children_of_others_are_not_reaped(commands: CommandExecutor, make_job: MakeJob):
    detached = start_elsewhere("exit 5")
    await gone(detached)
    await commands.start(make_job("true")).wait()
    commands._orphans.sweep()
    assert exit_code_of(detached) == 5


async def test_orphans_that_go_to_init_are_found_as_well(make_job: MakeJob, fifo: Fifo):
    executor = CommandExecutor(SystemClock(), os.environ)
    executor._orphans._has_orphans = False
    execution = executor.start(make_job(f"{DAEMON.format(fifo=fifo)}\necho done"))
    left = int(await fifo.told())
    await execution.wait()
    await gone(left)
    await executor.close()


async def test_closing_waits_for_what_is_left_behind(make_job: MakeJob, fifo: Fifo):
    executor = CommandExecutor(SystemClock(), os.environ)
    execution = executor.start(make_job(STUBBORN.format(fifo=fifo)))
    left = int(await fifo.told())
    await execution.wait()
    await executor.close()
    assert not is_alive(left)


async def test_closing_leaves_running_commands_alone(make_job: MakeJob, fifo: Fifo):
    executor = CommandExecutor(SystemClock(), os.environ)
    execution = executor.start(make_job(f"echo ready > {fifo}; exec sleep 300"))
    await fifo.told()
    await executor.close()
    assert execution.process is not None
    assert is_alive(execution.process.pid)
    os.kill(execution.process.pid, signal.SIGKILL)
    assert exit_code_of(execution.process.pid) == -signal.SIGKILL
