"""The catalog: what a reload of the configuration would do, and the reload."""

from litestar import Controller, Response, get, post

from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import AnyRequest, asker_of, facade_of, query_of
from cronsole.api.contract import Contract
from cronsole.model.ask import PlanAsk
from cronsole.model.prospect import PlanView, ReloadView


class CatalogRoutes(Controller):
    path = "/api/v1/catalog"

    @get(
        "/plan",
        contract=Contract(
            summary="What a reload would add, change and remove",
            permission=Permission.READ,
            query=PlanAsk,
            answers=PlanView,
            fails=(400,),
        ),
    )
    async def plan(self, request: AnyRequest) -> Response[bytes]:
        return answer(await facade_of(request).plan(query_of(request, PlanAsk)))

    @post(
        "/reload",
        contract=Contract(
            summary="Read the configuration again",
            permission=Permission.WRITE,
            answers=ReloadView,
            fails=(409, 413, 503),
        ),
    )
    async def reload(self, request: AnyRequest) -> Response[bytes]:
        return answer(await facade_of(request).reload(asker_of(request)))
