"""Jobs that do not want to go: daemons that hold the output, a TERM that is ignored, children left behind."""

import time
from pathlib import Path

import pytest
from tests.crash.fixture import Task, once
from tests.crash.harness import JOB, Site
from tests.crash.records import read_ledger

GRACE_S = 1.0
# What the promise allows beyond the grace, and a little for a machine that is busy with other tests.
BEYOND_GRACE_S = 2.0 + 1.5
ENDS_WITHIN_S = 30.0

DAEMON = f'(setsid sh -c "sleep 300" &) && . {JOB}'
DAEMON_OF_ITS_OWN_MAKING = f"(setsid sh -c 'setsid sleep 300 & exit 0' &) && . {JOB}"
CHILD_LEFT = f"sleep 300 & . {JOB}"
STUBBORN_CHILD_LEFT = f"(trap '' TERM; sleep 300; sleep 300) & . {JOB}"
DEAF = "trap '' TERM; while :; do sleep 1; done"


def a_task(script: str, **keys: str) -> Task:
    return once("job", kill_grace=f'"{GRACE_S}s"', script=script, **keys)


def ended_as(site: Site) -> tuple[str, float]:
    """Wait for the run's end; return its state and when that was."""
    until = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < until:
        rows = read_ledger(site.database).rows if site.database.exists() else ()
        if rows and not rows[0].is_unended:
            return rows[0].state, time.monotonic()
        time.sleep(0.05)
    raise AssertionError(f"the run did not end within {ENDS_WITHIN_S} s")


def gone_at(site: Site) -> float:
    """Wait until nothing of the job is left; return when that was."""
    until = time.monotonic() + ENDS_WITHIN_S
    while site.jobs():
        assert time.monotonic() < until, "something of the job is left"
        time.sleep(0.05)
    return time.monotonic()


def zombies(parent: int) -> list[str]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    stats = [Path(f"/proc/{child}/stat") for child in children]
    return [text for stat in stats if stat.exists() and ") Z " in (text := stat.read_text())]


# A process that was never seen alive, and lies in a session of its own, is taken for a stranger's for a minute.
REAPED_WITHIN_S = {DAEMON: 3.0, CHILD_LEFT: 3.0, STUBBORN_CHILD_LEFT: 3.0}
SLOWLY_REAPED_WITHIN_S = 75.0


def leaves_nothing(site: Site, reaped_within_s: float) -> None:
    site.start()
    state, ended = ended_as(site)
    assert state == "succeeded"
    assert gone_at(site) - ended <= GRACE_S + BEYOND_GRACE_S
    until = time.monotonic() + reaped_within_s
    while time.monotonic() < until and zombies(site.engine.pid):
        time.sleep(0.1)
    assert zombies(site.engine.pid) == []
    site.stop()


@pytest.mark.parametrize("script", REAPED_WITHIN_S)
def test_a_run_ends_with_its_first_process_and_what_it_leaves_behind_is_ended(script, make_site):
    leaves_nothing(make_site((a_task(script),)), REAPED_WITHIN_S[script])


@pytest.mark.battery
def test_a_daemon_that_hides_behind_another_session_is_ended_and_reaped(make_site):
    leaves_nothing(make_site((a_task(DAEMON_OF_ITS_OWN_MAKING),)), SLOWLY_REAPED_WITHIN_S)


def test_a_run_that_ignores_the_request_to_end_is_killed_after_its_grace(make_site):
    site = make_site((a_task(DEAF, timeout='"1s"'),))
    site.start()
    site.await_event("RunStarted")
    started = time.monotonic()
    state, ended = ended_as(site)
    assert state == "timed_out"
    assert ended - started <= 1.0 + GRACE_S + BEYOND_GRACE_S
    assert gone_at(site) - started <= 1.0 + GRACE_S + BEYOND_GRACE_S
    assert zombies(site.engine.pid) == []
    site.stop()


def test_what_a_run_leaves_behind_is_ended_by_the_engine_that_adopted_it(make_site):
    site = make_site((a_task(f"(setsid sh -c 'sleep 300' &) && NAP=4 && . {JOB}"),))
    site.start()
    site.await_event("RunStarted")
    site.kill()
    site.start()
    state, ended = ended_as(site)
    assert state == "succeeded"
    assert gone_at(site) - ended <= GRACE_S + BEYOND_GRACE_S
    site.stop()
