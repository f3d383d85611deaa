"""A server on a unix socket that answers each connection with the next line of its script."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from cronsole.model.view import EventView, Problem

HOLD = b"(hold)"
"""At the end of an answer: say nothing more, and do not hang up."""

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Server:
    """`requests` are the heads and bodies that came; `closed` is set when a client closed a held connection."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self.requests: list[str] = []
        self.closed = asyncio.Event()
        self.asked = asyncio.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")),
                0,
            )
            self.requests.append(head + (await reader.readexactly(length)).decode())
            self.asked.set()
            answer = self._answers.pop(0)
            writer.write(answer.removesuffix(HOLD))
            await writer.drain()
            if answer.endswith(HOLD):
                await reader.read()
                self.closed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
        finally:
            writer.close()


@asynccontextmanager
async def serving(path: Path, *answers: bytes) -> AsyncIterator[Server]:
    server = Server(answers)
    listener = await asyncio.start_unix_server(server.handle, path)
    try:
        yield server
    finally:
        listener.close()


def streamed(*parts: bytes) -> bytes:
    return _OK + b"".join(parts)


def event(event_id: str, kind: str = "tick", *, second: int = 0) -> bytes:
    line = f"id: {event_id}\n" if event_id else ""
    view = {"id": event_id, "at": f"2026-11-20T00:00:{second:02d}Z", "kind": kind}
    return f"{line}event: {kind}\ndata: {msgspec.json.encode(view).decode()}\n\n".encode()


def answered(body: object, *headers: str, status: int = 200) -> bytes:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def refused(name: str, status: int, detail: str = "because") -> bytes:
    problem = Problem(type=f"urn:cronsole:problem:{name}", title="No", status=status, detail=detail)
    return answered(problem, status=status)


def kinds(events: Sequence[EventView]) -> list[str]:
    return [event.kind for event in events]
