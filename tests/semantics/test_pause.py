import msgspec
from tests.semantics.story import at, configuration, entries, job, notes, story, takes

from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.policy import MissedRunPolicy, Policy
from cronsole.simulate.happenings import Down, PauseAt, ReloadAt, ResumeAt, TriggerAt

HOURLY = "0 * * * *"
RUN_ALL = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL)
PAUSE = PauseAt(at=at("00:30"), reason="database is moved")
RESUME = ResumeAt(at=at("03:30"))


def test_paused_slots_are_skipped_and_say_why():
    told = entries(job(HOURLY), since="00:10", to="02:30", pause=PAUSE)
    assert [(entry.reason, "database is moved" in entry.detail) for entry in told if entry.state] == [
        ("paused", True),
        ("paused", True),
    ]


def test_a_pause_ends_when_its_time_is_over():
    pause = msgspec.structs.replace(PAUSE, until=at("02:00"))
    assert story(job(HOURLY), since="00:10", to="03:30", pause=pause) == [
        "01:00 skipped(paused)",
        "02:00 succeeded",
        "03:00 succeeded",
    ]


def test_resume_is_from_now():
    assert story(job(HOURLY), since="00:10", to="04:30", pause=PAUSE, resume=RESUME) == [
        "01:00 skipped(paused)",
        "02:00 skipped(paused)",
        "03:00 skipped(paused)",
        "04:00 succeeded",
    ]


def test_resume_with_catch_up_applies_run_once_to_the_paused_range():
    resume = msgspec.structs.replace(RESUME, catch_up=True)
    (made_up,) = [
        entry
        for entry in entries(job(HOURLY), since="00:10", to="03:45", pause=PAUSE, resume=resume)
        if entry.state == "succeeded"
    ]
    assert (made_up.at, made_up.cause, made_up.slot) == (at("03:30"), "catchup", None)
    assert made_up.stands_for is not None
    assert (made_up.stands_for.first, made_up.stands_for.last) == (at("01:00"), at("03:00"))


def test_resume_with_catch_up_applies_run_all_to_the_paused_range():
    resume = msgspec.structs.replace(RESUME, catch_up=True)
    told = story(
        job(HOURLY, RUN_ALL), since="00:10", to="03:50", pause=PAUSE, resume=resume, duration=takes(MINUTE)
    )
    assert told[3:] == [
        "03:31 succeeded catchup started 03:30",
        "03:32 succeeded catchup started 03:31",
        "03:33 succeeded catchup started 03:32",
    ]


def test_resume_with_catch_up_leaves_no_slot_with_two_verdicts():
    resume = msgspec.structs.replace(RESUME, catch_up=True)
    told = entries(job(HOURLY), since="00:10", to="08:45", pause=PAUSE, resume=resume)
    slots = [entry.slot for entry in told if entry.slot is not None]
    assert slots == sorted(set(slots))


def test_runs_in_flight_go_on_through_a_pause():
    told = story(job("0 0 * * *"), to="02:00", pause=PAUSE, duration=takes(HOUR))
    assert told == ["01:00 succeeded slot 00:00"]


def test_a_pause_of_one_schedule_leaves_the_others_alone():
    jobs = [job(HOURLY, id=name) for name in ("a", "b")]
    pause = msgspec.structs.replace(PAUSE, schedule="a")
    assert story(*jobs, since="00:10", to="01:30", pause=pause) == [
        "01:00 a skipped(paused)",
        "01:00 b succeeded",
    ]


def test_a_pause_of_a_tag_holds_for_all_that_have_it():
    jobs = [job(HOURLY, id="a", tags=("db",)), job(HOURLY, id="b", tags=("web", "db")), job(HOURLY, id="c")]
    pause = msgspec.structs.replace(PAUSE, tag="db")
    assert story(*jobs, since="00:10", to="01:30", pause=pause) == [
        "01:00 a skipped(paused)",
        "01:00 b skipped(paused)",
        "01:00 c succeeded",
    ]


