"""Where an engine is: a unix socket, a host behind SSH, or an address that speaks HTTP."""

import re
from typing import Final, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from cronsole.errors import CronsoleError

ACCEPTED: Final = "unix:PATH, /path/to.sock, ssh://[user@]host[:port][/path/to.sock] or https://host[:port]"

# What ssh and the user's own ssh configuration hand on to shells stays free of their syntax, and nothing that ssh
# would take for an option begins a word.
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@-]*")
# ssh expands `%` and `${…}` in the two ends of a forwarded socket, and splits them at `:`.
_REMOTE_SOCKET: Final = re.compile(r"/[A-Za-z0-9_.+@=,~ /-]*[A-Za-z0-9_.+@=,~-]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class UnixTarget(msgspec.Struct, frozen=True):
    path: str


class SshTarget(msgspec.Struct, frozen=True):
    """An empty `socket` means the place where the far side says its engine is."""

    host: str
    user: str = ""
    port: int | None = None
    socket: str = ""


class HttpTarget(msgspec.Struct, frozen=True):
    host: str
    port: int | None = None
    is_secure: bool = True

    @property
    def authority(self) -> str:
        """Host and port as an address has them."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port is None else f"{shown}:{self.port}"


Target: TypeAlias = UnixTarget | SshTarget | HttpTarget


def parse_target(text: str) -> Target:
    """Return where a text points to; CronsoleError says what is accepted."""
    if _CONTROL.search(text):
        raise _refused(text, "it holds a control character")
    if text.startswith("ssh:"):
        return _ssh(text)
    if text.startswith(("http:", "https:")):
        return _http(text)
    if text.startswith("unix:"):
        return _unix(text, text.removeprefix("unix:").removeprefix("//"))
    scheme, separator, _ = text.partition("://")
    if separator and "/" not in scheme:
        raise _refused(text, f"{scheme}:// is not a way to an engine")
    if "/" not in text and not text.endswith(".sock"):
        raise _refused(text, f"a host is written ssh://{text}" if _HOST.fullmatch(text) else "")
    return _unix(text, text)


def _unix(text: str, path: str) -> UnixTarget:
    if not path:
        raise _refused(text, "the path of the socket is missing")
    return UnixTarget(path)


def _ssh(text: str) -> SshTarget:
    parts, host, port = _split(text)
    user, at, _ = parts.netloc.rpartition("@")
    if at and not _USER.fullmatch(user):
        # Also `user:password@`, which must not end up in a list of processes.
        raise _refused("ssh://…@…", "the user's name holds what no user name does, such as a password")
    socket = unquote(parts.path) if parts.path != "/" else ""
    if socket and not _REMOTE_SOCKET.fullmatch(socket):
        raise _refused(
            text, "the path of the far socket is absolute, of letters, digits, spaces and _.+@=,~-"
        )
    return SshTarget(host, user, port, socket)


def _http(text: str) -> HttpTarget:
    parts, host, port = _split(text)
    if "@" in parts.netloc:
        raise _refused(
            f"{parts.scheme}://…@…", "a token is named by CRONSOLE_TOKEN or --token-file, not in it"
        )
    if parts.path not in ("", "/"):
        raise _refused(text, "an address ends after host and port")
    return HttpTarget(host, port, is_secure=parts.scheme == "https")


def _split(text: str) -> tuple[SplitResult, str, int | None]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(_without_password(text), str(error)) from None
    if port == 0:
        raise _refused(_without_password(text), "there is no port 0")
    # `hostname` is in lower case, but the names in a user's ssh configuration may not be.
    at = parts.netloc.rpartition("@")[2].lower().find(host)
    host = parts.netloc.rpartition("@")[2][at : at + len(host)]
    if not (_IPV6 if ":" in host else _HOST).fullmatch(host):
        raise _refused(
            _without_password(text), f'"{host}" is no name of a host' if host else "the host is missing"
        )
    if parts.query or parts.fragment:
        raise _refused(_without_password(text), "it ends with a query or a fragment")
    return parts, host, port


def _without_password(text: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", text)


def _refused(text: str, reason: str) -> CronsoleError:
    because = f": {reason}" if reason else ""
    return CronsoleError(f'"{text}" does not name an engine{because}; accepted are {ACCEPTED}')
