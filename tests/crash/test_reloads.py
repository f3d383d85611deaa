"""The configuration changes under fire, in every way that editors and deployments do it."""

import os
import random
import signal
import time

import pytest
from tests.crash.checker import check
from tests.crash.fixture import RUN_ALL, cron, every
from tests.crash.harness import Site
from tests.crash.test_outputs import memory_kb

STEADY = (
    cron("each-second", "*", range(60)),
    every("each-second-all", 1, **RUN_ALL),
    every("slow", 3, NAP="4"),
)
GROWTH_KB = 20 * 1024
RELOADS = 400
BATTERY_RELOADS = 10_000
TAKES_EFFECT_WITHIN_S = 30.0


def volatile(number: int):
    """Return a task that is another one each time: new, changed, or gone."""
    return every(f"volatile-{number % 5}", 2 + number % 4)


def edit(site: Site, number: int) -> None:
    site.write_config((*STEADY, volatile(number), volatile(number + 1)))


def write_in_place(site: Site, number: int) -> None:
    """Empty the file and write it in two halves, as a careless editor does."""
    edit(site, number)
    text = site.config.read_text()
    half = text.index("command", len(text) // 2) + 4
    with site.config.open("w") as file:
        file.write(text[:half])
        file.flush()
        time.sleep(0.01)
        file.write(text[half:])


def swap_symlink(site: Site, number: int) -> None:
    """Deploy a new version beside the old, and turn the link over to it."""
    edit(site, number)
    version = site.folder / f"version-{number % 2}.toml"
    site.config.replace(version)
    link = site.folder / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    link.replace(site.config)


def leave_half_written(site: Site, number: int) -> None:
    edit(site, number)
    text = site.config.read_text()
    site.config.write_text(text[: text.index("command", len(text) // 2) + 4])


def make_invalid(site: Site, number: int) -> None:
    edit(site, number)
    with site.config.open("a") as file:
        file.write('\n[[tasks]]\nid = "no-trigger"\nevery = "never"\n')


def take_away(site: Site, _number: int) -> None:
    site.config.unlink(missing_ok=True)
    time.sleep(0.01)


CHANGES = (edit, write_in_place, swap_symlink, leave_half_written, make_invalid, take_away)


def change(site: Site, number: int, dice: random.Random) -> None:
    dice.choice(CHANGES)(site, number)
    if dice.random() < 0.5:
        os.kill(site.engine.pid, signal.SIGHUP)
    time.sleep(dice.uniform(0.0, 0.04))


def finds_the_last_good_set(site: Site) -> None:
    """After all of it the file as it stands is in force, and what never left it has lost nothing."""
    latecomer = every("latecomer", 1)
    site.write_config((*STEADY, latecomer))
    until = time.monotonic() + TAKES_EFFECT_WITHIN_S
    while not any(line.schedule_id == "latecomer" for line in site.told()):
        assert time.monotonic() < until, "the last configuration did not come into force"
        time.sleep(0.1)
    site.stop()
    assert site.saw("CatalogReloaded") > 1
    assert site.saw("CatalogRefused") > 1
    assert check(site.evidence()) == []
    assert site.mishaps() == []


def test_nothing_is_lost_and_none_runs_twice_while_the_configuration_changes_under_fire(make_site):
    site = make_site(STEADY)
    site.start()
    site.await_ready()
    dice, warm_kb = random.Random(7), 0
    for number in range(RELOADS):
        change(site, number, dice)
        if number == RELOADS // 3:
            warm_kb = memory_kb(site.engine.pid, "VmRSS")
    grown_kb = memory_kb(site.engine.pid, "VmRSS") - warm_kb
    finds_the_last_good_set(site)
    assert grown_kb <= GROWTH_KB


@pytest.mark.battery
def test_ten_thousand_reloads_lose_nothing_and_leave_the_memory_flat(make_site):
    site = make_site(STEADY)
    site.start()
    site.await_ready()
    dice, warm_kb = random.Random(8), 0
    for number in range(BATTERY_RELOADS):
        change(site, number, dice)
        if number == BATTERY_RELOADS // 10:
            warm_kb = memory_kb(site.engine.pid, "VmRSS")
    assert memory_kb(site.engine.pid, "VmRSS") - warm_kb <= GROWTH_KB
    finds_the_last_good_set(site)
