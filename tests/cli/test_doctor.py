import json
import os
import resource
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cronsole.cli import machine
from cronsole.cli.doctor import engine_findings
from cronsole.cli.findings import Grade
from cronsole.cli.main import main
from cronsole.model.view import Counts, EngineView

AT = datetime(2026, 11, 20, tzinfo=UTC)
GIB = 1024**3


def engine(**more: object) -> EngineView:
    told: dict[str, object] = {
        "version": "1",
        "node": "n",
        "host": "web-1",
        "pid": 7,
        "user": "ops",
        "started_at": AT,
        "now": AT,
        "config": "c.toml",
        "state_dir": "/s",
        "environment": "production",
        "timezone": "UTC",
        "counts": Counts(schedules=3),
    }
    return EngineView(**(told | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "status", "worst_us", "grade"),
    [
        (0, 1, 20_000, Grade.OK),
        (5, 1, 20_000, Grade.WARN),
        (0, 0x41, 20_000, Grade.WARN),
        (0, 1, 2_000_000, Grade.WARN),
    ],
)
def test_the_clock_is_well_when_the_kernel_says_that_it_is_synchronised(state, status, worst_us, grade):
    assert machine.clock_finding(state, status, worst_us).grade is grade


@pytest.mark.parametrize(
    ("system", "packaged", "grade"),
    [
        ("2026b", "2026.2", Grade.OK),
        ("2026a", "2026.2", Grade.WARN),
        ("2025z", "2026.1", Grade.WARN),
        ("2026c", "2026.2", Grade.OK),
        ("unknown", "2026.2", Grade.OK),
        (None, "2026.2", Grade.OK),
        (None, "", Grade.BAD),
    ],
)
def test_time_zone_data_is_doubtful_when_the_package_has_newer(system, packaged, grade):
    assert machine.zones_finding(system, packaged).grade is grade


@pytest.mark.parametrize(
    ("soft", "grade"), [(1024, Grade.WARN), (65_536, Grade.OK), (resource.RLIM_INFINITY, Grade.OK)]
)
def test_a_low_limit_is_doubtful(soft, grade):
    assert machine.limit_finding("open files", soft, 2**20, 4_096).grade is grade


@pytest.mark.parametrize(
    ("free", "inodes", "grade"),
    [
        (50 * GIB, 10**6, Grade.OK),
        (50 * GIB, None, Grade.OK),
        (GIB // 2, 10**6, Grade.WARN),
        (50 * GIB, 2_000, Grade.WARN),
        (1024, 10**6, Grade.BAD),
        (50 * GIB, 0, Grade.BAD),
    ],
)
def test_a_full_disk_is_bad_in_bytes_and_in_inodes(free, inodes, grade):
    assert machine.disk_finding(free, inodes).grade is grade


def test_a_socket_path_that_the_kernel_would_refuse_is_bad():
    longest = "/" + "x" * (machine.LONGEST_SOCKET_PATH - 1)
    assert machine.socket_path(longest).grade is Grade.OK
    assert machine.socket_path(longest + "x").grade is Grade.BAD
    with socket.socket(socket.AF_UNIX) as door, pytest.raises(OSError, match="too long"):
        door.bind(longest + "x")


def test_a_state_directory_that_others_can_read_is_bad(tmp_path: Path):
    tmp_path.chmod(0o755)
    (finding, *_) = machine.state_directory(tmp_path)
    assert (finding.grade, finding.advice) == (Grade.BAD, f"chmod 700 {tmp_path}")


def test_a_state_directory_of_our_own_is_well(tmp_path: Path):
    tmp_path.chmod(0o700)
    assert next(machine.state_directory(tmp_path)).grade is Grade.OK


def test_an_engine_of_another_version_is_doubtful():
    assert [finding.grade for finding in engine_findings(engine(), "2")] == [Grade.WARN]


def test_an_engine_that_cannot_write_its_ledger_is_bad():
    assert Grade.BAD in {finding.grade for finding in engine_findings(engine(is_troubled=True), "1")}


def test_an_engine_whose_files_have_faults_is_bad():
    found = {finding.name: finding for finding in engine_findings(engine(problems=("a.toml:3: x",)), "1")}
    assert found["reload"].grade is Grade.BAD


def test_the_findings_are_json_and_the_exit_code_says_that_something_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    config = tmp_path / "jobs.toml"
    config.write_text(f'[engine]\nstate_dir = "{tmp_path}"\n[[tasks]]\nid = "a"\ncron = "61 * * * *"\n')
    monkeypatch.delenv("CRONSOLE_ENGINE", raising=False)
    with pytest.raises(SystemExit) as stop:
        main(["doctor", os.fspath(config), "--json"])
    told = json.loads(capsys.readouterr().out)
    grades = {finding["name"]: finding["grade"] for finding in told["findings"]}
    assert (stop.value.code, told["ok"], grades["config"], grades["engine"]) == (1, False, "bad", "warn")
