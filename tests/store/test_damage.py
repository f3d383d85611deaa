"""A ledger that was harmed is refused with what to do about it; it is never written past, nor begun anew."""

import random
import shutil
from pathlib import Path

import pytest
from tests.contract.ledger_rows import claim, defined, make

from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.store.base import Batch
from cronsole.store.database_file import Watched, connect
from cronsole.store.sqlite import SqliteLedger


@pytest.fixture
async def closed(ledger: SqliteLedger, path: Path) -> Path:
    """A ledger of some two hundred pages, closed cleanly."""
    await ledger.commit(Batch(states=[defined(f"s{number}") for number in range(200)]))
    await make(ledger, *(claim(number, output="x" * 300) for number in range(1, 200)))
    await ledger.close()
    return path


async def _refused(path: Path) -> str:
    ledger = SqliteLedger(path)
    with pytest.raises(StoreCorrupt) as caught:
        await ledger.open()
    await ledger.close()
    return str(caught.value)


@pytest.mark.parametrize("kept", [0, 50, 100, 4096, 40_000])
async def test_a_truncated_ledger_is_refused(closed: Path, kept: int):
    closed.write_bytes(closed.read_bytes()[:kept])
    assert str(closed) in await _refused(closed)


async def test_a_file_that_is_no_database_is_refused(path: Path):
    path.write_text("this is not a ledger, and long enough to have a header of its own. " * 9)
    assert "restore it from a backup" in await _refused(path)


@pytest.mark.parametrize("page", [1, 2, 5, 9, 14])
async def test_a_page_overwritten_with_noise_is_refused(closed: Path, page: int):
    noise = random.Random(page).randbytes(4096)
    content = bytearray(closed.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = noise
    closed.write_bytes(content)
    assert "damaged" in await _refused(closed)


@pytest.mark.parametrize("seed", range(12))
async def test_flipped_bytes_are_refused_or_harm_no_slot(closed: Path, seed: int):
    chance = random.Random(seed)
    content = bytearray(closed.read_bytes())
    for _ in range(40):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    closed.write_bytes(content)
    ledger = SqliteLedger(closed)
    try:
        await ledger.open()
        committed = await ledger.commit(
            Batch(claims=[claim(number, run_id=f"again-{number}") for number in (5, 99)])
        )
    except (StoreCorrupt, StoreUnavailable):
        return
    finally:
        await ledger.close()
    assert committed.refused == {"again-5", "again-99"}


async def test_the_newest_backup_is_named(closed: Path):
    backups = closed.with_name("backups")
    backups.mkdir()
    for name in ("ledger-20261119T000000000Z.db", "ledger-20261120T000000000Z.db", "notes.txt"):
        backups.joinpath(name).touch()
    closed.write_bytes(b"")
    assert "ledger-20261120T000000000Z.db" in await _refused(closed)


async def test_a_ledger_that_is_gone_while_backups_are_here_is_not_begun_anew(closed: Path):
    backups = closed.with_name("backups")
    backups.mkdir()
    shutil.copy(closed, backups / "ledger-20261120T000000000Z.db")
    closed.unlink()
    assert "is gone" in await _refused(closed)
    assert not closed.exists()


async def test_a_ledger_that_is_gone_while_its_log_is_here_is_not_begun_anew(path: Path):
    path.with_name("ledger.db-wal").write_bytes(b"log")
    assert "is gone" in await _refused(path)


async def test_a_ledger_deleted_while_it_is_open_is_not_written_past(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    path.unlink()
    with pytest.raises(StoreCorrupt, match="was deleted"):
        await ledger.commit(Batch(claims=[claim(1)]))
    assert not path.exists()


@pytest.mark.usefixtures("ledger")
def test_a_commit_into_a_file_deleted_meanwhile_is_not_taken_for_written(path: Path):
    watched = Watched(path, lambda: "")
    connection = connect(path)
    with pytest.raises(StoreCorrupt, match="was deleted"):
        watched.transaction(connection, lambda _: path.unlink())
    connection.close()


async def test_a_ledger_replaced_while_it_is_open_is_not_written_past(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    other = path.with_name("other.db")
    shutil.copy(path, other)
    other.replace(path)
    for _ in range(2):
        with pytest.raises(StoreCorrupt, match="was replaced"):
            await ledger.commit(Batch(claims=[claim(1)]))


async def test_a_ledger_whose_log_was_deleted_is_not_written_past(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    path.with_name("ledger.db-wal").unlink()
    with pytest.raises(StoreCorrupt, match="was deleted"):
        await ledger.commit(Batch(claims=[claim(1)]))


async def test_a_ledger_truncated_while_it_is_open_is_not_written_past(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    with path.open("r+b") as file:
        file.truncate(8192)
    with pytest.raises(StoreCorrupt, match="lost its end"):
        await ledger.commit(Batch(claims=[claim(1)]))


async def test_a_ledger_put_back_in_its_place_goes_on(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    path.rename(path.with_name("away.db"))
    with pytest.raises(StoreCorrupt):
        await ledger.commit(Batch(claims=[claim(1)]))
    path.with_name("away.db").rename(path)
    assert not (await ledger.commit(Batch(claims=[claim(1)]))).refused


async def test_a_full_database_writes_nothing_of_the_batch_and_heals(ledger: SqliteLedger):
    await make(ledger, claim(1))
    assert ledger._writer is not None
    [(pages,)] = await ledger._writer.execute_fetchall("PRAGMA page_count")
    await ledger._writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    big = [claim(number, schedule_id=f"s{number}", payload="x" * 3000) for number in range(2, 40)]
    with pytest.raises(StoreUnavailable, match="full"):
        await ledger.commit(Batch(claims=big))
    assert await ledger.unfinished_runs() == []
    assert not (await ledger.commit(Batch(claims=big))).refused


async def test_an_intact_ledger_is_not_refused(closed: Path):
    ledger = SqliteLedger(closed)
    await ledger.open()
    assert len(await ledger.schedule_states()) == 200
    await ledger.close()
