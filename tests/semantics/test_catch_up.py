from tests.semantics.story import at, entries, job, story, takes

from cronsole.model.instant import HOUR, MINUTE, SECOND
from cronsole.model.policy import MissedRunPolicy, Overlap, Policy
from cronsole.simulate.happenings import Down, Sleep, Step

SKIP = Policy(missed_run_policy=MissedRunPolicy.SKIP)
RUN_ALL = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL)
OUTAGE = Down(begin=at("01:30"), end=at("04:30"))


def test_in_ordinary_running_each_slot_runs_once():
    assert story(job("0 * * * *"), to="03:00") == ["00:00 succeeded", "01:00 succeeded", "02:00 succeeded"]


def test_a_schedule_never_seen_before_owes_nothing():
    assert story(job("0 * * * *"), since="01:00", to="02:30") == ["01:00 succeeded", "02:00 succeeded"]


def test_run_once_makes_one_run_for_the_newest_and_counts_what_it_stands_for():
    assert story(job("0 * * * *"), since="01:00", to="05:30", down=OUTAGE) == [
        "01:00 succeeded",
        "04:30 missed slot 03:00 ×2",
        "04:30 succeeded catchup slot 04:00 ×3",
        "05:00 succeeded",
    ]


def test_skip_runs_nothing_that_is_late():
    assert story(job("0 * * * *", SKIP), since="01:00", to="05:30", down=OUTAGE) == [
        "01:00 succeeded",
        "04:30 missed slot 04:00 ×3",
        "05:00 succeeded",
    ]


def test_skip_runs_the_newest_when_it_is_on_time():
    outage = Down(begin=at("01:30"), end=at("04:00:30"))
    assert story(job("0 * * * *", SKIP), since="01:00", to="04:30", down=outage)[1:] == [
        "04:00:30 missed slot 03:00 ×2",
        "04:00:30 succeeded slot 04:00",
    ]


def test_run_all_runs_every_slot_oldest_first():
    assert story(job("0 * * * *", RUN_ALL), since="01:00", to="05:00", down=OUTAGE)[1:] == [
        "04:30 succeeded catchup slot 02:00",
        "04:30 succeeded catchup slot 03:00",
        "04:30 succeeded catchup slot 04:00",
    ]


def test_run_all_runs_one_after_another_whatever_the_overlap_policy():
    policy = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL, overlap=Overlap.SKIP)
    told = story(job("0 * * * *", policy), since="01:10", to="05:00", down=OUTAGE, duration=takes(5 * MINUTE))
    assert told == [
        "04:35 succeeded catchup slot 02:00 started 04:30",
        "04:40 succeeded catchup slot 03:00 started 04:35",
        "04:45 succeeded catchup slot 04:00 started 04:40",
    ]


def test_the_on_time_slot_behind_a_run_all_catchup_waits_for_it():
    outage = Down(begin=at("01:30"), end=at("04:00"))
    told = story(
        job("0 * * * *", RUN_ALL), since="01:10", to="05:00", down=outage, duration=takes(5 * MINUTE)
    )
    assert told == [
        "04:05 succeeded catchup slot 02:00 started 04:00",
        "04:10 succeeded catchup slot 03:00 started 04:05",
        "04:15 succeeded slot 04:00 started 04:10",
    ]


def test_run_all_keeps_the_newest_up_to_the_limit():
    policy = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL, catchup_limit=1)
    assert story(job("0 * * * *", policy), since="01:10", to="05:00", down=OUTAGE) == [
        "04:30 missed slot 03:00 ×2",
        "04:30 succeeded catchup slot 04:00",
    ]


def test_slots_beyond_the_window_are_missed_and_counted():
    outage = Down(begin=at("00:30"), end=at("2026-03-04T00:30Z"))
    told = story(job("0 * * * *", RUN_ALL), since="00:10", to="2026-03-04T00:45Z", down=outage)
    assert told[0] == "03-04 00:30 missed slot 03-03 00:00 ×24"
    assert told[1] == "03-04 00:30 succeeded catchup slot 03-03 01:00"
    assert len(told) == 1 + 24


def test_a_slot_up_to_the_grace_late_is_on_time():
    outage = Down(begin=at("00:30"), end=at("01:01"))
    assert story(job("0 * * * *"), since="00:10", to="01:30", down=outage) == ["01:01 succeeded slot 01:00"]


def test_a_slot_later_than_the_grace_is_a_catchup():
    outage = Down(begin=at("00:30"), end=at("01:01:01"))
    assert story(job("0 * * * *"), since="00:10", to="01:30", down=outage) == [
        "01:01:01 succeeded catchup slot 01:00"
    ]


def test_a_suspend_is_caught_up_like_a_restart():
    sleep = Sleep(begin=at("01:30"), end=at("04:30"))
    restarted = story(job("0 * * * *"), since="01:10", to="05:30", down=OUTAGE)
    assert story(job("0 * * * *"), since="01:10", to="05:30", sleep=sleep) == restarted


def test_a_forward_clock_step_is_caught_up_like_a_restart():
    step = Step(at=at("01:30"), by=3 * HOUR)
    restarted = story(job("0 * * * *"), since="01:10", to="04:50", down=OUTAGE)
    assert story(job("0 * * * *"), since="01:10", to="01:50", step=step) == restarted


def test_catchups_of_many_schedules_are_spread():
    many = [job("0 * * * *", id=f"job-{number}") for number in range(100)]
    told = entries(*many, since="01:10", to="05:00", down=OUTAGE)
    starts = {entry.start for entry in told if entry.start is not None}
    assert len(starts) > 80
    assert at("04:30") <= min(starts)
    assert max(starts) < at("04:30") + 5 * SECOND


def test_a_catchup_of_one_schedule_starts_at_once():
    assert "04:30 succeeded catchup slot 04:00 ×3" in story(
        job("0 * * * *"), since="01:10", to="05:00", down=OUTAGE
    )


def test_a_slot_at_the_instant_of_a_restart_is_on_time():
    outage = Down(begin=at("00:30"), end=at("01:00"))
    assert story(job("0 * * * *"), since="00:10", to="01:30", down=outage) == ["01:00 succeeded"]
