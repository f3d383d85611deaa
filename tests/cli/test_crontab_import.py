import os
import subprocess
from pathlib import Path

import pytest

from cronsole.cli.crontab_ids import name_of
from cronsole.cli.crontab_import import Imported, import_crontab
from cronsole.cli.crontab_lines import Job, Unread, Variable, read_crontab
from cronsole.config.load import load
from cronsole.model.action import Command
from cronsole.model.policy import MissedRunPolicy, Overlap
from cronsole.model.schedule import Schedule


def read_back(imported: Imported, folder: Path) -> dict[str, Schedule]:
    path = folder / "imported.toml"
    path.write_text(imported.text)
    return {schedule.id: schedule for schedule in load(path, now=0, environ={}).schedules}


def imported_tasks(text: str, folder: Path, *, is_system: bool = False) -> dict[str, Schedule]:
    return read_back(import_crontab(text, is_system=is_system, timezone="Europe/Berlin"), folder)


def command_of(schedule: Schedule) -> Command:
    assert isinstance(schedule.action, Command)
    return schedule.action


def only_line(text: str, *, has_users: bool = False) -> object:
    (line,) = read_crontab(text, has_users=has_users)
    return line.line


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("PATH=/bin:/usr/bin", Variable("PATH", "/bin:/usr/bin")),
        ("  NAME  =  a value  ", Variable("NAME", "a value")),
        ('NAME = " kept "', Variable("NAME", " kept ")),
        ("'NAME' = 'x'", Variable("NAME", "x")),
        ("EMPTY=", Variable("EMPTY", "")),
        ("URL=https://host/?a=b", Variable("URL", "https://host/?a=b")),
        ("5 4 * * 1-5 a=b c", Job("5 4 * * 1-5", "a=b c")),
        ("* * * * * x=$(date) echo $x", Job("* * * * *", "x=$(date) echo $x")),
        ("\t5\t4  * * *\tcmd ", Job("5 4 * * *", "cmd")),
        ("@daily cmd --x", Job("@daily", "cmd --x")),
        ("-*/5 * * * * quiet", Job("*/5 * * * *", "quiet")),
        ("* * * * * a%b%c", Job("* * * * *", "a", "b\nc\n")),
        (r"* * * * * date +\%F", Job("* * * * *", "date +%F")),
        (r"* * * * * a\\%b", Job("* * * * *", "a\\\\", "b\n")),
    ],
)
def test_a_line_is_read_as_cron_reads_it(text: str, read: object):
    assert only_line(text) == read


def test_a_systems_crontab_names_the_user_behind_the_time():
    assert only_line("0 5 * * * www-data /bin/x y", has_users=True) == Job(
        "0 5 * * *", "/bin/x y", None, "www-data"
    )
    assert only_line("@reboot root /bin/x", has_users=True) == Job("@reboot", "/bin/x", None, "root")


@pytest.mark.parametrize("text", ["once upon a time", "* * * * *", "* * * * * %only stdin"])
def test_a_line_without_time_and_command_is_none(text: str):
    assert isinstance(only_line(text), Unread)


def test_a_job_becomes_a_task_of_the_same_time_and_command(tmp_path: Path):
    tasks = imported_tasks("30 2 * * 1-5 /opt/backup.sh --full > /dev/null\n", tmp_path)
    task = tasks["backup.sh"]
    assert command_of(task).run == "/opt/backup.sh --full > /dev/null"
    assert (task.timezone, task.policy.overlap) == ("Europe/Berlin", Overlap.ALLOW)
    assert task.policy.missed_run_policy is MissedRunPolicy.SKIP


def test_jobs_start_at_home_as_cron_starts_them(tmp_path: Path):
    assert command_of(imported_tasks("@daily x\n", tmp_path)["x"]).cwd == os.path.expanduser("~")


def test_a_variable_counts_for_the_jobs_below_it(tmp_path: Path):
    tasks = imported_tasks("@daily a\nX=1\n@daily b\nX=2\nHOME=/srv\n@daily c\n", tmp_path)
    assert dict(command_of(tasks["a"]).env) == {}
    assert dict(command_of(tasks["b"]).env) == {"X": "1"}
    assert dict(command_of(tasks["c"]).env) == {"X": "2", "HOME": "/srv"}
    assert command_of(tasks["c"]).cwd == "/srv"


def test_variables_that_all_jobs_share_are_written_once(tmp_path: Path):
    imported = import_crontab("X=1\n@daily a\n@hourly b\n", is_system=False, timezone="UTC")
    assert imported.text.count("X =") == 1
    assert [dict(command_of(task).env) for task in read_back(imported, tmp_path).values()] == [{"X": "1"}] * 2


