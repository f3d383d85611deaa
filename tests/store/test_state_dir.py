"""The state directory belongs to one engine, and to its user alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cronsole.errors import StateLocked, StoreUnavailable
from cronsole.store.state_dir import KEPT_BACKUPS, LockHolder, StateDirectory, default_state_dir

_HOLD = """
import sys, time
from pathlib import Path
from cronsole.store.state_dir import StateDirectory
with StateDirectory(Path(sys.argv[1]), config="/etc/cronsole.toml"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_engine(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "state")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_engine_is_told_who_holds_the_directory(tmp_path: Path, other_engine: subprocess.Popen[str]):
    with pytest.raises(StateLocked) as caught, StateDirectory(tmp_path / "state"):
        pass
    told = str(caught.value)
    assert f"pid {other_engine.pid}" in told
    assert "/etc/cronsole.toml" in told
    assert " since 2" in told


def test_the_lock_is_released_by_the_death_of_its_holder(tmp_path: Path, other_engine: subprocess.Popen[str]):
    other_engine.send_signal(signal.SIGKILL)
    other_engine.wait()
    with StateDirectory(tmp_path / "state") as state:
        holder = msgspec.json.decode(state.lock_path.read_bytes(), type=LockHolder)
    assert holder.pid == os.getpid()


def test_the_lock_is_released_at_the_end_and_can_be_taken_again(tmp_path: Path):
    for _ in range(2):
        with StateDirectory(tmp_path):
            pass


def test_a_child_of_the_engine_does_not_keep_the_lock(tmp_path: Path):
    with StateDirectory(tmp_path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with StateDirectory(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_lock_file_that_says_nothing_still_locks(tmp_path: Path):
    with StateDirectory(tmp_path) as state:
        state.lock_path.write_text("")
        with pytest.raises(StateLocked, match="another engine"), StateDirectory(tmp_path):
            pass


def test_the_directory_and_what_it_holds_are_for_their_owner_only(tmp_path: Path):
    path = tmp_path / "deep" / "state"
    with StateDirectory(path) as state:
        for folder in (path, state.output_dir, state.backups_dir):
            assert folder.stat().st_mode & 0o777 == 0o700
        assert state.lock_path.stat().st_mode & 0o777 == 0o600


def test_a_directory_that_was_open_to_others_is_closed(tmp_path: Path):
    tmp_path.chmod(0o755)
    with StateDirectory(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_path_that_cannot_be_a_directory_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be used"), StateDirectory(tmp_path / "file" / "state"):
        pass


def test_making_room_for_a_backup_keeps_the_newest(tmp_path: Path):
    with StateDirectory(tmp_path) as state:
        names = [Path(state.next_backup(hour * 3_600_000)) for hour in range(KEPT_BACKUPS + 3)]
        for name in names:
            name.touch()
        state.next_backup(999 * 3_600_000)
        assert sorted(state.backups_dir.iterdir()) == names[3:]


@pytest.mark.parametrize(
    ("environ", "uid", "path"),
    [
        ({"HOME": "/root", "XDG_STATE_HOME": "/x"}, 0, "/var/lib/cronsole"),
        ({"HOME": "/home/ann"}, 1000, "/home/ann/.local/state/cronsole"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": "/data/state"}, 1000, "/data/state/cronsole"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": "relative"}, 1000, "/home/ann/.local/state/cronsole"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": ""}, 1000, "/home/ann/.local/state/cronsole"),
    ],
)
def test_state_lives_where_the_system_keeps_it(environ: dict[str, str], uid: int, path: str):
    assert default_state_dir(environ, uid) == Path(path)
