"""The ledger cannot be written, or is not what it was: nothing starts unclaimed, and the engine says so."""

import os
import random
import resource
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.crash.checker import Finding, Kind, check
from tests.crash.fixture import RUN_ALL, cron, every
from tests.crash.harness import Site, at_once, now_ms
from tests.crash.records import Bounds, Line

Damage = Callable[[Site], None]

TASKS = (
    cron("each-second", "*", range(60)),
    every("each-second-all", 1, **RUN_ALL),
    every("outlives-the-fault", 3, NAP="4"),
    every("fails-and-retries", 2, CODE="1", retry='{attempts = 1, delay = "200ms"}'),
)
REFUSES_WITHIN_S = 60.0
# A claim may have been committed this long before the slot whose run it starts.
SETTLES_MS = 1_000
# Nothing that was claimed in time takes longer than this to start, however busy the machine is.
STARTED_WITHIN_MS = 3_000
HEALTHY_WITHIN_MS = 10_000
LASTS_S = 3.0
FLIPS = int(os.environ.get("CRONSOLE_FLIPS", "8"))
BATTERY_FLIPS = 1000
FLIPS_AT_ONCE = 4
FLIPPED_LIFE_S = 1.5
FLIPPED_BYTES = 64


def an_established(site: Site) -> Site:
    """Run an engine long enough for a history, and leave it running."""
    site.start()
    site.await_ready()
    time.sleep(3.5)
    return site


def starts_between(site: Site, since: int, until: int) -> list[int]:
    return [line.at for line in site.told() if line.event == "start" and since < line.at < until]


def started_too_late(site: Site, since: int) -> list[Line]:
    """Return what started although nothing could be claimed since an instant."""
    return [
        line
        for line in site.told()
        if line.event == "start"
        and ((line.slot or 0) > since + SETTLES_MS or line.at > since + STARTED_WITHIN_MS)
    ]


def unclaimed(site: Site) -> list[Finding]:
    """Return what has started by now without a claim that is committed by now."""
    journal = site.told()
    evidence = replace(site.evidence(stopped_cleanly=False), journal=journal)
    return [finding for finding in check(evidence) if finding.kind is Kind.UNCLAIMED]


