import pytest
from tests.config.writing import Folder

from cronsole.model.action import Command
from cronsole.model.trigger import CronSpec


def test_a_yaml_file_says_the_same_as_a_toml_file(folder: Folder):
    in_yaml = folder.load(
        """\
engine:
  tag_limits: {db: 2}
defaults:
  timeout: 1m
tasks:
  - id: a
    cron: '*/5 * * * *'
    command: [echo, "x"]
    retry: {attempts: 2, backoff: 1.5}
    tags: [db]
  - name: b
    every: 5m
    enabled: false
""",
        "c.yaml",
    )
    in_toml = folder.load("""\
[engine]
tag_limits = { db = 2 }
[defaults]
timeout = "1m"
[[tasks]]
id = "a"
cron = "*/5 * * * *"
command = ["echo", "x"]
retry = { attempts = 2, backoff = 1.5 }
tags = ["db"]
[[tasks]]
name = "b"
every = "5m"
enabled = false
""")
    assert in_yaml.settings == in_toml.settings
    assert [(s.id, s.trigger, s.action, s.policy, s.enabled) for s in in_yaml.schedules] == [
        (s.id, s.trigger, s.action, s.policy, s.enabled) for s in in_toml.schedules
    ]
    assert [s.origin.line for s in in_yaml.schedules] == [6, 11]


def test_anchors_aliases_and_merges_are_written_out(folder: Folder):
    first, second = folder.load(
        """\
tasks:
  - &base
    id: a
    cron: 0 2 * * *
    timeout: 1m
    retry: 2
  - <<: *base
    id: b
    retry: 3
""",
        "c.yaml",
    ).schedules
    assert second.trigger == CronSpec("0 2 * * *")
    assert (second.id, second.policy.timeout_ms, second.policy.retry.attempts) == ("b", 60_000, 3)
    assert (first.policy.retry.attempts, second.origin.line) == (2, 7)


def test_words_that_older_yaml_took_for_truth_or_time_are_text(folder: Folder):
    (schedule,) = folder.load(
        "tasks: [{id: no, cron: 5m, command: [12:30, 2026-01-01, on, ~x], conditions: {hours: 09:00-17:00}}]",
        "c.yml",
    ).schedules
    assert (schedule.id, schedule.action) == ("no", Command(("12:30", "2026-01-01", "on", "~x")))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b: c", "c.yaml:1: YAML syntax: mapping values are not allowed in this context (column 5)"),
        (
            "tasks: [",
            "c.yaml:2: YAML syntax: while parsing a flow node, did not find expected node content (column 1)",
        ),
        ("a: \x07", "c.yaml:1: YAML syntax: control characters are not allowed"),
        ("- a", "c.yaml:1: holds no table at its top; write `tasks:` with a list under it"),
        ("a: 1\n---\nb: 1", "c.yaml:2: a second document begins; one file holds one (column 1)"),
        ("engine:\n  max_running: 1\n  max_running: 2", 'c.yaml:3: the key "max_running" stands here twice'),
        ("? [a]\n: b", "c.yaml:1: a key must be text (column 3)"),
        ("a: *nobody", "c.yaml:1: the alias *nobody has no anchor before it (column 4)"),
        ("a: &x [*x]", "c.yaml:1: the alias *x has no anchor before it (column 8)"),
        (
            "a: !!python/name:os.system x",
            "c.yaml:1: the tag tag:yaml.org,2002:python/name:os.system is not accepted (column 4)",
        ),
        ("a: " + "[" * 100_000, "c.yaml:1: is nested too deeply (column 67)"),
        ("<<: 5\na: 1", "c.yaml:1: << must name a table or a list of tables"),
    ],
)
def test_a_file_that_is_no_yaml(folder: Folder, text: str, told: str):
    assert folder.problems(text, "c.yaml") == [told]


def test_a_bomb_of_aliases_is_defused(folder: Folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (problem,) = folder.problems("\n".join(lines), "c.yaml")
    assert problem.startswith("c.yaml:7: its aliases stand for more than can be meant")


def test_a_mistake_in_yaml_is_told_with_its_line(folder: Folder):
    assert folder.problems(
        """\
engine:
  timezone: Mars
tasks:
  - id: a
    cron: 5m
    retry:
      delay: 5
    tags:
      - x
      - 5
  - 5
""",
        "c.yaml",
    ) == [
        "c.yaml:2: engine.timezone = \"Mars\": unknown time zone 'Mars', such as Europe/Berlin",
        'c.yaml:7: tasks[0] "a": retry.delay = 5: is a number without a unit; write "5s" for seconds',
        'c.yaml:10: tasks[0] "a": tags[1] = 5: is a number; accepted is text in quotes',
        "c.yaml:11: tasks[1] = 5: is a number; accepted is a table",
    ]
