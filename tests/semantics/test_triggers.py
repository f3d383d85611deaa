import pytest
from tests.semantics.story import START, at, configuration, entries, job, notes, story

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant
from cronsole.model.policy import Policy
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, ManualSpec, OnceSpec, StartupSpec
from cronsole.simulate.happenings import Down, ReloadAt

BERLIN = "Europe/Berlin"
SPRING = {"since": "2026-03-28T23:00Z", "to": "2026-03-30T01:00Z"}
AUTUMN = {"since": "2026-10-24T22:00Z", "to": "2026-10-26T01:30Z"}


def slots(when: str, window: dict[str, str], dst: DstPolicy = DstPolicy.CRON) -> list[str]:
    schedule = job(when, timezone=BERLIN, dst=dst)
    return [line.split(" ", 2)[1] for line in story(schedule, since=window["since"], to=window["to"])]


def starts(schedule: Schedule, *, since: str, to: str) -> list[tuple[Instant, Instant]]:
    told = entries(schedule, since=since, to=to)
    return [(entry.slot, entry.start) for entry in told if entry.slot is not None and entry.start is not None]


def test_a_fixed_time_in_the_gap_fires_once_after_it():
    assert slots("30 2 * * *", SPRING) == ["01:00", "00:30"]


def test_two_fixed_times_in_the_gap_do_not_fire_twice_at_one_instant():
    assert slots("10,30 2 * * *", SPRING) == ["01:00", "00:10", "00:30"]


def test_a_fixed_time_in_the_repeated_hour_fires_the_first_time_only():
    assert slots("30 2 * * *", AUTUMN) == ["00:30"]


def test_a_wildcard_hour_follows_elapsed_time_over_the_gap():
    window = {"since": "2026-03-29T00:00Z", "to": "2026-03-29T03:00Z"}
    assert slots("0 * * * *", window) == ["00:00", "01:00", "02:00"]


def test_a_wildcard_hour_follows_elapsed_time_through_the_repeated_hour():
    window = {"since": "2026-10-25T00:00Z", "to": "2026-10-25T03:00Z"}
    assert slots("0 * * * *", window) == ["00:00", "01:00", "02:00"]


def test_physical_leaves_out_the_gap_and_fires_twice_in_the_repeated_hour():
    assert slots("30 2 * * *", SPRING, DstPolicy.PHYSICAL) == ["00:30"]
    assert slots("30 2 * * *", AUTUMN, DstPolicy.PHYSICAL) == ["00:30", "01:30"]


def test_skip_leaves_out_the_gap_and_fires_once_in_the_repeated_hour():
    assert slots("30 2 * * *", SPRING, DstPolicy.SKIP) == ["00:30"]
    assert slots("30 2 * * *", AUTUMN, DstPolicy.SKIP) == ["00:30"]


def test_an_outage_over_the_gap_owes_what_an_engine_there_would_have_run():
    outage = Down(begin=at("2026-03-29T00:30Z"), end=at("2026-03-29T05:00Z"))
    told = story(
        job("30 2 * * *", timezone=BERLIN), since="2026-03-28T12:00Z", to="2026-03-29T12:00Z", down=outage
    )
    assert told == ["03-29 05:00 succeeded catchup slot 03-29 01:00"]


def test_an_interval_counts_from_when_it_was_first_seen():
    assert story(job("2h"), since="00:30", to="07:00") == [
        "02:30 succeeded",
        "04:30 succeeded",
        "06:30 succeeded",
    ]


def test_a_restart_does_not_shift_an_interval():
    outage = Down(begin=at("03:00"), end=at("03:20"))
    assert story(job("2h"), since="00:30", to="07:00", down=outage) == story(
        job("2h"), since="00:30", to="07:00"
    )


def test_an_interval_with_a_start_fires_there():
    spec = IntervalSpec(HOUR, start_at=at("00:15"))
    assert story(job(spec), to="02:00") == ["00:15 succeeded", "01:15 succeeded"]


def test_an_interval_of_whole_days_keeps_wall_time():
    spec = IntervalSpec(DAY, start_at=at("2026-03-28T05:00Z"))
    told = story(job(spec, timezone=BERLIN), since="2026-03-28T00:00Z", to="2026-03-30T12:00Z")
    assert told == ["03-28 05:00 succeeded", "03-29 04:00 succeeded", "03-30 04:00 succeeded"]


def test_an_interval_of_hours_follows_elapsed_time():
    spec = IntervalSpec(12 * HOUR, start_at=at("2026-03-28T17:00Z"))
    told = story(job(spec, timezone=BERLIN), since="2026-03-28T12:00Z", to="2026-03-29T18:00Z")
    assert told == ["03-28 17:00 succeeded", "03-29 05:00 succeeded", "03-29 17:00 succeeded"]