@contextmanager
def locked(site: Site):
    """Hold the write lock of the database from another process's point of view."""
    with closing(sqlite3.connect(site.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def no_more_space(site: Site):
    """Let no file that the engine writes grow beyond what the ledger's log is now."""
    size = site.database.with_name("ledger.db-wal").stat().st_size
    unlimited = resource.prlimit(site.engine.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(site.engine.pid, resource.RLIMIT_FSIZE, (size, unlimited[1]))
    yield
    resource.prlimit(site.engine.pid, resource.RLIMIT_FSIZE, unlimited)


@pytest.mark.parametrize("fault", [locked, no_more_space])
def test_nothing_starts_unclaimed_while_the_ledger_cannot_be_written(fault, make_site):
    site = an_established(make_site(TASKS))
    with fault(site):
        began_at = now_ms()
        site.await_event("StoreTroubled")
        time.sleep(LASTS_S)
        started, claimless = started_too_late(site, began_at), unclaimed(site)
        over_at = now_ms()
    site.await_event("StoreHealed")
    time.sleep(4.0)
    site.stop()
    assert started == []
    assert claimless == []
    assert starts_between(site, over_at, over_at + HEALTHY_WITHIN_MS) != []
    assert site.saw("StoreTroubled") == site.saw("StoreHealed") == 1
    bounds = Bounds(late_ms=over_at - began_at + 4_000)
    assert check(site.evidence(bounds=bounds)) == []


def test_an_engine_whose_own_log_cannot_be_written_schedules_on(make_site):
    site = make_site(TASKS)
    site.start(log_to=Path("/dev/full"))
    site.await_told(lambda line: line.event == "start")
    since = now_ms()
    time.sleep(6.0)
    site.stop()
    evidence = site.evidence()
    schedules = tuple(replace(schedule, since=since) for schedule in evidence.schedules)
    assert check(replace(evidence, schedules=schedules)) == []


def test_runs_whose_output_has_no_place_fail_and_say_so(make_site):
    site = an_established(make_site(TASKS))
    output, aside = site.state / "output", site.state / "output-aside"
    output.rename(aside)
    output.write_text("in the way")
    time.sleep(2.5)
    output.unlink()
    aside.rename(output)
    freed_at = now_ms()
    site.await_told(lambda line: line.event == "start" and line.at > freed_at)
    time.sleep(4.0)
    site.stop()
    assert starts_between(site, freed_at, freed_at + HEALTHY_WITHIN_MS) != []
    kinds = {finding.kind for finding in check(site.evidence())}
    assert kinds <= {Kind.DISAGREEMENT}
    with closing(sqlite3.connect(site.database)) as connection:
        told = connection.execute("SELECT detail FROM runs WHERE state = 'failed'").fetchall()
    assert any("output file" in detail for (detail,) in told)


def delete(site: Site) -> None:
    site.database.unlink()


def swap(site: Site) -> None:
    """Put another database in its place, as a careless restore does."""
    other = site.state / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE other (thing)")
    other.replace(site.database)


def cut_off(site: Site) -> None:
    os.truncate(site.database, 4096)


def test_nothing_starts_on_a_ledger_that_was_taken_away(make_site):
    damages = (delete, swap, cut_off)
    sites = {damage: make_site(TASKS) for damage in damages}
    at_once(lambda damage: stops_starting(sites[damage], damage), damages)


def stops_starting(site: Site, damage: Damage) -> None:
    an_established(site)
    with closing(sqlite3.connect(site.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    damage(site)
    damaged_at = now_ms()
    site.await_that(lambda: site.saw("StoreTroubled") or site.engine.poll() is not None, "no trouble")
    time.sleep(4.0)
    if site.engine.poll() is None:
        site.engine.terminate()
    site.wait(20.0)
    assert started_too_late(site, damaged_at) == []
    assert_refused(site)


def assert_refused(site: Site) -> None:
    """A new engine does not start on what is there, names the file, and starts nothing."""
    since = now_ms()
    site.start()
    assert site.wait(REFUSES_WITHIN_S) == 1
    assert "ledger.db" in site.log_tail()
    assert "Traceback" not in site.log_tail()
    assert starts_between(site, since, now_ms()) == []


def shorten(share: float, site: Site) -> None:
    os.truncate(site.database, round(site.database.stat().st_size * share))


def write_noise(site: Site) -> None:
    site.database.write_bytes(random.Random(1).randbytes(100_000))


def turn_over_every_page(site: Site) -> None:
    data = bytearray(site.database.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 16] = bytes(byte ^ 0xFF for byte in data[page : page + 16])
    site.database.write_bytes(data)


def test_a_file_that_is_no_ledger_any_more_is_refused(make_site):
    damages: tuple[Damage, ...] = (
        partial(shorten, 0.0),
        partial(shorten, 0.3),
        partial(shorten, 0.9),
        write_noise,
    )
    sites = {damage: make_site(TASKS) for damage in damages}

    def is_refused(damage: Damage) -> None:
        an_established(sites[damage]).stop()
        damage(sites[damage])
        assert_refused(sites[damage])

    at_once(is_refused, damages)


def flip(site: Site, dice: random.Random) -> None:
    """Turn over some bytes of one place that is in use, as a failing disk does."""
    data = site.database.read_bytes()
    at = dice.choice([at for at in range(0, len(data), FLIPPED_BYTES) if any(data[at : at + FLIPPED_BYTES])])
    turned = bytes(byte ^ 0xFF for byte in data[at : at + FLIPPED_BYTES])
    site.database.write_bytes(data[:at] + turned + data[at + FLIPPED_BYTES :])


def refuses_or_runs_rightly(original: Path, history: tuple[Line, ...], seed: int) -> None:
    """Damage a copy and start an engine on it: where it runs at all, no slot runs twice."""
    folder = original.with_name(f"damaged-{seed}")
    shutil.copytree(original, folder)
    site = Site(folder, TASKS)
    flip(site, random.Random(seed))
    try:
        site.start()
        site.await_ready_or_end()
        time.sleep(FLIPPED_LIFE_S)
        if site.engine.poll() is not None:
            assert site.wait(0.0) == 1, site.log_tail()
            assert len(site.told()) == len(history)
        else:
            site.stop()
        slots = [(line.schedule_id, line.slot, line.attempt) for line in site.told() if line.event == "start"]
        assert len(slots) == len(set(slots))
    finally:
        site.clean_up()
        shutil.rmtree(folder)


def never_runs_wrongly(site: Site, flips: int) -> None:
    """Where the damage can be told, the engine refuses; where it cannot, no slot runs twice."""
    an_established(site).stop()
    history = site.told()
    for first in range(0, flips, FLIPS_AT_ONCE):
        seeds = range(first, first + FLIPS_AT_ONCE)
        at_once(partial(refuses_or_runs_rightly, site.folder, history), seeds)


def test_a_ledger_with_turned_over_bytes_never_makes_a_slot_run_twice(make_site):
    never_runs_wrongly(make_site(TASKS), FLIPS)


@pytest.mark.battery
def test_a_ledger_damaged_a_thousand_times_never_makes_a_slot_run_twice(make_site):
    never_runs_wrongly(make_site(TASKS), BATTERY_FLIPS)


@pytest.mark.battery
def test_nothing_is_lost_when_space_runs_out_again_and_again(make_site):
    site = an_established(make_site(TASKS))
    for _ in range(200):
        with no_more_space(site):
            time.sleep(2.0)
        time.sleep(4.0)
    site.stop()
    assert check(site.evidence(bounds=Bounds(late_ms=8_000))) == []
