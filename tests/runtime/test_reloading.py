from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule, shell

from cronsole.config.load import load
from cronsole.errors import ConfigError, StoreUnavailable
from cronsole.model.event import CatalogRefused, CatalogReloaded, RunFinished, RunStarted
from cronsole.model.instant import SECOND, from_iso
from cronsole.model.settings import Configuration, Settings
from cronsole.runtime.reload import _stamp
from cronsole.store.base import Batch, ClaimRetracted, Committed
from cronsole.testing import let_others_run


async def test_what_did_not_change_keeps_its_next_fire(house: House) -> None:
    await house.start(schedule("gc", "5m"), schedule("b", "5m"))
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    due = lane.due
    await house.seconds(90)
    await house.reload(schedule("gc", "5m"), schedule("b", "7m"))
    assert lane.due == due


async def test_a_changed_trigger_starts_from_now(house: House) -> None:
    await house.start(schedule("gc", "0 * * * *"))
    await house.seconds(30 * 60)
    await house.reload(schedule("gc", "*/10 * * * *"))
    await house.seconds(60)
    assert await house.rows("gc") == []
    await house.seconds(10 * 60)
    assert [run.slot for run in await house.rows("gc")] == [from_iso("2026-11-20T00:40Z")]


async def test_a_claim_made_ahead_is_taken_back_when_the_trigger_changes(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    assert await house.verdicts("gc") == ["starting"]
    await house.reload(schedule("gc", "*/2 * * * *", shell("true")))
    await house.seconds(5)
    assert await house.rows("gc") == []


async def test_a_claim_made_ahead_is_taken_back_and_fires_where_the_new_trigger_has_the_slot_too(
    house: House,
) -> None:
    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.3)
    await house.reload(schedule("gc", "*/1 * * * *", shell("true")))
    await house.seconds(1)
    assert [run.slot for run in await house.rows("gc")] == [from_iso("2026-11-20T00:01Z")]


def delay_what_takes_claims_back(
    house: House, monkeypatch: pytest.MonkeyPatch, then: Callable[[Batch], Awaitable[Committed]]
) -> None:
    """Let a second pass before the ledger is asked to take claims back."""

    async def commit(batch: Batch) -> Committed:
        if not any(isinstance(change, ClaimRetracted) for change in batch.states):
            return await at_once(batch)
        # Whoever settles waits for this very commit.
        house.clock.settle = let_others_run
        await house.clock.advance(SECOND)
        house.clock.settle = house.settle
        return await then(batch)

    at_once = house.engine.ledger.commit
    monkeypatch.setattr(house.engine.ledger, "commit", commit)


@pytest.mark.parametrize("is_removed", [False, True])
async def test_what_falls_due_while_its_claim_is_taken_back_does_not_start(
    house: House, monkeypatch: pytest.MonkeyPatch, is_removed: bool
) -> None:
    gc, other = schedule("gc", "* * * * *", shell("true")), schedule("b", "@daily")
    await house.start(gc, other)
    await house.seconds(57.4 if is_removed else 59.4)
    delay_what_takes_claims_back(house, monkeypatch, house.engine.ledger.commit)
    await house.reload(*[] if is_removed else [schedule("gc", "*/2 * * * *", shell("true"))], other)
    await house.seconds(5)
    assert house.of(RunStarted) == []
    assert await house.rows("gc") == []


