"""`[notify.NAME]`, and who a task names under `notify`."""

import pytest
from tests.config.writing import Folder

from cronsole.model.channel import (
    AppriseChannel,
    Channel,
    CommandChannel,
    LogChannel,
    MemoryChannel,
    WebhookChannel,
)
from cronsole.model.event import Level
from cronsole.model.policy import Notify

OPS = '[notify.ops]\ntype = "log"\n[notify."team/db"]\ntype = "memory"\n'


def channels(folder: Folder, text: str) -> tuple[Channel, ...]:
    return folder.load(text, environ={"TOKEN": "s3cret"}).settings.channels


def notify(folder: Folder, text: str) -> Notify:
    (schedule,) = folder.load(f'{OPS}[[tasks]]\nid = "t"\ncron = "5m"\n{text}\n').schedules
    return schedule.policy.notify


def problem(folder: Folder, text: str) -> str:
    (found,) = folder.problems(text)
    return found


def test_each_type_is_read_with_its_keys(folder: Folder):
    found = channels(
        folder,
        """
        [notify.a]
        type = "log"
        level = "warning"
        [notify.b]
        type = "webhook"
        url = "https://example.com/hook"
        method = "put"
        headers = { X-Key = "k" }
        timeout = "3s"
        [notify.c]
        type = "command"
        command = ["mail", "-s", "cronsole", "ann"]
        env = { TO = 5 }
        [notify.d]
        type = "memory"
        [notify.e]
        type = "apprise"
        url = "json://localhost"
        """,
    )
    assert found == (
        LogChannel("a", Level.WARNING),
        WebhookChannel("b", "https://example.com/hook", "PUT", (("X-Key", "k"),), 3_000),
        CommandChannel("c", ("mail", "-s", "cronsole", "ann"), (("TO", "5"),)),
        MemoryChannel("d"),
        AppriseChannel("e", "json://localhost"),
    )


def test_the_secrets_of_a_channel_stay_as_written(folder: Folder):
    (found,) = channels(
        folder,
        """
        [notify.ops]
        type = "webhook"
        url = "https://example.com/${env:TOKEN}"
        headers = { Authorization = "Bearer ${env:TOKEN}" }
        """,
    )
    assert isinstance(found, WebhookChannel)
    assert found.url == "https://example.com/${env:TOKEN}"
    assert found.headers == (("Authorization", "Bearer ${env:TOKEN}"),)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('notify = "ops"', Notify(on_failure=("ops",), on_missed=("ops",), on_recovery=("ops",))),
        (
            'notify = ["ops", "team/db"]',
            Notify(
                on_failure=("ops", "team/db"),
                on_missed=("ops", "team/db"),
                on_recovery=("ops", "team/db"),
            ),
        ),
        (
            'notify = { on_failure = ["ops"], on_success = [], on_skip = "team/db" }',
            Notify(on_failure=("ops",), on_skip=("team/db",)),
        ),
        ("notify = []", Notify()),
        ("notify = {}", Notify()),
        ('notify = ["ops", "ops"]', Notify(on_failure=("ops",), on_missed=("ops",), on_recovery=("ops",))),
    ],
)
def test_a_task_names_its_channels(folder: Folder, written: str, expected: Notify):
    assert notify(folder, written) == expected


def test_defaults_name_channels_for_all_tasks_and_a_task_may_have_none(folder: Folder):
    loud, quiet = folder.load(
        f"""{OPS}
        [defaults]
        notify = "ops"
        [[tasks]]
        id = "loud"
        cron = "5m"
        [[tasks]]
        id = "quiet"
        cron = "5m"
        notify = []
        """
    ).schedules
    assert loud.policy.notify.on_failure == ("ops",)
    assert quiet.policy.notify == Notify()


