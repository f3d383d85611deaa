from pathlib import Path

import pytest
from tests.config.writing import Folder

from cronsole.config.secrets import resolve_action, resolve_config, resolve_text
from cronsole.errors import ConfigError
from cronsole.model.action import Celery, Command, Http, Publish, Record

ENVIRON = {"TOKEN": "s3cret", "EMPTY": "", "QUOTE": 'a"b\\c'}


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("plain", "plain"),
        ("a ${env:TOKEN} b ${env:TOKEN}", "a s3cret b s3cret"),
        ("${env:EMPTY}", ""),
        ("${env:EMPTY:-x}", "x"),
        ("${env:NONE:-a b:-c}", "a b:-c"),
        ("${env:NONE:-}", ""),
        ("$${env:TOKEN}", "${env:TOKEN}"),
        ("${HOME} $$ ${x:-y} $(id) ${environ}", "${HOME} $$ ${x:-y} $(id) ${environ}"),
        ("$${HOME}", "$${HOME}"),
        ("${env:TOKEN}${HOME}", "s3cret${HOME}"),
    ],
)
def test_only_our_references_are_replaced(written: str, resolved: str):
    assert resolve_text(written, ENVIRON) == resolved


def test_a_file_gives_its_text_without_the_last_line_end(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"line 1\nline 2\r\n")
    assert resolve_text(f"<${{file:{tmp_path}/a}}>", {}) == "<line 1\nline 2>"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("${env:NONE}", "the environment variable NONE is not set; set it, or write ${env:NONE:-default}"),
        ("${env:}", "${env:} is not the name of a variable; accepted are letters, digits and _"),
        ("${env:TOKEN", "${env: has no closing brace"),
        ("${file:token}", "${file:token} must name an absolute path"),
        ("${file:/no/such}", "${file:/no/such} cannot be read: No such file or directory"),
        ("${file:/dev/null}", "${file:/dev/null} is not a regular file"),
        ("${file:/}", "${file:/} cannot be read: Is a directory"),
    ],
)
def test_a_reference_that_cannot_be_replaced_is_told(written: str, told: str):
    with pytest.raises(ConfigError) as caught:
        resolve_text(written, ENVIRON)
    assert caught.value.problems == (told,)


def test_a_file_too_long_or_not_text_is_no_secret(tmp_path: Path):
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="longer than 64 KiB"):
        resolve_text(f"${{file:{tmp_path}/long}}", {})
    with pytest.raises(ConfigError, match="not UTF-8"):
        resolve_text(f"${{file:{tmp_path}/bytes}}", {})


@pytest.mark.parametrize(
    ("action", "resolved"),
    [
        (Command("x ${env:TOKEN}"), Command("x s3cret")),
        (
            Command(("x", "${env:TOKEN}"), env=(("A", "${env:TOKEN}"),), cwd="/srv"),
            Command(("x", "s3cret"), env=(("A", "s3cret"),), cwd="/srv"),
        ),
        (
            Http("http://h/${env:TOKEN}", headers=(("X", "${env:TOKEN}"),), body="${env:TOKEN}"),
            Http("http://h/s3cret", headers=(("X", "s3cret"),), body="s3cret"),
        ),
        (
            Publish("c", "${env:TOKEN}", "redis://:${env:TOKEN}@h"),
            Publish("c", "s3cret", "redis://:s3cret@h"),
        ),
        (Celery("t", "b", '["${env:QUOTE}"]'), Celery("t", "b", '["a\\"b\\\\c"]')),
        (Record(), Record()),
    ],
)
def test_an_action_is_resolved_when_it_starts(action: Command, resolved: Command):
    assert resolve_action(action, ENVIRON) == resolved


def test_what_goes_into_json_cannot_break_it():
    assert resolve_config('{"a":"${env:QUOTE}"}', ENVIRON) == '{"a":"a\\"b\\\\c"}'
    assert resolve_config("not json ${env:TOKEN}", ENVIRON) == "not json s3cret"


def test_the_model_keeps_what_a_run_needs_as_it_is_written(folder: Folder):
    schedule = folder.task(
        """
        command = "x ${env:TOKEN}"
        env = { A = "${env:TOKEN}" }
        config = { a = "${env:TOKEN}" }
        """,
        environ=ENVIRON,
    )
    assert schedule.action == Command("x ${env:TOKEN}", (("A", "${env:TOKEN}"),))
    assert schedule.config == '{"a":"${env:TOKEN}"}'


def test_other_keys_are_replaced_when_the_file_is_read(folder: Folder):
    schedule = folder.task(
        """
        id = "${env:WHO}/job"
        timeout = "${env:TIMEOUT}"
        max_runs = "${env:RUNS}"
        enabled = "${env:ON}"
        tags = ["${env:WHO}"]
        description = "$${env:WHO}"
        """,
        environ={"WHO": "shop", "TIMEOUT": "5m", "RUNS": "3", "ON": "false"},
    )
    assert (schedule.id, schedule.tags, schedule.description) == ("shop/job", ("shop",), "${env:WHO}")
    assert (schedule.policy.timeout_ms, schedule.max_runs, schedule.enabled) == (300_000, 3, False)


def test_ids_are_compared_after_they_are_replaced(folder: Folder):
    (problem,) = folder.problems(
        '[[tasks]]\nid = "${env:A}"\ncron = "5m"\n[[tasks]]\nid = "x"\ncron = "5m"\n', environ={"A": "x"}
    )
    assert 'id = "x": is already taken at ' in problem


def test_every_reference_that_cannot_be_replaced_is_told_with_its_place(folder: Folder):
    assert folder.problems("""\
[engine]
environment = "${env:STAGE}"
[[tasks]]
id = "t"
cron = "5m"
command = ["x", "${env:ONE}"]
env = { A = "${file:/no/such}" }
config = { a = { b = "${env:TWO}" } }
timezone = "${env:ZONE}"
retry = -1
""") == [
        'c.toml:2: engine.environment = "${env:STAGE}": the environment variable STAGE is not set; set it, or write'
        " ${env:STAGE:-default}",
        'c.toml:6: tasks[0] "t": command[1]: the environment variable ONE is not set; set it, or write'
        " ${env:ONE:-default}",
        'c.toml:7: tasks[0] "t": env.A: ${file:/no/such} cannot be read: No such file or directory',
        'c.toml:8: tasks[0] "t": config.a.b: the environment variable TWO is not set; set it, or write'
        " ${env:TWO:-default}",
        'c.toml:9: tasks[0] "t": timezone = "${env:ZONE}": the environment variable ZONE is not set; set it, or'
        " write ${env:ZONE:-default}",
        'c.toml:10: tasks[0] "t": retry = -1: is out of range; accepted is 0 to 1,000',
    ]
