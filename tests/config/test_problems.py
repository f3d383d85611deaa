"""What is said about each kind of mistake, word for word."""

import pytest
from tests.config.writing import Folder

from cronsole.config.available import UNAVAILABLE
from cronsole.errors import MissingExtra

ANY = 'cron = "5m"\n'


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('time_out = "5m"', 'time_out = "5m": unknown key; did you mean "timeout"?'),
        (
            'timeout = "5 moons"',
            "timeout = \"5 moons\": has the unknown unit 'moons'; accepted are w, d, h, m, s, ms",
        ),
        ("timeout = 90", 'timeout = 90: is a number without a unit; write "90s" for seconds'),
        (
            'timeout = "0s"',
            'timeout = "0s": is no time at all; accepted is a duration such as 90s, 5m, 1h30m or 2d',
        ),
        (
            "timeout = true",
            "timeout = true: is a truth value; accepted is a duration such as 90s, 5m, 1h30m or 2d",
        ),
        ('enabled = "yes"', 'enabled = "yes": is text; accepted is true or false, without quotes'),
        ("description = 5", "description = 5: is a number; accepted is text in quotes"),
        ("max_runs = -1", "max_runs = -1: is out of range; accepted is 0 to 1,000,000,000"),
        ('max_runs = "5"', 'max_runs = "5": is text; accepted is a whole number, without quotes'),
        ("max_runs = true", "max_runs = true: is a truth value; accepted is a whole number, without quotes"),
        (
            'overlap = "que_one"',
            'overlap = "que_one": accepted is one of skip, queue_one, queue_all, cancel_old, kill_old, allow;'
            ' did you mean "queue_one"?',
        ),
        ("retry = -1", "retry = -1: is out of range; accepted is 0 to 1,000"),
        ("retry = { attempt = 1 }", 'retry.attempt = 1: unknown key; did you mean "attempts"?'),
        (
            'retry = { delay = "2m", max_delay = "1m" }',
            "retry = {…}: has a max_delay shorter than its delay",
        ),
        ("retry = { backoff = nan }", "retry.backoff = nan: is out of range; accepted is 1 to 100"),
        (
            'retry = "x"',
            'retry = "x": is text; accepted is a number of retries, or a table {attempts, delay, backoff, max_delay,'
            " jitter}",
        ),
        ('tags = ["a", 5]', "tags[1] = 5: is a number; accepted is text in quotes"),
        ('tags = ["a\\u001b[0m"]', 'tags[0] = "a\\x1b[0m": holds a line end or a control character'),
        (
            'timezone = "Europ/Berlin"',
            "timezone = \"Europ/Berlin\": unknown time zone 'Europ/Berlin'; did you mean 'Europe/Berlin'?",
        ),
        (
            'conditions = { days = ["tuezday"] }',
            'conditions.days[0] = "tuezday": is not a day of the week; accepted are mon or Monday, 0 (Sunday) to'
            ' 7 (Sunday again), and ranges such as mon-fri; did you mean "tuesday"?',
        ),
        (
            'conditions = { hours = "09:00-09:00" }',
            'conditions.hours = "09:00-09:00": starts and ends at the same minute; leave it out for the whole day',
        ),
        (
            'conditions = { hours = ["9-17"] }',
            'conditions.hours[0] = "9-17": is not a span of hours; accepted is "09:00-17:00", or "22:00-06:00" over'
            " midnight",
        ),
        (
            'conditions = { calendar = { country = "XX" } }',
            "conditions.calendar.country = \"XX\": no holidays are known for 'XX'; accepted are codes such as DE or"
            " US, with a subdivision such as BY or CA",
        ),
        (
            'conditions = { calendar = { subdivision = "BY" } }',
            "conditions.calendar.subdivision: means nothing without a country",
        ),
        (
            'conditions = { calendar = { dates = ["2026-02-30"] } }',
            'conditions.calendar.dates[0] = "2026-02-30": is no day of any calendar: day is out of range for month',
        ),
        (
            'conditions = { calendar = { blackouts = [{ start = "2026-12-01T00:00" }] } }',
            "conditions.calendar.blackouts[0].end: is missing; a blackout has a start and an end",
        ),
        (
            'conditions = { expression = "1 +" }',
            "conditions.expression = \"1 +\": condition '1 +' is not CEL at line 1, column 3",
        ),
        (
            'limits = { memory = "lots" }',
            'limits.memory = "lots": is not a size; accepted is 64KB, 512MB or 2GB',
        ),
        (
            'expect = { output_has = "(" }',
            'expect.output_has = "(": is not a regular expression: missing ), unterminated subpattern at position 0',
        ),
        (
            'expect = { min_duration = "2s", max_duration = "1s" }',
            "expect = {…}: has a min_duration longer than its max_duration, so that no run succeeds",
        ),
        ('config = "x"', "config: is text; accepted is a table; JSON text goes under config_json"),
        (
            "config = {}\nconfig_json = '{}'",
            'config_json: is another spelling of "config", which is given too; keep one of them',
        ),
        (
            'start = "tomorrow"',
            'start = "tomorrow": is not a time: write it like 2026-03-29T02:30 or 2026-03-29T02:30:00+01:00',
        ),
        ('start = "2027-01-02"\nend = "2027-01-01"', 'end = "2027-01-01": is not after start'),
        ("run_at_start = true\ndescription = ''", None),
        ('cwd = "/tmp"', 'cwd = "/tmp": means nothing without a command'),
        ('call = "x"', 'call = "x": means nothing without a plugin'),
        ("command = ''", "command: is an empty command; leave the key out for a task that is only recorded"),
        ("command = []", "command: has 0 words; accepted are 1 to 4,096"),
        (
            "command = 5",
            'command: is a number; accepted is text for the shell, or a list of words such as ["rsync",'
            ' "-a", "from", "to"]',
        ),
        (
            'command = "a"\nhttp = "http://h"',
            "http: stands beside command; a task has one of command, handler, plugin, http, publish, celery",
        ),
        (
            'handler = "foo"',
            'handler = "foo": is not a function; accepted is "package.module:function", or "plugin::verb" of a plugin',
        ),
        ('http = "ftp://h"', "http: is not a URL; accepted is http://host/path or https://host/path"),
        ('http = { method = "GET" }', "http.url: is missing"),
        (
            'http = { url = "http://h", body = "x" }',
            "http.body: is not sent with GET; set method, such as POST",
        ),
        (
            'command = "a"\nenv = { "A-B" = "x" }',
            "env.A-B: is not a name of letters, digits and _, not starting with a digit",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key_and_value_and_what_is_accepted(
    folder: Folder, written: str, told: str | None
):
    if told is None:
        folder.load(f'[[tasks]]\nid = "t"\n{ANY}{written}')
    else:
        assert folder.problem(ANY + written) == told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            'cron = "61 * * * *"',
            "cron = \"61 * * * *\": minute (column 1 of '61 * * * *'): 61 is out of range; accepted are 0–59",
        ),
        ('cron = "@dayly"', "cron = \"@dayly\": is not known; did you mean '@daily'?"),
        (
            "cron = 5",
            'cron = 5: is a number; accepted is an expression such as "*/5 * * * *", "@daily" or "5m"',
        ),
        (
            'every = "0s"',
            'every = "0s": is no time at all; accepted is a duration such as 90s, 5m, 1h30m or 2d',
        ),
        ('every = "5m"\ncron = "5m"', "every: stands beside cron; a task has one of cron, every, at, after"),
        (
            'cron = "5m"\nschedule = "5m"',
            'schedule = "5m": is another spelling of "cron", which is given too; keep one of them',
        ),
        (
            'cron = "@daily"\nrun_at_start = true',
            "run_at_start = true: means nothing without an interval, as every or cron gives one",
        ),
        ("", "cron: is missing; a task has one of cron, every, at, after"),
    ],
)
def test_a_mistake_in_a_trigger_is_told(folder: Folder, written: str, told: str):
    assert folder.problem(written) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Nightly backup", 'did you mean "Nightly-backup"?'),
        ("a[b]", 'did you mean "a-b"?'),
        ("-x", 'did you mean "x"?'),
        ("x" * 201, "has 201 characters; accepted are 200"),
        ("", "is empty; an id is what a task is called by"),
    ],
)
def test_an_id_that_cannot_be_typed_or_shown_is_refused(folder: Folder, name: str, told: str):
    (problem,) = folder.problems(f'[[tasks]]\nname = "{name}"\ncron = "5m"\n')
    assert problem.endswith(told)


