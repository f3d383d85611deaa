"""Links that break: what is under way goes on, nothing is lost or told twice, and nothing stays behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.client.conftest import CARRIERS, Clients
from tests.client.engine_process import EngineProcess
from tests.client.ssh_server import HOST, SshServer

from cronsole.client.child import Child, tethered
from cronsole.client.engine import EngineClient
from cronsole.client.ssh import SshCarrier
from cronsole.errors import CronsoleError, Unreachable
from cronsole.model.view import EventView, LogChunk

_HANG_SECONDS = 60
SSH = ["ssh", "ssh-dial"]


def children() -> dict[int, str]:
    """Return the processes that this one started by name, the ended ones that nobody waited for included."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            found[int(pid)] = Path(f"/proc/{pid}/comm").read_text().strip()
    return found


def ssh_processes() -> list[int]:
    return [pid for pid, name in children().items() if name == "ssh"]


def open_files() -> set[str]:
    names = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            names.add(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
        except FileNotFoundError:
            continue  # the one with which the folder is read
    return names


def kill_ssh() -> None:
    for process in ssh_processes():
        os.kill(process, signal.SIGKILL)


async def heard_until(events: AsyncIterator[EventView], run_id: str, kind: str) -> list[EventView]:
    """Return what a stream tells up to the end of a run."""
    heard = []
    async for event in events:
        heard.append(event)
        if event.run_id == run_id and event.kind == kind:
            break
    return heard


@pytest.mark.parametrize("carrier", SSH)
async def test_the_stream_of_events_goes_on_over_a_killed_ssh(
    client_of: Clients, shared_engine: EngineProcess, carrier: str
):
    async with client_of(carrier, shared_engine) as client, aclosing(client.events("oldest")) as events:
        await anext(events)
        kill_ssh()
        run_id = (await client.trigger("echo")).run_id
        heard = await heard_until(events, run_id, "run_finished")
    kinds = [event.kind for event in heard]
    assert kinds.index("lost") < kinds.index("found")
    assert [event.kind for event in heard if event.run_id == run_id].count("run_started") == 1
    ids = [event.id for event in heard if event.kind not in ("lost", "found", "heartbeat")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("carrier", SSH)
async def test_a_log_loses_nothing_over_a_killed_ssh(
    client_of: Clients, shared_engine: EngineProcess, carrier: str
):
    async with client_of(carrier, shared_engine) as client:
        run_id = (await client.trigger("waits")).run_id
        async with aclosing(client.log(run_id, follow=True)) as log:
            assert (await anext(log)).data == b"begun\n"
            rest = asyncio.ensure_future(_rest(log))
            kill_ssh()
            await client.run(run_id)
            shared_engine.open_gate("and on")
            assert await rest == b"and on\n"


async def _rest(log: AsyncIterator[LogChunk]) -> bytes:
    async with asyncio.timeout(_HANG_SECONDS):
        return b"".join([chunk.data async for chunk in log])


@pytest.mark.parametrize("carrier", SSH)
async def test_a_network_that_drops_is_no_more_than_a_reconnection(
    client_of: Clients, shared_engine: EngineProcess, sshd: SshServer, carrier: str
):
    async with client_of(carrier, shared_engine) as client:
        node = (await client.engine()).node
        sshd.drop()
        assert (await client.engine()).node == node


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_the_stream_of_events_goes_on_over_a_restart_of_the_engine(
    client_of: Clients, engine: EngineProcess, carrier: str
):
    async with client_of(carrier, engine) as client, aclosing(client.events("oldest")) as events:
        await anext(events)
        before = (await client.engine()).node
        await asyncio.to_thread(engine.stop, signal.SIGKILL)
        await asyncio.to_thread(engine.start)
        kinds = []
        async for event in events:
            kinds.append(event.kind)
            if kinds[-1:] == ["resync"]:
                break
        assert (await client.engine()).node != before
    assert kinds[-2:] == ["found", "resync"]
    assert "lost" in kinds


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_log_is_followed_over_a_restart_of_the_engine(
    client_of: Clients, engine: EngineProcess, carrier: str
):
    async with client_of(carrier, engine) as client:
        run_id = (await client.trigger("waits")).run_id
        async with aclosing(client.log(run_id, follow=True)) as log:
            assert (await anext(log)).data == b"begun\n"
            rest = asyncio.ensure_future(_rest(log))
            await asyncio.to_thread(engine.stop, signal.SIGKILL)
            await asyncio.to_thread(engine.start)
            engine.open_gate("survived")
            assert await rest == b"survived\n"


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_nothing_stays_behind_when_a_client_closes(
    client_of: Clients, shared_engine: EngineProcess, carrier: str
):
    before = open_files()
    async with client_of(carrier, shared_engine) as client:
        await client.engine()
        async with aclosing(client.events("oldest")) as events:
            await anext(events)
    assert ssh_processes() == []
    assert open_files() == before


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_a_cancelled_request_leaves_no_connection(
    client_of: Clients, shared_engine: EngineProcess, carrier: str
):
    before = open_files()
    async with client_of(carrier, shared_engine) as client:
        for turns in range(0, 60, 3):
            asking = asyncio.ensure_future(client.engine())
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert (await client.engine()).node
    assert ssh_processes() == []
    assert open_files() == before


@pytest.mark.parametrize("carrier", SSH)
async def test_a_client_that_is_cancelled_while_it_connects_ends_its_ssh(
    client_of: Clients, shared_engine: EngineProcess, carrier: str
):
    async def converse() -> None:
        async with client_of(carrier, shared_engine) as client:
            await client.engine()

    before = children()
    conversing = asyncio.ensure_future(converse())
    while children() == before:
        await asyncio.sleep(0)
    conversing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await conversing
    assert children() == before


async def test_a_client_may_be_entered_twice_and_closed_before_it_was_open(shared_engine: EngineProcess):
    client = EngineClient.at(str(shared_engine.socket))
    await client.__aexit__(None, None, None)
    async with client:
        async with client:
            await client.engine()
        await client.engine()
    async with client:
        await client.engine()


async def test_a_client_that_is_not_open_says_so(shared_engine: EngineProcess):
    with pytest.raises(CronsoleError, match="async with"):
        await EngineClient.at(str(shared_engine.socket)).engine()


async def test_the_far_side_is_asked_where_its_engine_is(shared_engine: EngineProcess, sshd: SshServer):
    sshd.behave(environ={"CRONSOLE_ENGINE": f"unix:{shared_engine.socket}"})
    async with EngineClient(f"ssh://{HOST}", ssh=sshd.ssh) as client:
        assert (await client.engine()).pid == shared_engine.pid
    assert len(sshd.commands) == 1
    assert "dial --where" in sshd.commands[0]


async def test_an_account_that_may_do_nothing_but_dial_is_enough(
    shared_engine: EngineProcess, sshd: SshServer
):
    sshd.behave(forced=f"cronsole dial {shared_engine.socket}")
    async with EngineClient(f"ssh://{HOST}", ssh=sshd.ssh) as client:
        assert (await client.engine()).pid == shared_engine.pid


async def test_a_host_without_an_engine_is_told_with_what_to_do(sshd: SshServer, tmp_path: Path):
    async with EngineClient(f"ssh://{HOST}{tmp_path}/none.sock", ssh=sshd.ssh) as client:
        with pytest.raises(Unreachable, match=rf"none\.sock on {HOST}: start one there"):
            await client.engine()


async def test_a_host_where_only_dialling_is_allowed_tells_what_dial_said(sshd: SshServer, tmp_path: Path):
    sshd.behave(may_forward=False)
    async with EngineClient(f"ssh://{HOST}{tmp_path}/none.sock", ssh=sshd.ssh) as client:
        with pytest.raises(Unreachable, match=r"no engine answers at .*none.sock"):
            await client.engine()


async def test_a_host_without_cronsole_where_only_dialling_is_allowed_says_what_is_missing(
    sshd: SshServer, tmp_path: Path
):
    sshd.behave(may_forward=False, forced="cronsole-is-not-here")
    async with EngineClient(f"ssh://{HOST}{tmp_path}/none.sock", ssh=sshd.ssh) as client:
        with pytest.raises(Unreachable, match=r"not found.*install cronsole there"):
            await client.engine()


async def test_an_engine_that_starts_later_is_reached_by_the_same_client(
    engine: EngineProcess, sshd: SshServer
):
    await asyncio.to_thread(engine.stop)
    async with EngineClient(f"ssh://{HOST}{engine.socket}", ssh=sshd.ssh) as client:
        with pytest.raises(Unreachable):
            await client.engine()
        await asyncio.to_thread(engine.start)
        assert (await client.engine()).pid == engine.pid


async def test_a_host_whose_key_is_not_known_is_never_trusted(
    shared_engine: EngineProcess, sshd: SshServer, tmp_path: Path
):
    ssh = (*sshd.ssh, "-o", f"UserKnownHostsFile={tmp_path}/empty")
    async with EngineClient(f"ssh://{HOST}{shared_engine.socket}", ssh=ssh) as client:
        with pytest.raises(Unreachable, match=r"Host key verification failed.*run `ssh"):
            await client.engine()


async def test_a_key_that_is_not_accepted_is_told(sshd: SshServer):
    ssh = (*sshd.ssh, "-o", "PubkeyAuthentication=no")
    async with EngineClient(f"ssh://{HOST}/x", ssh=ssh) as client:
        with pytest.raises(Unreachable, match=r"Permission denied.*ssh-add"):
            await client.engine()


@pytest.fixture
def shared_connection(sshd: SshServer, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """The ssh of a user who has a connection open and shares it by their configuration."""
    config = tmp_path / "config"
    config.write_text(f"{Path(sshd.ssh[-1]).read_text()}  ControlPath {tmp_path}/shared\n")
    ssh = ("ssh", "-F", str(config))
    subprocess.run([*ssh, "-o", "ControlMaster=yes", "-fN", HOST], check=True, stderr=subprocess.DEVNULL)
    yield ssh
    subprocess.run([*ssh, "-O", "exit", HOST], check=True, capture_output=True)


async def test_a_shared_connection_gets_no_forwarding_of_ours(
    shared_engine: EngineProcess, sshd: SshServer, shared_connection: tuple[str, ...]
):
    # Where an engine ran in this process before, the shared connection itself is a child of ours.
    before = set(ssh_processes())
    async with EngineClient(f"ssh://{HOST}{shared_engine.socket}", ssh=shared_connection) as client:
        assert (await client.engine()).pid == shared_engine.pid
        assert len(set(ssh_processes()) - before) == 1
    assert sshd.commands == []


async def test_who_cannot_log_in_anew_comes_through_the_shared_connection(
    shared_engine: EngineProcess, shared_connection: tuple[str, ...]
):
    ssh = (*shared_connection, "-o", "PubkeyAuthentication=no")
    async with EngineClient(f"ssh://{HOST}{shared_engine.socket}", ssh=ssh) as client:
        assert (await client.engine()).pid == shared_engine.pid


async def test_a_machine_without_ssh_says_so():
    async with EngineClient(f"ssh://{HOST}/x", ssh=("no-such-ssh",)) as client:
        with pytest.raises(Unreachable, match="no-such-ssh, which is not on this machine"):
            await client.engine()


async def test_many_who_wait_for_one_link_that_fails_make_one_attempt(sshd: SshServer, tmp_path: Path):
    sshd.behave(may_forward=False, forced="false")
    async with EngineClient(f"ssh://{HOST}{tmp_path}/none.sock", ssh=sshd.ssh) as client:
        failed = await asyncio.gather(*(client.engine() for _ in range(10)), return_exceptions=True)
    assert {type(error) for error in failed} == {Unreachable}
    assert len(sshd.commands) == 1


async def test_the_link_has_a_room_that_nobody_else_may_enter(
    shared_engine: EngineProcess, sshd: SshServer, monkeypatch: pytest.MonkeyPatch
):
    rooms = Path("/tmp") / f"rooms-{os.getpid()}"
    rooms.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(rooms))
    async with EngineClient(f"ssh://{HOST}{shared_engine.socket}", ssh=sshd.ssh) as client:
        await client.engine()
        (room,) = rooms.iterdir()
        assert room.stat().st_mode & 0o777 == 0o700
        assert (room / "engine.sock").stat().st_mode & 0o077 == 0
    rooms.rmdir()


async def test_a_socket_may_have_a_longer_path_than_the_kernel_takes(
    shared_engine: EngineProcess, sshd: SshServer, tmp_path: Path
):
    folder = tmp_path / ("x" * 60) / ("y" * 60)
    folder.parent.mkdir()
    folder.symlink_to(shared_engine.socket.parent)
    path = folder / shared_engine.socket.name
    async with EngineClient.at(str(path)) as client:
        assert (await client.engine()).pid == shared_engine.pid
    async with EngineClient(f"ssh://{HOST}{path}", ssh=sshd.ssh) as client:
        assert (await client.engine()).pid == shared_engine.pid
    assert sshd.commands


@pytest.mark.parametrize(
    ("path", "told"), [("none.sock", "start one with `cronsole engine`"), ("file.sock", "start one with")]
)
async def test_a_socket_where_nobody_listens_says_what_to_try(tmp_path: Path, path: str, told: str):
    (tmp_path / "file.sock").touch()
    async with EngineClient.at(str(tmp_path / path)) as client:
        with pytest.raises(Unreachable, match=told):
            await client.engine()


async def test_a_certificate_that_nobody_vouches_for_is_refused(shared_engine: EngineProcess):
    async with EngineClient.at(shared_engine.origin, token=shared_engine.token) as client:
        with pytest.raises(Unreachable, match=r"is not trusted.*SSL_CERT_FILE"):
            await client.engine()


async def test_a_port_where_nobody_listens_says_what_to_try():
    async with EngineClient.at("http://127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"see that .api. listens there"):
            await client.engine()


def test_a_token_does_not_travel_readable():
    with pytest.raises(CronsoleError, match="use https://"):
        EngineClient.at("http://engine.example:80", token="cronsole_x")


def test_no_target_shows_a_token():
    assert "cronsole_x" not in EngineClient.at("https://engine.example", token="cronsole_x").target


async def test_what_is_tethered_ends_with_us():
    script = (
        "import asyncio, subprocess, sys\n"
        "from cronsole.client.child import Child, tethered\n"
        "async def main():\n"
        "    child = Child.start(tethered(['sh', '-c', 'echo up; exec sleep 600']),"
        " stdin=subprocess.DEVNULL, stdout=1, stderr=2)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
        # The pipe ends when its last holder has: the sleeper would keep it open.
        assert parent.stdout.read() == b""


async def test_a_child_that_does_not_heed_is_killed():
    child = Child.start(
        ["sh", "-c", "trap '' TERM; sleep 600 & wait; wait"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    await child.end()
    assert child.code in (-signal.SIGKILL, -signal.SIGTERM)


def test_the_carrier_over_ssh_is_made_by_its_target():
    assert isinstance(EngineClient("ssh://h")._wire._carrier, SshCarrier)
    assert tethered(["x"])[-1] == "x"
