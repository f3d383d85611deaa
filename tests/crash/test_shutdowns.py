"""The engine is asked to end at random moments with runs in flight; it leaves nothing behind, in the time it has."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.crash.checker import Finding, Kind, check
from tests.crash.fixture import EVERYTHING
from tests.crash.harness import Site, at_once
from tests.crash.records import Bounds

GRACE_S = 0.5
# What the promise allows beyond the grace, and as much again for a machine that is busy with other tests.
BEYOND_GRACE_S = 2.0 + 2.0
SITES = 4
STOPS_EACH = 5


# How long something waits for its turn is not asked of lives as short as these.
BOUNDS = Bounds(late_ms=60_000)


def unresolved(site: Site) -> list[Finding]:
    findings = check(site.evidence(bounds=BOUNDS))
    return [finding for finding in findings if finding.kind is Kind.UNRESOLVED]


def waiting(site: Site) -> set[str]:
    return {row.run_id for row in site.ledger().rows if row.state == "queued"}


def stop_again_and_again(site: Site, stops: int, seed: int) -> list[str]:
    """Return what was wrong with any of the stops."""
    dice = random.Random(seed)
    faults = []
    for _ in range(stops):
        site.start()
        site.await_ready()
        time.sleep(dice.uniform(0.0, 2.5))
        took_s = site.stop()
        if took_s > GRACE_S + BEYOND_GRACE_S:
            faults.append(f"stop {len(site.lives)} took {took_s:.1f} s")
        if left := site.jobs():
            faults.append(f"stop {len(site.lives)} left {left}")
        faults += map(str, unresolved(site))
    left_waiting = waiting(site)
    site.start()
    site.await_that(lambda: not left_waiting & waiting(site), "what waited has not had its turn")
    site.stop()
    return faults


def every_stop_is_clean(make_site, stops_each: int) -> None:
    sites = [make_site(EVERYTHING, shutdown_grace=f'"{GRACE_S}s"') for _ in range(SITES)]
    with ThreadPoolExecutor(SITES) as pool:
        faults = list(pool.map(stop_again_and_again, sites, [stops_each] * SITES, range(SITES)))
    assert faults == [[]] * SITES
    assert [check(site.evidence()) for site in sites] == [[]] * SITES
    assert [site.mishaps() for site in sites] == [[]] * SITES


def test_a_stop_at_any_moment_ends_every_run_within_its_grace(make_site):
    every_stop_is_clean(make_site, STOPS_EACH)


def test_a_stop_while_claims_are_being_written_leaves_none_of_them_behind(make_site):
    sites = {moment_s: make_site(EVERYTHING, shutdown_grace='"0s"') for moment_s in (2.0, 2.3, 2.5, 2.7, 2.9)}

    def left_behind(moment_s: float) -> list[Finding | int]:
        site = sites[moment_s]
        site.start(fault="slow-commits")
        site.await_ready()
        time.sleep(moment_s)
        site.stop()
        return [*unresolved(site), *site.jobs()]

    assert at_once(left_behind, sites) == {moment_s: [] for moment_s in sites}


def test_a_second_request_to_stop_kills_what_still_runs(make_site):
    site = make_site(EVERYTHING, shutdown_grace='"60s"')
    site.start()
    site.await_ready()
    time.sleep(3.0)
    site.engine.terminate()
    site.await_event("EngineStopping")
    assert site.stop() < 6.0
    assert site.jobs() == []
    assert check(site.evidence()) == []


@pytest.mark.battery
def test_a_thousand_stops_end_every_run_within_their_grace(make_site):
    every_stop_is_clean(make_site, 1000 // SITES)
