"""Schemathesis against a real engine in a process of its own: whatever it is sent, the API knows what to answer."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cronsole.api.tokens import create

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
CONFIG = """
[api]
listen = "127.0.0.1:{port}"

[[tasks]]
id = "tick"
every = "1h"
command = "echo tick"

[[tasks]]
id = "shop/nightly-report"
cron = "30 4 * * *"
"""


class Target:
    """An engine that serves on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        (folder / "jobs.toml").write_text(CONFIG.format(port=self.port))
        self.log = (folder / "log").open("w+")
        now = datetime.now(UTC)
        tokens = folder / "state" / "tokens.json"
        # Without `exec`: what is made up shall not run as a command on the machine that tests.
        held = ("read", "operate", "write")
        self.token = create(tokens, "fuzz", role="", permissions=held, now=now, expires_at=None)
        self.admin = create(tokens, "admin", role="admin", permissions=(), now=now, expires_at=None)
        command = [sys.executable, "-m", "cronsole", "engine", "jobs.toml", "--state", "state"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"not within 30s; the log says:\n{self.told()}")

    def told(self) -> str:
        return (self.folder / "log").read_text()

    def fuzz(self, token: str, *options: str) -> None:
        """Run schemathesis; it fails on any answer that is not as the document says."""
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("st")),
                *(
                    "run",
                    f"http://127.0.0.1:{self.port}/openapi.json",
                    "-H",
                    f"Authorization: Bearer {token}",
                ),
                *("--checks", ",".join(CHECKS), "--request-timeout", "30", "--warnings", "off"),
                *options,
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=1_800,
        )
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        assert "failed in the API" not in self.told()
        assert self.process.poll() is None


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    made = Target(tmp_path)
    yield made
    made.process.terminate()
    try:
        made.process.wait(30)
    finally:
        made.process.kill()
        made.log.close()


def test_whatever_is_sent_is_answered_as_the_document_says(target: Target):
    target.fuzz(target.token, "--exclude-path", "/api/v1/events", "--max-time", "20", "--seed", "1")
    target.fuzz(target.admin, "--include-path", "/api/v1/audit", "--max-time", "3", "--seed", "1")


@pytest.mark.battery
def test_whatever_is_sent_for_twenty_minutes_is_answered_as_the_document_says(target: Target):
    target.fuzz(target.token, "--exclude-path", "/api/v1/events", "--max-time", "1200")
    target.fuzz(target.admin, "--include-path", "/api/v1/audit", "--max-time", "60")
