"""Which backups stay."""

from pathlib import Path

from cronsole.store.backups import backup_name, newest_backup, surplus

_NAMES = [backup_name(hour * 3_600_000) for hour in range(10)]


def test_names_sort_as_their_instants():
    assert sorted(_NAMES, reverse=True) == _NAMES[::-1]
    assert backup_name(1_795_132_800_123) == "ledger-20261120T000000123Z.db"


def test_the_newest_stay_and_the_oldest_go():
    assert surplus(reversed(_NAMES), 7) == _NAMES[:3]


def test_nothing_goes_where_there_are_few():
    assert surplus(_NAMES, 10) == []
    assert surplus([], 3) == []


def test_what_is_no_backup_is_left_alone():
    assert surplus(["notes.txt", "ledger.db", "ledger-1.db.part", *_NAMES], 0) == _NAMES


def test_the_newest_backup_is_found(tmp_path: Path):
    assert newest_backup(tmp_path / "nowhere") is None
    assert newest_backup(tmp_path) is None
    for name in ("zzz.txt", *_NAMES):
        (tmp_path / name).touch()
    assert newest_backup(tmp_path) == tmp_path / _NAMES[-1]
