"""The way over SSH: the system's ssh forwards the far engine's socket to one of ours, or dials where it may not."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

import httpcore

from cronsole.client.carrier import SocketCarrier, TransportError, pool, told
from cronsole.client.child import Child, tethered, told_signal
from cronsole.client.socket_path import LONGEST
from cronsole.client.ssh_command import (
    SSH_FAILED,
    Refusal,
    advice_for,
    dial_argv,
    forward_argv,
    refusal_in,
    told_socket,
    where_argv,
)
from cronsole.client.ssh_dial import DialBridge
from cronsole.client.target import SshTarget
from cronsole.errors import Unreachable

# A login through a slow bastion takes seconds; a person gives up later than this.
_PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.02
_LAST_WORDS_SECONDS: Final = 2.0
_DOUBT_SECONDS: Final = 0.25
# Leaves room for our own names in the 108 bytes that the kernel has for a socket's address.
_LONGEST_BASE: Final = 70
_TOLD_LINES: Final = 3
_PROBE: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class _Answer(Enum):
    HTTP = auto()
    CUT = auto()
    """The connection was taken, and closed without a word: nobody is at its far end."""
    NOBODY = auto()


class SshCarrier(SocketCarrier):
    """A link that is made at the first request, and anew at the first one after it broke.

    Where forwarding is refused, or in the way of what the user's own configuration forwards, every connection is a
    login of its own that runs `cronsole dial`. So it is where our own login is refused, but may not be through a
    connection that the user's ssh shares (ControlMaster).
    """

    def __init__(self, target: SshTarget, ssh: Sequence[str] = ("ssh",)) -> None:
        self._target = target
        self._ssh = tuple(ssh)
        self._lock = asyncio.Lock()
        self._room: Path | None = None
        self._remote: str | None = target.socket or None
        self._forward: Child | None = None
        self._bridge: DialBridge | None = None
        self._is_answered = False
        self._may_forward = True
        self._failure = Unreachable("")
        self._failures = 0

    def open(self) -> httpcore.AsyncConnectionPool:
        self._room = _private_room()
        return pool(uds=os.fspath(self._socket))

    async def close(self) -> None:
        """Return when no ssh of ours is left."""
        try:
            await self._hang_up()
        finally:
            if self._room is not None:
                shutil.rmtree(self._room, ignore_errors=True)
            self._room = None

    async def ready(self) -> None:
        """Return when the link is up; who waited for an attempt that failed is told of it, not made to try again."""
        failures = self._failures
        async with self._lock:
            if self._is_up:
                return
            if self._failures != failures:
                raise Unreachable(str(self._failure))
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._connect()
            except TimeoutError as error:
                late = self._unreachable(f"ssh did not get there within {_PATIENCE_SECONDS:.0f} s")
                raise self._noted(late) from error
            except Unreachable as error:
                raise self._noted(error) from None

    async def doubt(self) -> None:
        """Give ssh a moment to end, which it may be about to: its connections break before it is gone."""
        if self._forward is not None and self._bridge is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DOUBT_SECONDS):
                    await self._forward.wait()

    def explain(self, error: TransportError) -> Unreachable:
        if "open failed" in self._complaint():
            return self._nobody_there()
        return Unreachable(f"the engine behind {self._shown} gave no answer ({told(error)}): look at its log")

    @property
    def pid(self) -> int | None:
        """The process of the forwarding ssh, while there is one."""
        return self._forward.pid if self._forward is not None and self._forward.is_alive else None

    @property
    def _is_up(self) -> bool:
        lives = self._bridge is not None or (self._forward is not None and self._forward.is_alive)
        return lives and self._is_answered

    @property
    def _shown(self) -> str:
        user = f"{self._target.user}@" if self._target.user else ""
        port = f":{self._target.port}" if self._target.port is not None else ""
        return f"ssh://{user}{self._target.host}{port}"

    @property
    def _socket(self) -> Path:
        assert self._room is not None, "the carrier is not open"
        return self._room / "engine.sock"

    @property
    def _log(self) -> Path:
        assert self._room is not None, "the carrier is not open"
        return self._room / "ssh.log"

    def _noted(self, error: Unreachable) -> Unreachable:
        self._failure = error
        self._failures += 1
        return error

    async def _connect(self) -> None:
        if shutil.which(self._ssh[0]) is None:
            raise Unreachable(f"{self._shown} needs the program {self._ssh[0]}, which is not on this machine")
        self._is_answered = False
        if self._remote is None:
            self._remote = await self._where()
        # sshd cannot connect to a longer path; `cronsole dial` can.
        if self._may_forward and 0 < len(self._remote.encode()) <= LONGEST:
            await self._forward_to(self._remote)
        if not self._is_answered:
            await self._dial(self._remote)

    async def _where(self) -> str:
        """Return the far engine's socket; nothing where a forced command answers in our command's place."""
        answer = self._log.with_name("where")
        with answer.open("wb") as stdout, self._log.open("wb") as stderr:
            child = Child.start(
                where_argv(self._ssh, self._target), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
        try:
            await child.wait()
        finally:
            await child.end()
        if child.code == SSH_FAILED or (child.code or 0) < 0:
            raise self._unreachable(told_signal(child.code or 0))
        return told_socket(answer.read_text(encoding="utf-8", errors="replace"))

    async def _forward_to(self, remote: str) -> None:
        """Forward until the engine answers; return without an answer where dialling may do what forwarding may not."""
        if self._forward is None or not self._forward.is_alive:
            self._start_forwarding(remote)
        child = self._forward
        assert child is not None
        while True:
            answer = await _ask(self._socket)
            if answer is _Answer.HTTP:
                self._is_answered = True
                return
            if refusal_in(self._complaint()) is Refusal.FORWARDING:
                self._may_forward = False
                await child.end()
                return
            if not child.is_alive:
                if refusal_in(self._complaint()) is Refusal.LOGIN:
                    return
                raise self._unreachable(told_signal(child.code or 0))
            if answer is _Answer.CUT:
                raise self._nobody_there()
            await asyncio.sleep(_LOOK_SECONDS)

    def _start_forwarding(self, remote: str) -> None:
        argv = forward_argv(self._ssh, self._target, os.fspath(self._socket), remote)
        # What a killed ssh left behind would refuse connections.
        with suppress(FileNotFoundError):
            self._socket.unlink()
        with self._log.open("wb") as log:
            self._forward = Child.start(
                tethered(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )

    async def _dial(self, remote: str) -> None:
        self._log.write_bytes(b"")
        bridge = DialBridge(self._socket, dial_argv(self._ssh, self._target, remote), self._log).open()
        try:
            self._is_answered = await _ask(self._socket) is _Answer.HTTP
            if not self._is_answered:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LAST_WORDS_SECONDS):
                        await bridge.ended()
                raise self._unreachable("`cronsole dial` ended without an answer")
            self._bridge = bridge
        finally:
            if self._bridge is None:
                await bridge.close()

    async def _hang_up(self) -> None:
        bridge, self._bridge = self._bridge, None
        forward, self._forward = self._forward, None
        self._is_answered = False
        try:
            if bridge is not None:
                await bridge.close()
        finally:
            if forward is not None:
                await forward.end()

    def _complaint(self) -> str:
        """Return the last lines that ssh wrote."""
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "; ".join([line.strip() for line in lines if line.strip()][-_TOLD_LINES:])

    def _unreachable(self, otherwise: str) -> Unreachable:
        complaint = self._complaint()
        advice = advice_for(complaint, self._target)
        hint = f": {advice}" if advice else ""
        return Unreachable(f"no way to an engine over {self._shown} ({complaint or otherwise}){hint}")

    def _nobody_there(self) -> Unreachable:
        return Unreachable(
            f"no engine of yours answers at {self._remote} on {self._target.host}: "
            "start one there with `cronsole engine`"
        )


async def _ask(path: Path) -> _Answer:
    """Return whether something that speaks HTTP is at the far end of a socket."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return _Answer.NOBODY
    try:
        writer.write(_PROBE)
        return _Answer.HTTP if await reader.read(4) == b"HTTP" else _Answer.CUT
    except OSError:
        return _Answer.CUT
    finally:
        writer.close()


def _private_room() -> Path:
    """Create a directory that nobody else can enter, under a path short enough for a socket."""
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):
        if base.startswith("/") and len(base) <= _LONGEST_BASE and os.access(base, os.W_OK | os.X_OK):
            return Path(tempfile.mkdtemp(prefix="cronsole-", dir=base))
    raise Unreachable("there is no directory for a socket: let TMPDIR name one that can be written")