def test_tasks_of_included_files_name_channels_of_the_main_file(folder: Folder):
    folder.write('[[tasks]]\nid = "t"\ncron = "5m"\nnotify = "ops"\n', "more.toml")
    (schedule,) = folder.load(f'include = "more.toml"\n{OPS}').schedules
    assert schedule.policy.notify.on_failure == ("ops",)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('notify = "opsy"', 'notify = "opsy": no channel is called so; did you mean "ops"?'),
        ('notify = ["ops", "xyz"]', 'notify[1] = "xyz": no channel is called so; known are ops, team/db'),
        (
            'notify = { on_failure = ["opz"] }',
            'notify.on_failure[0] = "opz": no channel is called so; did you mean "ops"?',
        ),
        ('notify = { on_fail = "ops" }', 'notify.on_fail = "ops": unknown key; did you mean "on_failure"?'),
        (
            "notify = true",
            "notify = true: is a truth value; accepted is a channel, a list of them, or a table {on_failure,"
            " on_success, …}",
        ),
        ("notify = [5]", "notify[0] = 5: is a number; accepted is text in quotes"),
    ],
)
def test_what_is_wrong_with_whom_a_task_names_is_told(folder: Folder, written: str, told: str):
    text = f'[[tasks]]\nid = "t"\ncron = "5m"\n{written}\n{OPS}'
    assert problem(folder, text) == f'c.toml:4: tasks[0] "t": {told}'


def test_a_channel_where_none_is_defined_is_told_how_to_make_one(folder: Folder):
    assert folder.problem('cron = "5m"\nnotify = "ops"') == (
        'notify = "ops": no channel is defined; a table [notify.NAME] in the main file makes one'
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "",
            "c.toml:1: notify.ops.type: is missing; a channel is one of log, webhook, command, memory, apprise",
        ),
        (
            'type = "webhok"',
            'c.toml:2: notify.ops.type = "webhok": accepted is one of log, webhook, command, memory, apprise;'
            ' did you mean "webhook"?',
        ),
        ('type = "webhook"', "c.toml:1: notify.ops.url: is missing"),
        ('type = "command"', "c.toml:1: notify.ops.command: is missing"),
        (
            'type = "webhook"\nurl = "s3cret"',
            "c.toml:3: notify.ops.url: is not a URL; accepted is http://host/path or https://host/path",
        ),
        (
            'type = "webhook"\nurl = "http://h/"\nmethod = "GET"',
            'c.toml:4: notify.ops.method = "GET": carries no message; accepted is one of POST, PUT, PATCH',
        ),
        (
            'type = "log"\nlevel = "loud"',
            'c.toml:3: notify.ops.level = "loud": accepted is one of debug, info, warning, error',
        ),
        (
            'type = "log"\nlevels = "info"',
            'c.toml:3: notify.ops.levels = "info": unknown key; did you mean "level"?',
        ),
        (
            'type = "webhook"\nurl = "http://h/${env:NONE}"',
            "c.toml:3: notify.ops.url: the environment variable NONE is not set; set it, or write"
            " ${env:NONE:-default}",
        ),
    ],
)
def test_what_is_wrong_with_a_channel_is_told_and_its_tasks_are_not_blamed(
    folder: Folder, written: str, told: str
):
    text = f'[notify.ops]\n{written}\n[[tasks]]\nid = "t"\ncron = "5m"\nnotify = "ops"\n'
    assert problem(folder, text) == told


def test_all_that_is_wrong_with_all_channels_is_told_at_once(folder: Folder):
    text = '[notify.a]\ntype = "log"\nx = 1\n[notify.b]\ntype = "memory"\ny = 2\n[notify]\nc = 5\n'
    assert len(folder.problems('[notify.a]\ntype = "log"\nx = 1\n[notify.b]\ny = 2\n')) == 2
    assert len(folder.problems(text.replace("[notify]\nc = 5\n", ""))) == 2
    assert problem(folder, "[notify]\nc = 5\n") == (
        "c.toml:2: notify.c = 5: is a number; accepted is a table, written as a [notify.c] header"
    )
    assert problem(folder, 'notify = "ops"\n') == (
        'c.toml:1: notify = "ops": is text; accepted is tables, written as [notify.NAME] headers'
    )


def test_channels_belong_in_the_main_file(folder: Folder):
    folder.write(OPS, "more.toml")
    assert problem(folder, 'include = "more.toml"') == (
        "more.toml:1: notify: belongs in the main file, not in an included one"
    )


def test_a_missing_extra_is_told_when_the_file_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cronsole.config.channels.find_spec", lambda _: None)
    assert "pip install 'cronsole[notify]'" in problem(
        folder, '[notify.a]\ntype = "apprise"\nurl = "json://h"\n'
    )


def test_a_secret_in_the_command_line_of_a_channel_is_warned_of(folder: Folder):
    folder.write("token", "token")
    (warning,) = folder.warnings(
        f'[notify.a]\ntype = "command"\ncommand = "tell ${{file:{folder.path}/token}}"\n'
    )
    assert warning.startswith("c.toml:1: notify.a: puts a secret's file into its command line")
