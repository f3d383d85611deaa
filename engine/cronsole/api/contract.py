"""What a route promises: who may call it, what it is asked and what it answers; guard and documents live off it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from cronsole.api.access import CONTRACT, Permission
from cronsole.errors import CronsoleError

if TYPE_CHECKING:
    from litestar import Litestar

JSON = "application/json"


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """`permission` is None for a route that anybody may call, which `is_open` has to confirm.

    `query` and `asks` are structs, or a dict for a definition; `answers` is what stands in the body of `status`.
    """

    summary: str
    permission: Permission | None
    is_open: bool = False
    query: type | None = None
    asks: Any = None
    may_lack_body: bool = True
    answers: Any = None
    status: int = 200
    media: str = JSON
    fails: tuple[int, ...] = ()
    takes_key: bool = False
    takes_etag: bool = False
    gives_etag: bool = False
    told: str = ""
    """What the table of routes says of the question and the answer, where their types do not."""


class Route(msgspec.Struct, frozen=True):
    method: str
    path: str
    contract: Contract


def routes_of(app: "Litestar") -> Iterator[Route]:
    """Return every route of an application, as it is matched; CronsoleError for one that says not who may call it."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [None]):
            if handler is None:
                raise CronsoleError(f"the route {route.path} is no plain handler")
            contract = handler.opt.get(CONTRACT)
            for method in sorted(handler.http_methods):
                if contract is None and method == "OPTIONS":
                    continue  # made by Litestar; the guard refuses it to everybody
                if contract is None or (contract.permission is None) is not contract.is_open:
                    raise CronsoleError(f"the route {method} {route.path} does not say who may call it")
                yield Route(method, route.path.replace(":str", ""), contract)
