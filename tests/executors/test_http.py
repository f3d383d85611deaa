import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from tests.executors.conftest import MakeJob

from cronsole.clock import SystemClock
from cronsole.executors.http import HttpExecutor
from cronsole.model.action import Http
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState

Serve = Callable[[bytes], Awaitable[str]]


@pytest_asyncio.fixture
async def http() -> AsyncIterator[HttpExecutor]:
    executor = HttpExecutor(SystemClock())
    yield executor
    await executor.close()


class Server:
    """Answers every request with the same bytes and keeps what it was asked; with no bytes it stays silent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in asked.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
        )
        self.asked.append(asked + await reader.readexactly(length))
        if not self.answer:
            await reader.read()
        writer.write(self.answer)
        writer.close()


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[bytes], Awaitable[Server]]]:
    listening = []

    async def start(answer: bytes) -> Server:
        server = Server(answer)
        listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
        listening.append(listener)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        return server

    yield start
    for listener in listening:
        listener.close()


Start = Callable[[bytes], Awaitable[Server]]


def answer(status: str, body: bytes = b"", headers: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n".encode()
    return head + headers + b"\r\n" + body


async def test_two_hundred_is_success_and_the_body_is_the_output(
    http: HttpExecutor, serve: Start, make_job: MakeJob
):
    server = await serve(answer("200 OK", b"pong\n"))
    outcome = await http.start(make_job(Http(f"{server.url}/ping"))).wait()
    assert (outcome.state, outcome.output, outcome.output_bytes) == (RunState.SUCCEEDED, "pong\n", 5)


async def test_the_request_is_as_written_and_names_the_run(
    http: HttpExecutor, serve: Start, make_job: MakeJob
):
    server = await serve(answer("204 No Content"))
    job = make_job(Http(server.url, method="POST", headers=(("X-Key", "k"),), body="hello"))
    await http.start(job).wait()
    asked = server.asked[0]
    assert asked.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nX-Key: k\r\n" in asked
    assert f"\r\nCronsole-Run-Id: {job.run_id}\r\n".encode() in asked
    assert asked.endswith(b"\r\n\r\nhello")


async def test_five_hundred_is_a_failure(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(answer("503 Service Unavailable", b"busy"))
    outcome = await http.start(make_job(Http(server.url))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail == f"{server.url[7:]} answered 503 Service Unavailable"
    assert outcome.output == "busy"


async def test_an_expected_status_is_success_and_no_other(
    http: HttpExecutor, serve: Start, make_job: MakeJob
):
    server = await serve(answer("404 Not Found"))
    assert (
        await http.start(make_job(Http(server.url, expect_status=(404,)))).wait()
    ).state is RunState.SUCCEEDED
    assert (
        await http.start(make_job(Http(server.url, expect_status=(200,)))).wait()
    ).state is RunState.FAILED


async def test_a_redirect_is_success_and_not_followed(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(answer("302 Found", headers=b"Location: file:///etc/passwd\r\n"))
    assert (await http.start(make_job(Http(server.url))).wait()).state is RunState.SUCCEEDED
    assert len(server.asked) == 1


async def test_a_body_is_read_up_to_the_cap(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(answer("200 OK", b"x" * 1_000_000))
    outcome = await http.start(make_job(Http(server.url), limits=Limits(output_bytes=10_000))).wait()
    assert (outcome.state, outcome.output_bytes) == (RunState.SUCCEEDED, 10_000)


async def test_a_body_is_searched_for_what_is_expected(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(answer("200 OK", b"status: down"))
    job = make_job(Http(server.url), expect=Expect(output_lacks=("down",)))
    assert (await http.start(job).wait()).detail == "the output has 'down'"


async def test_a_silent_server_is_left_at_the_timeout(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(b"")
    outcome = await http.start(make_job(Http(server.url), timeout_ms=300)).wait()
    assert (outcome.state, outcome.detail) == (RunState.TIMED_OUT, "timed out after 0.3s")


async def test_a_connection_that_breaks_off_is_told(http: HttpExecutor, serve: Start, make_job: MakeJob):
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    outcome = await http.start(make_job(Http(server.url))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail.startswith(f"the exchange with {server.url[7:]} broke off: ")


async def test_a_refused_connection_names_the_host_and_no_secret(
    http: HttpExecutor, make_job: MakeJob, unused_tcp_port: int
):
    url = f"http://me:secret@127.0.0.1:{unused_tcp_port}/?token=secret"
    outcome = await http.start(make_job(Http(url))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail.startswith(f"cannot connect to 127.0.0.1:{unused_tcp_port}: ")
    assert "secret" not in outcome.detail


@pytest.mark.parametrize("url", ["ftp://host/x", "no url", "http://host:port/"])
async def test_a_url_that_cannot_be_used_is_final(http: HttpExecutor, make_job: MakeJob, url: str):
    outcome = await http.start(make_job(Http(url))).wait()
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, True)
    assert outcome.detail.startswith("the URL cannot be used: ")
