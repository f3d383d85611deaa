"""Plugins: how each stands, and what is done to them: health, reload, calls by hand, circuits."""

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import AnyRequest, asker_of, body_of, facade_of, idempotency_key, named
from cronsole.api.contract import Contract
from cronsole.model.plugin import CallAsk, CircuitAsk, CircuitsView, HealthView, PluginDetail, PluginView
from cronsole.model.view import RunView


class Plugins(Controller):
    path = "/api/v1/plugins"

    @get(
        "/",
        contract=Contract(
            summary="Every plugin as it stands",
            permission=Permission.READ,
            answers=tuple[PluginView, ...],
        ),
    )
    async def plugins(self, request: AnyRequest) -> Response[bytes]:
        return answer(await facade_of(request).plugins.list())

    @get(
        "/{name:str}",
        contract=Contract(
            summary="What one plugin declared, made, can do and was refused",
            permission=Permission.READ,
            answers=PluginDetail,
            fails=(404,),
        ),
    )
    async def plugin(self, request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return answer(await facade_of(request).plugins.show(named(name)))

    @post(
        "/{name:str}/health",
        contract=Contract(
            summary="Ask a plugin how it is",
            permission=Permission.OPERATE,
            answers=HealthView,
            fails=(404, 413),
        ),
    )
    async def health(self, request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return answer(await facade_of(request).plugins.health(named(name)))

    @post(
        "/{name:str}/reload",
        contract=Contract(
            summary="Load a plugin anew",
            permission=Permission.WRITE,
            answers=PluginView,
            fails=(404, 413, 503),
        ),
    )
    async def reload(self, request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return answer(await facade_of(request).plugins.reload(named(name), asker_of(request)))

    @post(
        "/{name:str}/commands/{command:str}/call",
        contract=Contract(
            summary="Start a run of a plugin's command by hand",
            permission=Permission.OPERATE,
            asks=CallAsk,
            answers=RunView,
            status=202,
            fails=(400, 404, 409, 413, 415, 422, 503),
            takes_key=True,
        ),
    )
    async def call(self, request: AnyRequest, name: FromPath[str], command: FromPath[str]) -> Response[bytes]:
        run = await facade_of(request).plugins.call(
            named(name),
            named(command),
            await body_of(request, CallAsk),
            asker_of(request),
            idempotency_key=idempotency_key(request),
        )
        return answer(run, 202)

    @post(
        "/{name:str}/circuits/reset",
        contract=Contract(
            summary="Close the circuit of one command, or of every one",
            permission=Permission.OPERATE,
            asks=CircuitAsk,
            answers=CircuitsView,
            fails=(400, 404, 413, 415, 503),
        ),
    )
    async def reset(self, request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        ask = await body_of(request, CircuitAsk)
        return answer(await facade_of(request).plugins.reset(named(name), ask, asker_of(request)))
