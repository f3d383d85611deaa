"""HTTP: one request by a client that is kept; success is a status, the head of the body is the output.

Redirects are not followed, so that no request goes to a host or a scheme that the schedule does not name.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from cronsole.clock import Clock
from cronsole.executors.base import Execution, Job, Outcome
from cronsole.executors.inline import InlineExecution
from cronsole.executors.notes import Notes
from cronsole.executors.verdict import SUCCESS, Judgement, judge_duration, judge_output, span
from cronsole.model.action import Http
from cronsole.model.run import RunState

if TYPE_CHECKING:
    import httpx

# A server that says nothing for so long does not hold a run for ever, even where no timeout is set.
_SILENCE_S = 300.0


class HttpExecutor:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()

    def start(self, job: Job) -> Execution:
        notes = Notes(job.output_path, job.limits.output_bytes)
        return InlineExecution(job, partial(self._carry_out, job, notes), partial(_conclude, job, notes))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _carry_out(self, job: Job, notes: Notes) -> Judgement:
        assert isinstance(job.action, Http)
        client = await self._ready_client()
        # Loaded by now, in a thread.
        import httpx

        started = self._clock.monotonic()
        try:
            status, reason = await _request(client, job, job.action, notes)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as fault:
            return Judgement(RunState.FAILED, f"the URL cannot be used: {fault}", is_final=True)
        except httpx.ConnectTimeout:
            limit = span(job.action.connect_timeout_ms)
            return Judgement(
                RunState.FAILED, f"{_host(job.action)} did not accept a connection within {limit}"
            )
        except httpx.ConnectError as fault:
            return Judgement(RunState.FAILED, f"cannot connect to {_host(job.action)}: {fault}")
        except httpx.ReadTimeout:
            return Judgement(
                RunState.FAILED, f"{_host(job.action)} sent nothing for {span(int(_SILENCE_S * 1000))}"
            )
        except httpx.HTTPError as fault:
            what = str(fault) or type(fault).__name__
            return Judgement(RunState.FAILED, f"the exchange with {_host(job.action)} broke off: {what}")
        except ValueError as fault:
            return Judgement(RunState.FAILED, f"the request cannot be written: {fault}", is_final=True)
        if not _is_expected(status, job.action):
            return Judgement(RunState.FAILED, f"{_host(job.action)} answered {status} {reason}".rstrip())
        return judge_duration(round((self._clock.monotonic() - started) * 1000), job.expect)

    async def _ready_client(self) -> "httpx.AsyncClient":
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(_make_client)
            return self._client


def _make_client() -> "httpx.AsyncClient":
    """In a thread: loading the library and the certificates takes a tenth of a second."""
    import httpx

    return httpx.AsyncClient(
        follow_redirects=False,
        timeout=httpx.Timeout(_SILENCE_S),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        headers={"User-Agent": "cronsole"},
    )


async def _request(client: "httpx.AsyncClient", job: Job, action: Http, notes: Notes) -> tuple[int, str]:
    import httpx

    headers = [
        ("Cronsole-Run-Id", job.run_id),
        ("Cronsole-Attempt", str(job.attempt)),
        *action.headers,
    ]
    timeout = httpx.Timeout(_SILENCE_S, connect=action.connect_timeout_ms / 1000)
    left = job.limits.output_bytes
    request = client.stream(action.method, action.url, headers=headers, content=action.body, timeout=timeout)
    async with request as response:
        async for chunk in response.aiter_bytes():
            notes.add_bytes(chunk[:left])
            left -= len(chunk)
            if left <= 0:
                break
        return response.status_code, response.reason_phrase


def _is_expected(status: int, action: Http) -> bool:
    return status in action.expect_status if action.expect_status else 200 <= status < 400


def _host(action: Http) -> str:
    """Return host and port alone: the rest of a URL may hold secrets."""
    import httpx

    url = httpx.URL(action.url)
    return f"{url.host}:{url.port}" if url.port else url.host


def _conclude(job: Job, notes: Notes, judgement: Judgement) -> Outcome:
    kept = notes.collect()
    if judgement is SUCCESS and (job.expect.output_has or job.expect.output_lacks):
        judgement = judge_output(kept.pieces(), job.expect)
    return Outcome(
        judgement.state,
        detail=judgement.detail,
        output=kept.text,
        output_file=kept.file,
        output_bytes=kept.total_bytes,
        is_final=judgement.is_final,
    )
