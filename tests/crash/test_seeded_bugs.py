"""The checker is proved on the real engine: each bug that is seeded into it must be found for what it is."""

import time

import pytest
from tests.crash.checker import Kind, check
from tests.crash.fixture import RUN_ALL, cron, every
from tests.crash.harness import Site, at_once
from tests.crash.records import Bounds
from tests.crash.seeded_bugs import BUGS

# What a bug provokes shows within seconds; how exact these few records are otherwise does not matter.
BOUNDS = Bounds(late_ms=3_000)

TASKS = (
    cron("each-second", "*", range(60)),
    every("each-second-all", 1, **RUN_ALL),
    every("outlives-a-kill", 2, NAP="60"),
    every("naps", 1, NAP="1.5"),
    every("fails-and-retries", 2, CODE="1", retry='{attempts = 2, delay = "200ms"}'),
)


def runs_through(site: Site, bug: str) -> None:
    site.start(fault=bug)
    site.await_ready()
    time.sleep(5.5)
    site.stop()


def is_killed_and_comes_back(site: Site, bug: str) -> None:
    site.start(fault=bug)
    site.await_ready()
    time.sleep(3.7)
    site.kill()
    time.sleep(2.5)
    site.start(fault=bug)
    site.await_ready()
    time.sleep(5)
    site.stop()


SHOW_BY_THEMSELVES = {
    "never-tells-of-an-end": Kind.UNRESOLVED,
    "ignores-overlaps": Kind.OVERLAP,
    "keeps-the-lane-busy-for-ever": Kind.GROUNDLESS_SKIP,
    "keeps-the-fence-in-a-retry": Kind.STALE_FENCE,
    "starts-a-retry-twice": Kind.DOUBLE,
    "takes-failure-for-success": Kind.DISAGREEMENT,
    "starts-as-soon-as-it-has-claimed": Kind.EARLY,
    "oversleeps": Kind.LATE,
}
SHOW_AFTER_A_KILL = {
    "starts-before-the-claim-is-committed": Kind.UNCLAIMED,
    "fires-again-after-a-restart": Kind.DOUBLE,
    "drops-what-was-missed": Kind.LOST,
    "takes-only-the-newest-of-two-due-slots": Kind.LOST,
    "counts-one-missed-slot-too-many": Kind.MISCOUNTED,
    "forgets-the-runs-that-outlived-it": Kind.OVERLAP,
    "leaves-unfinished-runs-as-they-are": Kind.UNRESOLVED,
}


@pytest.mark.parametrize(
    ("live", "caught"), [(runs_through, SHOW_BY_THEMSELVES), (is_killed_and_comes_back, SHOW_AFTER_A_KILL)]
)
def test_every_seeded_bug_is_caught_for_what_it_is(live, caught, make_site):
    sites = {bug: make_site(TASKS, shutdown_grace='"0s"') for bug in caught}

    def found(bug: str) -> set[Kind]:
        live(sites[bug], bug)
        return {finding.kind for finding in check(sites[bug].evidence(bounds=BOUNDS))}

    kinds = at_once(found, caught)
    assert {bug: kinds[bug] for bug, kind in caught.items() if kind not in kinds[bug]} == {}


def test_nothing_is_found_where_no_bug_is_seeded(make_site):
    site = make_site(TASKS, shutdown_grace='"0s"')
    is_killed_and_comes_back(site, "")
    assert check(site.evidence()) == []


def test_every_bug_has_its_proof():
    assert {*SHOW_BY_THEMSELVES, *SHOW_AFTER_A_KILL} == set(BUGS)
