import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House

from cronsole.model.channel import WebhookChannel


class Server:
    """A real HTTP server on the loopback, which answers as it is told and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 204
        self.location = ""
        self.is_silent = False
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.port = 0
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        return [body["id"] for body in self.bodies]

    def channel(self, name: str = "ops", **fields: Any) -> WebhookChannel:
        return WebhookChannel(name, f"{self.url}/hook", **fields)

    async def open(self) -> None:
        self._listener = await asyncio.start_server(self._handle, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(20):
            while len(self.bodies) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append((first, headers))
        self.bodies.append(json.loads(body))
        self.arrived.set()
        if self.is_silent:
            await reader.read()
        else:
            answer = [f"HTTP/1.1 {self.status} Told", "Content-Length: 0", "Connection: close"]
            if self.location:
                answer.append(f"Location: {self.location}")
            writer.write("\r\n".join((*answer, "", "")).encode())
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.open()
    yield made
    made.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    handlers_in_tests.reset()
    made = House(tmp_path / "state")
    yield made
    for gate in handlers_in_tests.gates.values():
        gate.set()
    await made.stop()


async def delivered(house: House) -> None:
    """Let everything that is due be delivered; it takes real time, and none of the house's clock."""
    await house.settle()
    async with asyncio.timeout(20):
        await house.engine.outbox.idle()
    await house.settle()


async def wait(house: House, seconds: float) -> None:
    """Move the clock, and let be delivered what then falls due."""
    await house.seconds(seconds)
    await delivered(house)
