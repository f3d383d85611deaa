"""Every route with the permission that it has to ask for: one that is not in this table fails the suite."""

from typing import Any, Final

from cronsole.api.app import make_app
from cronsole.api.contract import Route
from cronsole.api.stopping import Stopping

READ: Final = (
    ("GET", "/api/v1/engine"),
    ("GET", "/api/v1/schedules"),
    ("GET", "/api/v1/schedules/{schedule_id}"),
    ("GET", "/api/v1/schedules/{schedule_id}/next"),
    ("GET", "/api/v1/schedules/{schedule_id}/why"),
    ("GET", "/api/v1/schedules/{schedule_id}/runs"),
    ("GET", "/api/v1/runs"),
    ("GET", "/api/v1/runs/{run_id}"),
    ("GET", "/api/v1/runs/{run_id}/log"),
    ("GET", "/api/v1/forecast"),
    ("GET", "/api/v1/load"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/plugins"),
    ("GET", "/api/v1/plugins/{name}"),
    ("GET", "/api/v1/catalog/plan"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
)
OPERATE: Final = (
    ("POST", "/api/v1/schedules/{schedule_id}/trigger"),
    ("POST", "/api/v1/schedules/{schedule_id}/pause"),
    ("POST", "/api/v1/schedules/{schedule_id}/resume"),
    ("POST", "/api/v1/schedules/{schedule_id}/backfill"),
    ("POST", "/api/v1/pause"),
    ("POST", "/api/v1/resume"),
    ("POST", "/api/v1/runs/{run_id}/cancel"),
    ("POST", "/api/v1/runs/{run_id}/retry"),
    ("POST", "/api/v1/plugins/{name}/health"),
    ("POST", "/api/v1/plugins/{name}/commands/{command}/call"),
    ("POST", "/api/v1/plugins/{name}/circuits/reset"),
)
WRITE: Final = (
    ("POST", "/api/v1/schedules"),
    ("PUT", "/api/v1/schedules/{schedule_id}"),
    ("PATCH", "/api/v1/schedules/{schedule_id}"),
    ("DELETE", "/api/v1/schedules/{schedule_id}"),
    ("POST", "/api/v1/catalog/reload"),
    ("POST", "/api/v1/plugins/{name}/reload"),
)
ADMIN: Final = (("GET", "/api/v1/audit"),)
OPEN: Final = (("GET", "/healthz"), ("GET", "/readyz"))

TABLE: Final[dict[tuple[str, str], str | None]] = {
    **dict.fromkeys(READ, "read"),
    **dict.fromkeys(OPERATE, "operate"),
    **dict.fromkeys(WRITE, "write"),
    **dict.fromkeys(ADMIN, "admin"),
    **dict.fromkeys(OPEN, None),
}


class _Listened:
    """A façade of which nothing is asked: routes are listed without an engine."""

    def listen(self, listener: object) -> None:
        del listener


def routes() -> tuple[Route, ...]:
    facade: Any = _Listened()
    found: tuple[Route, ...] = make_app(facade, stopping=Stopping(), warn=print).state["routes"]
    return found


def target_of(path: str) -> str:
    """A path with ids in the places of its parameters."""
    given = {"{schedule_id}": "tick", "{run_id}": "nothing", "{name}": "nobody", "{command}": "nothing"}
    for name, value in given.items():
        path = path.replace(name, value)
    return path


GUARDED: Final = tuple(route for route in routes() if not route.contract.is_open)
