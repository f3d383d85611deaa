"""What can be asked of an engine's plugins."""

from typing import Any, Final
from uuid import uuid4

from cronsole.client.wire import Wire, segment
from cronsole.model.plugin import CallAsk, CircuitAsk, CircuitsView, HealthView, PluginDetail, PluginView
from cronsole.model.view import RunView

# A plugin has thirty seconds to say what it declares, and the one before it as many to let go.
_LOAD_SECONDS: Final = 60.0


class PluginsClient:
    """The plugins of one engine, by the connection of its client."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> tuple[PluginView, ...]:
        """Return every plugin that the engine knows of, those that failed or were disabled too."""
        return await self._wire.get("/plugins", tuple[PluginView, ...])

    async def show(self, name: str) -> PluginDetail:
        return await self._wire.get(_plugin(name), PluginDetail)

    async def health(self, name: str) -> HealthView:
        """Ask the plugin itself how it is."""
        return await self._wire.send("POST", _plugin(name, "health"), HealthView)

    async def reload(self, name: str) -> PluginView:
        """Load the plugin anew and return how it stands."""
        path = _plugin(name, "reload")
        return await self._wire.send("POST", path, PluginView, wait_seconds=_LOAD_SECONDS)

    async def call(
        self, name: str, command: str, payload: Any = None, *, idempotency_key: str = ""
    ) -> RunView:
        """Start a run of one of its commands by hand; its payload is JSON."""
        path = f"{_plugin(name, 'commands')}/{segment(command)}/call"
        key = idempotency_key or uuid4().hex
        return await self._wire.send("POST", path, RunView, CallAsk(payload=payload), key=key)

    async def reset(self, name: str, command: str | None = None) -> tuple[str, ...]:
        """Close the circuit of a command, or of all; return the commands that had one to close."""
        path = _plugin(name, "circuits/reset")
        return (await self._wire.send("POST", path, CircuitsView, CircuitAsk(command=command))).commands


def _plugin(name: str, noun: str = "") -> str:
    return f"/plugins/{segment(name)}" + (f"/{noun}" if noun else "")
