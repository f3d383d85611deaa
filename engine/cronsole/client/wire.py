"""Requests over a carrier: how paths, questions and bodies are written, and what an answer or its absence means."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import httpcore
import msgspec

from cronsole.client.carrier import Carrier, told
from cronsole.client.problems import error_of
from cronsole.errors import CronsoleError, Unreachable

V = TypeVar("V")
Query: TypeAlias = msgspec.Struct | Mapping[str, object] | None

ROOT: Final = "/api/v1"
# Three heartbeats of an engine, which come every 2 s, less what the last may lack.
SILENCE_SECONDS: Final = 5.5

_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 30.0
# A dialled connection logs in over SSH before it answers.
_HEADER_SECONDS: Final = 15.0
# The connection ended under the request: an idle one that the server closed, an ssh that died, an engine that did.
_CUT: Final = (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)
_BROKEN: Final = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


class Answer(msgspec.Struct, frozen=True):
    """The names of headers are in lower case."""

    content: bytes
    headers: dict[str, str]


class _Request(msgspec.Struct, frozen=True):
    method: str
    url: httpcore.URL
    headers: list[tuple[str, str]]
    content: bytes | None
    read_seconds: float

    @property
    def extensions(self) -> dict[str, Any]:
        brief = dict.fromkeys(("connect", "write", "pool"), _CONNECT_SECONDS)
        return {"timeout": {**brief, "read": self.read_seconds}}


class Wire:
    """HTTP over one carrier; opened as often as one likes, and closed when it was closed as often."""

    def __init__(self, carrier: Carrier, token: str | None) -> None:
        self._carrier = carrier
        self._headers = {"Host": carrier.authority, "User-Agent": "cronsole", "Accept-Encoding": "identity"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._depth = 0
        self._pool: httpcore.AsyncConnectionPool | None = None

    def open(self) -> None:
        if self._pool is None:
            self._pool = self._carrier.open()
        self._depth += 1

    async def close(self) -> None:
        """Return when no connection and no process is left, at the last of nested closings."""
        self._depth = max(0, self._depth - 1)
        if self._depth or self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            await pool.aclose()
        finally:
            await self._carrier.close()

    async def get(self, path: str, kind: type[V], query: Query = None) -> V:
        answer = await self.exchange("GET", path, query=query, may_repeat=True)
        return decoded(answer.content, kind)

    async def send(
        self,
        method: str,
        path: str,
        kind: type[V],
        body: Any = None,
        *,
        key: str = "",
        wait_seconds: float = 0.0,
    ) -> V:
        """Ask for a change. One that bears a key is asked for once more where its answer was lost."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.exchange(
            method, path, body=body, headers=headers, may_repeat=bool(key), wait_seconds=wait_seconds
        )
        return decoded(answer.content, kind)

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        may_repeat: bool = False,
        wait_seconds: float = 0.0,
    ) -> Answer:
        """Return an answer that is no refusal; the error that a refusal stands for is raised."""
        request = self._request(method, path, query, body, headers or {}, _ANSWER_SECONDS + wait_seconds)
        try:
            return await self._answer(request)
        except (httpcore.ConnectError, *_CUT) as error:
            # Where there was no connection nothing was sent, so that nothing is repeated.
            if not (may_repeat or isinstance(error, httpcore.ConnectError)):
                raise self._carrier.explain(error) from error
        except _BROKEN as error:
            raise self._carrier.explain(error) from error
        await self._carrier.doubt()
        try:
            return await self._answer(request)
        except _BROKEN as error:
            raise self._carrier.explain(error) from error

    @asynccontextmanager
    async def stream(self, path: str, *, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an answer that goes on; Unreachable when nothing at all is heard for as long as three heartbeats."""
        request = self._request("GET", path, None, None, headers, _HEADER_SECONDS)
        try:
            await self._carrier.ready()
            async with self._opened.stream(
                request.method, request.url, headers=request.headers, extensions=request.extensions
            ) as response:
                if not _is_success(response.status):
                    raise error_of(response.status, await response.aread())
                assert isinstance(response.stream, AsyncIterable)
                async with aclosing(_until_silent(aiter(response.stream))) as chunks:
                    yield chunks
        except _BROKEN as error:
            raise self._carrier.explain(error) from error

    @property
    def _opened(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            raise CronsoleError("the client is not open: use it inside of `async with`")
        return self._pool

    def _request(
        self,
        method: str,
        path: str,
        query: Query,
        body: Any,
        headers: Mapping[str, str],
        read_seconds: float,
    ) -> _Request:
        carrier = self._carrier
        url = httpcore.URL(
            scheme=carrier.scheme,
            host=carrier.host,
            port=carrier.port,
            # Goes onto the wire as it stands here: nobody tidies up what an id looks like.
            target=f"{ROOT}{path}{_query_text(query)}",
        )
        content = None if body is None else msgspec.json.encode(body)
        typed = {} if body is None else {"Content-Type": "application/json"}
        every = {**self._headers, **typed, **headers}
        return _Request(method, url, list(every.items()), content, read_seconds)

    async def _answer(self, request: _Request) -> Answer:
        await self._carrier.ready()
        response = await self._opened.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            extensions=request.extensions,
        )
        if not _is_success(response.status):
            raise error_of(response.status, response.content)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        return Answer(response.content, headers)


async def _until_silent(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield what comes; Unreachable when nothing does for too long."""
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Unreachable(f"nothing was heard of the engine for {SILENCE_SECONDS} s") from error
        yield chunk


def segment(name: str) -> str:
    """Return an id as one segment of a path, whatever it holds."""
    return quote(name, safe="")


def decoded(body: bytes, kind: type[V]) -> V:
    """Return what an answer says; CronsoleError where it does not speak our language."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise CronsoleError(
            f"what answers there is no engine that this version understands ({told(error)}): "
            "compare `cronsole --version` here and there"
        ) from error


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _query_text(query: Query) -> str:
    """Return a question as the end of an address: fields by name, repeated for each of several values."""
    fields: dict[str, object] = {} if query is None else msgspec.to_builtins(query)
    pairs = [(name, _text(value)) for name, values in fields.items() for value in _values(values)]
    return f"?{urlencode(pairs, quote_via=quote)}" if pairs else ""


def _values(value: object) -> list[object] | tuple[object, ...]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
