import pytest
from tests.config.documents import THREE_TASKS
from tests.config.writing import Folder

from cronsole.model.action import Command, Handler, Http, Record
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, from_iso
from cronsole.model.policy import (
    CircuitBreaker,
    Conditions,
    Delivery,
    Expect,
    Hours,
    Limits,
    Locking,
    MissedRunPolicy,
    OnEngineDeath,
    Overlap,
    Policy,
    Retry,
)
from cronsole.model.schedule import Origin
from cronsole.model.settings import KeepRuns, Settings
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, ManualSpec, OnceSpec, StartupSpec


def test_the_three_tasks_of_the_document_load_as_they_stand(folder: Folder):
    gc, report, warm = folder.load(THREE_TASKS.lstrip()).schedules
    assert (gc.id, gc.trigger, gc.action) == ("gc", IntervalSpec(5 * MINUTE), Record())
    assert (report.trigger, report.timezone) == (CronSpec("0 0 * * *"), "UTC")
    assert report.config == '{"recipients":["ops@example.com"]}'
    assert (warm.description, warm.origin.line) == ("warm edge cache for top 100 pages", 12)


def test_the_provider_that_is_built_in_may_be_named(folder: Folder):
    assert len(folder.load(THREE_TASKS + '[scheduled]\nprovider = "cron"\n').schedules) == 3


def test_an_unknown_provider_is_answered_with_those_that_are_installed(folder: Folder):
    assert folder.problems('[scheduled]\nprovider = "my-org-scheduler"\n') == [
        'c.toml:2: scheduled.provider = "my-org-scheduler": is not installed; installed are: cron'
    ]


def test_both_spellings_of_a_task_mean_the_same(folder: Folder):
    first, second = folder.load("""
        [[tasks]]
        id = "a"
        cron = "0 2 * * *"
        config_json = '{"deep":{"n":1},"list":[1,2]}'
        [[tasks]]
        name = "b"
        schedule = "0 2 * * *"
        handler = "pkg.mod:function"
        enabled = true
        config = { deep = { n = 1 }, list = [1, 2] }
    """).schedules
    assert first.trigger == second.trigger
    assert first.config == second.config
    assert second.action == Handler("pkg.mod:function")


@pytest.mark.parametrize("written", ["run_once", "RunOnce", "runOnce"])
def test_a_choice_is_read_in_snake_and_camel_case(folder: Folder, written: str):
    policy = folder.task(f'missed_run_policy = "{written}"').policy
    assert policy.missed_run_policy is MissedRunPolicy.RUN_ONCE


@pytest.mark.parametrize(
    ("written", "spec"),
    [
        ('cron = "@startup"', StartupSpec()),
        ('cron = "@manual"', ManualSpec()),
        ('every = "1h30m"', IntervalSpec(90 * MINUTE)),
        (
            'every = "2d"\nstart_at = 2026-01-01T06:00:00Z\nrun_at_start = true',
            IntervalSpec(2 * DAY, from_iso("2026-01-01T06:00Z"), True),
        ),
        ('cron = "30s"\nrun_at_start = true', IntervalSpec(30 * SECOND, None, True)),
        ('at = "2027-01-01T09:00"\ntimezone = "Europe/Berlin"', OnceSpec(at=from_iso("2027-01-01T08:00Z"))),
        ("at = 2027-01-01T09:00:00+02:00", OnceSpec(at=from_iso("2027-01-01T07:00Z"))),
        ('after = "5s"', OnceSpec(after_ms=5 * SECOND)),
    ],
)
def test_every_form_of_a_trigger_is_read(folder: Folder, written: str, spec: object):
    assert folder.task(written).trigger == spec


def test_a_command_is_a_line_for_the_shell_or_a_list_of_words(folder: Folder):
    assert folder.task('command = "a | b"').action == Command("a | b")
    assert folder.task('command = ["a", "b c"]').action == Command(("a", "b c"))


def test_all_that_goes_with_a_command_is_read_and_paths_start_at_the_file(folder: Folder):
    action = folder.task("""
        command = "true"
        env = { A = "x", N = 5, YES = true }
        env_file = "run.env"
        cwd = "/srv"
        user = "www"
    """).action
    assert action == Command(
        "true", (("A", "x"), ("N", "5"), ("YES", "true")), str(folder.path / "run.env"), "/srv", "www"
    )


