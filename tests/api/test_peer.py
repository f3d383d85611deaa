"""Who is at the other end of the socket: real processes of real users."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.routes import GUARDED, target_of
from tests.api.served import Served
from tests.runtime.house import schedule

from cronsole.api.peer import Peer, peer_of, ssh_origin

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
STRANGER = 65_534
LISTED = 1

# Asks for each line of stdin, as another user, and prints the statuses.
CHILD = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
for line in sys.stdin:
    method, target = line.split()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
        s.sendall(f"{method} {target} HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
        print(s.recv(65536).split()[1].decode(), flush=True)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="cronsole-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


async def asked_as(uid: int, path: Path) -> dict[str, int]:
    """What each guarded route answers a process of that user."""
    import asyncio

    names = [f"{route.method} {target_of(route.path)}" for route in GUARDED]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(path), str(uid), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    out, _ = await child.communicate("\n".join(names).encode())
    assert child.returncode == 0
    keys = [f"{route.method} {route.path}" for route in GUARDED]
    return dict(zip(keys, map(int, out.split()), strict=True))


@NEEDS_ROOT
async def test_another_user_is_denied_on_every_route(served: Served, open_folder: Path):
    await served.start(
        schedule("tick", "1h"), socket=str(open_folder / "api.sock"), users=(("daemon", "viewer"),)
    )
    assert set((await asked_as(STRANGER, served.socket)).values()) == {403}


@NEEDS_ROOT
async def test_a_listed_user_may_do_what_the_role_says_and_no_more(served: Served, open_folder: Path):
    await served.start(
        schedule("tick", "1h"), socket=str(open_folder / "api.sock"), users=(("daemon", "viewer"),)
    )
    found = await asked_as(LISTED, served.socket)
    assert {name for name, status in found.items() if status == 403} == {
        f"{route.method} {route.path}" for route in GUARDED if route.contract.permission != "read"
    }


@NEEDS_ROOT
async def test_a_user_who_is_taken_from_the_list_is_out_with_the_next_request(
    served: Served, open_folder: Path
):
    where = str(open_folder / "api.sock")
    await served.start(schedule("tick", "1h"), socket=where, users=(("daemon", "viewer"),))
    assert (await asked_as(LISTED, served.socket))["GET /api/v1/engine"] == 200
    import msgspec

    api = msgspec.structs.replace(served.house.configuration.settings.api, users=())
    served.house.define(api=api)
    assert set((await asked_as(LISTED, served.socket)).values()) == {403}


@NEEDS_ROOT
async def test_without_users_the_kernel_keeps_others_out(served: Served, open_folder: Path):
    await served.start(socket=str(open_folder / "api.sock"))
    assert os.stat(served.socket).st_mode & 0o777 == 0o600
    with pytest.raises(AssertionError):
        await asked_as(STRANGER, served.socket)


async def test_the_owner_is_admin_and_told_by_number_and_name(served: Served):
    await served.start()
    view = (await served.ask("GET", "/api/v1/engine")).json()
    assert view["actor"].startswith(f"uid {os.geteuid()} (")
    assert view["permissions"] == ["read", "operate", "write", "exec", "admin"]


async def test_a_bearer_token_changes_nothing_on_the_socket(served: Served):
    await served.start()
    answer = await served.ask("GET", "/api/v1/engine", Authorization="Bearer wrong")
    assert answer.status == 200


def test_the_kernel_tells_pid_uid_and_gid():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        peer = peer_of(one)
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.geteuid(), os.getegid())


@pytest.mark.parametrize(
    ("environ", "origin"),
    [
        ({"SSH_CONNECTION": "10.0.0.7 51234 10.0.0.1 22"}, "10.0.0.7"),
        ({"SSH_CLIENT": "fe80::1 51234 22"}, "fe80::1"),
        ({"SSH_CONNECTION": "\x1b[31mevil 1 2 3"}, ""),
        ({}, ""),
    ],
)
def test_the_ssh_session_of_a_process_tells_its_address(environ: dict[str, str], origin: str):
    child = subprocess.Popen(["/bin/cat"], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    child.stdout.read(1)  # from here on it is itself, with its own environment
    assert ssh_origin(child.pid) == origin
    child.communicate()


def test_a_process_that_is_gone_has_no_origin():
    assert ssh_origin(2**22 + 1) == ""


def test_an_actor_is_told_with_the_way_that_they_came():
    assert str(Peer(1, 0, 0, "10.0.0.7")) == "uid 0 (root) via ssh from 10.0.0.7"
    assert str(Peer(1, 54_321, 0)) == "uid 54321"
