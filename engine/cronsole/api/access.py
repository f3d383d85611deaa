"""Who may do what: permissions, the roles that bundle them, and the one guard through which every request goes."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cronsole.errors import CronsoleError, Forbidden, nearest

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers.base import BaseRouteHandler

    from cronsole.api.contract import Contract


class Permission(StrEnum):
    """What a caller may do; `admin` holds all of them."""

    READ = "read"
    OPERATE = "operate"
    WRITE = "write"
    EXEC = "exec"
    ADMIN = "admin"


ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "viewer": frozenset({Permission.READ}),
    "operator": frozenset({Permission.READ, Permission.OPERATE}),
    "editor": frozenset({Permission.READ, Permission.OPERATE, Permission.WRITE}),
    "admin": frozenset(Permission),
}

CONTRACT: Final = "contract"
"""The key under which a route handler keeps its Contract."""


class Unauthenticated(CronsoleError):
    """Nobody knows who asks."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks, as the audit trail names it, and what they may do. `is_known` is false for somebody without a token."""

    actor: str
    permissions: frozenset[Permission] = frozenset()
    is_known: bool = True

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions or Permission.ADMIN in self.permissions

    @property
    def told(self) -> tuple[str, ...]:
        """The permissions in the order of their weight."""
        return tuple(permission.value for permission in Permission if self.may(permission))


NOBODY: Final = Caller("nobody", is_known=False)


def all_roles(own: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[Permission]]:
    """Return the roles that exist, those of the configuration included."""
    return {**ROLES, **{name: frozenset(map(Permission, held)) for name, held in own}}


def permissions_of(role: str, roles: Mapping[str, frozenset[Permission]]) -> frozenset[Permission]:
    """Return what a role may do; CronsoleError for one that does not exist."""
    if role in roles:
        return roles[role]
    meant = nearest(role, roles)
    hint = f'did you mean "{meant}"?' if meant else f"known are {', '.join(roles)}"
    raise CronsoleError(f'"{role}" is no role; {hint}')


def guard(connection: "ASGIConnection[Any, Any, Any, Any]", handler: "BaseRouteHandler") -> None:
    """Let a request pass whose caller holds the permission that its route names; nothing else passes."""
    contract: Contract | None = handler.opt.get(CONTRACT)
    caller: Caller = connection.scope.get("state", {}).get("caller", NOBODY)
    if contract is not None and contract.is_open:
        return
    if not caller.is_known:
        raise Unauthenticated("a token is needed: send it as `Authorization: Bearer TOKEN`")
    if contract is None:
        raise Forbidden("nobody may do that")
    if contract.permission is None or not caller.may(contract.permission):
        raise Forbidden(f"{caller.actor} may not do that: it needs the permission {contract.permission}")
