"""`ctx.schedules`: what a Python plugin may do with schedules of its own making."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

import msgspec

from cronsole.errors import ConfigError
from cronsole.model.instant import SECOND, Millis
from cronsole.plugins.base import RuntimeSchedule, RuntimeSchedules
from cronsole.triggers.duration import parse_duration

T = TypeVar("T")

# Whoever waits longer waits for an engine that is on its way down.
_PATIENCE_SECONDS: Final = 60.0


class OwnSchedules:
    """Await what async code gets from these methods; other code gets the answer itself.

    Each works from any thread and any loop, and raises CronsoleError with a sentence where it cannot be done.
    """

    def __init__(self, plugin: str, schedules: RuntimeSchedules, home: asyncio.AbstractEventLoop) -> None:
        self._plugin = plugin
        self._schedules = schedules
        self._home = home

    def create(
        self,
        handler: str,
        every: str | float,
        payload: object = "",
        metadata: Mapping[str, str] | None = None,
    ) -> str | Awaitable[str]:
        """Make a schedule that calls a verb of the plugin, first one interval from now; return its id.

        `every` is a duration such as `5m`, or a number of seconds. A payload that is no text becomes JSON; in a JSON
        object, `"since": "last_run"` becomes the time of the last run.
        """
        every_ms, text, pairs = _interval(every), _text(payload), _pairs(metadata)
        return self._at_home(
            lambda: self._schedules.create(
                self._plugin, handler, every_ms=every_ms, payload=text, metadata=pairs
            )
        )

    def pause(self, schedule_id: str) -> Awaitable[None] | None:
        return self._at_home(lambda: self._schedules.pause(self._plugin, schedule_id))

    def resume(self, schedule_id: str) -> Awaitable[None] | None:
        return self._at_home(lambda: self._schedules.resume(self._plugin, schedule_id))

    def delete(self, schedule_id: str) -> Awaitable[None] | None:
        return self._at_home(lambda: self._schedules.delete(self._plugin, schedule_id))

    def get(self, schedule_id: str) -> RuntimeSchedule | Awaitable[RuntimeSchedule]:
        return self._at_home(lambda: self._schedules.get(self._plugin, schedule_id))

    def _at_home(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T | Awaitable[T]:
        """Carry it out in the engine's loop."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run_coroutine_threadsafe(make(), self._home).result(_PATIENCE_SECONDS)
        if here is self._home:
            return make()
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), self._home))


def _interval(every: object) -> Millis:
    if isinstance(every, str):
        return parse_duration(every)
    if isinstance(every, bool) or not isinstance(every, int | float) or not 0 <= every < 10**10:
        raise ConfigError([f"every = {every!r} is no interval; accepted are 5m or a number of seconds"])
    return round(every * SECOND)


def _text(payload: object) -> str:
    if isinstance(payload, str):
        return payload
    if isinstance(payload, bytes):
        return payload.decode(errors="surrogateescape")
    try:
        return msgspec.json.encode(payload).decode()
    except (TypeError, ValueError) as fault:
        raise ConfigError([f"payload is neither text nor JSON: {fault}"]) from fault


def _pairs(metadata: Mapping[str, str] | None) -> dict[str, str]:
    pairs: dict[Any, Any] = dict(metadata or {})
    wrong = [name for name, value in pairs.items() if not isinstance(name, str) or not isinstance(value, str)]
    if wrong:
        raise ConfigError([f"metadata[{wrong[0]!r}] is no text"])
    return pairs
