"""Every route × every way of not being allowed: made from the routes of the application itself."""

import asyncio
from collections.abc import Callable

import pytest
from litestar import Litestar, get
from tests.api.routes import GUARDED, TABLE, routes, target_of
from tests.api.served import Served
from tests.runtime.house import schedule

from cronsole.api.access import ROLES, Permission, all_roles, guard, permissions_of
from cronsole.api.contract import Contract, routes_of
from cronsole.errors import CronsoleError

TRICKS: dict[str, Callable[[str], str]] = {
    "encoded dots": lambda path: path.replace("/api/", "/x/%2e%2e/api/").replace("/docs", "/x/%2E%2E/docs"),
    "dots": lambda path: f"/x/..{path}",
    "a dot": lambda path: f"/.{path}",
    "a double slash": lambda path: f"/{path}",
    "a slash more within": lambda path: path.replace("/v1/", "/v1//") if "/v1/" in path else f"//{path}",
    "a slash at the end": lambda path: f"{path}/",
    "a semicolon": lambda path: f"{path};x=1",
    "an encoded letter": lambda path: (
        path.replace("/a", "/%61", 1).replace("/m", "/%6d").replace("/d", "/%64")
    ),
    "capitals": str.upper,
    "a backslash": lambda path: path.replace("/", "\\", 1),
    "an encoded backslash": lambda path: path.replace("/", "%5c", 1),
    "an encoded slash": lambda path: "/" + path[1:].replace("/", "%2f"),
    "an encoded NUL": lambda path: f"{path}%00",
    "the whole URL": lambda path: f"http://localhost{path}",
}
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def test_every_route_asks_for_the_permission_that_the_table_says():
    assert {(each.method, each.path): each.contract.permission for each in routes()} == TABLE


def test_a_route_that_does_not_say_who_may_call_it_is_refused_at_the_start():
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    with pytest.raises(CronsoleError, match="GET /forgotten does not say who may call it"):
        list(routes_of(Litestar([forgotten], guards=[guard], openapi_config=None)))


def test_a_route_is_open_only_where_it_says_so_twice():
    @get("/half", sync_to_thread=False, contract=Contract(summary="", permission=None))
    def half() -> str:
        return ""

    with pytest.raises(CronsoleError, match="does not say who may call it"):
        list(routes_of(Litestar([half], guards=[guard], openapi_config=None)))


async def statuses(served: Served, token: str | None, **headers: str) -> dict[str, int]:
    """What each guarded route answers; the clock moves, so that no address is shut out meanwhile."""
    found = {}
    for number, route in enumerate(GUARDED):
        if number % 9 == 0:
            await served.house.seconds(61)
        how = {"tcp": True, "token": token, "headers": headers}
        found[f"{route.method} {route.path}"] = await served.status(
            route.method, target_of(route.path), **how
        )
    return found


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer wrong", "Basic cm9vdDpyb290", "bearer cronsole_", "token"],
)
async def test_no_route_lets_in_who_has_no_token(served: Served, header: str | None):
    served.token("known", role="admin")
    await served.start(schedule("tick", "1h"))
    headers = {} if header is None else {"Authorization": header}
    assert set((await statuses(served, None, **headers)).values()) == {401}


async def test_no_route_lets_in_an_expired_or_a_revoked_token(served: Served):
    from cronsole.api.tokens import revoke

    expired, revoked = served.token("old", role="admin", days=1), served.token("gone", role="admin")
    served.token("known", role="admin")
    await served.start(schedule("tick", "1h"))
    assert await served.status("GET", "/api/v1/engine", token=revoked) == 200
    revoke(served.token_file, "gone")
    served.house.clock.step(86_400_000)
    assert set((await statuses(served, expired)).values()) == {401}
    assert set((await statuses(served, revoked)).values()) == {401}


async def test_every_route_refuses_a_token_that_has_all_permissions_but_the_one(served: Served):
    weak = {
        needed: served.token(
            f"all but {needed}", *(each for each in Permission if each not in (needed, "admin"))
        )
        for needed in Permission
    }
    await served.start(schedule("tick", "1h"))
    found = [
        await served.status(route.method, target_of(route.path), token=weak[route.contract.permission])
        for route in GUARDED
        if route.contract.permission is not None
    ]
    assert set(found) == {403}


async def test_the_token_that_fits_comes_past_the_guard_of_every_route(served: Served):
    fit = {needed: served.token(f"just {needed}", needed) for needed in Permission}
    await served.start(schedule("tick", "1h"))
    found = {
        f"{route.method} {route.path}": await served.status(
            route.method, target_of(route.path), token=fit[route.contract.permission]
        )
        for route in GUARDED
        if route.contract.permission is not None
    }
    assert {name for name, status in found.items() if status in (401, 403, 405, 500)} == set()


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_spelling_of_a_path_leads_past_the_guard(served: Served, trick: str):
    weak = served.token("weak", "exec")
    await served.start(schedule("tick", "1h"))
    targets = [(route.method, TRICKS[trick](target_of(route.path))) for route in GUARDED]
    found = await asyncio.gather(*(served.status(method, target, token=weak) for method, target in targets))
    assert set(found) <= {400, 403, 404}
    found = await asyncio.gather(*(served.status(method, target, tcp=True) for method, target in targets))
    assert set(found) <= {400, 401, 404}


@pytest.mark.parametrize("header", OVERRIDES)
async def test_no_header_turns_one_method_into_another(served: Served, header: str):
    viewer = served.token("viewer", role="viewer")
    await served.start(schedule("tick", "1h"))
    posts = [target_of(route.path) for route in GUARDED if route.method == "POST"]
    found = [
        await served.status("GET", target, token=viewer, headers={header: "POST"})
        for target in posts
        if target != "/api/v1/schedules"
    ]
    assert set(found) == {405}
    target = "/api/v1/schedules/tick"
    assert await served.status("GET", target, token=viewer, headers={header: "DELETE"}) == 200
    assert await served.status("GET", target, token=viewer) == 200


async def test_the_probes_answer_anybody_and_say_nothing_else(served: Served):
    served.token("known", role="viewer")
    await served.start()
    assert (await served.ask("GET", "/healthz", tcp=True)).json() == {"status": "ok"}
    assert (await served.ask("GET", "/readyz", tcp=True)).json() == {"status": "ready"}
    served.house.engine.stop("test")
    answer = await served.ask("GET", "/readyz", tcp=True)
    assert (answer.status, answer.json()) == (503, {"status": "not ready"})


async def test_options_tell_nobody_anything(served: Served):
    admin = served.token("known", role="admin")
    await served.start()
    assert await served.status("OPTIONS", "/api/v1/engine", token=admin) == 403
    assert await served.status("OPTIONS", "/api/v1/engine", tcp=True) == 401


def test_the_permissions_of_roles_grow_with_their_weight():
    assert ROLES["viewer"] < ROLES["operator"] < ROLES["editor"] < ROLES["admin"]
    assert Permission.EXEC not in ROLES["editor"]


def test_an_unknown_role_names_the_one_that_was_meant():
    with pytest.raises(CronsoleError, match='did you mean "operator"'):
        permissions_of("operatorr", all_roles(()))


def test_a_role_of_the_configuration_bundles_what_it_says():
    assert permissions_of("deploy", all_roles([("deploy", ["read", "write"])])) == {"read", "write"}
