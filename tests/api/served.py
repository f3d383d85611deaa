"""A real engine behind a real server, spoken to over real sockets, byte for byte as the test says."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import h11
import msgspec
from tests.runtime.house import House

from cronsole.api import tokens
from cronsole.api.server import ApiServer, Place
from cronsole.model.instant import to_datetime
from cronsole.model.settings import Api


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def problem(self) -> str:
        """The kind of the problem document that it is."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return self.json()["type"].removeprefix("urn:cronsole:problem:")

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:200]!r}"


class Line:
    """One connection, on which requests go out and answers come in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._conn = h11.Connection(h11.CLIENT)

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        given = {"Host": "localhost", **headers}
        if body or method in ("POST", "PUT", "PATCH"):
            given.setdefault("Content-Length", str(len(body)))
            given.setdefault("Content-Type", "application/json")
        request = h11.Request(method=method, target=target, headers=list(given.items()))
        data = self._conn.send(request)
        if body:
            data += self._conn.send(h11.Data(data=body)) or b""
        self.writer.write((data or b"") + (self._conn.send(h11.EndOfMessage()) or b""))
        await self.writer.drain()

    async def event(self) -> Any:
        """The next part of the answer, as h11 has it."""
        while (found := self._conn.next_event()) is h11.NEED_DATA:
            async with asyncio.timeout(20):
                self._conn.receive_data(await self.reader.read(65536))
        return found

    async def head(self) -> Answer:
        found = await self.event()
        assert isinstance(found, h11.Response), found
        headers = {name.decode(): value.decode() for name, value in found.headers}
        return Answer(found.status_code, headers, b"")

    async def answer(self) -> Answer:
        head = await self.head()
        body = b""
        while isinstance(found := await self.event(), h11.Data):
            body += bytes(found.data)
        return Answer(head.status, head.headers, body)

    async def until(self, *words: str) -> str:
        """Read the body as text until each of the words has come by."""
        text = ""
        while not all(word in text for word in words):
            found = await self.event()
            assert isinstance(found, h11.Data), f"it ended with {text!r}"
            text += bytes(found.data).decode()
        return text

    async def rest(self) -> str:
        """Read the body to its end."""
        text = ""
        while isinstance(found := await self.event(), h11.Data):
            text += bytes(found.data).decode()
        assert isinstance(found, h11.EndOfMessage)
        return text


class Served:
    """A house with an API: by default on the socket and, where there is a token, on a free port."""

    def __init__(self, house: House, wrap: Callable[[Any], Any] = lambda app: app) -> None:
        self.house = house
        self.wrap = wrap
        self.warnings: list[str] = []
        self.token_file = house.state / "tokens.json"
        self.server: ApiServer
        self._stack = AsyncExitStack()

    @property
    def socket(self) -> Path:
        return Path(self.server.addresses[0].removeprefix("unix:"))

    @property
    def port(self) -> int:
        return int(self.server.addresses[1].rpartition(":")[2])

    def token(self, name: str, *permissions: str, role: str = "", days: int | None = None) -> str:
        now = to_datetime(self.house.clock.now())
        return tokens.create(
            self.token_file,
            name,
            role=role,
            permissions=permissions,
            now=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )

    async def start(self, *schedules: Any, **api: Any) -> None:
        """Start the engine, then the server, as `cronsole engine` does."""
        if self.token_file.exists():
            api.setdefault("listen", "127.0.0.1:0")
        self.house.define(*schedules, api=Api(**api))
        self.server = ApiServer(
            lambda: self.house.configuration.settings.api,
            place=Place(self.house.state, os.geteuid()),
            clock=self.house.clock,
            warn=self.warnings.append,
            wrap=self.wrap,
        )
        await self._stack.enter_async_context(self.server.open())
        await self.house.start()
        self._stack.push_async_callback(self.house.stop)
        await self.server.serve(self.house.engine.facade)

    async def stop(self) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def line(self, *, tcp: bool = False) -> AsyncIterator[Line]:
        opening = (
            asyncio.open_connection("127.0.0.1", self.port)
            if tcp
            else asyncio.open_unix_connection(str(self.socket))
        )
        reader, writer = await opening
        try:
            yield Line(reader, writer)
        finally:
            writer.close()

    async def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        tcp: bool = False,
        **headers: Any,
    ) -> Answer:
        """One request on a connection of its own: over TCP where there is a token, else on the socket."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        async with self.line(tcp=tcp or token is not None) as line:
            await line.send(method, target, given, raw)
            return await line.answer()

    async def status(self, method: str, target: str, **how: Any) -> int:
        """The status alone, of an answer that may never end."""
        given = {name.replace("_", "-"): value for name, value in how.pop("headers", {}).items()}
        token = how.pop("token", None)
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        async with self.line(tcp=how.pop("tcp", False) or token is not None) as line:
            await line.send(method, target, given)
            return (await line.head()).status
