"""The door in front of the application: what a request may look like, and who it comes from, on each carrier."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import msgspec

from cronsole.api.access import Caller
from cronsole.api.callers import Callers
from cronsole.api.problems import MEDIA, InvalidRequest, Misdirected, headers_of, problem_of
from cronsole.clock import Clock
from cronsole.errors import CronsoleError
from cronsole.model.instant import SECOND

_Scope: TypeAlias = MutableMapping[str, Any]
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_ON_THE_SOCKET: Final = frozenset({"cronsole", "localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII
)
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TRICK: Final = re.compile(r"%2e|%5c|\\|%[01][0-9a-f]|%7f", re.IGNORECASE)
_LONGEST_PATH: Final = 2_048
_SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_NO_PAGE: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")


class Door:
    """Checks the path, the host and the origin, finds out who asks, and hands the request on.

    The path is routed as it was sent, still percent-encoded: an id may hold a slash, and nothing is spelled two ways.
    """

    def __init__(
        self, app: _App, *, callers: Callers, hosts: Callable[[], frozenset[str]], clock: Clock
    ) -> None:
        self._app = app
        self._callers = callers
        self._hosts = hosts
        self._clock = clock

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            raise CronsoleError(f"the API speaks HTTP, not {scope['type']}")
        respond = self._dated(send)
        try:
            path = _path_of(scope)
            headers = dict(scope["headers"])
            self._check_host(scope, headers)
            scope["path"] = path
            recognise = partial(self._caller, scope, headers)
            scope["state"]["recognise"] = recognise
            scope["state"]["caller"] = recognise()
        except CronsoleError as error:
            await _refuse(error, respond)
            return
        await self._app(scope, receive, respond)

    def _caller(self, scope: _Scope, headers: dict[bytes, bytes]) -> Caller:
        if _is_local(scope):
            return self._callers.by_peer(scope["state"].get("peer"))
        header = headers.get(b"authorization")
        client = scope.get("client")
        address = client[0] if client else "an unknown address"
        return self._callers.by_token(None if header is None else header.decode("latin-1"), address)

    def _check_host(self, scope: _Scope, headers: dict[bytes, bytes]) -> None:
        """Refuse what is meant for another host, and what a page of another site makes a browser send.

        On the socket too: a socket that SSH forwards to a port of somebody's machine is within their browser's reach.
        """
        host = headers.get(b"host", b"").decode("latin-1")
        found = _HOST.fullmatch(host)
        if found is None:
            raise InvalidRequest("the Host header is missing or malformed")
        name = (found["six"] or found["name"]).lower()
        if name not in self._hosts() and name not in _own_names(scope):
            raise Misdirected("that host is not served here; `[api] hosts` lists the names that are")
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").lower() != f"{scope['scheme']}://{host.lower()}":
            raise Misdirected("requests from pages of other sites are refused")

    def _dated(self, send: _Send) -> _Send:
        """Return a `send` that adds to each answer the time and what keeps browsers from guessing."""

        async def send_dated(message: _Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *_SAFE_HEADERS]
                present = {name.lower() for name, _ in headers}
                if b"content-security-policy" not in present:
                    headers.append(_NO_PAGE)
                if b"cache-control" not in present:
                    headers.append((b"cache-control", b"no-store"))
                headers.append((b"date", formatdate(self._clock.now() // SECOND, usegmt=True).encode()))
                message["headers"] = headers
            await send(message)

        return send_dated


def _path_of(scope: _Scope) -> str:
    """Return the path as it was sent; InvalidRequest for one that could be read in two ways."""
    path: str = scope["raw_path"].decode("latin-1")
    if not path.startswith("/") or len(path) > _LONGEST_PATH:
        raise InvalidRequest(
            f"the path has to begin with a slash and be no longer than {_LONGEST_PATH:,} bytes"
        )
    segments = path.split("/")[1:]
    if _ESCAPE.search(path) or _TRICK.search(path) or not path.isascii():
        raise InvalidRequest("the path holds what no path needs: an encoded dot, a backslash or a control")
    if any(segment in (".", "..") for segment in segments) or "" in segments[: len(segments) - (path == "/")]:
        raise InvalidRequest("the path has an empty segment, or one of dots")
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidRequest("the path is not UTF-8") from error
    return path


def _is_local(scope: _Scope) -> bool:
    return bool(scope["state"].get("is_local", False))


def _own_names(scope: _Scope) -> frozenset[str]:
    """Return the names that a connection proves: the address that it came to, and what stands for it."""
    if _is_local(scope):
        return _ON_THE_SOCKET
    server = scope.get("server")
    address = server[0] if server else ""
    try:
        return frozenset({address, "localhost"}) if ip_address(address).is_loopback else frozenset({address})
    except ValueError:
        return frozenset()


async def _refuse(error: CronsoleError, send: _Send) -> None:
    problem = problem_of(error)
    headers = [(b"content-type", MEDIA.encode()), (b"connection", b"close")]
    headers += [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    body = msgspec.json.encode(problem)
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
