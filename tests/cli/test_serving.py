"""The API beside the engine, as an operator meets both: one process, one log, one end."""

import json
import os
import signal
import socket
from collections.abc import Callable

import pytest
from tests.cli.test_engine import TICKING, Server, serve

__all__ = ["serve"]


def ask(path: str, target: str) -> tuple[int, object]:
    """Ask over the socket of a process; the answer's status and body."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(path)
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_an_engine_answers_on_the_socket_in_its_state_directory(serve: Callable[..., Server]):
    server = serve(TICKING)
    server.until(lambda text: "tick succeeded" in text)
    path = str(server.config.parent / "state/cronsole.sock")
    status, view = ask(path, "/api/v1/engine")
    assert (status, view["pid"]) == (200, server.process.pid)  # type: ignore[index]
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    assert not os.path.exists(path)


def test_listening_without_tokens_is_told_in_one_sentence_and_exits_1(serve: Callable[..., Server]):
    server = serve('[api]\nlisten = "127.0.0.1:0"\n' + TICKING)
    assert server.end() == 1
    told = server.log.read_text()
    assert "there is no token file" in told
    assert "Traceback" not in told


def test_a_reload_says_what_only_a_new_start_brings_into_force(serve: Callable[..., Server]):
    server = serve(TICKING)
    server.until(lambda text: "engine started" in text)
    server.config.write_text(f'[api]\nsocket = "{server.config.parent}/other.sock"\n{TICKING}')
    server.signal(signal.SIGHUP)
    server.until(lambda text: "started anew for a change of api.socket" in text)


def test_traces_that_cannot_be_sent_hold_up_neither_start_nor_end(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    server = serve(TICKING)
    server.until(lambda text: "tick succeeded" in text)
    server.signal(signal.SIGTERM)
    assert server.end() == 0
    log = server.log.read_text()
    assert "warning traces: " in log
    assert all(line[:2] == "20" for line in log.splitlines())