async def test_a_claim_that_could_not_be_taken_back_holds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Batch) -> Committed:
        raise StoreUnavailable("no space left")

    await house.start(schedule("gc", "* * * * *", shell("true")))
    await house.seconds(59.4)
    delay_what_takes_claims_back(house, monkeypatch, refuse)
    await house.reload(schedule("gc", "*/2 * * * *", shell("true")))
    await house.seconds(5)
    await house.until(RunFinished)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_a_removed_schedule_is_archived_and_its_run_finishes(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")), schedule("b", "@daily"))
    await house.seconds(61)
    await house.reload(schedule("b", "@daily"))
    assert house.of(CatalogReloaded)[-1].removed == ("gc",)
    (context,) = handlers_in_tests.calls
    handlers_in_tests.gates[context.run_id].set()
    await house.seconds(120)
    assert await house.verdicts("gc") == ["succeeded"]
    assert (await house.engine.ledger.schedule_states())["gc"].archived_at is not None


async def test_a_removal_counts_only_after_two_seconds(house: House) -> None:
    gc, other = schedule("gc", "* * * * *"), schedule("b", "@daily")
    await house.start(gc, other)
    house.define(other)
    import asyncio

    reload = asyncio.ensure_future(house.engine.reloader.reload())
    await house.seconds(1)
    await asyncio.sleep(0.05)
    house.define(gc, other)
    while not reload.done():
        await house.seconds(1)
        await asyncio.sleep(0.001)
    assert (await house.engine.ledger.schedule_states())["gc"].archived_at is None
    lane = house.engine.lanes.get("gc")
    assert lane is not None
    assert not lane.is_leaving


async def test_a_removed_schedule_that_comes_back_finds_its_history_and_owes_nothing(house: House) -> None:
    gc, other = schedule("gc", "* * * * *"), schedule("b", "@daily")
    await house.start(gc, other)
    await house.seconds(60)
    await house.reload(other)
    await house.seconds(300)
    await house.reload(gc, other)
    await house.seconds(61)
    verdicts = await house.verdicts("gc")
    assert verdicts[0] == "succeeded"
    assert "missed" not in "".join(verdicts)
    assert len(verdicts) in (2, 3)


async def test_a_disabled_schedule_skips_its_slots(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))
    await house.reload(schedule("gc", "* * * * *", enabled=False))
    await house.seconds(61)
    assert await house.verdicts("gc") == ["skipped(disabled)"]


async def test_a_configuration_with_faults_keeps_the_last_good_one_in_force(house: House) -> None:
    await house.start(schedule("gc", "* * * * *"))

    def broken() -> Configuration:
        raise ConfigError(["jobs.toml:3: nonsense"])

    house.engine.reloader._read = broken
    await house.engine.reloader.reload()
    await house.seconds(61)
    assert house.of(CatalogRefused)[0].problems == ("jobs.toml:3: nonsense",)
    assert await house.verdicts("gc") == ["succeeded"]


async def test_a_new_limit_holds_at_once(house: House) -> None:
    a, b = schedule("a", "* * * * *", calls("hold")), schedule("b", "* * * * *", calls("hold"))
    await house.start(a, b)
    await house.reload(a, b, max_running=1)
    await house.seconds(61)
    assert await house.verdicts("b") == ["queued"]


def seen(*files: Path, folders: tuple[Path, ...] = ()) -> object:
    return _stamp(
        Configuration(Settings(), (), tuple(map(str, files)), folders=tuple(str(each) for each in folders))
    )


def test_a_changed_file_is_noticed_through_a_rename_and_a_symlink(tmp_path: Path) -> None:
    file, link = tmp_path / "jobs.toml", tmp_path / "link.toml"
    file.write_text("a")
    link.symlink_to(file)
    before = seen(link)
    fresh = tmp_path / "fresh.toml"
    fresh.write_text("b")
    fresh.rename(file)
    renamed = seen(link)
    assert renamed != before
    other = tmp_path / "other.toml"
    other.write_text("b")
    swap = tmp_path / "swap"
    swap.symlink_to(other)
    swap.rename(link)
    assert seen(link) != renamed


def test_a_new_file_in_an_included_folder_is_noticed(tmp_path: Path) -> None:
    main, folder = tmp_path / "jobs.toml", tmp_path / "conf.d"
    folder.mkdir()
    main.write_text('include = ["conf.d/*.toml"]\n[[tasks]]\nid = "a"\nevery = "5m"\n')
    before = load(main, environ={}, now=0)
    earlier = _stamp(before)
    (folder / "new.toml").write_text('[[tasks]]\nid = "b"\nevery = "5m"\n')
    assert _stamp(before) != earlier


async def test_what_was_removed_and_has_ended_takes_no_room(house: House) -> None:
    await house.start(schedule("a", "@daily"))
    for number in range(5):
        await house.reload(schedule(f"b-{number}", "@daily"))
    assert len(house.engine.lanes) <= 2
