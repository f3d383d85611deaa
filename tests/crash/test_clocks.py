"""Clocks that step and machines that sleep, on the real engine and a clock that moves when it is told to."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cronsole.model.event import ClockJumped, Event, RunStarted
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND
from cronsole.model.policy import MissedRunPolicy, Overlap, Policy
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration, KeepRuns, Settings
from cronsole.model.trigger import CronSpec, IntervalSpec
from cronsole.runtime.engine import Engine
from cronsole.store.state_dir import StateDirectory
from cronsole.testing import FakeClock, let_others_run

RUN_ALL = Policy(missed_run_policy=MissedRunPolicy.RUN_ALL, overlap=Overlap.QUEUE_ALL, catchup_limit=20)
SCHEDULES = (
    Schedule("each-second", CronSpec("* * * * * *")),
    Schedule("each-minute", CronSpec("* * * * *")),
    Schedule("each-second-all", CronSpec("* * * * * *"), policy=RUN_ALL),
    Schedule(
        "each-ten-skip", CronSpec("*/10 * * * * *"), policy=Policy(missed_run_policy=MissedRunPolicy.SKIP)
    ),
    Schedule("by-interval", IntervalSpec(7 * SECOND)),
    Schedule("at-noon", CronSpec("0 12 * * *")),
)
# What was pruned cannot be told from what never ran, once a clock has gone back behind it.
KEEP_ALL = KeepRuns(successes=10**6, failures=10**6, failure_age_ms=None)
SETTINGS = Settings(backup_every_ms=None, watch_files=False, keep=KEEP_ALL)
YEARS = 3652 * DAY
# After a clock that went back, nothing fires until it has come as far again, for at most three hours.
PATIENCE_MS = 3 * HOUR
STEPS = (SECOND, 4 * MINUTE, 90 * MINUTE, 4 * HOUR, YEARS)


class Observed:
    """What an engine said, and what may be asked of it."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.starts: list[RunStarted] = []
        self.jumps: list[ClockJumped] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.starts.append(event)
        elif isinstance(event, ClockJumped):
            self.jumps.append(event)

    def doubles(self) -> list[tuple[str, int]]:
        counts = Counter((start.schedule_id, start.slot) for start in self.starts if start.slot is not None)
        return [slot for slot, count in counts.items() if count > 1]

    async def starts_within(self, millis: int) -> Counter[str]:
        before = len(self.starts)
        await self.clock.advance(millis)
        return Counter(start.schedule_id for start in self.starts[before:])


@asynccontextmanager
async def an_engine(folder: Path, at: str = "2026-11-20T10:00Z"):
    clock = FakeClock(at)
    configuration = Configuration(SETTINGS, SCHEDULES, ())
    with StateDirectory(folder / "state") as state:
        engine = Engine(
            configuration=configuration, read=lambda: configuration, state=state, clock=clock, environ={}
        )
        observed = Observed(clock)
        engine.bus.listen(observed)

        async def settle() -> None:
            await let_others_run()
            for _ in range(3):
                await asyncio.wait_for(engine.journal.settle(), 10)
                await let_others_run()

        clock.settle = settle
        async with engine.running():
            yield observed


def assert_no_storm(starts: Counter[str]) -> None:
    """A schedule may catch up to its limit, beside its ordinary slots."""
    assert all(count <= 5 + RUN_ALL.catchup_limit for count in starts.values()), starts
    assert all(count <= 8 for key, count in starts.items() if key != "each-second-all"), starts


@pytest.mark.parametrize("step_ms", STEPS)
async def test_a_clock_that_goes_forward_doubles_nothing_and_fires_on(step_ms, tmp_path):
    async with an_engine(tmp_path) as observed:
        await observed.clock.advance(20 * SECOND)
        observed.clock.step(step_ms)
        starts = await observed.starts_within(5 * SECOND)
        assert_no_storm(starts)
        assert starts["each-second"] >= 4
        assert observed.doubles() == []


@pytest.mark.parametrize("step_ms", STEPS)
async def test_a_clock_that_goes_back_doubles_nothing_and_fires_on(step_ms, tmp_path):
    async with an_engine(tmp_path) as observed:
        await observed.clock.advance(20 * SECOND)
        observed.clock.step(-step_ms)
        wait_ms = step_ms if step_ms <= PATIENCE_MS else 0
        assert_no_storm(await observed.starts_within(wait_ms))
        starts = await observed.starts_within(5 * SECOND)
        assert_no_storm(starts)
        assert starts["each-second"] >= 4
        assert observed.doubles() == []


@pytest.mark.parametrize("step_ms", STEPS)
async def test_a_clock_that_goes_forward_and_back_doubles_nothing_and_fires_on(step_ms, tmp_path):
    async with an_engine(tmp_path) as observed:
        await observed.clock.advance(20 * SECOND)
        observed.clock.step(step_ms)
        await observed.clock.advance(10 * SECOND)
        observed.clock.step(-step_ms)
        wait_ms = step_ms if step_ms <= PATIENCE_MS else 0
        assert_no_storm(await observed.starts_within(wait_ms))
        starts = await observed.starts_within(5 * SECOND)
        assert_no_storm(starts)
        assert starts["each-second"] >= 4
        assert observed.doubles() == []


@pytest.mark.parametrize("slept_ms", [5 * SECOND, 10 * MINUTE, 8 * HOUR, 30 * DAY])
async def test_a_machine_that_slept_doubles_nothing_and_fires_on(slept_ms, tmp_path):
    async with an_engine(tmp_path) as observed:
        await observed.clock.advance(20 * SECOND)
        observed.clock.suspend(slept_ms)
        starts = await observed.starts_within(5 * SECOND)
        assert_no_storm(starts)
        assert starts["each-second"] >= 4
        assert observed.doubles() == []
        assert [jump.slept_ms for jump in observed.jumps] == [pytest.approx(slept_ms, abs=2)]


async def test_a_clock_that_trembles_doubles_nothing_and_misses_nothing(tmp_path):
    async with an_engine(tmp_path) as observed:
        for step_ms in (SECOND, -SECOND, 700, -700, 300, -300) * 3:
            observed.clock.step(step_ms)
            await observed.clock.advance(2 * SECOND)
        assert observed.doubles() == []
        slots = {start.slot for start in observed.starts if start.schedule_id == "each-second-all"}
        assert slots == set(range(min(slots), max(slots) + 1, SECOND))


@pytest.mark.battery
@pytest.mark.parametrize("seed", range(20))
async def test_clocks_that_step_at_random_double_nothing(seed, tmp_path):
    dice = random.Random(seed)
    async with an_engine(tmp_path) as observed:
        for _ in range(10):
            await observed.clock.advance(dice.randrange(1, 30 * SECOND))
            observed.clock.step(dice.choice((-1, 1)) * dice.choice(STEPS))
        await observed.clock.advance(PATIENCE_MS)
        assert observed.doubles() == []
        assert (await observed.starts_within(5 * SECOND))["each-second"] >= 4
