from tests.semantics.story import at, in_process, job, story, takes

from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.policy import Delivery, OnEngineDeath, Overlap, Policy
from cronsole.model.settings import Settings
from cronsole.simulate.happenings import Down

DAILY = "0 0 * * *"
CRASH = Down(begin=at("00:10"), end=at("00:20"))
STOP = Down(begin=at("00:10"), end=at("00:20"), how="stop")


def test_a_command_survives_its_engine():
    told = story(job(DAILY), to="02:00", down=CRASH, duration=takes(HOUR))
    assert told == ["01:00 succeeded slot 00:00"]


def test_a_command_is_stopped_at_the_next_start_where_that_is_chosen():
    policy = Policy(on_engine_death=OnEngineDeath.KILL)
    told = story(job(DAILY, policy), to="02:00", down=CRASH, duration=takes(HOUR))
    assert told == ["00:20 cancelled slot 00:00"]


def test_work_in_the_engine_s_own_process_is_lost_with_it():
    told = story(in_process(DAILY), to="02:00", down=CRASH, duration=takes(HOUR))
    assert told == ["00:20 lost slot 00:00"]


def test_at_most_once_starts_no_second_attempt_of_a_lost_run():
    policy = Policy(delivery=Delivery.AT_MOST_ONCE)
    assert len(story(in_process(DAILY, policy), to="02:00", down=CRASH, duration=takes(HOUR))) == 1


def test_at_least_once_follows_a_lost_attempt_with_another():
    policy = Policy(delivery=Delivery.AT_LEAST_ONCE)
    told = story(in_process(DAILY, policy), to="02:00", down=CRASH, duration=takes(HOUR))
    assert told == ["00:20 lost slot 00:00", "01:20 succeeded #2 slot 00:00 started 00:20"]


def test_a_survivor_is_not_overlapped():
    told = story(job("*/30 * * * *"), to="01:10", down=CRASH, duration=takes(HOUR))
    assert told[:2] == ["00:30 skipped(overlap)", "01:00 succeeded slot 00:00"]


def test_what_waited_goes_on_waiting_after_a_crash():
    policy = Policy(overlap=Overlap.QUEUE_ALL)
    crash = Down(begin=at("00:25"), end=at("00:26"))
    told = story(job("*/10 * * * *", policy), to="00:41", down=crash, duration=takes(28 * MINUTE))
    assert told[:2] == ["00:28 succeeded slot 00:00", "00:41 running slot 00:10 started 00:28"]


def test_a_run_that_ends_within_the_grace_of_a_stop_is_finished():
    told = story(job(DAILY), to="02:00", down=STOP, duration=takes(10 * MINUTE + 20_000))
    assert told == ["00:10:20 succeeded slot 00:00"]


def test_a_stop_ends_what_runs_longer_than_its_grace_as_cancelled():
    told = story(job(DAILY), to="02:00", down=STOP, duration=takes(HOUR))
    assert told == ["00:10:30 cancelled slot 00:00"]


def test_the_grace_of_a_stop_is_a_setting():
    settings = Settings(shutdown_grace_ms=5 * MINUTE)
    told = story(job(DAILY), to="02:00", settings=settings, down=STOP, duration=takes(HOUR))
    assert told == ["00:15 cancelled slot 00:00"]


def test_nothing_is_claimed_while_no_engine_runs():
    assert story(job("*/5 * * * *"), since="00:06", to="00:20", down=CRASH) == []


def test_overlapping_outages_end_with_the_last():
    outages = (CRASH, Down(begin=at("00:15"), end=at("00:40")))
    assert story(job("*/5 * * * *"), since="00:06", to="00:44", down=outages)[-1] == "00:40 succeeded ×7"
