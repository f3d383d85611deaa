import asyncio

from tests.runtime.house import House, schedule, shell

from cronsole.model.event import RunFinished, Warned
from cronsole.model.instant import HOUR
from cronsole.model.settings import KeepRuns


async def prune(house: House) -> None:
    pruning = asyncio.ensure_future(house.engine.janitor.prune())
    while not pruning.done():
        await asyncio.wait([pruning], timeout=0.02)
        await house.seconds(0.1)
    await pruning


async def test_old_runs_go_and_their_output_with_them(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("seq 5000")), keep=KeepRuns(successes=2, failures=2))
    for number in range(1, 5):
        await house.seconds(60)
        await house.until(RunFinished, count=number)
    outputs = house.state / "output"
    assert len(list(outputs.glob("*/*.log"))) == 4
    await prune(house)
    assert len(await house.rows("gc")) == 2
    assert len(list(outputs.glob("*/*.log"))) == 2


async def test_a_pruned_slot_never_fires_again(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"), keep=KeepRuns(successes=1, failures=1))
    await house.seconds(240)
    await prune(house)
    kept = await house.rows("gc")
    await house.restart()
    await house.seconds(30)
    assert await house.rows("gc") == kept


async def test_folders_of_output_go_when_they_are_empty(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    old, recent = house.state / "output" / "00000", house.state / "output" / "fffff"
    old.mkdir()
    recent.mkdir()
    await prune(house)
    assert not old.exists()
    assert recent.exists()


async def test_the_ledger_is_backed_up_every_hour(house: House) -> None:
    await house.start(schedule("gc", "@daily"))
    for _ in range(2):
        await house.seconds(HOUR // 1000 + 400)
    assert len(list((house.state / "backups").glob("ledger-*.db"))) == 2
    assert house.of(Warned) == []
