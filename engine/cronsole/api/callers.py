"""Who asks: the user at the other end of the socket, or the bearer of a token."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cronsole.api.access import NOBODY, ROLES, Caller, Permission, Unauthenticated, all_roles, permissions_of
from cronsole.api.peer import Peer, user_id
from cronsole.api.throttle import Throttle
from cronsole.api.tokens import TokenFault, TokenFile
from cronsole.clock import Clock
from cronsole.errors import CronsoleError
from cronsole.model.settings import Api

_SCHEME: Final = "bearer "


class TooManyAttempts(CronsoleError):
    """An address guesses tokens."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"too many wrong tokens from this address; try again in {wait_seconds} s")
        self.wait_seconds = wait_seconds


class Callers:
    """Tells who asks, by what the settings of the moment say of users, roles and tokens."""

    def __init__(
        self,
        settings: Callable[[], Api],
        *,
        clock: Clock,
        owner: int,
        token_file: Path,
        warn: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._owner = owner
        self._tokens = TokenFile(token_file, warn)
        self._throttle = Throttle(clock)
        self._warn = warn
        self._fault = ""

    def check(self) -> None:
        """Refuse settings and tokens that would let in nobody, or somebody by mistake."""
        settings = self._settings()
        roles = all_roles(settings.roles)
        for name, role in settings.users:
            if user_id(name) is None:
                raise CronsoleError(f'api.users: this machine knows no user "{name}"')
            permissions_of(role, roles)
        if settings.listen is None:
            return
        tokens = self._tokens.current()
        if not tokens:
            raise TokenFault("api.listen needs a token: `cronsole token create NAME` makes one")
        for token in tokens:
            if not token.allows(roles):
                raise TokenFault(f'the token "{token.name}" may do nothing: it needs a role or permissions')

    def by_peer(self, peer: Peer | None) -> Caller:
        """Return the caller on a socket: the owner and root may do everything, others what the settings give them."""
        if peer is None:
            return Caller("an unknown process")
        if peer.uid in (0, self._owner):
            return Caller(str(peer), ROLES["admin"])
        settings = self._settings()
        held: frozenset[Permission] = frozenset()
        for name, role in settings.users:
            if user_id(name) == peer.uid:
                held |= permissions_of(role, all_roles(settings.roles))
        return Caller(str(peer), held)

    def by_token(self, header: str | None, address: str) -> Caller:
        """Return the caller over TCP; Unauthenticated for a wrong token, NOBODY where none is given."""
        wait = self._throttle.wait_seconds(address)
        if wait:
            raise TooManyAttempts(wait)
        if header is None:
            return NOBODY
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise Unauthenticated("send the token as `Authorization: Bearer TOKEN`")
        try:
            return self._bearer(header[len(_SCHEME) :].strip(), address)
        except Unauthenticated:
            if self._throttle.note_failure(address):
                self._warn(f"the API is guessed at: too many wrong tokens from {address}, which has to wait")
            raise

    def _bearer(self, secret: str, address: str) -> Caller:
        wrong = Unauthenticated("the token is wrong, has expired or was revoked")
        try:
            token = self._tokens.find(secret, self._clock.now())
            if token is None:
                raise wrong
            held = token.allows(all_roles(self._settings().roles))
        except Unauthenticated:
            raise
        except CronsoleError as fault:
            # What is wrong with the file is for the operator to read, not for who is at the door.
            self._tell(str(fault))
            raise wrong from fault
        self._fault = ""
        return Caller(f"token {token.name} from {address}", held)

    def _tell(self, fault: str) -> None:
        """Tell each fault of the token file once."""
        if fault != self._fault:
            self._fault = fault
            self._warn(f"the API lets nobody in by token: {fault}")
