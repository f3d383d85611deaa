import json
import os
import sys
from pathlib import Path

import pytest
from tests.executors.conftest import Fifo, MakeJob

from cronsole.executors.adopt import spooled_exit
from cronsole.executors.base import discard
from cronsole.executors.command import CommandExecutor
from cronsole.model.action import Command
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes to another user")


async def test_a_string_is_run_by_a_shell(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job("echo $((1 + 2)) | cat; echo err >&2")).wait()
    assert (outcome.state, outcome.output, outcome.exit_code) == (RunState.SUCCEEDED, "3\nerr\n", 0)


async def test_a_list_is_executed_as_it_stands(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job(("echo", "$HOME", "; exit 3"))).wait()
    assert (outcome.state, outcome.output) == (RunState.SUCCEEDED, "$HOME ; exit 3\n")


async def test_standard_input_is_empty(commands: CommandExecutor, make_job: MakeJob):
    assert (await commands.start(make_job("cat; echo end")).wait()).output == "end\n"


async def test_the_process_leads_a_session_of_its_own(commands: CommandExecutor, make_job: MakeJob):
    execution = commands.start(make_job("cut -d' ' -f5,6 /proc/$$/stat"))
    assert execution.process is not None
    pid = execution.process.pid
    assert (await execution.wait()).output == f"{pid} {pid}\n"


async def test_a_process_is_told_by_pid_and_start_time(
    commands: CommandExecutor, make_job: MakeJob, fifo: Fifo
):
    execution = commands.start(make_job(f"cut -d' ' -f1,22 /proc/$$/stat > {fifo}"))
    process = execution.process
    assert process is not None
    assert await fifo.told() == f"{process.pid} {process.pid_started}"
    await execution.wait()


async def test_the_output_file_is_there_as_soon_as_it_is_started(
    commands: CommandExecutor, make_job: MakeJob
):
    job = make_job("true")
    execution = commands.start(job)
    assert job.output_path.stat().st_mode & 0o777 == 0o600
    await execution.wait()


async def test_short_output_stays_on_disk_until_the_outcome_is_committed(
    commands: CommandExecutor, make_job: MakeJob
):
    job = make_job("echo short")
    outcome = await commands.start(job).wait()
    assert job.output_path.exists()
    assert outcome.output_file == ""
    discard(outcome)
    assert list(job.output_path.parent.iterdir()) == []


async def test_an_attempt_is_never_started_twice(commands: CommandExecutor, make_job: MakeJob):
    job = make_job("echo once")
    await commands.start(job).wait()
    outcome = await commands.start(job).wait()
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, True)
    assert outcome.detail == "attempt 1 was started before: its output file exists"
    assert job.output_path.read_text() == "once\n"


