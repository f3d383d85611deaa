"""The engine itself: who answers and how it does, for people, for probes and for monitoring."""

import msgspec
from litestar import Controller, Response, get

from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import AnyRequest, caller_of, facade_of
from cronsole.api.contract import Contract
from cronsole.api.metrics import Metrics
from cronsole.model.view import EngineView

PROMETHEUS = "text/plain; version=0.0.4"


class Health(msgspec.Struct, frozen=True):
    status: str


class EngineRoutes(Controller):
    path = "/"

    @get(
        "/api/v1/engine",
        contract=Contract(
            summary="Who answers, how it does, and who it takes the asker for",
            permission=Permission.READ,
            answers=EngineView,
        ),
    )
    async def engine(self, request: AnyRequest) -> Response[bytes]:
        caller = caller_of(request)
        view = facade_of(request).engine()
        return answer(msgspec.structs.replace(view, actor=caller.actor, permissions=caller.told))

    @get(
        "/healthz",
        contract=Contract(
            summary="Whether the process answers", permission=None, is_open=True, answers=Health
        ),
    )
    async def healthz(self) -> Response[bytes]:
        return answer(Health("ok"))

    @get(
        "/readyz",
        contract=Contract(
            summary="Whether schedules fire; 503 where they do not",
            permission=None,
            is_open=True,
            answers=Health,
            fails=(503,),
        ),
    )
    async def readyz(self, request: AnyRequest) -> Response[bytes]:
        is_ready = facade_of(request).is_ready()
        return answer(Health("ready" if is_ready else "not ready"), 200 if is_ready else 503)

    @get(
        "/metrics",
        contract=Contract(
            summary="What monitoring systems collect",
            permission=Permission.READ,
            answers=str,
            media=PROMETHEUS,
            told="→ the Prometheus text format",
        ),
    )
    async def metrics(self, request: AnyRequest) -> Response[bytes]:
        metrics: Metrics = request.app.state["metrics"]
        return Response(metrics.text(), media_type=PROMETHEUS)
