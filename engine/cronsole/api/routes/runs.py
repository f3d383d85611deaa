"""Runs: the ledger's rows, their output, and what is done to them."""

from collections.abc import AsyncIterator

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from cronsole.api import answering
from cronsole.api.access import Permission
from cronsole.api.answering import answer
from cronsole.api.asking import (
    AnyRequest,
    asker_of,
    body_of,
    facade_of,
    idempotency_key,
    is_still_welcome,
    named,
    query_of,
)
from cronsole.api.contract import Contract
from cronsole.api.facade import Facade
from cronsole.api.problems import InvalidRequest
from cronsole.api.stopping import stopping_of
from cronsole.model.ask import CancelAsk, RunQuery
from cronsole.model.view import LogChunk, Page, RunDetail, RunView

BYTES = "application/octet-stream"
TEXT = "text/plain"

_LONGEST_WAIT = 60.0
_CHUNK = 65_536
_LARGEST_CHUNK = 1024 * 1024
_FOLLOW_SECONDS = 2.0


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bytes of the output: of the last attempt by default; a negative offset counts from the end.

    `wait` is for how many seconds to wait for bytes that are not there yet; `follow` streams until the run ends.
    """

    attempt: int | None = None
    offset: int = 0
    limit: int | None = None
    wait: float = 0.0
    follow: bool = False


class Runs(Controller):
    path = "/api/v1/runs"

    @get(
        "/",
        contract=Contract(
            summary="The rows of the ledger that match a question, newest first",
            permission=Permission.READ,
            query=RunQuery,
            answers=Page[RunView],
            fails=(400,),
        ),
    )
    async def runs(self, request: AnyRequest) -> Response[bytes]:
        found = await facade_of(request).runs(query_of(request, RunQuery))
        return answering.page(request, found, "before")

    @get(
        "/{run_id:str}",
        contract=Contract(
            summary="Everything about one run",
            permission=Permission.READ,
            answers=RunDetail,
            fails=(404,),
        ),
    )
    async def run(self, request: AnyRequest, run_id: FromPath[str]) -> Response[bytes]:
        return answer(await facade_of(request).run(named(run_id)))

    @get(
        "/{run_id:str}/log",
        contract=Contract(
            summary="The output of a run, as it was written",
            permission=Permission.READ,
            query=LogQuery,
            answers=bytes,
            media=BYTES,
            fails=(400, 404),
            told="attempt, offset, limit, wait, follow → bytes",
        ),
    )
    async def log(self, request: AnyRequest, run_id: FromPath[str]) -> Response[bytes] | Stream:
        asked = query_of(request, LogQuery)
        _check(asked)
        facade, stopping = facade_of(request), stopping_of(request)
        chunk = await _chunk(facade, named(run_id), asked, 0.0)
        if asked.follow:
            return Stream(_followed(request, chunk), media_type=TEXT)
        if asked.wait and not (chunk.data or chunk.is_complete or stopping.is_set()):
            async with stopping.ending():
                chunk = await _chunk(facade, chunk.run_id, asked, asked.wait)
        return Response(chunk.data, media_type=BYTES, headers=_headers(chunk))

    @post(
        "/{run_id:str}/cancel",
        contract=Contract(
            summary="Ask a run to end, or kill it",
            permission=Permission.OPERATE,
            asks=CancelAsk,
            answers=RunView,
            status=200,
            fails=(400, 404, 409, 413, 415, 422, 503),
        ),
    )
    async def cancel(self, request: AnyRequest, run_id: FromPath[str]) -> Response[bytes]:
        ask = await body_of(request, CancelAsk)
        return answer(await facade_of(request).cancel(named(run_id), ask, asker_of(request)))

    @post(
        "/{run_id:str}/retry",
        contract=Contract(
            summary="Start what an ended run was for once more",
            permission=Permission.OPERATE,
            answers=RunView,
            status=202,
            fails=(400, 404, 409, 413, 422, 503),
            takes_key=True,
        ),
    )
    async def retry(self, request: AnyRequest, run_id: FromPath[str]) -> Response[bytes]:
        run = await facade_of(request).retry(
            named(run_id), asker_of(request), idempotency_key=idempotency_key(request)
        )
        return answer(run, 202)


def _check(asked: LogQuery) -> None:
    if not 0 <= asked.wait <= _LONGEST_WAIT:
        raise InvalidRequest(f"wait is out of range; accepted is 0 to {_LONGEST_WAIT:.0f} seconds")
    if asked.limit is not None and not 0 < asked.limit <= _LARGEST_CHUNK:
        raise InvalidRequest(f"limit is out of range; accepted is 1 to {_LARGEST_CHUNK:,} bytes")


async def _chunk(facade: Facade, run_id: str, asked: LogQuery, wait_seconds: float) -> LogChunk:
    limit = _CHUNK if asked.limit is None else asked.limit
    return await facade.log(
        run_id, attempt=asked.attempt, offset=asked.offset, limit=limit, wait_seconds=wait_seconds
    )


def _headers(chunk: LogChunk) -> dict[str, str]:
    return {
        "Cronsole-Run": chunk.run_id,
        "Cronsole-Attempt": str(chunk.attempt),
        "Cronsole-Offset": str(chunk.offset),
        "Cronsole-Next-Offset": str(chunk.next_offset),
        "Cronsole-Left-Out": str(chunk.left_out),
        "Cronsole-Complete": "true" if chunk.is_complete else "false",
    }


async def _followed(request: AnyRequest, chunk: LogChunk) -> AsyncIterator[bytes]:
    """Yield the output from a chunk on, until the run has ended, the server stops, or the reader's token is gone."""
    facade, stopping = facade_of(request), stopping_of(request)
    while True:
        if chunk.left_out:
            yield f"[… {chunk.left_out:,} bytes left out …]\n".encode()
        if chunk.data:
            yield chunk.data
        if chunk.is_complete or stopping.is_set():
            return
        async with stopping.ending():
            chunk = await facade.log(
                chunk.run_id, attempt=chunk.attempt, offset=chunk.next_offset, wait_seconds=_FOLLOW_SECONDS
            )
        if stopping.is_set() or not is_still_welcome(request):
            return
