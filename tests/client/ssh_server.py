"""A real SSH server for the tests, in a process of its own, and the configuration with which ssh finds it.

Run as a program, it is the server: it takes a request in JSON on each line of its stdin, and answers each with one.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOST = "Far-Host"


class SshServer:
    """The tests' hold on the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, __file__, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._ask()

    @property
    def ssh(self) -> tuple[str, ...]:
        return ("ssh", "-F", str(self._folder / "config"))

    def behave(
        self, *, may_forward: bool = True, forced: str | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """Begin anew: forward or refuse to, run a `forced` command in the place of every other."""
        self._ask(may_forward=may_forward, forced=forced, environ=dict(environ or {}), commands=[])

    def drop(self) -> None:
        """Cut every connection, as a network does that goes away."""
        self._ask(drop=True)

    @property
    def commands(self) -> list[str]:
        """The commands that were asked for."""
        commands: list[str] = self._ask()["commands"]
        return commands

    def close(self) -> None:
        self._process.communicate(timeout=30)

    def _ask(self, **changes: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(changes).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def serving(folder: Path) -> Iterator[SshServer]:
    server = SshServer(folder)
    try:
        yield server
    finally:
        server.close()


async def main(folder: Path) -> None:
    import asyncssh

    asked: dict[str, Any] = {"may_forward": True, "forced": None, "environ": {}, "commands": []}
    connections: list[asyncssh.SSHServerConnection] = []
    home = folder / "home"
    home.mkdir()

    class Policy(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def unix_connection_requested(self, dest_path: str) -> bool:
            del dest_path
            if not asked["may_forward"]:
                # What OpenSSH answers under `AllowStreamLocalForwarding no`.
                raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
            return True

    async def run(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        asked["commands"].append(process.command or "")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        child = await asyncio.create_subprocess_shell(
            asked["forced"] or process.command or "",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": path, "HOME": str(home), **asked["environ"]},
            cwd=home,
        )
        sending = asyncio.create_task(_pump(process.stdin, child.stdin, tells_end=True))
        await asyncio.gather(_pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr))
        process.exit(await child.wait())
        await sending

    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(user_key.export_public_key().decode()),
        server_factory=Policy,
        process_factory=run,
        encoding=None,
    )
    _write_config(folder, acceptor.get_port(), user_key.export_private_key(), host_key.export_public_key())
    while line := await asyncio.to_thread(sys.stdin.readline):
        changes = json.loads(line)
        if changes.pop("drop", False):
            while connections:
                connections.pop().abort()
        asked.update(changes)
        sys.stdout.write(json.dumps({"commands": asked["commands"]}) + "\n")
        sys.stdout.flush()


async def _pump(source: Any, sink: Any, *, tells_end: bool = False) -> None:
    """Hand on what comes; that no more will come too, where that is not said of stdout and stderr at once."""
    with suppress(OSError):
        while piece := await source.read(65_536):
            sink.write(piece)
            await sink.drain()
        if tells_end:
            sink.write_eof()


def _write_config(folder: Path, port: int, private_key: bytes, host_key: bytes) -> None:
    key, known = folder / "key", folder / "known_hosts"
    key.touch(0o600)
    key.write_bytes(private_key)
    known.write_text(f"[127.0.0.1]:{port} {host_key.decode()}")
    (folder / "config").write_text(
        f"Host {HOST}\n  HostName 127.0.0.1\n  Port {port}\n  User tester\n  IdentityFile {key}\n"
        f"  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {known}\n  StrictHostKeyChecking yes\n"
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
    os._exit(0)
