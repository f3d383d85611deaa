"""Serves the API: on a unix socket always, on TCP where tokens are configured; beside the engine, in its loop."""

import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn

from cronsole.api import socket_file
from cronsole.api.callers import Callers
from cronsole.api.doors import Door
from cronsole.api.facade import Facade
from cronsole.api.peer import PeerProtocol
from cronsole.api.stopping import Stopping
from cronsole.clock import Clock
from cronsole.errors import CronsoleError
from cronsole.model.settings import Api

SOCKET: Final = "cronsole.sock"
TOKENS: Final = "tokens.json"

_MOST_REQUESTS: Final = 256
_KEEP_ALIVE_SECONDS: Final = 30
_LONGEST_HEAD: Final = 32 * 1024
_GRACE_SECONDS: Final = 2


class Place(msgspec.Struct, frozen=True):
    """Where an engine keeps its socket and its tokens when nothing names a place, and whose engine it is."""

    state_dir: Path
    owner: int

    def socket(self, settings: Api) -> Path:
        return Path(settings.socket) if settings.socket else self.state_dir / SOCKET

    def token_file(self, settings: Api) -> Path:
        return Path(settings.token_file) if settings.token_file else self.state_dir / TOKENS


class ApiServer:
    """Opens the doors before the engine starts, answers once there is a façade, and closes after the engine ended."""

    def __init__(
        self,
        settings: Callable[[], Api],
        *,
        place: Place,
        clock: Clock,
        warn: Callable[[str], None],
        wrap: Callable[[Any], Any] = lambda app: app,
    ) -> None:
        self._settings = settings
        self._place = place
        self._clock = clock
        self._warn = warn
        self._wrap = wrap
        self._bound: list[tuple[socket.socket, ssl.SSLContext | None]] = []
        self._servers: list[tuple[uvicorn.Server, socket.socket]] = []
        self._stopping = Stopping()
        self.addresses: tuple[str, ...] = ()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["ApiServer"]:
        """Take the socket and the port, or refuse to start; whoever comes waits until `serve`."""
        settings = self._settings()
        self._callers = Callers(
            self._settings,
            clock=self._clock,
            owner=self._place.owner,
            token_file=self._place.token_file(settings),
            warn=self._warn,
        )
        self._callers.check()
        async with AsyncExitStack() as stack:
            self._take_socket(settings, stack)
            if settings.listen is not None:
                self._take_port(settings, settings.listen, stack)
            try:
                yield self
            finally:
                await self._stop()

    async def serve(self, facade: Facade) -> None:
        """Answer from now on."""
        # Half of what the API takes in memory is loaded here, and by nobody who only reads this module.
        from cronsole.api.app import make_app

        _listen_to_uvicorn(self._warn)
        app = make_app(facade, stopping=self._stopping, warn=self._warn)
        door: Any = Door(self._wrap(app), callers=self._callers, hosts=self._hosts, clock=self._clock)
        for bound, tls in self._bound:
            server = uvicorn.Server(_config(door, tls))
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            # Neither its main loop, which wakes ten times a second, nor its signal handlers are wanted.
            await server.startup(sockets=[bound])
            self._servers.append((server, bound))

    def _hosts(self) -> frozenset[str]:
        settings = self._settings()
        named = {name.lower() for name in settings.hosts}
        if settings.listen is not None:
            named.add(address_of(settings.listen)[0].lower())
        return frozenset(named)

    def _take_socket(self, settings: Api, stack: AsyncExitStack) -> None:
        path = self._place.socket(settings)
        bound = socket_file.bind(path, is_for_others=bool(settings.users))
        stack.callback(bound.close)
        stack.callback(socket_file.remove, path, socket_file.identity(path))
        bound.listen(128)
        if socket_file.is_long(path):
            self._warn(
                f"the path of the socket {path} is longer than {socket_file.LONGEST_PATH} bytes: "
                "most clients other than cronsole cannot reach it; `[api] socket` takes a shorter one"
            )
        closed = socket_file.closed_folder(path) if settings.users else None
        if closed is not None:
            self._warn(f"the users of api.users cannot reach {path}: the folder {closed} is closed to them")
        self._bound.append((bound, None))
        self.addresses += (f"unix:{path}",)

    def _take_port(self, settings: Api, listen: str, stack: AsyncExitStack) -> None:
        host, port = address_of(listen)
        tls = _tls(settings)
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            bound = socket.socket(family, kind, protocol)
            stack.callback(bound.close)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(128)
        except OSError as error:
            raise CronsoleError(f"api.listen: {listen} cannot be served: {error.strerror}") from error
        bound.setblocking(False)
        shown = bound.getsockname()
        name = f"[{shown[0]}]" if ":" in shown[0] else shown[0]
        self._bound.append((bound, tls))
        self.addresses += (f"{'https' if tls else 'http'}://{name}:{shown[1]}",)
        if tls is None and not _is_loopback(shown[0]):
            self._warn(
                f"the API serves {listen} without TLS: tokens can be read on the way; "
                "give tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy that has them"
            )

    async def _stop(self) -> None:
        """End the streams, let answers that are under way be finished, and close."""
        self._stopping.set()
        for server, bound in self._servers:
            await server.shutdown(sockets=[bound])
        self._servers.clear()


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`, `[::1]:PORT` or `:PORT`, which is this machine alone."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def _config(door: Any, tls: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        door,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=_MOST_REQUESTS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


class _Complaints(logging.Handler):
    """What the server under the application complains of, told in the engine's own log."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._warn(f"the API's server: {record.getMessage().strip()}" + (f" {error!r}" if error else ""))


def _listen_to_uvicorn(warn: Callable[[str], None]) -> None:
    logger = logging.getLogger("uvicorn.error")
    logger.handlers = [_Complaints(warn)]
    logger.setLevel(logging.ERROR)
    logger.propagate = False


def _tls(settings: Api) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except (OSError, ssl.SSLError) as error:
        names = f"{settings.tls_certificate} and {settings.tls_key}"
        raise CronsoleError(f"api.tls_certificate: {names} cannot be used: {error}") from error
    return context


def _is_loopback(address: str) -> bool:
    from ipaddress import ip_address

    return ip_address(address).is_loopback


def default_place(state_dir: Path) -> Place:
    return Place(state_dir, os.geteuid())
