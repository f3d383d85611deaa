"""What is done to schedules: trigger, pause, resume, backfill."""

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath

from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import AnyRequest, asker_of, body_of, facade_of, idempotency_key, named
from cronsole.api.contract import Contract
from cronsole.api.problems import InvalidRequest
from cronsole.model.ask import BackfillAsk, PauseAsk, ResumeAsk, Selection, TriggerAsk
from cronsole.model.prospect import BackfillView, EffectView
from cronsole.model.view import RunView

_FAILS = (400, 404, 409, 413, 415, 422, 503)


class Verbs(Controller):
    path = "/api/v1"

    @post(
        "/schedules/{schedule_id:str}/trigger",
        contract=Contract(
            summary="Start a run now, or at a time",
            permission=Permission.OPERATE,
            asks=TriggerAsk,
            answers=RunView,
            status=202,
            fails=_FAILS,
            takes_key=True,
        ),
    )
    async def trigger(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        run = await facade_of(request).trigger(
            named(schedule_id),
            await body_of(request, TriggerAsk),
            asker_of(request),
            idempotency_key=idempotency_key(request),
        )
        return answer(run, 202)

    @post(
        "/schedules/{schedule_id:str}/pause",
        contract=Contract(
            summary="Pause one schedule",
            permission=Permission.OPERATE,
            asks=PauseAsk,
            answers=EffectView,
            fails=_FAILS,
        ),
    )
    async def pause_one(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        ask = await body_of(request, PauseAsk)
        ask = msgspec.structs.replace(ask, select=_only(ask.select, schedule_id))
        return answer(await facade_of(request).pause(ask, asker_of(request)))

    @post(
        "/schedules/{schedule_id:str}/resume",
        contract=Contract(
            summary="Let one schedule go on",
            permission=Permission.OPERATE,
            asks=ResumeAsk,
            answers=EffectView,
            fails=_FAILS,
        ),
    )
    async def resume_one(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        ask = await body_of(request, ResumeAsk)
        ask = msgspec.structs.replace(ask, select=_only(ask.select, schedule_id))
        return answer(await facade_of(request).resume(ask, asker_of(request)))

    @post(
        "/schedules/{schedule_id:str}/backfill",
        contract=Contract(
            summary="Run the slots of a range in the past",
            permission=Permission.OPERATE,
            asks=BackfillAsk,
            may_lack_body=False,
            answers=BackfillView,
            fails=_FAILS,
            takes_key=True,
        ),
    )
    async def backfill(self, request: AnyRequest, schedule_id: FromPath[str]) -> Response[bytes]:
        found = await facade_of(request).backfill(
            named(schedule_id),
            await body_of(request, BackfillAsk),
            asker_of(request),
            idempotency_key=idempotency_key(request),
        )
        return answer(found)

    @post(
        "/pause",
        contract=Contract(
            summary="Pause the schedules of a selection",
            permission=Permission.OPERATE,
            asks=PauseAsk,
            may_lack_body=False,
            answers=EffectView,
            fails=_FAILS,
        ),
    )
    async def pause(self, request: AnyRequest) -> Response[bytes]:
        ask = await body_of(request, PauseAsk)
        _check_given(ask.select)
        return answer(await facade_of(request).pause(ask, asker_of(request)))

    @post(
        "/resume",
        contract=Contract(
            summary="Let the schedules of a selection go on",
            permission=Permission.OPERATE,
            asks=ResumeAsk,
            may_lack_body=False,
            answers=EffectView,
            fails=_FAILS,
        ),
    )
    async def resume(self, request: AnyRequest) -> Response[bytes]:
        ask = await body_of(request, ResumeAsk)
        _check_given(ask.select)
        return answer(await facade_of(request).resume(ask, asker_of(request)))


def _only(select: Selection, schedule_id: FromPath[str]) -> Selection:
    """Return the selection of the schedule in the path; the body may not widen it."""
    wanted = Selection(ids=(named(schedule_id),))
    if select not in (Selection(), wanted):
        raise InvalidRequest("the path already names the schedule; leave `select` out")
    return wanted


def _check_given(select: Selection) -> None:
    if select == Selection():
        raise InvalidRequest("say which: `select` takes ids, tags, plugins, or everything = true")
