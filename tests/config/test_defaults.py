from tests.config.writing import Folder

from cronsole.model.action import Command, Http, Record
from cronsole.model.policy import Retry
from cronsole.model.trigger import CronSpec


def test_defaults_fill_in_what_a_task_does_not_say(folder: Folder):
    first, second = folder.load("""
        [defaults]
        timeout = "1m"
        retry = { attempts = 2, delay = "5s" }
        timezone = "Asia/Tokyo"
        tags = ["all"]
        [[tasks]]
        id = "a"
        cron = "@daily"
        [[tasks]]
        id = "b"
        cron = "@daily"
        retry = 1
        tags = []
    """).schedules
    assert (first.policy.timeout_ms, first.timezone, first.tags) == (60_000, "Asia/Tokyo", ("all",))
    assert first.policy.retry == Retry(2, 5000)
    assert (second.policy.retry, second.tags) == (Retry(1), ())


def test_defaults_apply_wherever_they_stand_in_the_file(folder: Folder):
    (schedule,) = folder.load('[[tasks]]\nid = "a"\ncron = "5m"\n[defaults]\ntimeout = "1m"\n').schedules
    assert schedule.policy.timeout_ms == 60_000


def test_variables_are_put_together_and_the_task_wins(folder: Folder):
    (schedule,) = folder.load("""
        [defaults]
        env = { A = "1", B = "2" }
        [[tasks]]
        id = "a"
        cron = "5m"
        command = "true"
        env = { B = "3" }
    """).schedules
    assert schedule.action == Command("true", (("A", "1"), ("B", "3")))


def test_what_goes_with_a_command_is_left_out_of_tasks_that_run_none(folder: Folder):
    record, request = folder.load("""
        [defaults]
        cwd = "/srv"
        env = { A = "1" }
        run_at_start = true
        [[tasks]]
        id = "a"
        cron = "5m"
        [[tasks]]
        id = "b"
        cron = "@daily"
        http = "http://h/"
    """).schedules
    assert (record.action, request.action) == (Record(), Http("http://h/"))
    assert request.trigger == CronSpec("0 0 * * *")


def test_the_action_of_a_task_takes_the_place_of_the_default_one(folder: Folder):
    plain, request = folder.load("""
        [defaults]
        command = "true"
        [[tasks]]
        id = "a"
        cron = "5m"
        cwd = "/srv"
        [[tasks]]
        id = "b"
        cron = "5m"
        http = "http://h/"
    """).schedules
    assert plain.action == Command("true", cwd="/srv")
    assert request.action == Http("http://h/")


def test_the_second_spelling_of_a_task_takes_the_place_of_the_first_one_in_the_defaults(folder: Folder):
    (schedule,) = folder.load("""
        [defaults]
        jitter = "10s"
        config = { a = 1 }
        [[tasks]]
        id = "a"
        cron = "5m"
        jitter_ms = 500
        config_json = "{}"
    """).schedules
    assert (schedule.policy.jitter_ms, schedule.config) == (500, "{}")


def test_an_included_file_starts_with_the_defaults_of_the_one_that_includes_it(folder: Folder):
    folder.write('[defaults]\nretry = 2\n[[tasks]]\nid = "b"\ncron = "5m"\n', "b.toml")
    first, second = folder.load("""
        include = "b.toml"
        [defaults]
        retry = 1
        timeout = "1m"
        [[tasks]]
        id = "a"
        cron = "5m"
    """).schedules
    assert (first.policy.retry.attempts, second.policy.retry.attempts) == (1, 2)
    assert second.policy.timeout_ms == 60_000


def test_a_mistake_in_the_defaults_is_told_once_and_at_its_place(folder: Folder):
    assert folder.problems("""\
[defaults]
id = "x"
retry = -1
time_out = "1m"
[[tasks]]
id = "a"
cron = "5m"
[[tasks]]
id = "b"
cron = "5m"
""") == [
        'c.toml:2: defaults.id = "x": belongs to one task; [defaults] fills in all other keys',
        "c.toml:3: defaults.retry = -1: is out of range; accepted is 0 to 1,000",
        'c.toml:4: defaults.time_out = "1m": unknown key; did you mean "timeout"?',
    ]