def test_another_shell_is_called_by_name(tmp_path: Path):
    task = imported_tasks("SHELL=/bin/bash\n@daily [[ -e /x ]] && true\n", tmp_path)["job"]
    assert command_of(task).run == ("/bin/bash", "-c", "[[ -e /x ]] && true")


def test_a_zone_of_cron_counts_for_the_jobs_below_it(tmp_path: Path):
    tasks = imported_tasks("@daily a\nCRON_TZ=Asia/Tokyo\n@daily b\n", tmp_path)
    assert (tasks["a"].timezone, tasks["b"].timezone) == ("Europe/Berlin", "Asia/Tokyo")


def test_what_follows_a_percent_sign_reaches_the_standard_input(tmp_path: Path):
    tasks = imported_tasks("@daily cat; echo end # done%Hello 'you'%STDIN%% $HOME\n", tmp_path)
    run = command_of(tasks["cat"]).run
    assert isinstance(run, str)
    said = subprocess.run(["/bin/sh", "-c", run], capture_output=True, text=True, check=True)
    assert said.stdout == "Hello 'you'\nSTDIN\n\n $HOME\nend\n"


def test_users_of_a_systems_crontab_run_their_own_tasks(tmp_path: Path):
    tasks = imported_tasks("5 4 * * * root a\n5 4 * * * nobody b\n", tmp_path, is_system=True)
    assert [command_of(task).user for task in tasks.values()] == ["root", "nobody"]


def test_a_reboot_becomes_a_startup_and_is_told(tmp_path: Path):
    imported = import_crontab("@reboot warm\n", is_system=False, timezone="UTC")
    assert "warm" in read_back(imported, tmp_path)
    assert imported.told == (
        "line 1: @reboot becomes @startup: at each start of the engine, not of the machine",
    )


def test_what_cannot_be_said_stays_as_a_comment_and_is_told(tmp_path: Path):
    imported = import_crontab(
        "61 * * * * bad\n0~9 * * * * random\nCRON_TZ=Mars/Olympus\n@daily there\n",
        is_system=False,
        timezone="UTC",
    )
    assert read_back(imported, tmp_path) == {}
    assert [told.partition(":")[0] for told in imported.told] == ["line 1", "line 2", "line 4"]
    assert "# 61 * * * * bad\n" in imported.text
    assert "# @daily there\n" in imported.text


def test_mail_is_told_to_be_no_more_unless_it_was_switched_off():
    assert import_crontab('MAILTO=""\n@daily a\n', is_system=False, timezone="UTC").told == ()
    (told,) = import_crontab("MAILTO=ops\n@daily a\n", is_system=False, timezone="UTC").told
    assert "`notify` tells of failures" in told


def test_one_line_of_prose_above_a_job_describes_it_and_other_comments_stay(tmp_path: Path):
    text = "# head\n\n# Nightly backup\n@daily a\n# 5 4 * * * old\n@daily b\n# one\n# two\n@daily c\n"
    imported = import_crontab(text, is_system=False, timezone="UTC")
    tasks = read_back(imported, tmp_path)
    assert [task.description for task in tasks.values()] == ["Nightly backup", "", ""]
    assert [line for line in ("# head", "# 5 4 * * * old", "# one", "# two") if line in imported.text] == [
        "# head",
        "# 5 4 * * * old",
        "# one",
        "# two",
    ]


def test_no_text_of_a_command_is_taken_for_a_reference_or_breaks_out_of_its_quotes(tmp_path: Path):
    hard = "echo ${env:HOME} '''\"\"\" \\n \x1b[31m \x7f ${HOME}"
    task = imported_tasks(f"@daily {hard}\n", tmp_path)["echo"]
    run = command_of(task).run
    assert isinstance(run, str)
    assert run.replace("$${env:", "${env:") == hard


def test_a_comment_cannot_end_its_line(tmp_path: Path):
    assert imported_tasks("# x\r[[tasks]]\x0c\n\n@daily a\n", tmp_path).keys() == {"a"}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/bin/backup.sh --full", "backup.sh"),
        ("cd /srv && ./poll.py", "poll.py"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "cron.daily"),
        ("nice -n 10 python3 /opt/x.py", "x.py"),
        ("FOO=1 sudo -n /bin/y", "y"),
        ("flock -n /var/lock/z.lock /opt/z", "z"),
        ("[ -e /x ] && rm /x", "rm"),
        ("'/opt/my job' now", "my"),
        ("$(which x)", "which"),
        ("%%%", "job"),
    ],
)
def test_a_task_is_named_by_what_it_runs(command: str, name: str):
    assert name_of(command) == name


def test_tasks_of_one_name_are_numbered(tmp_path: Path):
    assert list(imported_tasks("@daily a 1\n@daily a 2\n@daily a 3\n", tmp_path)) == ["a", "a-2", "a-3"]
