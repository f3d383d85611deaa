"""gRPC as far as plugins need it: a line to one, and a service for one. Both move bytes, and know no message."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
import grpc.aio

from cronsole.errors import CronsoleError
from cronsole.plugins.words import Method

_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_LARGEST_REQUEST: Final = 4 * 1024 * 1024
_NEVER_MS: Final = 2**31 - 1
_LINE_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _LARGEST_ANSWER),
    ("grpc.max_send_message_length", _LARGEST_ANSWER),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A line that falls silent must not look like one whose plugin went away.
    ("grpc.client_idle_timeout_ms", _NEVER_MS),
    ("grpc.enable_http_proxy", 0),
    # Two lines to one address are two connections, so that one can be closed for the other's sake.
    ("grpc.use_local_subchannel_pool", 1),
)
_SERVICE_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _LARGEST_REQUEST),
    ("grpc.so_reuseport", 0),
)


class LineFault(CronsoleError):
    """A call that was not answered. `is_unknown`: the plugin has no such method; `is_late`: its time was over."""

    def __init__(
        self, message: str, *, is_unknown: bool = False, is_late: bool = False, is_cut: bool = False
    ) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown
        self.is_late = is_late
        self.is_cut = is_cut


class Line:
    """A connection to one plugin, made anew by itself when it breaks."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._channel = grpc.aio.insecure_channel(target, options=_LINE_OPTIONS)

    async def ask(self, method: str, request: bytes, *, seconds: float | None, waits: bool = False) -> bytes:
        """Return the answer; LineFault says why there is none. `waits` for a connection where there is none yet."""
        call: Any = self._channel.unary_unary(method)
        try:
            answer: bytes = await call(request, timeout=seconds, wait_for_ready=waits)
        except grpc.aio.AioRpcError as fault:
            raise _as_fault(fault) from fault
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # It is the line that was closed, and nobody who cancelled.
            raise LineFault("the plugin was unloaded meanwhile", is_cut=True) from None
        return answer

    async def connected(self) -> None:
        """Return when there is a connection."""
        while (state := self._channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            await self._channel.wait_for_state_change(state)

    async def lost(self) -> None:
        """Return when there is no connection any more."""
        while (state := self._channel.get_state()) is grpc.ChannelConnectivity.READY:
            await self._channel.wait_for_state_change(state)

    async def close(self) -> None:
        await self._channel.close()


def _as_fault(fault: grpc.aio.AioRpcError) -> LineFault:
    code, told = fault.code(), fault.details() or "no more is known"
    return LineFault(
        f"{code.name.lower().replace('_', ' ')}: {told}",
        is_unknown=code is grpc.StatusCode.UNIMPLEMENTED,
        is_late=code is grpc.StatusCode.DEADLINE_EXCEEDED,
        is_cut=code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED),
    )


class Service:
    """What a plugin may call: methods by name, at an address of their own."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._server = grpc.aio.server(options=_SERVICE_OPTIONS)
        self._server.add_generic_rpc_handlers((_Methods(methods),))

    async def start(self, address: str) -> str:
        """Serve at `unix:/path` or `host:0`; return where that is."""
        port = self._server.add_insecure_port(address)
        await self._server.start()
        return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"

    async def stop(self) -> None:
        """Let what is under way finish, and take nothing new."""
        await self._server.stop(grace=1)


class _Methods(grpc.GenericRpcHandler):
    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(_answering(method)) for name, method in methods.items()
        }

    def service(self, handler_call_details: Any) -> Any:
        return self._handlers.get(handler_call_details.method)


def _answering(method: Method) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def answer(request: bytes, context: Any) -> bytes:
        try:
            return await method(request)
        except CronsoleError as fault:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(fault))
            raise

    return answer
