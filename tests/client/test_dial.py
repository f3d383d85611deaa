"""`cronsole dial`: what a client over SSH runs at the far side."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.client.engine_process import EngineProcess

DIAL = [sys.executable, "-m", "cronsole", "dial"]
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def dial(
    *args: str, said: bytes = b"", environ: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*DIAL, *args],
        input=said,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **(environ or {})},
    )


def ask(*args: str, environ: dict[str, str] | None = None) -> bytes:
    """Return the engine's answer to a question whose asker stays on the line."""
    with subprocess.Popen(
        [*DIAL, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(environ or {})}
    ) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        bridge.stdin.write(REQUEST)
        bridge.stdin.flush()
        return bridge.stdout.read()


async def started(path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *DIAL, str(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_question_is_answered_by_the_engine(shared_engine: EngineProcess):
    assert ask(str(shared_engine.socket)).startswith(b"HTTP/1.1 200")


def test_without_a_path_it_dials_the_engine_that_a_verb_would_ask(shared_engine: EngineProcess):
    environ = {"CRONSOLE_ENGINE": f"unix:{shared_engine.socket}"}
    assert ask(environ=environ).startswith(b"HTTP/1.1 200")
    assert dial("--where", environ=environ).stdout.decode() == f"{shared_engine.socket}\n"


def test_an_engine_elsewhere_is_not_the_one_of_this_machine():
    told = dial("--where", environ={"CRONSOLE_ENGINE": "ssh://elsewhere"}).stdout.decode()
    assert told.endswith("/cronsole.sock\n")
    assert "elsewhere" not in told


def test_where_nobody_listens_it_says_so_on_stderr_alone(tmp_path: Path):
    done = dial(str(tmp_path / "none.sock"))
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"start one with `cronsole engine`" in done.stderr


@pytest.mark.parametrize("args", [("--what",), ("a", "b")])
def test_called_wrongly_it_shows_how(args: tuple[str, ...]):
    done = dial(*args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage: cronsole dial")


async def test_every_byte_goes_both_ways_at_once(tmp_path: Path):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    path = tmp_path / "echo.sock"
    said = os.urandom(8 * 1024 * 1024)
    async with await asyncio.start_unix_server(echo, path):
        bridge = await started(path)
        told, complaint = await bridge.communicate(said)
    assert hashlib.sha256(told).digest() == hashlib.sha256(said).digest()
    assert (bridge.returncode, complaint) == (0, b"")


async def test_the_end_of_what_is_said_is_handed_on_and_the_answer_still_comes(tmp_path: Path):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = await reader.read()
        writer.write(b"%d bytes" % len(whole))
        writer.close()

    path = tmp_path / "answer.sock"
    async with await asyncio.start_unix_server(answer, path):
        told, _ = await (await started(path)).communicate(b"12345")
    assert told == b"5 bytes"


async def test_it_ends_when_the_engine_hangs_up_though_more_could_be_said(tmp_path: Path):
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    path = tmp_path / "short.sock"
    async with await asyncio.start_unix_server(hang_up, path):
        bridge = await started(path)
        assert bridge.stdin is not None
        bridge.stdin.write(b"x")
        assert await bridge.wait() == 0
