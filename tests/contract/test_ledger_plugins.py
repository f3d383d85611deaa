"""What plugins remember between two calls, on every ledger."""

import msgspec
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import finished, manual

from cronsole.model.run import RunState
from cronsole.store.base import Batch, Ledger, PluginRemembered


def remembered(
    plugin: str = "withings", run_id: str = "", at: int = 1, **updates: object
) -> PluginRemembered:
    return PluginRemembered(plugin, msgspec.json.encode(updates).decode(), at, run_id)


async def state_of(ledger: Ledger, plugin: str = "withings") -> dict[str, object]:
    return msgspec.json.decode(await ledger.plugin_state(plugin))


async def test_a_plugin_that_never_spoke_remembers_nothing(ledger: Ledger):
    assert await ledger.plugin_state("withings") == "{}"


async def test_a_key_replaces_the_key_of_that_name_and_leaves_the_others(ledger: Ledger):
    await ledger.commit(Batch(remembered=[remembered(token={"a": 1, "b": 2}, cursor=7)]))
    await ledger.commit(Batch(remembered=[remembered(token={"a": 3})]))
    assert await state_of(ledger) == {"token": {"a": 3}, "cursor": 7}


async def test_a_null_is_kept_as_a_value(ledger: Ledger):
    await ledger.commit(Batch(remembered=[remembered(token="t")]))
    await ledger.commit(Batch(remembered=[remembered(token=None)]))
    assert await state_of(ledger) == {"token": None}


async def test_merges_of_one_batch_are_made_in_their_order(ledger: Ledger):
    await ledger.commit(Batch(remembered=[remembered(n=1, first=True), remembered(n=2)]))
    assert await state_of(ledger) == {"n": 2, "first": True}


async def test_each_plugin_remembers_for_itself(ledger: Ledger):
    await ledger.commit(Batch(remembered=[remembered(n=1), remembered("fitbit", n=2)]))
    assert await state_of(ledger) == {"n": 1}
    assert await state_of(ledger, "fitbit") == {"n": 2}


async def test_what_a_plugin_remembers_outlives_the_engine(shelf: Shelf):
    await shelf.ledger.commit(Batch(remembered=[remembered(token="ünïcode 🦉")]))
    assert await state_of(await shelf.reopen()) == {"token": "ünïcode 🦉"}


async def test_what_a_run_learnt_is_written_with_its_end(ledger: Ledger):
    run = manual(1)
    await ledger.commit(Batch(runs=[run]))
    committed = await ledger.commit(
        Batch(changes=[finished(run)], remembered=[remembered(run_id=run.run_id, cursor=9)])
    )
    assert committed.refused == frozenset()
    assert await state_of(ledger) == {"cursor": 9}


async def test_what_a_run_under_a_stale_fence_learnt_is_not_merged(ledger: Ledger):
    run = manual(5)
    await ledger.commit(Batch(runs=[run]))
    stale = finished(run, RunState.SUCCEEDED, fence=run.fence - 1)
    other = remembered(run_id="another", kept=True)
    committed = await ledger.commit(
        Batch(changes=[stale], remembered=[remembered(run_id=run.run_id, cursor=9), other])
    )
    assert committed.refused == {run.run_id}
    assert await state_of(ledger) == {"kept": True}
