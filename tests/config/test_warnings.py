import pytest
from tests.config.writing import Folder


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('cron = "0 0 0 1 1 * 2020"', "never fires: no time that it names is still to come"),
        ('cron = "@daily"\nend = "2026-11-01"', "never fires: it ended at 2026-11-01T00:00Z"),
        (
            'cron = "0 0 1 1 *"\nend = "2026-12-01"',
            "never fires: its next time, 2027-01-01T00:00Z, is after end",
        ),
        (
            'cron = "0 0 1 1 *"\nstart = "2027-01-02"\nend = "2027-12-01"',
            "never fires: its next time, 2028-01-01T00:00Z, is after end",
        ),
        ('cron = "@daily"\nmax_runs = 0', "never fires: max_runs is 0"),
        ('at = "2026-11-01"', "never fires, unless it has already: 2026-11-01T00:00Z is in the past"),
        (
            'every = "100ms"',
            "fires every 100ms, more often than once a second; nothing promises that it keeps up",
        ),
        ('every = "1m"\njitter = "1m"', "has a jitter of 1m, but fires every 1m; it is cut to fit"),
        (
            'cron = "* * * * *"\ntimeout = "5m"',
            "fires every 1m but may take 5m: slots are skipped meanwhile; write overlap to say what is meant",
        ),
        (
            'cron = "0,20 * * * *"\nexpect = { max_duration = "30m" }',
            "fires every 20m but may take 30m: slots are skipped meanwhile; write overlap to say what is meant",
        ),
        ('every = "1m"\nmax_parallel = 2', 'max_parallel means nothing with overlap = "skip"'),
        (
            'every = "1m"\noverlap = "queue_one"\nqueue_limit = 2',
            'queue_limit means nothing with overlap = "queue_one"',
        ),
        (
            'every = "1m"\ncatchup_limit = 2',
            'catchup_limit means nothing with missed_run_policy = "run_once"',
        ),
        (
            'cron = "@manual"\njitter = "5m"\nmissed_run_policy = "skip"',
            'missed_run_policy, jitter mean nothing with cron = "@manual"',
        ),
        ('cron = "@manual"\nmax_runs = 3', 'max_runs means nothing with cron = "@manual"'),
        (
            'cron = "30 2 * * *"\ntimezone = "Europe/Berlin"',
            "`30 2 * * *` in Europe/Berlin falls into the gap of 2027-03-28 (02:00–03:00): fires at 03:00",
        ),
    ],
)
def test_what_is_right_in_form_and_surely_not_meant_is_told(folder: Folder, written: str, told: str):
    assert folder.warnings(f'[[tasks]]\nid = "t"\n{written}\n') == [f'c.toml:1: tasks[0] "t": {told}']


@pytest.mark.parametrize(
    "written",
    [
        'cron = "@startup"',
        'cron = "@manual"\noverlap = "allow"\ntimeout = "5m"',
        'after = "5s"',
        'at = "2027-11-01"',
        'cron = "@daily"\nend = "2026-11-01"\nenabled = false',
        'cron = "* * * * *"\ntimeout = "5m"\noverlap = "skip"',
        'cron = "30 2 * * *"',
        'cron = "*/5 * * * *"\ntimezone = "Europe/Berlin"',
        'cron = "H H * * *"\ntimezone = "Europe/Berlin"',
        'every = "1m"\noverlap = "allow"\nmax_parallel = 2\nqueue_limit = 3',
    ],
)
def test_what_may_well_be_meant_is_not_told(folder: Folder, written: str):
    assert folder.warnings(f'[[tasks]]\nid = "t"\n{written}\n') == []


def test_a_timeout_that_all_tasks_share_says_nothing_about_one(folder: Folder):
    assert folder.warnings('[defaults]\ntimeout = "1h"\n[[tasks]]\nid = "t"\ncron = "5m"\n') == []


def test_a_secret_on_a_command_line_is_told(folder: Folder):
    secret = folder.write("x", "secret")
    (warning,) = folder.warnings(f'[[tasks]]\nid = "t"\ncron = "5m"\ncommand = ["a", "${{file:{secret}}}"]\n')
    assert warning.endswith(
        "puts a secret's file into its command line, where every user sees it; put it into env"
    )


def test_warnings_beyond_two_hundred_are_counted(folder: Folder):
    warnings = folder.warnings("".join(f'[[tasks]]\nid = "t{n}"\nevery = "10ms"\n' for n in range(1500)))
    assert len(warnings) == 201
    assert warnings[-1] == "c.toml: and 1,300 more warnings"
