"""The headless engine as an operator meets it: a process with a log, signals and exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.config.documents import THREE_TASKS

TICKING = '[[tasks]]\nid = "tick"\nevery = "1s"\ncommand = "echo tick"\n'


class Server:
    """A `cronsole engine` process and what it has logged."""

    def __init__(self, folder: Path, config: str, *options: str) -> None:
        self.config = folder / "jobs.toml"
        self.config.write_text(config)
        self.log = folder / "log"
        command = [
            sys.executable,
            "-m",
            "cronsole",
            "engine",
            str(self.config),
            "--state",
            str(folder / "state"),
        ]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *options], stderr=log, stdout=log, stdin=subprocess.DEVNULL
            )

    def until(self, holds: Callable[[str], bool], seconds: float = 20) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.log.read_text()
            if holds(text):
                return text
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds}s; the log says:\n{self.log.read_text()}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        return self.process.wait(30)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(config: str, *options: str) -> Server:
        servers.append(Server(tmp_path, config, *options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_fires_logs_a_line_for_each_event_and_exits_0_on_term(serve: Callable[..., Server]) -> None:
    server = serve(TICKING)
    server.until(lambda text: text.count("tick succeeded") >= 2)
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    text = server.log.read_text()
    assert "engine started: 1 schedule" in text
    assert "engine stopping: SIGTERM" in text
    assert text.rstrip().endswith("engine stopped")


def test_the_log_is_json_for_machines_when_asked(serve: Callable[..., Server]) -> None:
    server = serve(TICKING, "--log-format", "json")
    server.until(lambda text: '"event":"RunFinished"' in text)
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    (first, *_) = [line for line in lines(server.log.read_text()) if line["event"] == "RunFinished"]
    assert (first["schedule_id"], first["state"], first["level"]) == ("tick", "succeeded", "info")
    assert first["at"].endswith("Z")
    assert len(first["run_id"]) == 24


def test_a_line_about_a_run_ends_with_its_id(serve: Callable[..., Server]) -> None:
    server = serve(TICKING)
    text = server.until(lambda text: "tick succeeded" in text)
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    (started, *_) = [line for line in text.splitlines() if "tick started" in line]
    (ended, *_) = [line for line in text.splitlines() if "tick succeeded" in line]
    assert re.search(r" \[[0-9a-f]{24}\]$", started)
    assert started.rpartition(" ")[2] == ended.rpartition(" ")[2]


def test_the_three_tasks_of_the_document_are_served_as_written(serve: Callable[..., Server]) -> None:
    server = serve(THREE_TASKS)
    assert "3 schedules" in server.until(lambda text: "engine started" in text)
    server.signal(signal.SIGTERM)
    assert server.end() == 0


def test_a_bad_configuration_exits_2_and_names_every_fault(serve: Callable[..., Server]) -> None:
    server = serve('[[tasks]]\nid = "a"\ncron = "61 * * * *"\n[[tasks]]\nid = "b"\nevry = "5m"\n')
    assert server.end() == 2
    text = server.log.read_text()
    assert "jobs.toml:3" in text
    assert "jobs.toml:6" in text
    assert "every" in text
    assert "Traceback" not in text


def test_a_missing_configuration_exits_2(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("")
    server.process.kill()
    server.process.wait()
    nowhere = tmp_path / "nowhere.toml"
    found = subprocess.run(
        [sys.executable, "-m", "cronsole", "engine", str(nowhere)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "nowhere.toml" in found.stderr


def test_a_second_engine_says_who_holds_the_state(serve: Callable[..., Server], tmp_path: Path) -> None:
    first = serve(TICKING)
    first.until(lambda text: "engine started" in text)
    second = subprocess.run(
        [sys.executable, "-m", "cronsole", "engine", str(first.config), "--state", str(tmp_path / "state")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"pid {first.process.pid}" in second.stderr


def test_hangup_reloads_and_a_broken_file_keeps_the_last_good_one(serve: Callable[..., Server]) -> None:
    server = serve("[engine]\nwatch_files = false\n" + TICKING)
    server.until(lambda text: "tick succeeded" in text)
    server.config.write_text(
        "[engine]\nwatch_files = false\n" + TICKING + TICKING.replace('"tick"', '"tock"')
    )
    server.signal(signal.SIGHUP)
    server.until(lambda text: "1 added: tock" in text and "tock succeeded" in text)
    server.config.write_text("[[tasks]\n")
    server.signal(signal.SIGHUP)
    refused = server.until(lambda text: "configuration refused" in text)
    count = refused.count("tick succeeded")
    server.until(lambda text: text.count("tick succeeded") > count)


def test_an_edited_file_is_noticed_by_itself(serve: Callable[..., Server]) -> None:
    server = serve(TICKING)
    server.until(lambda text: "engine started" in text)
    fresh = server.config.with_suffix(".new")
    fresh.write_text(TICKING + TICKING.replace('"tick"', '"tock"'))
    fresh.rename(server.config)
    server.until(lambda text: "tock succeeded" in text)


def test_a_second_term_kills_what_still_runs(serve: Callable[..., Server]) -> None:
    server = serve(
        '[[tasks]]\nid = "deaf"\nevery = "1s"\ncommand = "trap \'\' TERM; sleep 60 & wait; wait"\n'
    )
    server.until(lambda text: "deaf started" in text)
    server.signal(signal.SIGTERM)
    server.until(lambda text: "engine stopping" in text)
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    assert time.monotonic() - began < 20
    assert "deaf cancelled" in server.log.read_text()


def test_a_missing_binary_fails_that_run_with_a_sentence(serve: Callable[..., Server]) -> None:
    server = serve(TICKING + '[[tasks]]\nid = "lost"\nevery = "1s"\ncommand = ["/no/such/thing"]\n')
    text = server.until(lambda text: "lost failed" in text and "tick succeeded" in text)
    assert "/no/such/thing" in text
    assert "Traceback" not in text


def test_a_manager_that_asks_is_told_that_the_engine_is_ready(tmp_path: Path) -> None:
    import socket

    config = tmp_path / "jobs.toml"
    config.write_text(TICKING)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        engine = subprocess.Popen(
            [sys.executable, "-m", "cronsole", "engine", str(config), "--state", str(tmp_path / "state")],
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stderr=subprocess.DEVNULL,
        )
        assert b"READY=1" in manager.recv(4096)
        engine.terminate()
        assert b"STOPPING=1" in manager.recv(4096)
        assert engine.wait(30) == 0
