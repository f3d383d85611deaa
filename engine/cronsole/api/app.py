"""The application: every route under one guard, on one façade."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.plugins import PluginProtocol

from cronsole.api.access import CONTRACT, guard
from cronsole.api.contract import Contract, routes_of
from cronsole.api.facade import Facade
from cronsole.api.metrics import Metrics
from cronsole.api.problems import InvalidRequest, handler
from cronsole.api.routes.audit import Audit
from cronsole.api.routes.catalog import CatalogRoutes
from cronsole.api.routes.documents import Documents
from cronsole.api.routes.engine import EngineRoutes
from cronsole.api.routes.events import Events
from cronsole.api.routes.outlook import Outlook
from cronsole.api.routes.plugins import Plugins
from cronsole.api.routes.runs import Runs
from cronsole.api.routes.schedules import Schedules
from cronsole.api.routes.verbs import Verbs
from cronsole.api.stopping import Stopping

LARGEST_BODY: Final = 1024 * 1024

CONTROLLERS: Final = (
    EngineRoutes,
    Schedules,
    Verbs,
    Runs,
    Outlook,
    Plugins,
    Events,
    CatalogRoutes,
    Audit,
    Documents,
)


class _Lean(Litestar):
    """Litestar without the plugins for other libraries' classes: pydantic alone takes nine megabytes."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        from litestar.plugins.core import MsgspecDIPlugin

        return [*plugins, MsgspecDIPlugin()]

    @staticmethod
    def _patch_opentelemetry_middleware(config: AppConfig) -> AppConfig:
        # Our traces are made outside of Litestar, whose own would be loaded only to find itself unused.
        return config


def make_app(facade: Facade, *, stopping: Stopping, warn: Callable[[str], None]) -> Litestar:
    """Return the application; CronsoleError for a route that does not say who may call it."""
    app = _Lean(
        route_handlers=CONTROLLERS,
        guards=[guard],
        before_request=_refuse_idle_query,
        exception_handlers={Exception: handler(warn)},
        state=State({"facade": facade, "metrics": Metrics(facade), "stopping": stopping}),
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    routes = tuple(routes_of(app))
    app.state["routes"] = routes
    return app


async def _refuse_idle_query(request: Request[Any, Any, Any]) -> None:
    """Refuse a question that nobody would hear."""
    contract: Contract = request.route_handler.opt[CONTRACT]
    if contract.query is None and request.scope["query_string"]:
        raise InvalidRequest("this path takes no parameters in its query")
