"""`[api]`: where the engine is reached, and who may do what."""

import re
from collections.abc import Callable
from typing import Any, Final

from cronsole.api.access import ROLES, Permission
from cronsole.config import values
from cronsole.config.keys import Key, Scope, attempt, read_table, table_of
from cronsole.config.problems import Fault, Flaw, missing, wrong_kind
from cronsole.errors import nearest
from cronsole.model.settings import Api

_ADDRESS: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):(?P<port>[0-9]{1,5})", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", re.ASCII)
_PERMISSIONS: Final = tuple(permission.value for permission in Permission)


def read_listen(value: object, scope: Scope) -> str:
    """Read an address and a port."""
    found = values.word(value, scope)
    matched = _ADDRESS.fullmatch(found)
    if matched is None:
        raise Fault(
            "is not HOST:PORT; accepted is 127.0.0.1:8443, [::1]:8443 or :8443 for this machine alone"
        )
    if not 0 <= int(matched["port"]) <= 65_535:
        raise Fault("has a port that there is not; accepted is 0 to 65535, and 0 takes a free one")
    return found


def read_host(value: object, scope: Scope) -> str:
    found = values.word(value, scope)
    if not _HOST.fullmatch(found):
        raise Fault(
            "is no name of a host; write it without scheme, port or brackets, such as cron.example.com"
        )
    return found.lower()


def read_permission(value: object, scope: Scope) -> str:
    found = values.word(value, scope)
    if found not in _PERMISSIONS:
        meant = nearest(found[:60], _PERMISSIONS)
        hint = f'did you mean "{meant}"?' if meant else f"known are {', '.join(_PERMISSIONS)}"
        raise Fault(f"is no permission; {hint}")
    return found


_read_permissions: Final = values.items_of(read_permission, "permissions")


def read_roles(value: object, scope: Scope) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read roles with the permissions that each of them bundles."""

    def read_role(name: str, held: object) -> tuple[str, ...]:
        if name in ROLES:
            raise Fault("is a role already, and stays as it is; take another name")
        found: tuple[str, ...] = attempt(_read_permissions, held, scope)
        if not found:
            raise Fault("bundles nothing; give it at least one permission")
        return found

    return _entries(
        value, 'a table of roles and permissions, such as {deploy = ["read", "write"]}', read_role
    )


def read_users(value: object, scope: Scope) -> tuple[tuple[str, str], ...]:
    """Read local users with their roles; whether a role exists is known when the whole table is read."""
    return _entries(
        value,
        'a table of users and roles, such as {ops = "operator"}',
        lambda _, role: values.word(role, scope),
    )


def _entries(value: object, accepted: str, read: Callable[[str, object], Any]) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict):
        raise wrong_kind(value, accepted)
    flaws: list[Flaw] = []
    found: list[tuple[str, Any]] = []
    for name, item in value.items():
        try:
            found.append((values.word(name, Scope()), read(str(name), item)))
        except Fault as fault:
            flaws.extend(fault.under(str(name), item))
    if flaws:
        raise Fault(flaws)
    return tuple(sorted(found))


API: Final = table_of(
    Key(
        "socket",
        "a path",
        values.path,
        "The unix socket.",
        default="`cronsole.sock` in the state directory",
    ),
    Key(
        "listen",
        "`HOST:PORT`",
        read_listen,
        "An address to serve by TCP as well; it needs tokens.",
    ),
    Key("tls_certificate", "a path", values.path, "The certificate, with its chain, in PEM."),
    Key("tls_key", "a path", values.path, "The key of the certificate, without a pass phrase."),
    Key(
        "token_file",
        "a path",
        values.path,
        "Where the hashes of tokens are kept; `cronsole token` changes it.",
        default="`tokens.json` in the state directory",
    ),
    Key(
        "hosts",
        "a name or a list",
        values.items_of(read_host, "names of hosts"),
        "Names by which clients may ask for it over TCP, besides the address itself.",
    ),
    Key(
        "users",
        "a table",
        read_users,
        'Roles of other local users on the socket: `{ops = "operator"}`. It needs `socket`.',
    ),
    Key(
        "roles",
        "a table",
        read_roles,
        'More roles, with their permissions: `{deploy = ["read", "write"]}`.',
    ),
)


def read_api(value: object, scope: Scope) -> Api:
    """Read the table; what does not go together is a fault of the key that asks for the other."""
    found = Api(**read_table(value, API, scope))
    flaws = [*_lone(found), *_unknown_roles(found)]
    if flaws:
        raise Fault(flaws)
    return found


def _lone(api: Api) -> list[Flaw]:
    flaws = []
    if api.tls_certificate is not None and api.tls_key is None:
        flaws.append(missing("tls_certificate", "needs tls_key beside it"))
    if api.tls_key is not None and api.tls_certificate is None:
        flaws.append(missing("tls_key", "needs tls_certificate beside it"))
    for key in ("tls_certificate", "hosts"):
        if getattr(api, key) and api.listen is None:
            flaws.append(missing(key, "is of use with listen only"))
    if api.users and api.socket is None:
        told = "needs socket: other users cannot enter the state directory; /run/cronsole/api.sock is a good place"
        flaws.append(missing("users", told))
    return flaws


def _unknown_roles(api: Api) -> list[Flaw]:
    known = (*ROLES, *(name for name, _ in api.roles))
    flaws = []
    for user, role in api.users:
        if role not in known:
            meant = nearest(role[:60], known)
            hint = f'did you mean "{meant}"?' if meant else f"known are {', '.join(known)}"
            flaws.append(Flaw(("users", user), role, f"is no role; {hint}"))
    return flaws
