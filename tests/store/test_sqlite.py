"""The SQLite file: durable, private, of this program's version, and never written past what was opened."""

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest
from tests.contract.ledger_rows import claim, defined, finished, make, state_of

from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.schedule import Origin, SourceKind
from cronsole.store.base import Batch, Defined
from cronsole.store.database_file import connect, create
from cronsole.store.rows import policy_row, schedule_row
from cronsole.store.sqlite import SqliteLedger
from cronsole.store.statements import migrations


@pytest.mark.parametrize(
    ("setting", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 50)],
)
async def test_every_connection_is_durable(ledger: SqliteLedger, setting: str, value: str | int):
    for connection in (ledger._writer, ledger._reader, ledger._keeper):
        assert connection is not None
        found = await connection.execute_fetchall(f"PRAGMA {setting}")
        assert [tuple(row) for row in found] == [(value,)]


@pytest.mark.usefixtures("ledger")
async def test_a_setting_that_does_not_hold_refuses_the_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cronsole.store.database_file._SETTINGS", {"journal_mode": "wal", "synchronous": 77})
    with pytest.raises(StoreUnavailable, match=r"keeps synchronous at \d"):
        connect(path)


async def test_the_files_are_for_their_owner_only(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(states=[defined()]))
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        assert path.with_name(name).stat().st_mode & 0o777 == 0o600


async def test_a_ledger_of_a_newer_program_is_refused_and_left_as_it_is(ledger: SqliteLedger, path: Path):
    await ledger.close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    raw.close()
    with pytest.raises(StoreCorrupt, match="newer cronsole"):
        await SqliteLedger(path).open()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone() == ("999",)
    raw.close()


async def test_a_database_of_something_else_is_refused(path: Path):
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE songs (title TEXT)")
    raw.close()
    with pytest.raises(StoreCorrupt, match="something else"):
        await SqliteLedger(path).open()


async def test_a_migration_that_fails_changes_nothing(
    ledger: SqliteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
):
    await ledger.close()
    broken = [(1, []), (99, ["CREATE TABLE more (x)", "CREATE TABLE runs (x)"])]
    with monkeypatch.context() as patch:
        patch.setattr("cronsole.store.database_file.migrations", lambda: broken)
        with pytest.raises(StoreUnavailable):
            await SqliteLedger(path).open()
    await ledger.open()
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
    raw.close()


async def test_a_ledger_of_an_older_program_is_brought_up_to_date_with_all_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = migrations()[:1]
    with monkeypatch.context() as patch:
        patch.setattr("cronsole.store.database_file.migrations", lambda: first)
        older = SqliteLedger(path)
        await older.open()
        await make(older, claim(1))
        await older.close()
    ledger = SqliteLedger(path)
    await ledger.open()
    assert await ledger.run(claim(1).run_id) is not None
    assert await ledger.waiting_channels() == {}
    await ledger.close()


async def test_an_older_ledger_learns_where_its_schedules_are_from(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    older = migrations()[:2]
    of_api = msgspec.structs.replace(defined("by_api").schedule, origin=Origin(SourceKind.API, "ann"))
    with monkeypatch.context() as patch:
        patch.setattr("cronsole.store.database_file.migrations", lambda: older)
        create(path)
    raw = sqlite3.connect(path)
    for each in (defined(), Defined(of_api, state_of("by_api"))):
        # What the second migration's program wrote: all but the column that names the source.
        row = schedule_row(each)[:-1]
        raw.execute("INSERT OR IGNORE INTO policies VALUES (?, ?)", policy_row(each.schedule.policy))
        raw.execute(f"INSERT INTO schedules VALUES ({', '.join('?' * len(row))})", row)
    raw.commit()
    raw.close()
    ledger = SqliteLedger(path)
    await ledger.open()
    found = [await ledger.stored_schedules(kind) for kind in (SourceKind.API, SourceKind.FILE)]
    await ledger.close()
    assert found == [[of_api], [defined().schedule]]


async def test_a_first_open_that_was_cut_short_is_begun_anew(path: Path):
    path.with_name("ledger.db.new").write_bytes(b"half")
    ledger = SqliteLedger(path)
    await ledger.open()
    await ledger.commit(Batch(states=[defined()]))
    await ledger.close()


async def test_a_lock_held_by_another_is_told_and_then_healed(ledger: SqliteLedger, path: Path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await ledger.commit(Batch(states=[defined()], claims=[claim(1)]))
    other.execute("ROLLBACK")
    other.close()
    assert await ledger.schedule_states() == {}
    assert not (await ledger.commit(Batch(states=[defined()], claims=[claim(1)]))).refused


async def test_reading_does_not_wait_for_writing(ledger: SqliteLedger, path: Path):
    await ledger.commit(Batch(claims=[claim(1)]))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM runs")
    assert await ledger.run(claim(1).run_id) == claim(1)
    other.close()


async def test_commits_made_at_once_are_all_written(ledger: SqliteLedger):
    claims = [claim(number, schedule_id=f"s{number}") for number in range(1, 50)]
    await asyncio.gather(*(ledger.commit(Batch(claims=[run])) for run in claims))
    assert len(await ledger.unfinished_runs()) == 49


async def test_a_commit_whose_awaiter_is_cancelled_is_whole_or_absent(ledger: SqliteLedger):
    commit = asyncio.ensure_future(ledger.commit(Batch(states=[defined()], claims=[claim(1)])))
    await asyncio.sleep(0)
    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit
    await ledger.commit(Batch(claims=[claim(1, schedule_id="other")]))
    assert (await ledger.schedule_states())["tidy"].watermark == claim(1).slot


async def test_a_ledger_can_be_closed_twice_and_before_it_is_open(path: Path):
    ledger = SqliteLedger(path)
    await ledger.close()
    await ledger.open()
    await ledger.close()
    await ledger.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        await ledger.commit(Batch(claims=[claim(1)]))
    with pytest.raises(StoreUnavailable, match="not open"):
        await ledger.unfinished_runs()


async def test_what_was_committed_is_there_without_a_clean_end(
    ledger: SqliteLedger, path: Path, tmp_path: Path
):
    await make(ledger, claim(1))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        copy.joinpath(name).write_bytes(path.with_name(name).read_bytes())
    after_the_crash = SqliteLedger(copy / "ledger.db")
    await after_the_crash.open()
    run = await after_the_crash.run(claim(1).run_id)
    await after_the_crash.close()
    assert run is not None
    assert run.state.is_final


async def test_a_backup_is_a_whole_ledger_under_its_final_name(ledger: SqliteLedger, tmp_path: Path):
    await make(ledger, claim(1))
    target = tmp_path / "backups" / "ledger-1.db"
    await ledger.backup(str(target))
    assert [path.name for path in target.parent.iterdir()] == ["ledger-1.db"]
    assert target.stat().st_mode & 0o777 == 0o600
    restored = SqliteLedger(target)
    await restored.open()
    assert await restored.run(claim(1).run_id) == await ledger.run(claim(1).run_id)
    await restored.close()


async def test_commits_go_on_while_a_backup_is_made(ledger: SqliteLedger, tmp_path: Path):
    await make(ledger, claim(1))
    backup = asyncio.ensure_future(ledger.backup(str(tmp_path / "copy.db")))
    await ledger.commit(Batch(claims=[claim(2)]))
    await ledger.commit(Batch(changes=[finished(claim(2))]))
    await backup
