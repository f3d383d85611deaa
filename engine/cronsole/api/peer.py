"""Whose process is at the other end of a unix socket, and what keeps one client from tying up the server."""

import asyncio
import pwd
import socket
import struct
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

_CREDENTIALS: Final = struct.Struct("iII")
_REQUEST_SECONDS: Final = 20.0
_MOST_CONNECTIONS: Final = 512
_LONGEST_ENVIRONMENT: Final = 256 * 1024


class Peer(msgspec.Struct, frozen=True):
    """A process as the kernel vouches for it, and the address from which its user came by SSH, as it says itself."""

    pid: int
    uid: int
    gid: int
    ssh_from: str = ""

    def __str__(self) -> str:
        name = user_name(self.uid)
        who = f"uid {self.uid} ({name})" if name else f"uid {self.uid}"
        return f"{who} via ssh from {self.ssh_from}" if self.ssh_from else who


def peer_of(connected: socket.socket) -> Peer:
    """Return who is at the other end of a connected unix socket."""
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid, gid, ssh_origin(pid))


def ssh_origin(pid: int) -> str:
    """Return the address that a process' SSH session came from; empty where there is none, or none to be seen."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            variables = environ.read(_LONGEST_ENVIRONMENT).split(b"\0")
    except OSError:
        return ""
    for name in (b"SSH_CONNECTION=", b"SSH_CLIENT="):
        for variable in variables:
            if variable.startswith(name):
                return _address(variable.removeprefix(name))
    return ""


def _address(words: bytes) -> str:
    """Return the first word if it is an address: a process can write anything into its environment."""
    try:
        return str(ip_address(words.split(b" ")[0].decode("ascii")))
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache(maxsize=256)
def user_id(name: str) -> int | None:
    """Return the number of a user that is given by name or number."""
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


class PeerProtocol(H11Protocol):
    """Hands the peer of a unix socket to the application, and hangs up on who is slow to say what they want.

    A request has to be complete some seconds after its first byte; the answer may take as long as it likes.
    """

    _hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            # An answer would cost more than the connection.
            transport.abort()
            return
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family == socket.AF_UNIX:
            try:
                peer: Peer | None = peer_of(connected)
            except OSError:
                peer = None
            self.app_state = {**self.app_state, "peer": peer, "is_local": True}
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._cancel()

    def _watch(self) -> None:
        """Time a request that has begun and is not complete yet."""
        state = self.conn.their_state
        begun = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not begun:
            self._cancel()
        elif self._hang_up is None:
            self._expect_request()

    def _expect_request(self) -> None:
        self._hang_up = self.loop.call_later(_REQUEST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._hang_up = None
        if not self.transport.is_closing():
            self.transport.abort()

    def _cancel(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None
