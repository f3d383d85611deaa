"""The engine is killed at random moments, as often as it takes: no slot is lost, none runs twice."""

import os
import time

import pytest
from tests.crash.fixture import EVERYTHING
from tests.crash.harness import Site, kill_again_and_again

# So many seconds the last engine lives, so that firing has to have resumed.
LAST_LIFE_S = 6.5
RESUMES_WITHIN_MS = 5_000
KILLS = int(os.environ.get("CRONSOLE_KILLS", "30"))
BATTERY_KILLS = int(os.environ.get("CRONSOLE_BATTERY_KILLS", "1000"))
SEED = int(os.environ.get("CRONSOLE_SEED", "20261120"))


def survives(site: Site, kills: int, seed: int) -> None:
    kill_again_and_again(site, kills, seed, shortest_s=0.1, longest_s=1.5)
    site.start()
    site.await_ready()
    time.sleep(LAST_LIFE_S)
    site.stop()
    evidence = site.evidence()
    last = site.lives[-1]
    resumed_at = min(line.at for line in evidence.journal if line.at > last.launched_at)
    assert site.findings() == []
    assert site.mishaps() == []
    assert resumed_at - last.launched_at <= RESUMES_WITHIN_MS
    assert site.jobs() == []
    assert all(any(line.schedule_id == task.id for line in evidence.journal) for task in site.tasks)


def test_no_slot_is_lost_and_none_runs_twice_when_the_engine_is_killed_at_random_moments(make_site):
    survives(make_site(EVERYTHING), KILLS, SEED)


@pytest.mark.battery
def test_no_slot_is_lost_and_none_runs_twice_in_a_long_row_of_kills(make_site):
    survives(make_site(EVERYTHING), BATTERY_KILLS, SEED + 1)