@pytest.mark.parametrize("name", ["a\\u001bb", "a\\u202eb", "a\\nb", "\\u0000"])
def test_an_id_holds_nothing_that_a_terminal_obeys_and_neither_does_the_problem(folder: Folder, name: str):
    (problem,) = folder.problems(f'[[tasks]]\nid = "{name}"\ncron = "5m"\n')
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("written", "feature"),
    [
        ('publish = { channel = "c", message = "m", url = "redis://h" }', "publish"),
        ('celery = { task = "t", broker = "redis://h", args = [1], kwargs = { a = 1 } }', "celery"),
    ],
)
def test_what_no_executor_carries_out_yet_is_refused(folder: Folder, written: str, feature: str):
    assert folder.problem(ANY + written).endswith(
        f": {UNAVAILABLE[feature]} is not available in this version"
    )


def test_an_option_of_what_is_not_available_is_checked_first(folder: Folder):
    assert folder.problem(ANY + 'publish = { channel = "c", massage = "m" }') == (
        'publish.massage: unknown key; did you mean "message"?'
    )


def test_a_missing_extra_is_told_when_the_file_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    def compile_condition(_expression: str) -> None:
        raise MissingExtra("a condition expression", "conditions")

    monkeypatch.setattr("cronsole.config.gates.compile_condition", compile_condition)
    assert folder.problem(ANY + "conditions = { expression = 'true' }") == (
        'conditions.expression = "true": a condition expression needs an extra: '
        "pip install 'cronsole[conditions]'"
    )


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_their_lines(folder: Folder):
    assert folder.problems("""\
[engine]
max_runing = 3
keep = { successes = -1 }

[task]
x = 1

[[tasks]]
id = "gc"
time_out = "5m"
cron = "5m"
retry = { attempts = 1, delay = 5 }

[[tasks]]
description = "nothing else"

[[tasks]]
id = "gc"
cron = "5m"
[tasks.conditions]
hours = ["x-y"]
""") == [
        'c.toml:2: engine.max_runing = 3: unknown key; did you mean "max_running"?',
        "c.toml:3: engine.keep.successes = -1: is out of range; accepted is 0 to 1,000,000,000",
        'c.toml:5: task: unknown key; did you mean "tasks"?',
        'c.toml:10: tasks[0] "gc": time_out = "5m": unknown key; did you mean "timeout"?',
        'c.toml:12: tasks[0] "gc": retry.delay = 5: is a number without a unit; write "5s" for seconds',
        "c.toml:14: tasks[1]: id: is missing; every task has one, as id or as name",
        "c.toml:14: tasks[1]: cron: is missing; a task has one of cron, every, at, after",
        'c.toml:21: tasks[2] "gc": conditions.hours[0] = "x-y": is not a span of hours; accepted is "09:00-17:00",'
        ' or "22:00-06:00" over midnight',
        f'c.toml:18: tasks[2] "gc": id = "gc": is already taken at {folder.path}/c.toml:8; every task has an id of'
        " its own".replace(f"{folder.path}/", ""),
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "tasks = 5",
            "c.toml:1: tasks: is a number; accepted is a list of tables, written as [[tasks]] headers",
        ),
        (
            "[tasks]\nid = 1",
            "c.toml:1: tasks: is a table; accepted is a list of tables, written as [[tasks]] headers",
        ),
        ("tasks = [5]", "c.toml:1: tasks[0] = 5: is a number; accepted is a table"),
        ("engine = 5", "c.toml:1: engine = 5: is a number; accepted is a table"),
        ("defaults = 5", "c.toml:1: defaults = 5: is a number; accepted is a table"),
        ("include = 5", "c.toml:1: include = 5: is a number; accepted is text or a list of texts"),
    ],
)
def test_a_table_that_is_none_is_told(folder: Folder, written: str, told: str):
    assert folder.problems(written) == [told]


def test_what_may_be_a_secret_is_not_repeated(folder: Folder):
    problems = folder.problems("""
        [[tasks]]
        id = "t"
        cron = "5m"
        command = ["curl", "hunter2\\u0000"]
        env = { "A B" = "hunter2" }
        config_json = { token = "hunter2" }
        http = "hunter2"
    """)
    assert len(problems) == 5
    assert "hunter2" not in "".join(problems)


def test_a_hundred_mistakes_in_a_long_file_are_each_told_with_their_line(folder: Folder):
    tasks = "".join(
        f'[[tasks]]\nid = "t{n}"\ncron = "5m"\nretry = {"-1" if n % 10 == 0 else "1"}\n' for n in range(1000)
    )
    problems = folder.problems(tasks)
    assert len(problems) == 100
    assert problems[-1].startswith('c.toml:3964: tasks[990] "t990": retry = -1: ')


def test_choosing_nodes_is_refused_until_there_is_a_fleet(folder: Folder):
    (problem,) = folder.problems('[[tasks]]\nid = "t"\ncron = "5m"\nnodes = "all"\n')
    assert "c.toml:4" in problem
    assert "choosing the nodes of a fleet is not available in this version" in problem
