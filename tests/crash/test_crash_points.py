"""The engine dies at each named point of a fire; the next one finds all that is owed, and runs nothing twice."""

import time
from dataclasses import replace

import pytest
from tests.crash.checker import Finding, Kind, check
from tests.crash.crash_points import CRASH_AT, POINTS
from tests.crash.fixture import RUN_ALL, cron, every, once
from tests.crash.harness import Site, at_once
from tests.crash.records import Bounds, Evidence, Ledger

TASKS = (
    cron("each-second", "*", range(60)),
    every("each-second-all", 1, **RUN_ALL),
    every("outlives-the-crash", 3, NAP="5"),
    every("fails-and-retries", 2, CODE="1", NAP="0.3", retry='{attempts = 2, delay = "200ms"}'),
    every("again-when-lost", 2, NAP="1", delivery='"at_least_once"'),
)
ADDED = every("comes-with-a-reload", 1)
AROUND_A_CLAIM = ("before-claim", "before-commit", "after-commit", "after-claim", "before-output-file")
AROUND_A_PROCESS = ("before-fork", "after-fork", "at-exit", "before-finish", "after-finish")
AROUND_A_RETRY = ("after-a-failed-attempt", "after-a-retry-is-starting")
RELOADS = ("before-a-reload-is-committed", "after-a-reload-is-committed", "at-the-end-of-a-reload")
PRUNES = ("before-prune", "after-prune")
DIES_WITHIN_S = 60.0
LAST_LIFE_S = 5.0
BOUNDS = Bounds(late_ms=4_000)


def dies_at(site: Site, point: str, call: int) -> None:
    site.start(fault=point, environ={CRASH_AT: str(call)})
    if point in RELOADS:
        site.await_ready()
        site.write_config((*TASKS, ADDED))
    assert site.wait(DIES_WITHIN_S) < 0, f"it did not die at {point}: {site.log_tail()}"


def comes_back(site: Site) -> Evidence:
    site.start()
    site.await_ready()
    time.sleep(LAST_LIFE_S)
    site.stop()
    return site.evidence(bounds=BOUNDS)


CALLS = {"in-recovery": 1, **dict.fromkeys(RELOADS, 1)}


@pytest.mark.parametrize("points", [AROUND_A_CLAIM, AROUND_A_PROCESS, (*AROUND_A_RETRY, *RELOADS)])
def test_nothing_is_lost_or_doubled_when_the_engine_dies_at_a_named_point(points, make_site):
    sites = {point: make_site(TASKS) for point in points}

    def findings(point: str) -> list[Finding]:
        dies_at(sites[point], point, CALLS.get(point, 5))
        return check(comes_back(sites[point]))

    assert at_once(findings, points) == {point: [] for point in points}
    assert {point: site.jobs() for point, site in sites.items()} == {point: [] for point in points}


def test_nothing_is_lost_or_doubled_when_the_engine_dies_again_while_it_recovers(make_site):
    site = make_site(TASKS)
    dies_at(site, "after-fork", 5)
    dies_at(site, "in-recovery", 1)
    assert check(comes_back(site)) == []


def test_a_retry_that_waited_through_one_crash_is_adopted_after_the_next(make_site, tmp_path):
    gate = tmp_path / "gate"
    script = f"[ $CRONSOLE_ATTEMPT = 1 ] || until [ -e {gate} ]; do sleep 0.05; done; exit 1"
    site = make_site((once("job", script=script, retry='{attempts = 1, delay = "200ms"}'),))
    dies_at(site, "after-a-failed-attempt", 1)
    started = site.saw("RunStarted")
    site.start()
    site.await_event("RunStarted", count=started + 1)
    site.kill()
    site.start()
    site.await_event("RunAdopted")
    gate.touch()
    site.await_event("RunFinished")
    site.stop()
    (row,) = site.evidence().ledger.rows
    assert (row.state, row.attempt) == ("failed", 2)
    assert site.saw("RunAdopted") == 1


def test_nothing_fires_again_when_the_engine_dies_while_it_prunes(make_site):
    sites = {point: make_site(TASKS, keep="{successes = 4, failures = 4}") for point in PRUNES}

    def findings(point: str) -> list[Finding]:
        dies_at(sites[point], point, 2)
        evidence = comes_back(sites[point])
        doubles = [finding for finding in check(evidence) if finding.kind is Kind.DOUBLE]
        return doubles + check(since_the_last_prune(evidence))

    assert at_once(findings, PRUNES) == {point: [] for point in PRUNES}


def test_every_point_is_died_at():
    named = (*AROUND_A_CLAIM, *AROUND_A_PROCESS, *AROUND_A_RETRY, *RELOADS, *PRUNES, "in-recovery")
    assert set(named) == set(POINTS)


def since_the_last_prune(evidence: Evidence) -> Evidence:
    """Return what belongs to slots of the last life, in which nothing was pruned."""
    last = evidence.lives[-1]
    schedules = tuple(replace(schedule, since=last.launched_at) for schedule in evidence.schedules)
    rows = tuple(row for row in evidence.ledger.rows if (row.slot or 0) >= last.launched_at)
    run_ids = {row.run_id for row in rows}
    attempts = tuple(attempt for attempt in evidence.ledger.attempts if attempt.run_id in run_ids)
    journal = tuple(line for line in evidence.journal if (line.slot or 0) >= last.launched_at)
    return replace(
        evidence, schedules=schedules, lives=(last,), ledger=Ledger(rows, attempts), journal=journal
    )


@pytest.mark.battery
@pytest.mark.parametrize("call", range(2, 22))
@pytest.mark.parametrize("point", [*AROUND_A_CLAIM, *AROUND_A_PROCESS, *AROUND_A_RETRY])
def test_nothing_is_lost_or_doubled_wherever_the_engine_dies(point, call, make_site):
    site = make_site(TASKS)
    dies_at(site, point, call)
    assert check(comes_back(site)) == []
    assert site.jobs() == []