def test_an_http_request_is_a_url_or_a_table(folder: Folder):
    assert folder.task('http = "https://example.com/hook"').action == Http("https://example.com/hook")
    assert folder.task("""
        http = { url = "http://h:8080/", method = "post", headers = { X-A = "1" }, body = "{}",
                 expect_status = [200, 204], connect_timeout = "2s" }
    """).action == Http("http://h:8080/", "POST", (("X-A", "1"),), "{}", (200, 204), 2000)


def test_every_promise_and_limit_is_read(folder: Folder):
    assert folder.task("""
        delivery = "at_least_once"
        missed_run_policy = "RunAll"
        late_grace = "10s"
        catchup_window = "2d"
        catchup_limit = 5
        overlap = "allow"
        max_parallel = 3
        queue_limit = 7
        locking = "RequireGlobal"
        jitter_ms = 1500
        timeout = "90s"
        kill_grace = "1s"
        retry = { attempts = 2, delay = "1s", backoff = 1.5, max_delay = "10s", jitter = "500ms" }
        circuit_breaker = { threshold = 5, reset_after = "1m" }
        pause_after_failures = 9
        expect = { exit_codes = [0, 3], output_has = "OK", output_lacks = ["a", "b"],
                   min_duration = "1s", max_duration = "1m" }
        limits = { memory = "512MB", cpu = "1500ms", nice = 5, output = 4096 }
        on_engine_death = "kill"
    """).policy == Policy(
        delivery=Delivery.AT_LEAST_ONCE,
        missed_run_policy=MissedRunPolicy.RUN_ALL,
        late_grace_ms=10 * SECOND,
        catchup_window_ms=2 * DAY,
        catchup_limit=5,
        overlap=Overlap.ALLOW,
        max_parallel=3,
        queue_limit=7,
        locking=Locking.REQUIRE_GLOBAL,
        jitter_ms=1500,
        timeout_ms=90 * SECOND,
        kill_grace_ms=SECOND,
        retry=Retry(2, SECOND, 1.5, 10 * SECOND, 500),
        circuit_breaker=CircuitBreaker(5, MINUTE),
        pause_after_failures=9,
        expect=Expect(frozenset({0, 3}), ("OK",), ("a", "b"), SECOND, MINUTE),
        limits=Limits(512 * 1024**2, 2, 5, 4096),
        on_engine_death=OnEngineDeath.KILL,
    )


def test_retry_may_be_a_number(folder: Folder):
    assert folder.task("retry = 3").policy.retry == Retry(attempts=3)


def test_a_first_wait_longer_than_the_longest_by_default_sets_the_longest(folder: Folder):
    assert folder.task('retry = { delay = "2h" }').policy.retry.max_delay_ms == 2 * HOUR


def test_what_may_run_in_parallel_without_a_limit_of_its_own_is_limited_by_the_engine(folder: Folder):
    (schedule,) = folder.load("""
        [engine]
        max_running = 7
        [[tasks]]
        id = "t"
        cron = "5m"
        overlap = "allow"
    """).schedules
    assert schedule.policy.max_parallel == 7


def test_the_rest_of_a_task_is_read(folder: Folder):
    schedule = folder.task(
        """
        id = "Über/täglich:1"
        tags = ["db", "db", "nightly"]
        enabled = false
        timezone = "Asia/Tokyo"
        dst = "physical"
        start = 2026-12-01
        end = 2027-01-01T00:00:00
        max_runs = 5
    """.replace("2026-12-01\n", "2026-12-01T00:00:00\n")
    )
    assert (schedule.id, schedule.tags, schedule.enabled) == ("Über/täglich:1", ("db", "nightly"), False)
    assert (schedule.timezone, schedule.dst, schedule.max_runs) == ("Asia/Tokyo", DstPolicy.PHYSICAL, 5)
    assert schedule.start == from_iso("2026-12-01T00:00+09:00")
    assert schedule.end == from_iso("2027-01-01T00:00+09:00")


