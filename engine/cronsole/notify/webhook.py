"""Channels of type webhook: an HTTP request with the message as JSON; an answer of 2xx means that it was taken.

Redirects are not followed, so that no message goes to a host that the configuration does not name.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cronsole.config.secrets import resolve_text
from cronsole.errors import ConfigError
from cronsole.model.channel import WebhookChannel
from cronsole.model.message import Message
from cronsole.notify.base import SendFault
from cronsole.notify.message import json_of

if TYPE_CHECKING:
    import httpx


class HttpClient:
    """One client for all webhooks, made when the first message goes out."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()

    async def ready(self) -> "httpx.AsyncClient":
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(_make_client)
            return self._client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _make_client() -> "httpx.AsyncClient":
    """In a thread: loading the library and the certificates takes a tenth of a second."""
    import httpx

    # How long a request may take is the channel's, and whoever sends keeps to it.
    return httpx.AsyncClient(
        follow_redirects=False,
        timeout=None,  # noqa: S113 - see above
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=5),
        headers={"User-Agent": "cronsole", "Content-Type": "application/json"},
    )


class WebhookSender:
    def __init__(self, channel: WebhookChannel, http: HttpClient, environ: Mapping[str, str]) -> None:
        self._channel = channel
        self._http = http
        self._environ = environ
        self.timeout_s = channel.timeout_ms / 1000

    async def send(self, message: Message) -> None:
        client = await self._http.ready()
        # Loaded by now, in a thread.
        import httpx

        try:
            url, headers = self._resolved()
            status = await self._request(client, url, [*headers, ("Idempotency-Key", message.id)], message)
        except ConfigError as fault:
            raise SendFault(str(fault)) from fault
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError) as fault:
            raise SendFault("its URL or its headers cannot be used") from fault
        except httpx.ConnectError as fault:
            raise SendFault(f"cannot connect: {fault}") from fault
        except httpx.HTTPError as fault:
            raise SendFault(f"the exchange broke off: {str(fault) or type(fault).__name__}") from fault
        if not 200 <= status < 300:
            raise SendFault(f"answered {status}")

    async def _request(
        self, client: "httpx.AsyncClient", url: str, headers: list[tuple[str, str]], message: Message
    ) -> int:
        request = client.stream(self._channel.method, url, headers=headers, content=json_of(message))
        # What it answers besides the status is of no interest, and may have no end.
        async with request as response:
            return response.status_code

    def _resolved(self) -> tuple[str, list[tuple[str, str]]]:
        headers = [(name, resolve_text(value, self._environ)) for name, value in self._channel.headers]
        return resolve_text(self._channel.url, self._environ), headers
