"""The token file: who may come in over TCP. Only hashes are kept, and a change holds from the next request on."""

import fcntl
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from cronsole.api.access import Permission, permissions_of
from cronsole.errors import CronsoleError
from cronsole.model.instant import Instant, from_datetime

PREFIX: Final = "cronsole_"
"""What every token begins with, so that scanners of repositories know one when they see it."""

_LARGEST: Final = 4 * 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EMPTY: Final = sha256(b"").hexdigest()
_Version: TypeAlias = tuple[int, int, int, int]


class TokenFault(CronsoleError):
    """The token file cannot be used; nobody comes in by token until it can."""


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One entry of the file: `hash` is the SHA-256 of the token, whose 256 random bits need no salt."""

    name: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    role: str = ""
    permissions: tuple[str, ...] = ()

    def has_expired(self, now: Instant) -> bool:
        return self.expires_at is not None and from_datetime(self.expires_at) <= now

    def allows(self, roles: Mapping[str, frozenset[Permission]]) -> frozenset[Permission]:
        """Return what a bearer may do; CronsoleError for a role or a permission that does not exist."""
        held = permissions_of(self.role, roles) if self.role else frozenset()
        try:
            return held | frozenset(map(Permission, self.permissions))
        except ValueError as error:
            known = ", ".join(Permission)
            raise CronsoleError(f"{error}; known are {known}") from error


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Token, ...] = ()


def hash_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Return what the file holds; TokenFault for one that is missing, open to others, or malformed."""
    return _decoded(path, _bytes_of(path)[0])


class TokenFile:
    """The file as the server sees it: read again whenever it is another one, and told of what came and went."""

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        self._path = path
        self._tell = tell
        self._known: frozenset[str] | None = None
        self._version: _Version | None = None
        self._tokens: tuple[Token, ...] = ()

    def find(self, secret: str, now: Instant) -> Token | None:
        """Return the token that is meant, if it has not expired; it takes as long to find as not to find."""
        wanted = hash_of(secret)
        found: Token | None = None
        for token in self.current():
            if hmac.compare_digest(token.hash, wanted) and not token.has_expired(now):
                found = token
        return found

    def current(self) -> tuple[Token, ...]:
        """Return the tokens of the file as it is now; TokenFault leaves nobody in."""
        try:
            version = _version_of(os.stat(self._path))
        except OSError:
            version = None
        if version is None or version != self._version:
            self._tokens, self._version = (), None
            raw, version = _bytes_of(self._path)
            self._tokens, self._version = _decoded(self._path, raw), version
            self._tell_changes()
        return self._tokens

    def _tell_changes(self) -> None:
        names = frozenset(token.name for token in self._tokens)
        if self._known is not None and names != self._known:
            added, revoked = sorted(names - self._known), sorted(self._known - names)
            told = [f"added {', '.join(added)}"] * bool(added) + [f"revoked {', '.join(revoked)}"] * bool(
                revoked
            )
            self._tell(f"the tokens of the API changed: {'; '.join(told)}")
        self._known = names


def create(
    path: Path,
    name: str,
    *,
    role: str,
    permissions: tuple[str, ...],
    now: datetime,
    expires_at: datetime | None,
) -> str:
    """Add a token and return it: nobody will ever see it again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Token(
        name=name,
        hash=hash_of(secret),
        created_at=now,
        expires_at=expires_at,
        role=role,
        permissions=permissions,
    )
    with _changing(path) as tokens:
        if any(token.name == name for token in tokens):
            raise CronsoleError(f'there is a token "{name}" already; revoke it first, or take another name')
        tokens.append(made)
    return secret


def revoke(path: Path, name: str) -> Token:
    """Take a token away."""
    with _changing(path) as tokens:
        found = next((token for token in tokens if token.name == name), None)
        if found is None:
            known = ", ".join(token.name for token in tokens) or "none"
            raise CronsoleError(f'there is no token "{name}" in {path}; it holds {known}')
        tokens.remove(found)
    return found


@contextmanager
def _changing(path: Path) -> Iterator[list[Token]]:
    """Hand out the tokens of a file for changing, and put the file in place whole; two changes wait for each other."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise TokenFault(f"{path.parent} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        tokens = list(read_tokens(path)) if path.exists() else []
        yield tokens
        _write(path, folder, _File(tuple(tokens)))
    except OSError as error:
        raise TokenFault(f"the token file {path} cannot be written: {error.strerror}") from error
    finally:
        os.close(folder)


def _write(path: Path, folder: int, content: _File) -> None:
    text = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    owner = os.stat(path if path.exists() else path.parent)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if os.geteuid() == 0:
                # An engine that runs as somebody else has to be able to read what root adds.
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        os.fsync(folder)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _bytes_of(path: Path) -> tuple[bytes, _Version]:
    """Return what a file holds, and which file it was, having made sure that nobody else can read or change it."""
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            _refuse_open(path, found)
            return file.read(_LARGEST), _version_of(found)
    except FileNotFoundError as error:
        raise TokenFault(f"there is no token file {path}; `cronsole token create NAME` makes one") from error
    except OSError as error:
        raise TokenFault(f"the token file {path} cannot be read: {error.strerror}") from error


def _refuse_open(path: Path, found: os.stat_result) -> None:
    if found.st_mode & 0o077:
        raise TokenFault(
            f"the token file {path} is open to others (mode {found.st_mode & 0o777:04o}): chmod 600 {path}"
        )
    if found.st_uid not in (0, os.geteuid()):
        raise TokenFault(f"the token file {path} belongs to uid {found.st_uid}, who could let anybody in")


def _decoded(path: Path, raw: bytes) -> tuple[Token, ...]:
    try:
        tokens = msgspec.json.decode(raw, type=_File).tokens
    except msgspec.DecodeError as error:
        raise TokenFault(f"the token file {path} is malformed: {error}") from error
    for token in tokens:
        if not _HASH.fullmatch(token.hash) or token.hash == _EMPTY:
            raise TokenFault(
                f'the token "{token.name}" in {path} is empty: no SHA-256 of a token stands there'
            )
        for moment in (token.created_at, token.expires_at):
            if moment is not None and moment.tzinfo is None:
                raise TokenFault(f'the token "{token.name}" in {path} has a time without an offset')
    return tokens


def _version_of(found: os.stat_result) -> _Version:
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
