"""The server as a process meets it: its socket, its port, slow clients and its end."""

import asyncio
import os
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
from tests.api.served import Line, Served
from tests.runtime.house import schedule

from cronsole.api import peer, socket_file
from cronsole.api.server import address_of
from cronsole.errors import CronsoleError


async def test_the_socket_is_for_its_owner_in_a_folder_for_its_owner(served: Served):
    await served.start()
    found = os.stat(served.socket)
    assert stat.S_ISSOCK(found.st_mode)
    assert (found.st_mode & 0o777, os.stat(served.socket.parent).st_mode & 0o777) == (0o600, 0o700)


def test_the_socket_is_never_open_to_others_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        with socket_file.bind(tmp_path / "s", is_for_others=False):
            assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
        with socket_file.bind(tmp_path / "t", is_for_others=True):
            assert (tmp_path / "t").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_socket_for_others_is_open_to_them_whatever_the_umask(tmp_path: Path):
    before = os.umask(0o077)
    try:
        with socket_file.bind(tmp_path / "t", is_for_others=True):
            assert (tmp_path / "t").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


async def test_a_socket_that_a_dead_engine_left_is_replaced(served: Served):
    served.house.state.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(served.house.state / "cronsole.sock"))
    await served.start()
    assert (await served.ask("GET", "/healthz")).status == 200


async def test_a_socket_at_which_somebody_answers_is_left_to_them(served: Served):
    served.house.state.mkdir(mode=0o700)
    path = served.house.state / "cronsole.sock"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(CronsoleError, match="another process answers at"):
            await served.start()
        assert path.exists()


async def test_what_is_no_socket_is_left_where_it_is(served: Served):
    served.house.state.mkdir(mode=0o700)
    path = served.house.state / "cronsole.sock"
    path.write_text("precious")
    with pytest.raises(CronsoleError, match="it is no socket"):
        await served.start()
    assert path.read_text() == "precious"


async def test_a_path_too_long_for_the_kernel_is_served_and_told(served: Served):
    folder = served.house.state / ("x" * 80) / ("y" * 80)
    await served.start(socket=str(folder / "api.sock"))
    assert "is longer than 107 bytes" in served.warnings[0]
    descriptor = os.open(folder, os.O_PATH)
    try:
        opening = asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}/api.sock")
        reader, writer = await opening
    finally:
        os.close(descriptor)
    line = Line(reader, writer)
    await line.send("GET", "/healthz", {})
    assert (await line.answer()).status == 200
    writer.close()


async def test_users_whom_a_folder_keeps_out_are_warned_of(served: Served):
    (served.house.state / "closed").mkdir(parents=True, mode=0o700)
    where = served.house.state / "closed" / "api.sock"
    await served.start(socket=str(where), users=(("root", "viewer"),))
    assert any("cannot reach" in each for each in served.warnings)


@pytest.mark.parametrize(("user", "told"), [("no-such-user", "knows no user"), ("root", '"king" is no role')])
async def test_an_unknown_user_or_role_is_refused_at_the_start(served: Served, user: str, told: str):
    with pytest.raises(CronsoleError, match=told):
        await served.start(socket=str(served.house.state / "s"), users=((user, "king"),))


async def test_the_socket_is_gone_with_the_server(served: Served):
    await served.start()
    path = served.socket
    await served.stop()
    assert not path.exists()


async def test_a_port_that_is_taken_is_told_in_a_sentence(served: Served):
    served.token("known", role="viewer")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CronsoleError, match=f"{listen} cannot be served: Address already in use"):
            await served.start(listen=listen)
    assert not (served.house.state / "cronsole.sock").exists()


async def test_tls_is_served_with_the_files_of_the_settings(served: Served, tmp_path: Path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    token = served.token("known", role="viewer")
    await served.start(tls_certificate=str(certificate), tls_key=str(key))
    assert served.server.addresses[1].startswith("https://127.0.0.1:")
    context = ssl.create_default_context(cafile=certificate)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.port, ssl=context, server_hostname="localhost"
    )
    line = Line(reader, writer)
    await line.send(
        "GET", "/api/v1/engine", {"Authorization": f"Bearer {token}", "Origin": "https://localhost"}
    )
    assert (await line.answer()).status == 200
    writer.close()


async def test_a_certificate_that_cannot_be_used_is_refused_at_the_start(served: Served, tmp_path: Path):
    served.token("known", role="viewer")
    (tmp_path / "cert.pem").write_text("none")
    with pytest.raises(CronsoleError, match=r"api\.tls_certificate: .* cannot be used"):
        await served.start(tls_certificate=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "cert.pem"))


async def test_an_open_port_without_tls_is_warned_of(served: Served):
    served.token("known", role="viewer")
    await served.start(listen="0.0.0.0:0")
    assert "without TLS" in served.warnings[0]


@pytest.mark.parametrize(
    "sent", [b"", b"GET /healthz HTT", b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_who_does_not_finish_a_request_is_hung_up_on(
    served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
):
    monkeypatch.setattr(peer, "_REQUEST_SECONDS", 0.05)
    await served.start()
    reader, writer = await asyncio.open_unix_connection(str(served.socket))
    writer.write(sent)
    async with asyncio.timeout(20):
        assert await reader.read() == b"" or sent.startswith(b"POST")
    writer.close()


async def test_who_dribbles_after_an_answer_is_hung_up_on(served: Served, monkeypatch: pytest.MonkeyPatch):
    await served.start()
    async with served.line() as line:
        await line.send("GET", "/healthz", {})
        assert (await line.answer()).status == 200
        monkeypatch.setattr(peer, "_REQUEST_SECONDS", 0.05)
        line.writer.write(b"GET /he")
        async with asyncio.timeout(20):
            assert await line.reader.read() == b""


async def test_a_long_answer_is_not_hung_up_on(served: Served):
    await served.start()
    async with served.line() as line:
        await line.send("GET", "/api/v1/events", {})
        await line.head()
        await line.until(": cronsole")
        server, _ = served.server._servers[0]
        (connection,) = server.server_state.connections
        assert isinstance(connection, peer.PeerProtocol)
        assert connection._hang_up is None


async def test_more_connections_than_are_served_are_cut(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(peer, "_MOST_CONNECTIONS", 2)
    await served.start()
    lines = [await asyncio.open_unix_connection(str(served.socket)) for _ in range(3)]
    async with asyncio.timeout(20):
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert await lines[2][0].read() != b""
    for _, writer in lines:
        writer.close()


async def test_the_engine_is_seen_to_stop_until_its_last_run_has_ended(served: Served):
    from tests.runtime import handlers_in_tests
    from tests.runtime.house import calls

    from cronsole.model.event import RunStarted

    await served.start(schedule("tick", "1h", calls("hold")))
    await served.ask("POST", "/api/v1/schedules/tick/trigger")
    await served.house.until(RunStarted)
    served.house.engine.stop("test")
    stopping = asyncio.ensure_future(served.stop())
    view = (await served.ask("GET", "/api/v1/engine")).json()
    assert view["is_stopping"] is True
    for gate in handlers_in_tests.gates.values():
        gate.set()
    await stopping


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        (":80", ("127.0.0.1", 80)),
        ("cron.example.com:8443", ("cron.example.com", 8443)),
    ],
)
def test_an_address_without_a_host_is_this_machine_alone(listen: str, address: tuple[str, int]):
    assert address_of(listen) == address