def test_a_pause_survives_a_restart():
    outage = Down(begin=at("01:30"), end=at("04:30"))
    assert story(job(HOURLY), since="00:10", to="05:30", pause=PAUSE, down=outage) == [
        "01:00 skipped(paused)",
        "04:30 skipped(paused) slot 04:00 ×3",
        "05:00 skipped(paused)",
    ]


def test_a_pause_that_ended_during_an_outage_leaves_its_slots_skipped_and_the_rest_owed():
    outage = Down(begin=at("00:40"), end=at("04:30"))
    pause = msgspec.structs.replace(PAUSE, until=at("02:30"))
    assert story(job(HOURLY), since="00:10", to="05:30", pause=pause, down=outage) == [
        "04:30 skipped(paused) slot 02:00 ×2",
        "04:30 missed slot 03:00",
        "04:30 succeeded catchup slot 04:00 ×2",
        "05:00 succeeded",
    ]


def test_a_pause_survives_a_reload():
    changed = configuration(job(HOURLY, Policy(timeout_ms=MINUTE)))
    told = story(
        job(HOURLY),
        since="00:10",
        to="02:30",
        pause=PAUSE,
        reload=ReloadAt(at=at("01:30"), configuration=changed),
    )
    assert told == ["01:00 skipped(paused)", "02:00 skipped(paused)"]


def test_a_manual_run_is_allowed_while_paused_and_does_not_unpause():
    told = story(job(HOURLY), since="00:10", to="02:30", pause=PAUSE, trigger=TriggerAt(at=at("01:30")))
    assert told == ["01:00 skipped(paused)", "01:30 succeeded manual", "02:00 skipped(paused)"]


def test_a_manual_run_records_the_gates_that_it_passes_by():
    told = entries(job(HOURLY), since="00:10", to="01:45", pause=PAUSE, trigger=TriggerAt(at=at("01:30")))
    assert told[-1].detail == "bypassed: pause"


def test_a_manual_run_does_not_move_the_watermark():
    told = story(job(HOURLY), since="00:10", to="01:30", trigger=TriggerAt(at=at("00:59:59")))
    assert told == ["00:59:59 succeeded manual", "01:00 succeeded"]


def test_a_manual_run_does_not_use_up_max_runs():
    told = story(job(HOURLY, max_runs=1), since="00:10", to="02:30", trigger=TriggerAt(at=at("00:30")))
    assert told == ["00:30 succeeded manual", "01:00 succeeded"]


def test_a_manual_run_of_a_disabled_schedule_is_refused_with_file_and_line():
    assert notes(job(HOURLY, enabled=False), to="01:00", trigger=TriggerAt(at=at("00:30"))) == [
        "00:30 a manual run is refused: disabled in jobs.toml:14"
    ]


def test_manual_runs_go_one_after_another():
    triggers = (TriggerAt(at=at("00:10")), TriggerAt(at=at("00:11")))
    told = story(job("0 5 * * *"), to="00:40", trigger=triggers, duration=takes(5 * MINUTE))
    assert told == ["00:15 succeeded manual started 00:10", "00:20 succeeded manual started 00:15"]


def test_a_slot_whose_jitter_outlasts_its_pause_is_skipped_all_the_same():
    schedule = job(HOURLY, Policy(jitter_ms=50 * MINUTE))
    pause = PauseAt(at=at("00:59:59"), until=at("01:00:01"))
    assert story(schedule, since="00:10", to="02:00", pause=pause) == ["01:00:01 skipped(paused) slot 01:00"]


def test_nobody_can_ask_an_engine_that_is_not_there():
    outage = Down(begin=at("00:20"), end=at("00:40"))
    assert "00:30 no engine is there to be asked" in notes(job(HOURLY), to="01:00", pause=PAUSE, down=outage)