async def test_the_environment_is_clean_and_tells_the_run(commands: CommandExecutor, make_job: MakeJob):
    job = make_job(
        (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"), payload="hey"
    )
    env = json.loads((await commands.start(job).wait()).output)
    assert "SECRET" not in env
    assert {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG"} <= env.keys()
    told_of_run = {key: value for key, value in env.items() if key.startswith("CRONSOLE_")}
    assert told_of_run == {
        "CRONSOLE_RUN_ID": job.run_id,
        "CRONSOLE_SCHEDULE": "nightly",
        "CRONSOLE_SLOT": "2026-03-29T01:00Z",
        "CRONSOLE_ATTEMPT": "1",
        "CRONSOLE_FENCE": "7",
        "CRONSOLE_RUN_COUNT": "3",
        "CRONSOLE_IS_CATCHUP": "0",
        "CRONSOLE_CONFIG": '{"a":1}',
        "CRONSOLE_PAYLOAD": "hey",
    }


async def test_a_manual_run_has_an_empty_slot(commands: CommandExecutor, make_job: MakeJob):
    assert (await commands.start(make_job('echo "[$CRONSOLE_SLOT]"', slot=None)).wait()).output == "[]\n"


async def test_env_wins_over_env_file(commands: CommandExecutor, make_job: MakeJob, tmp_path: Path):
    (tmp_path / "env").write_text("A=file\nB=file\n")
    action = Command(run="echo $A $B", env=(("B", "env"),), env_file=str(tmp_path / "env"))
    assert (await commands.start(make_job(action)).wait()).output == "file env\n"


async def test_a_command_runs_in_its_directory(commands: CommandExecutor, make_job: MakeJob, tmp_path: Path):
    assert (
        await commands.start(make_job(Command(run="pwd", cwd=str(tmp_path)))).wait()
    ).output == f"{tmp_path}\n"


FAULTS = [
    (
        Command(run=("no-such-program",)),
        "cannot start 'no-such-program': there is no such program in PATH",
        False,
    ),
    (Command(run=("/no/such",)), "cannot start '/no/such': there is no such file", False),
    (
        Command(run=("/etc/passwd",)),
        "cannot start '/etc/passwd': it is not executable, or not by this user",
        False,
    ),
    (Command(run="true", cwd="/no/where"), "the working directory /no/where does not exist", False),
    (
        Command(run="true", cwd="/etc/passwd"),
        "cannot enter the working directory /etc/passwd: Not a directory",
        False,
    ),
    (Command(run="true", user="no-such-user"), "there is no user 'no-such-user' on this machine", True),
    (
        Command(run="true", env_file="/no/env"),
        "cannot read env_file /no/env: No such file or directory",
        False,
    ),
    (Command(run=("echo", "a\0b")), "cannot start 'echo': embedded null byte", True),
]


@pytest.mark.parametrize(("action", "sentence", "is_final"), FAULTS)
async def test_what_cannot_be_started_fails_with_one_sentence(
    commands: CommandExecutor, make_job: MakeJob, action: Command, sentence: str, is_final: bool
):
    job = make_job(action)
    outcome = await commands.start(job).wait()
    assert (outcome.state, outcome.detail, outcome.is_final) == (RunState.FAILED, sentence, is_final)
    assert not job.output_path.exists()


async def test_a_script_without_its_interpreter_says_so(
    commands: CommandExecutor, make_job: MakeJob, tmp_path: Path
):
    script = tmp_path / "script"
    script.write_text("#!/no/interpreter\n")
    script.chmod(0o755)
    outcome = await commands.start(make_job((str(script),))).wait()
    assert (
        outcome.detail == f"cannot start '{script}': the interpreter that its first line names does not exist"
    )


async def test_a_payload_too_long_for_a_variable_is_refused(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job("true", payload="x" * 200_000)).wait()
    assert outcome.detail.startswith("CRONSOLE_PAYLOAD takes 200,017 bytes")


async def test_an_output_file_that_cannot_be_made_starts_nothing(
    commands: CommandExecutor, make_job: MakeJob, tmp_path: Path
):
    job = make_job(f"touch {tmp_path}/started", output_path=Path("/proc/no/run.log"))
    outcome = await commands.start(job).wait()
    assert outcome.detail == "cannot create the output file /proc/no/run.log: No such file or directory"
    assert not (tmp_path / "started").exists()


@needs_root
async def test_another_user_gets_its_own_identity_and_home(commands: CommandExecutor, make_job: MakeJob):
    job = make_job(Command(run="id -un; echo $USER $LOGNAME; id -G; echo $HOME", user="daemon"))
    outcome = await commands.start(job).wait()
    assert outcome.output.splitlines() == ["daemon", "daemon daemon", "1", "/usr/sbin"]


@needs_root
async def test_another_users_exit_status_is_spooled_too(commands: CommandExecutor, make_job: MakeJob):
    job = make_job(Command(run="exit 5", user="daemon"))
    outcome = await commands.start(job).wait()
    assert (outcome.exit_code, spooled_exit(job.output_path)) == (5, 5)


@pytest.mark.parametrize(
    ("text", "exit_code", "sentence"),
    [
        ("exit 3", 3, "exit code 3"),
        ("kill -9 $$", -9, "killed by SIGKILL (out of memory?)"),
        ("sh -c 'kill -SEGV $$'; exit $?", 139, "exit code 139: its command was killed by SIGSEGV"),
        ("no-such-program", 127, "exit code 127: a command was not found"),
    ],
)
async def test_an_exit_status_is_told_in_words(
    commands: CommandExecutor, make_job: MakeJob, text: str, exit_code: int, sentence: str
):
    outcome = await commands.start(make_job(text)).wait()
    assert (outcome.state, outcome.exit_code, outcome.detail) == (RunState.FAILED, exit_code, sentence)


async def test_exit_code_78_is_final(commands: CommandExecutor, make_job: MakeJob):
    assert (await commands.start(make_job("exit 78")).wait()).is_final


async def test_expected_exit_codes_are_success(commands: CommandExecutor, make_job: MakeJob):
    job = make_job("exit 3", expect=Expect(exit_codes=frozenset({0, 3})))
    assert (await commands.start(job).wait()).state is RunState.SUCCEEDED


async def test_output_that_lacks_what_is_expected_is_a_failure(commands: CommandExecutor, make_job: MakeJob):
    job = make_job("echo nothing", expect=Expect(output_has=("^done$",)))
    outcome = await commands.start(job).wait()
    assert (outcome.state, outcome.detail) == (RunState.FAILED, "the output lacks '^done$'")


async def test_a_run_that_is_too_fast_is_a_failure(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job("true", expect=Expect(min_duration_ms=5000))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail.endswith("s, expected at least 5s")


LIMITED = Limits(memory_bytes=200 * 1024 * 1024, cpu_seconds=7, nice=5)


@pytest.mark.parametrize("run", ["ulimit -v; ulimit -t; nice", ("sh", "-c", "ulimit -v; ulimit -t; nice")])
async def test_limits_hold_before_the_program_starts(
    commands: CommandExecutor, make_job: MakeJob, run: str | tuple[str, ...]
):
    outcome = await commands.start(make_job(run, limits=LIMITED)).wait()
    assert outcome.output == "204800\n7\n5\n"


async def test_a_missing_program_behind_limits_is_told_in_words(commands: CommandExecutor, make_job: MakeJob):
    outcome = await commands.start(make_job(("no-such-program",), limits=LIMITED)).wait()
    assert outcome.detail == "cannot start 'no-such-program': there is no such program in PATH"


async def test_the_limit_of_cpu_time_is_named_when_it_ends_a_command(
    commands: CommandExecutor, make_job: MakeJob
):
    loop = (sys.executable, "-c", "while True: pass")
    outcome = await commands.start(make_job(loop, limits=Limits(cpu_seconds=1))).wait()
    assert outcome.detail == "killed by SIGXCPU (the limit of CPU time)"


SHELL_TEXTS = [
    "set -e; false; echo not reached",
    "exit 7",
    "if",
    "echo $0 $LINENO\nno_such\necho $LINENO",
    "cat <<END\nhere $LINENO\nEND",
    "true &",
    "trap 'echo own' EXIT; exit 4",
    "(exit 9)",
    "exec sh -c 'exit 6'",
    "# only a comment",
    "set -u; echo $nope",
    "",
]


@pytest.mark.parametrize("text", SHELL_TEXTS)
async def test_the_trap_that_spools_the_exit_status_changes_nothing_else(
    commands: CommandExecutor, make_job: MakeJob, text: str
):
    plain = await commands.start(make_job(("/bin/sh", "-c", text))).wait()
    spooled = await commands.start(make_job(text)).wait()
    assert (spooled.exit_code, spooled.output) == (plain.exit_code, plain.output)


async def test_an_exit_status_that_cannot_be_spooled_stays_what_it_is(
    commands: CommandExecutor, make_job: MakeJob, tmp_path: Path
):
    job = make_job('set -e; rm -r "$CRONSOLE_PAYLOAD"; exit 9', payload=str(tmp_path / "logs"))
    assert (await commands.start(job).wait()).exit_code == 9


async def test_many_starts_at_once_all_come_to_their_end(commands: CommandExecutor, make_job: MakeJob):
    executions = [commands.start(make_job(("true",))) for _ in range(100)]
    states = {(await execution.wait()).state for execution in executions}
    assert states == {RunState.SUCCEEDED}
