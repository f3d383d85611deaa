"""What stands beside the engine in its process: the API, and the traces where they are asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from cronsole import telemetry
from cronsole.api.server import ApiServer, default_place
from cronsole.clock import Clock
from cronsole.model.event import CatalogReloaded, Event, Warned
from cronsole.model.settings import Api
from cronsole.runtime.engine import Engine

_OF_THE_START: Final = ("socket", "listen", "tls_certificate", "tls_key", "token_file")


@asynccontextmanager
async def running(
    engine: Engine, state_dir: Path, clock: Clock, environ: Mapping[str, str]
) -> AsyncIterator[None]:
    """Run an engine with all that stands beside it; the API answers until the last run has ended."""

    def warn(told: str) -> None:
        engine.bus.publish(Warned(clock.now(), told))

    traces = telemetry.start(environ, partial(_warn_in_loop, asyncio.get_running_loop(), warn))
    server = ApiServer(
        lambda: engine.reloader.current.settings.api,
        place=default_place(state_dir),
        clock=clock,
        warn=warn,
        wrap=traces.traced if traces else lambda app: app,
    )
    if traces:
        engine.bus.listen(traces.note)
    try:
        async with server.open():
            engine.bus.listen(_Restarts(engine, warn))
            async with engine.running():
                await server.serve(engine.facade)
                yield
    finally:
        if traces:
            await traces.close()


def _warn_in_loop(loop: asyncio.AbstractEventLoop, warn: Callable[[str], None], told: str) -> None:
    """Warn from any thread; what is told after the end of the loop is heard by nobody."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(warn, told)


class _Restarts:
    """Tells, once for each change, that a reload has brought what only a new start brings into force."""

    def __init__(self, engine: Engine, warn: Callable[[str], None]) -> None:
        self._engine = engine
        self._warn = warn
        self._opened = self._told = self._settings()

    def __call__(self, event: Event) -> None:
        if not isinstance(event, CatalogReloaded):
            return
        now = self._settings()
        changed = [key for key in _OF_THE_START if getattr(now, key) != getattr(self._opened, key)]
        if changed and now != self._told:
            self._warn(f"the engine has to be started anew for a change of api.{', api.'.join(changed)}")
        self._told = now

    def _settings(self) -> Api:
        return self._engine.reloader.current.settings.api