def test_the_engine_is_told_about_itself(folder: Folder):
    settings = folder.load("""
        [engine]
        state_dir = "state"
        environment = "staging"
        timezone = "Europe/Berlin"
        max_running = 4
        tag_limits = { web = 3, db = 2 }
        shutdown_grace = "1m"
        on_engine_death = "kill"
        keep = { successes = 5, failures = 6, success_age = "1d", failure_age = "never" }
        backup_every = "never"
        watch_files = false
    """).settings
    assert settings == Settings(
        state_dir=str(folder.path / "state"),
        environment="staging",
        timezone="Europe/Berlin",
        max_running=4,
        tag_limits=(("db", 2), ("web", 3)),
        shutdown_grace_ms=MINUTE,
        on_engine_death=OnEngineDeath.KILL,
        keep=KeepRuns(5, 6, DAY, None),
        backup_every_ms=None,
        watch_files=False,
    )


def test_tasks_without_a_zone_are_in_the_zone_of_the_engine(folder: Folder):
    (schedule,) = folder.load("""
        [engine]
        timezone = "Europe/Berlin"
        [[tasks]]
        id = "t"
        at = "2027-01-01T09:00"
    """).schedules
    assert schedule.timezone == "Europe/Berlin"
    assert schedule.trigger == OnceSpec(at=from_iso("2027-01-01T08:00Z"))


def test_equal_values_are_one_object(folder: Folder):
    first, second = folder.load("""
        [[tasks]]
        id = "a"
        cron = "*/5 * * * *"
        retry = { attempts = 2 }
        tags = ["db"]
        [[tasks]]
        id = "b"
        cron = "*/5 * * * *"
        tags = ["db"]
        retry = 2
    """).schedules
    assert first.policy is second.policy
    assert first.tags is second.tags
    assert first.trigger is second.trigger


def test_a_task_knows_its_file_and_line(folder: Folder):
    (schedule,) = folder.load('\n\n[[tasks]]\nid = "t"\ncron = "5m"\n').schedules
    assert schedule.origin == Origin(name=str(folder.path / "c.toml"), line=3)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ('"mon-fri"', {0, 1, 2, 3, 4}),
        ('["Monday", "sun"]', {0, 6}),
        ("[0, 7, 1]", {6, 0}),
        ('"fri-mon"', {4, 5, 6, 0}),
        ('"sat, sun"', {5, 6}),
        ("3", {2}),
    ],
)
def test_days_are_named_numbered_or_spanned(folder: Folder, written: str, days: set[int]):
    assert folder.task(f"conditions = {{ days = {written} }}").policy.conditions.days == days


def test_hours_may_be_several_and_go_over_midnight(folder: Folder):
    conditions = folder.task(
        'conditions = { hours = ["9:00-17:30", "22:00-06:00", "00:00-24:00"] }'
    ).policy.conditions
    assert conditions.hours == (Hours(540, 1050), Hours(1320, 360), Hours(0, 1440))


def test_every_gate_is_read(folder: Folder):
    conditions = folder.task("""
        timezone = "Europe/Berlin"
        [tasks.conditions]
        environment = ["staging", "demo"]
        session_active = true
        timezone = "Asia/Tokyo"
        expression = "last.state != 'failed'"
        [tasks.conditions.calendar]
        country = "DE"
        subdivision = "BY"
        dates = [2026-12-24, "2026-12-31"]
        blackouts = [{ start = "2026-12-01T00:00", end = "2026-12-02T00:00" }]
    """).policy.conditions
    assert isinstance(conditions, Conditions)
    assert conditions.environment == {"staging", "demo"}
    assert (conditions.session_active, conditions.timezone) == (True, "Asia/Tokyo")
    assert conditions.expression == "last.state != 'failed'"
    calendar = conditions.calendar
    assert calendar is not None
    assert (calendar.country, calendar.subdivision) == ("DE", "BY")
    assert calendar.dates == {"2026-12-24", "2026-12-31"}
    assert calendar.blackouts[0].start == from_iso("2026-12-01T00:00+09:00")
    assert calendar.blackouts[0].end - calendar.blackouts[0].start == 24 * HOUR
