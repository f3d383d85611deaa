"""What is to come, of all schedules together, for those who draw pictures of time."""

from litestar import Controller, Response, get

from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import AnyRequest, facade_of, query_of
from cronsole.api.contract import Contract
from cronsole.model.ask import ForecastQuery, LoadQuery
from cronsole.model.prospect import ForecastView, LoadView


class Outlook(Controller):
    path = "/api/v1"

    @get(
        "/forecast",
        contract=Contract(
            summary="Every fire of a stretch of time, by when it is due",
            permission=Permission.READ,
            query=ForecastQuery,
            answers=ForecastView,
            fails=(400,),
        ),
    )
    async def forecast(self, request: AnyRequest) -> Response[bytes]:
        return answer(await facade_of(request).forecast(query_of(request, ForecastQuery)))

    @get(
        "/load",
        contract=Contract(
            summary="How many fires are planned, or how many runs failed, in each part of a stretch of time",
            permission=Permission.READ,
            query=LoadQuery,
            answers=LoadView,
            fails=(400, 409, 503),
        ),
    )
    async def load(self, request: AnyRequest) -> Response[bytes]:
        return answer(await facade_of(request).load(query_of(request, LoadQuery)))