def test_run_at_start_fires_once_at_the_first_start():
    outage = Down(begin=at("02:30"), end=at("02:40"))
    spec = IntervalSpec(2 * HOUR, run_at_start=True)
    assert story(job(spec), since="00:30", to="05:00", down=outage) == [
        "00:30 succeeded",
        "02:40 succeeded catchup slot 02:30",
        "04:30 succeeded",
    ]


def test_a_once_fires_once_and_is_exhausted():
    assert story(job(OnceSpec(at("01:00"))), to="05:00") == ["01:00 succeeded"]
    assert notes(job(OnceSpec(at("01:00"))), to="05:00") == ["01:00 exhausted: nothing is left to fire"]


def test_after_counts_from_when_it_was_first_seen():
    assert story(job(OnceSpec(after_ms=90 * MINUTE)), since="00:30", to="05:00") == ["02:00 succeeded"]


def test_a_once_in_the_past_when_first_seen_is_expired():
    assert story(job(OnceSpec(at("01:00"))), since="02:00", to="05:00") == [
        "02:00 skipped(expired) slot 01:00"
    ]


def test_a_once_during_an_outage_is_made_up_for():
    outage = Down(begin=at("00:30"), end=at("02:00"))
    assert story(job(OnceSpec(at("01:00"))), to="05:00", down=outage) == [
        "02:00 succeeded catchup slot 01:00"
    ]


def test_a_changed_time_arms_a_once_again():
    changed = configuration(job(OnceSpec(at("04:00"))))
    reload = ReloadAt(at=at("03:00"), configuration=changed)
    assert story(job(OnceSpec(at("01:00"))), to="05:00", reload=reload) == [
        "01:00 succeeded",
        "04:00 succeeded",
    ]


def test_the_same_time_does_not_arm_a_once_again():
    changed = configuration(job(OnceSpec(at("01:00")), Policy(timeout_ms=SECOND)))
    reload = ReloadAt(at=at("03:00"), configuration=changed)
    assert story(job(OnceSpec(at("01:00"))), to="05:00", reload=reload) == ["01:00 succeeded"]


def test_startup_fires_at_each_start_of_an_engine():
    outage = Down(begin=at("01:00"), end=at("02:00"))
    assert story(job(StartupSpec()), since="00:30", to="05:00", down=outage) == [
        "00:30 succeeded",
        "02:00 succeeded",
    ]


def test_manual_fires_at_no_time():
    outage = Down(begin=at("01:00"), end=at("02:00"))
    assert story(job(ManualSpec()), since="00:30", to="05:00", down=outage) == []


def test_jitter_moves_the_run_and_not_the_slot():
    told = starts(job("0 * * * *", Policy(jitter_ms=10 * MINUTE)), since="00:10", to="06:59")
    assert [slot for slot, _ in told] == [at(f"0{hour}:00") for hour in range(1, 7)]
    assert all(slot <= start <= slot + 10 * MINUTE for slot, start in told)
    assert len({start - slot for slot, start in told}) == 6


def test_jitter_is_clipped_before_the_next_slot():
    told = starts(job("* * * * *", Policy(jitter_ms=HOUR)), since="00:00", to="01:00")
    assert all(start < slot + MINUTE for slot, start in told)


def test_jitter_is_the_same_at_every_run_of_the_simulation():
    schedule = job("0 * * * *", Policy(jitter_ms=10 * MINUTE))
    assert story(schedule, to="06:00") == story(schedule, to="06:00")


def test_hashed_fields_depend_on_the_id_alone():
    first = story(job(CronSpec("H H * * *"), id="a"), to="2026-03-03T00:00Z")
    assert first == story(job(CronSpec("H H * * *"), id="a"), to="2026-03-03T00:00Z")
    assert first != story(job(CronSpec("H H * * *"), id="b"), to="2026-03-03T00:00Z")


def test_start_and_end_bound_the_slots_and_hold_themselves():
    schedule = job("0 * * * *", start=at("01:00"), end=at("03:00"))
    assert story(schedule, to="08:00") == ["01:00 succeeded", "02:00 succeeded", "03:00 succeeded"]


def test_max_runs_ends_a_schedule():
    assert story(job("0 * * * *", max_runs=2), to="08:00") == ["00:00 succeeded", "01:00 succeeded"]


@pytest.mark.parametrize("when", ["*/7 * * * *", "17 3 * * 1-5", "90m", "@daily"])
def test_every_slot_of_a_trigger_is_told(when):
    told = [slot for slot, _ in starts(job(when), since=START, to="2026-03-09T00:00Z")]
    assert told == sorted(set(told))
    assert len(told) >= 4
