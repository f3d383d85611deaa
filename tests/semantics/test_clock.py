from tests.semantics.story import at, job, notes, story, takes

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND
from cronsole.model.policy import MissedRunPolicy, Policy, Retry
from cronsole.simulate.happenings import Failure, PauseAt, Sleep, Step

HOURLY = "0 * * * *"
RUN_ALL = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL)
BACK_90 = Step(at=at("03:30"), by=-90 * MINUTE)
BACK_4H = Step(at=at("06:30"), by=-4 * HOUR)
TEN_YEARS = 3653 * DAY


def test_a_clock_that_goes_back_a_little_waits_for_the_watermark():
    assert story(job(HOURLY), since="02:00", to="06:00", step=BACK_90) == [
        "02:00 succeeded",
        "03:00 succeeded",
        "04:00 succeeded",
    ]


def test_going_back_a_little_moves_no_watermark():
    assert notes(job(HOURLY), since="02:00", to="06:00", step=BACK_90) == [
        "02:00 the clock is set back by 1h 30m"
    ]


def test_a_clock_that_goes_far_back_moves_the_watermark_and_warns():
    assert notes(job(HOURLY), to="08:00", step=BACK_4H) == [
        "02:30 the clock is set back by 4h",
        "02:30 the clock is far behind the ledger: 1 schedules start again from now",
    ]


def test_a_slot_that_has_a_row_does_not_fire_again_however_far_the_clock_goes_back():
    told = story(job(HOURLY), to="12:00", step=BACK_4H)
    assert told == [f"0{hour}:00 succeeded" for hour in range(8)]


def test_after_ten_years_ahead_and_back_firing_resumes():
    steps = (Step(at=at("01:30"), by=TEN_YEARS), Step(at=at("02:30"), by=-TEN_YEARS))
    told = story(job(HOURLY), to="05:30", step=steps)
    assert told[:2] == ["00:00 succeeded", "01:00 succeeded"]
    assert told[-3:] == ["03:00 succeeded", "04:00 succeeded", "05:00 succeeded"]


def test_ten_years_ahead_are_no_storm():
    steps = (Step(at=at("01:30"), by=TEN_YEARS), Step(at=at("02:30"), by=-TEN_YEARS))
    assert len(story(job("* * * * *", RUN_ALL), since="01:20", to="01:40", step=steps[0])) < 200


def test_a_forward_step_does_not_cut_a_run_short():
    step = Step(at=at("00:10"), by=HOUR)
    told = story(
        job("0 0 * * *", Policy(timeout_ms=40 * MINUTE)), to="01:30", step=step, duration=takes(30 * MINUTE)
    )
    assert told == ["01:30 succeeded slot 00:00"]


def test_time_asleep_does_not_count_against_the_timeout():
    policy = Policy(timeout_ms=40 * MINUTE)
    sleep = Sleep(begin=at("00:10"), end=at("05:10"))
    told = story(job("0 0 * * *", policy), to="06:00", sleep=sleep, duration=takes(30 * MINUTE))
    assert told == ["05:30 succeeded slot 00:00"]


def test_nothing_starts_in_a_machine_that_sleeps():
    sleep = Sleep(begin=at("00:30"), end=at("02:30"))
    assert story(job(HOURLY, RUN_ALL), since="00:10", to="02:45", sleep=sleep) == [
        "02:30 succeeded catchup slot 01:00",
        "02:30 succeeded catchup slot 02:00",
    ]


def test_a_retry_whose_time_passes_in_sleep_starts_at_the_wake():
    policy = Policy(retry=Retry(attempts=1, delay_ms=10 * MINUTE))
    sleep = Sleep(begin=at("00:05"), end=at("00:45"))
    told = story(job("0 0 * * *", policy), to="01:00", sleep=sleep, failure=Failure(attempts=1))
    assert told == ["00:00 failed", "00:45 succeeded #2 slot 00:00"]


def test_a_small_step_forward_within_the_grace_makes_no_catchup():
    step = Step(at=at("00:59:50"), by=30 * SECOND)
    assert story(job(HOURLY), since="00:10", to="01:30", step=step) == ["01:00:20 succeeded slot 01:00"]


def test_a_pause_still_holds_when_the_clock_goes_far_back():
    steps = (Step(at=at("01:30"), by=TEN_YEARS), Step(at=at("02:30"), by=-TEN_YEARS))
    told = story(job(HOURLY), to="04:30", step=steps, pause=PauseAt(at=at("01:40")))
    assert told[-2:] == ["03:00 skipped(paused)", "04:00 skipped(paused)"]


def test_a_pause_that_ends_in_sleep_is_over_at_the_wake():
    pause = PauseAt(at=at("00:30"), until=at("02:30"))
    sleep = Sleep(begin=at("00:40"), end=at("03:30"))
    assert story(job(HOURLY), since="00:10", to="04:30", pause=pause, sleep=sleep) == [
        "03:30 skipped(paused) slot 02:00 ×2",
        "03:30 succeeded catchup slot 03:00",
        "04:00 succeeded",
    ]
