from tests.semantics.story import at, configuration, job, notes, story, takes

from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.policy import Overlap, Policy
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Settings
from cronsole.simulate.happenings import Down, ReloadAt

HOURLY = "0 * * * *"


def reload(time: str, *schedules: Schedule, settings: Settings | None = None) -> ReloadAt:
    return ReloadAt(at=at(time), configuration=configuration(*schedules, settings=settings))


def test_a_configuration_with_faults_leaves_the_old_set_in_force():
    broken = ReloadAt(at=at("00:30"), config="jobs.toml")
    assert story(job(HOURLY), to="01:30", reload=broken) == ["00:00 succeeded", "01:00 succeeded"]
    assert notes(job(HOURLY), to="01:30", reload=broken) == [
        "00:30 jobs.toml has faults: the old set stays in force"
    ]


def test_what_did_not_change_keeps_its_next_fire():
    with_another = reload("00:45", job("2h", id="a"), job(HOURLY, id="b"))
    told = story(job("2h", id="a"), since="00:30", to="03:30", reload=with_another)
    assert told == ["01:00 succeeded", "02:00 succeeded", "02:30 succeeded", "03:00 succeeded"]


def test_a_new_schedule_owes_nothing():
    added = reload("02:30", job(HOURLY, id="a"), job(HOURLY, id="b"))
    told = story(job(HOURLY, id="a"), job("0 23 * * *", id="x"), since="02:10", to="03:30", reload=added)
    assert told == ["03:00 a succeeded", "03:00 b succeeded"]


def test_a_changed_trigger_starts_from_now():
    changed = reload("02:30", job("15 * * * *"))
    assert story(job("45 * * * *"), since="01:00", to="03:30", reload=changed) == [
        "01:45 succeeded",
        "03:15 succeeded",
    ]


def test_a_changed_interval_counts_from_the_change():
    changed = reload("02:30", job("1h"))
    assert story(job("2h"), since="00:10", to="04:00", reload=changed) == [
        "02:10 succeeded",
        "03:30 succeeded",
    ]


def test_a_changed_policy_keeps_the_next_fire():
    changed = reload("02:30", job("2h", Policy(timeout_ms=HOUR)))
    assert story(job("2h"), since="00:10", to="05:00", reload=changed) == [
        "02:10 succeeded",
        "04:10 succeeded",
    ]


def test_a_changed_policy_holds_for_what_starts_from_then_on():
    changed = reload("00:30", job(HOURLY, Policy(overlap=Overlap.QUEUE_ONE)))
    told = story(job(HOURLY), to="02:45", reload=changed, duration=takes(90 * MINUTE))
    assert told == [
        "01:30 succeeded slot 00:00",
        "02:45 running slot 01:00 started 01:30",
        "02:45 queued slot 02:00",
    ]


def test_a_removed_schedule_fires_no_more_and_its_run_finishes():
    removed = reload("00:30", job(HOURLY, id="b"))
    told = story(job(HOURLY, id="a"), to="01:30", reload=removed, duration=takes(45 * MINUTE))
    assert told == ["00:45 succeeded slot 00:00", "01:30 running slot 01:00"]


def test_a_removal_settles_before_it_counts():
    removed = reload("00:59:59")
    assert story(job(HOURLY), since="00:10", to="02:30", reload=removed) == ["01:00 succeeded"]


def test_what_waits_of_a_removed_schedule_is_skipped():
    policy = Policy(overlap=Overlap.QUEUE_ALL)
    told = story(job("*/10 * * * *", policy), to="00:28", reload=reload("00:25"), duration=takes(26 * MINUTE))
    assert told == [
        "00:25:02 skipped(disabled) slot 00:10",
        "00:25:02 skipped(disabled) slot 00:20",
        "00:26 succeeded slot 00:00",
    ]


def test_the_same_id_coming_back_finds_its_history_and_owes_nothing():
    there = job(HOURLY, max_runs=3)
    told = story(there, to="08:30", reload=(reload("00:30"), reload("05:30", there)))
    assert told == ["00:00 succeeded", "06:00 succeeded", "07:00 succeeded"]


def test_a_reload_does_not_wait_for_a_run():
    changed = reload("00:30", job("15 * * * *", Policy(overlap=Overlap.ALLOW, max_parallel=2)))
    told = story(job("0 0 * * *"), to="01:20", reload=changed, duration=takes(5 * HOUR))
    assert told == ["01:20 running slot 00:00", "01:20 running slot 01:15"]


def test_a_schedule_that_is_disabled_by_a_reload_is_skipped():
    disabled = reload("00:30", job(HOURLY, enabled=False))
    assert story(job(HOURLY), to="01:30", reload=disabled) == ["00:00 succeeded", "01:00 skipped(disabled)"]


def test_a_raised_limit_holds_from_the_next_start():
    jobs = [job(HOURLY, id="a"), job(HOURLY, id="b")]
    raised = reload("00:30", *jobs, settings=Settings(max_running=2))
    told = story(
        *jobs, to="01:15", settings=Settings(max_running=1), reload=raised, duration=takes(10 * MINUTE)
    )
    assert told == [
        "00:10 a succeeded slot 00:00",
        "00:20 b succeeded slot 00:00 started 00:10",
        "01:10 a succeeded slot 01:00",
        "01:10 b succeeded slot 01:00",
    ]


def test_files_that_changed_during_an_outage_are_in_force_at_the_next_start():
    changed = reload("01:30", job("15 * * * *"))
    outage = Down(begin=at("01:10"), end=at("02:30"))
    told = story(job("0 * * * *"), since="00:30", to="04:00", reload=changed, down=outage)
    assert told == ["01:00 succeeded", "03:15 succeeded"]
