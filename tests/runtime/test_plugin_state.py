import asyncio

import pytest
from tests.contract.ledger_rows import finished, manual

from cronsole.model.run import RunState
from cronsole.runtime.bus import Bus
from cronsole.runtime.journal import Journal
from cronsole.runtime.plugin_state import KeptState
from cronsole.store.base import Batch, PluginRemembered
from cronsole.store.sqlite import SqliteLedger
from cronsole.testing import FakeClock


class Kept:
    """What plugins remember, on a real ledger whose journal writes only when told to."""

    def __init__(self, ledger: SqliteLedger) -> None:
        clock = FakeClock()
        self.ledger = ledger
        self.journal = Journal(ledger, Bus(), clock)
        self.state = KeptState(clock, ledger, self.journal)

    async def write(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.journal.run())
            self.journal.close()


@pytest.fixture
async def kept(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.db")
    await ledger.open()
    yield Kept(ledger)
    await ledger.close()


def remembered(run_id: str, updates: str) -> PluginRemembered:
    return PluginRemembered("withings", updates, 1, run_id)


async def test_what_a_run_learnt_is_known_before_the_ledger_holds_it(kept):
    run = manual(1)
    await kept.ledger.commit(Batch(runs=[run], remembered=[remembered("", '{"token":"t1","cursor":1}')]))
    kept.journal.tell(finished(run), remembered=remembered(run.run_id, '{"token":"t2"}'))
    assert await kept.ledger.plugin_state("withings") == '{"token":"t1","cursor":1}'
    assert await kept.state.load("withings") == {"token": "t2", "cursor": 1}
    assert await kept.state.load("fitbit") == {}


async def test_it_is_written_in_the_transaction_that_ends_the_run(kept):
    run = manual(1)
    await kept.ledger.commit(Batch(runs=[run]))
    batches = []
    commit = kept.ledger.commit

    async def seen(batch):
        batches.append(batch)
        return await commit(batch)

    kept.ledger.commit = seen
    kept.journal.tell(finished(run), remembered=remembered(run.run_id, '{"token":"t2"}'))
    await kept.write()
    (batch,) = batches
    assert [change.state for change in batch.changes] == [RunState.SUCCEEDED]
    assert len(batch.remembered) == 1
    assert kept.journal.unwritten == []
    assert await kept.state.load("withings") == {"token": "t2"}


async def test_a_plugin_can_remember_something_outside_a_run(kept):
    merging = asyncio.ensure_future(kept.state.merge("withings", {"made": True}))
    await asyncio.sleep(0)
    await kept.write()
    await merging
    assert await kept.state.load("withings") == {"made": True}
