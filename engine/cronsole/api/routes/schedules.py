"""Schedules: what there is, what comes next and why, and their definitions."""

from datetime import datetime

import msgspec
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath

from cronsole.api import answering
from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import (
    AnyRequest,
    asker_of,
    definition_of,
    facade_of,
    idempotency_key,
    if_match,
    instant_of,
    named,
    query_of,
)
from cronsole.api.contract import Contract
from cronsole.model.ask import RunQuery, ScheduleQuery
from cronsole.model.prospect import WhyView
from cronsole.model.run import Cause, RunState
from cronsole.model.view import FireView, Page, RunView, ScheduleDetail, ScheduleView


class FiresQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the fires to come, after an instant or now."""

    count: int = 10
    after: datetime | None = None


class WhyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which slot; without one, the next."""

    slot: datetime | None = None


class RunsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows of one schedule, newest first."""

    states: tuple[RunState, ...] = ()
    causes: tuple[Cause, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    before: str | None = None


_WRITES = (400, 409, 412, 413, 415, 422, 503)


class Schedules(Controller):
    path = "/api/v1/schedules"

    @get(
        "/",
        contract=Contract(
            summary="The schedules that match a question",
            permission=Permission.READ,
            query=ScheduleQuery,
            answers=Page[ScheduleView],
            fails=(400,),
        ),
    )
    async def schedules(self, request: AnyRequest) -> Response[bytes]:
        found = await facade_of(request).schedules(query_of(request, ScheduleQuery))
        return await answering.long_page(request, found, "after")

    @post(
        "/",
        contract=Contract(
            summary="Create a schedule",
            permission=Permission.WRITE,
            asks=dict,
            may_lack_body=False,
            answers=ScheduleDetail,
            status=201,
            fails=_WRITES,
            takes_key=True,
            gives_etag=True,
            told="a definition → ScheduleDetail",
        ),
    )
    async def create(self, request: AnyRequest) -> Response[bytes]:
        detail = await facade_of(request).create(
            await definition_of(request), asker_of(request), idempotency_key=idempotency_key(request)
        )
        return answering.definition(request, detail, 201)

    @get(
        "/{schedule_id:str}",
        contract=Contract(
            summary="Everything about one schedule",
            permission=Permission.READ,
            answers=ScheduleDetail,
            fails=(404,),
            gives_etag=True,
        ),
    )
    async def schedule(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        return answering.definition(request, await facade_of(request).schedule(named(schedule_id)))

    @put(
        "/{schedule_id:str}",
        contract=Contract(
            summary="Put a definition in the place of a runtime schedule's, or create it",
            permission=Permission.WRITE,
            asks=dict,
            may_lack_body=False,
            answers=ScheduleDetail,
            fails=_WRITES,
            takes_etag=True,
            gives_etag=True,
            told="a definition → ScheduleDetail",
        ),
    )
    async def replace(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        detail = await facade_of(request).replace(
            named(schedule_id), await definition_of(request), asker_of(request), etag=if_match(request)
        )
        return answering.definition(request, detail)

    @patch(
        "/{schedule_id:str}",
        contract=Contract(
            summary="Change some keys of a runtime schedule; null takes one away",
            permission=Permission.WRITE,
            asks=dict,
            may_lack_body=False,
            answers=ScheduleDetail,
            fails=(*_WRITES, 404),
            takes_etag=True,
            gives_etag=True,
            told="some keys → ScheduleDetail",
        ),
    )
    async def patch(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        detail = await facade_of(request).patch(
            named(schedule_id), await definition_of(request), asker_of(request), etag=if_match(request)
        )
        return answering.definition(request, detail)

    @delete(
        "/{schedule_id:str}",
        status_code=204,
        contract=Contract(
            summary="Delete a runtime schedule; its history stays",
            permission=Permission.WRITE,
            status=204,
            fails=(400, 404, 409, 412, 503),
            takes_etag=True,
        ),
    )
    async def delete(self, request: AnyRequest, schedule_id: FromPath[str]) -> None:
        await facade_of(request).delete(named(schedule_id), asker_of(request), etag=if_match(request))

    @get(
        "/{schedule_id:str}/next",
        contract=Contract(
            summary="The fires to come",
            permission=Permission.READ,
            query=FiresQuery,
            answers=tuple[FireView, ...],
            fails=(400, 404),
        ),
    )
    async def fires(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        asked = query_of(request, FiresQuery)
        return answer(
            await facade_of(request).fires(
                named(schedule_id), count=asked.count, after=instant_of(asked.after)
            )
        )

    @get(
        "/{schedule_id:str}/why",
        contract=Contract(
            summary="Why a slot ran, why not, or why not yet",
            permission=Permission.READ,
            query=WhyQuery,
            answers=WhyView,
            fails=(400, 404),
        ),
    )
    async def why(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        slot = instant_of(query_of(request, WhyQuery).slot)
        return answer(await facade_of(request).why(named(schedule_id), slot))

    @get(
        "/{schedule_id:str}/runs",
        contract=Contract(
            summary="The rows of the ledger for one schedule, newest first",
            permission=Permission.READ,
            query=RunsQuery,
            answers=Page[RunView],
            fails=(400, 404),
        ),
    )
    async def runs(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        asked = query_of(request, RunsQuery)
        facade, wanted = facade_of(request), named(schedule_id)
        query = RunQuery(schedule_ids=(wanted,), **msgspec.structs.asdict(asked))
        found = await facade.runs(query)
        if not found.items:
            # An empty list of what does not exist would be a lie.
            await facade.schedule(wanted)
        return answering.page(request, found, "before")
