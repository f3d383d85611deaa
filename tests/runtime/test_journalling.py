import asyncio

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule

from cronsole.errors import StoreUnavailable
from cronsole.model.event import StoreHealed, StoreTroubled
from cronsole.store.base import Batch, Committed


def break_ledger(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def commit(_batch: Batch) -> Committed:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(house.engine.ledger, "commit", commit)


async def test_nothing_starts_while_the_ledger_cannot_be_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(schedule("gc", "* * * * *", calls("note")))
    with monkeypatch.context() as patch:
        break_ledger(house, patch)
        await house.seconds(150)
        assert handlers_in_tests.calls == []
        assert len(house.of(StoreTroubled)) == 1
    await house.seconds(5)
    assert len(house.of(StoreHealed)) == 1
    assert await house.verdicts("gc") == ["missed(1)", "succeeded"]


async def test_an_outcome_is_kept_until_it_can_be_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    (held,) = handlers_in_tests.calls
    with monkeypatch.context() as patch:
        break_ledger(house, patch)
        handlers_in_tests.gates[held.run_id].set()
        await house.seconds(10)
    await house.seconds(5)
    assert (await house.verdicts("gc"))[0] == "succeeded"


async def test_writes_of_one_moment_share_one_transaction(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(*(schedule(f"job-{number}", "* * * * *") for number in range(50)))
    commits: list[int] = []
    real = house.engine.ledger.commit

    async def counted(batch: Batch) -> Committed:
        commits.append(len(batch.claims))
        return await real(batch)

    monkeypatch.setattr(house.engine.ledger, "commit", counted)
    await house.seconds(60)
    assert max(commits) == 50


async def test_a_verb_fails_when_it_cannot_be_put_on_record(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(schedule("gc", "* * * * *"))
    break_ledger(house, monkeypatch)
    pausing = asyncio.ensure_future(house.engine.control.pause(["gc"], actor="ops"))
    with pytest.raises(StoreUnavailable):
        await pausing
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert lane.state.pause is None
    monkeypatch.undo()
    # The engine's end would wait for a ledger that has not healed.
    await house.seconds(5)
