"""Each type of channel by itself, against the real thing at its other end."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.executors.conftest import gone
from tests.notify.conftest import Server

from cronsole.model.channel import AppriseChannel, CommandChannel
from cronsole.model.instant import from_iso
from cronsole.model.message import Message, MessageKind
from cronsole.model.run import RunState
from cronsole.notify.apprise import AppriseSender
from cronsole.notify.base import SendFault
from cronsole.notify.command import CommandSender
from cronsole.notify.message import text_of
from cronsole.notify.webhook import HttpClient, WebhookSender

MESSAGE = Message(
    id="r1.failure",
    kind=MessageKind.FAILURE,
    at=from_iso("2026-11-20T02:33Z"),
    schedule_id="gc",
    state=RunState.FAILED,
    run_id="r1",
    slot=from_iso("2026-11-20T02:30Z"),
    detail="exit code 3",
    exit_code=3,
)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


def command(
    run: str | tuple[str, ...], environ: dict[str, str] | None = None, **fields: Any
) -> CommandSender:
    return CommandSender(
        CommandChannel("ops", run, **fields), {"PATH": os.environ["PATH"], **(environ or {})}
    )


async def test_a_webhook_gets_the_message_as_json_and_its_id_to_tell_a_repetition_by(
    http: HttpClient, server: Server
) -> None:
    await WebhookSender(server.channel(), http, {}).send(MESSAGE)
    ((first, headers),) = server.asked
    assert first == "POST /hook HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == "r1.failure"
    (body,) = server.bodies
    assert (body["id"], body["kind"], body["state"]) == ("r1.failure", "failure", "failed")
    assert (body["at"], body["slot"]) == ("2026-11-20T02:33Z", "2026-11-20T02:30Z")
    assert body["text"] == text_of(MESSAGE)


async def test_the_secrets_of_a_webhook_are_looked_up_when_it_is_used(
    http: HttpClient, server: Server, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    channel = server.channel(
        method="PUT", headers=(("Authorization", f"Bearer ${{file:{token}}}"), ("X-Env", "${env:STAGE}"))
    )
    sender = WebhookSender(channel, http, {"STAGE": "lab"})
    with pytest.raises(SendFault, match="cannot be read"):
        await sender.send(MESSAGE)
    token.write_text("s3cret\n")
    await sender.send(MESSAGE)
    ((first, headers),) = server.asked
    assert first.startswith("PUT ")
    assert (headers["authorization"], headers["x-env"]) == ("Bearer s3cret", "lab")


@pytest.mark.parametrize("status", [302, 400, 404, 500])
async def test_a_webhook_that_answers_otherwise_than_2xx_has_not_taken_the_message(
    http: HttpClient, server: Server, status: int
) -> None:
    server.status = status
    with pytest.raises(SendFault, match=f"^answered {status}$"):
        await WebhookSender(server.channel(), http, {}).send(MESSAGE)


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://127.0.0.1:1/s3cret", "x"),
        ("ftp://s3cret@host/", "x"),
        ("http://h\x07ost/s3cret", "x"),
        ("${env:NONE:-}/s3cret", "x"),
        ("${env:SERVER}/", "s3cret\r\nX-Other: y"),
        ("${env:SERVER}/", "s3crét ☃"),
    ],
)
async def test_no_fault_of_a_webhook_holds_its_secrets(
    http: HttpClient, server: Server, url: str, header: str
) -> None:
    channel = server.channel(headers=(("X-Token", "${env:HEADER}"),))
    environ = {"HEADER": header, "SERVER": server.url}
    with pytest.raises(SendFault) as caught:
        await WebhookSender(msgspec.structs.replace(channel, url=url), http, environ).send(MESSAGE)
    assert "s3cr" not in str(caught.value)
    assert str(caught.value)


async def test_a_webhook_does_not_go_where_another_host_sends_it(http: HttpClient, server: Server) -> None:
    server.status = 307
    server.location = f"{server.url}/elsewhere"
    with pytest.raises(SendFault, match=r"^answered 307$"):
        await WebhookSender(server.channel(), http, {}).send(MESSAGE)
    assert len(server.asked) == 1


async def test_a_command_reads_the_message_and_finds_what_it_is_about_in_its_environment(
    tmp_path: Path,
) -> None:
    await command(
        f"cat > {tmp_path}/given; env > {tmp_path}/env", {"SECRET": "of the engine"}, env=(("TO", "ann"),)
    ).send(MESSAGE)
    given = json.loads((tmp_path / "given").read_text())
    assert (given["id"], given["exit_code"]) == ("r1.failure", 3)
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert env["CRONSOLE_MESSAGE_KIND"] == "failure"
    assert env["CRONSOLE_MESSAGE_TEXT"] == "gc failed: exit code 3"
    assert (env["CRONSOLE_SCHEDULE"], env["CRONSOLE_SLOT"]) == ("gc", "2026-11-20T02:30Z")
    assert env["TO"] == "ann"
    assert "SECRET" not in env
    assert "CRONSOLE_RUN_ID" not in env


async def test_a_list_is_executed_as_it_stands(tmp_path: Path) -> None:
    await command(("touch", str(tmp_path / "a b"))).send(MESSAGE)
    assert (tmp_path / "a b").exists()


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("echo first; echo no route >&2; exit 4", "exit code 4: no route"),
        ("exit 4", "exit code 4"),
        ("kill -9 $$", "ended by signal 9"),
        (("no-such-program",), "cannot be started: No such file or directory"),
        ("printf '\\033[31mred'; exit 1", "exit code 1: \\x1b[31mred"),
        ("true ${env:NONE}", "the environment variable NONE is not set"),
    ],
)
async def test_a_command_that_fails_has_not_taken_the_message(run: Any, told: str) -> None:
    with pytest.raises(SendFault) as caught:
        await command(run).send(MESSAGE)
    assert str(caught.value).startswith(told)


async def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    fd = os.open(tmp_path / "pid", os.O_RDWR | os.O_NONBLOCK)
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(fd, ready.set)
    sending = asyncio.ensure_future(command(f"sleep 60 & echo $! > {tmp_path}/pid; wait").send(MESSAGE))
    async with asyncio.timeout(20):
        await ready.wait()
    asyncio.get_running_loop().remove_reader(fd)
    child = int(os.read(fd, 100))
    os.close(fd)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await gone(child)


async def test_a_command_that_does_not_read_the_message_may_succeed() -> None:
    await command("true").send(MESSAGE)


# What the library imports for all of its services is its own affair.
of_apprise = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@of_apprise
async def test_apprise_hands_the_message_to_the_service_of_its_url(server: Server) -> None:
    channel = AppriseChannel("ops", "json://127.0.0.1:${env:PORT}/hook")
    await AppriseSender(channel, {"PORT": str(server.port)}).send(MESSAGE)
    (body,) = server.bodies
    assert body["title"] == "gc failed: exit code 3"
    assert "run: r1" in body["message"]


@of_apprise
async def test_apprise_tells_that_it_failed_and_no_secret(server: Server) -> None:
    server.status = 500
    channel = AppriseChannel("ops", f"json://user:s3cret@127.0.0.1:{server.port}/")
    with pytest.raises(SendFault, match=r"^Apprise could not deliver it$"):
        await AppriseSender(channel, {}).send(MESSAGE)
    with pytest.raises(SendFault, match=r"^its URL is none that Apprise knows$"):
        await AppriseSender(AppriseChannel("ops", "s3cret://x"), {}).send(MESSAGE)


async def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SendFault, match=r"pip install 'cronsole\[notify\]'"):
        await AppriseSender(AppriseChannel("ops", "json://h"), {}).send(MESSAGE)
