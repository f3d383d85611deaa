"""What carries HTTP to an engine: a way to open connections, and what its failures mean."""

import ipaddress
import ssl
from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

import httpcore

from cronsole.client.socket_path import SocketPath
from cronsole.client.sockets import Backend
from cronsole.client.target import HttpTarget, SshTarget, UnixTarget, parse_target
from cronsole.errors import CronsoleError, Unreachable

TransportError: TypeAlias = httpcore.NetworkError | httpcore.TimeoutException | httpcore.ProtocolError

_MOST_CONNECTIONS: Final = 64
_MOST_IDLE: Final = 8
# The server keeps an idle connection for 30 s; a request must not meet its end.
_IDLE_SECONDS: Final = 20.0
# httpcore leaves many of its errors without a word.
_WORDS: Final[dict[type[BaseException], str]] = {
    httpcore.ReadTimeout: "nothing was heard in time",
    httpcore.ConnectTimeout: "nobody answered in time",
    httpcore.ReadError: "the connection broke",
    httpcore.WriteError: "the connection broke",
    httpcore.PoolTimeout: "too many requests at once",
}


class Carrier(Protocol):
    """Opened by the client and closed by it; `ready` is awaited before each request."""

    scheme: str
    host: str
    port: int | None
    authority: str

    def open(self) -> httpcore.AsyncConnectionPool: ...

    async def close(self) -> None: ...

    async def ready(self) -> None:
        """Return when connections can be opened; Unreachable says why they cannot."""
        ...

    async def doubt(self) -> None:
        """Look whether the link still is one, after a connection was refused or broke."""
        ...

    def explain(self, error: TransportError) -> Unreachable:
        """Return what a failed request means, and what to try."""
        ...


def carrier_to(text: str, *, token: str | None, ssh: Sequence[str]) -> Carrier:
    """Return the carrier to a target; CronsoleError for a target that cannot be meant."""
    target = parse_target(text)
    if isinstance(target, UnixTarget):
        return UnixCarrier(target.path)
    if isinstance(target, SshTarget):
        from cronsole.client.ssh import SshCarrier

        return SshCarrier(target, ssh)
    if token and not target.is_secure and not _is_loopback(target.host):
        raise CronsoleError(
            f"over http:// the token would travel readable to {target.host}: use https://, or ssh://"
        )
    return HttpCarrier(target)


def pool(*, uds: str | None = None, tls: ssl.SSLContext | None = None) -> httpcore.AsyncConnectionPool:
    """Return what opens and keeps connections."""
    return httpcore.AsyncConnectionPool(
        ssl_context=tls,
        uds=uds,
        max_connections=_MOST_CONNECTIONS,
        max_keepalive_connections=_MOST_IDLE,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=Backend(),
    )


class SocketCarrier:
    """What every way to a unix socket has in common: HTTP needs the name of a host where there is none."""

    scheme = "http"
    host = authority = "localhost"
    port: int | None = None


class UnixCarrier(SocketCarrier):
    """A socket of this machine."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._reached = SocketPath(path)

    def open(self) -> httpcore.AsyncConnectionPool:
        return pool(uds=self._reached.open())

    async def close(self) -> None:
        self._reached.close()

    async def ready(self) -> None:
        """Do nothing: whether anybody listens is seen when a connection is opened."""

    async def doubt(self) -> None:
        """Do nothing: each connection is a link of its own."""

    def explain(self, error: TransportError) -> Unreachable:
        cause = _system_error(error)
        if isinstance(cause, PermissionError):
            return Unreachable(
                f"the engine's socket {self._path} may not be opened by you: ask as the user who runs the engine"
            )
        if isinstance(cause, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
            return Unreachable(f"no engine answers at {self._path}: start one with `cronsole engine`")
        return Unreachable(f"the engine at {self._path} gave no answer ({told(error)}): look at its log")


class HttpCarrier:
    """A host and port, whose certificate is verified against what this machine trusts."""

    def __init__(self, target: HttpTarget) -> None:
        self.scheme = "https" if target.is_secure else "http"
        self.host = target.host
        self.port = target.port
        self.authority = target.authority

    def open(self) -> httpcore.AsyncConnectionPool:
        # The system's store, and SSL_CERT_FILE: where administrators put the authorities of their own.
        return pool(tls=ssl.create_default_context() if self.scheme == "https" else None)

    async def close(self) -> None:
        """Do nothing: the pool is all there is."""

    async def ready(self) -> None:
        """Do nothing: whether anybody listens is seen when a connection is opened."""

    async def doubt(self) -> None:
        """Do nothing: each connection is a link of its own."""

    def explain(self, error: TransportError) -> Unreachable:
        said, shown = told(error), f"{self.scheme}://{self.authority}"
        if "CERTIFICATE_VERIFY_FAILED" in said or "certificate verify failed" in said:
            return Unreachable(
                f"the certificate of {shown} is not trusted ({said}): name its authority in SSL_CERT_FILE"
            )
        if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
            return Unreachable(
                f"no engine answers at {shown} ({said}): see that [api] listens there, "
                "or start one with `cronsole engine`"
            )
        return Unreachable(f"the engine at {shown} gave no answer ({said}): look at its log")


def told(error: BaseException) -> str:
    """Return an error in words, also where it brings none."""
    return str(error) or _WORDS.get(type(error), type(error).__name__)


def _system_error(error: BaseException) -> BaseException:
    """Return what the system said at the bottom of a chain of wrapped errors."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
