"""What the API may ask of an engine's plugins."""

from collections.abc import Mapping

from cronsole.api.facade import Asker
from cronsole.model.plugin import CallAsk, CircuitAsk, CircuitsView, HealthView, PluginDetail, PluginView
from cronsole.model.view import RunView
from cronsole.runtime.calls import check_listed
from cronsole.runtime.circuits import Circuits
from cronsole.runtime.control import Control
from cronsole.runtime.plugin_pages import PluginPages
from cronsole.runtime.plugins import PluginSets
from cronsole.runtime.run_pages import RunPages


class PluginFacade:
    """Fulfils api.facade.PluginsFacade."""

    def __init__(
        self, sets: PluginSets, pages: PluginPages, *, circuits: Circuits, control: Control, runs: RunPages
    ) -> None:
        self._sets = sets
        self._pages = pages
        self._circuits = circuits
        self._control = control
        self._runs = runs

    def statuses(self) -> Mapping[str, int]:
        """Return how many plugins there are of each status."""
        return self._pages.statuses()

    def troubled(self) -> int:
        """Return how many plugins could not be loaded, or loaded anew."""
        return self._pages.troubled()

    async def list(self) -> tuple[PluginView, ...]:
        return await self._pages.list()

    async def show(self, name: str) -> PluginDetail:
        return await self._pages.show(name)

    async def health(self, name: str) -> HealthView:
        found = await self._sets.registry.health(self._sets.record(name).name)
        return HealthView(is_well=found.is_well, detail=found.detail)

    async def reload(self, name: str, asker: Asker) -> PluginView:
        await self._sets.reload(name, actor=asker.actor)
        return await self._pages.view(name)

    async def call(
        self, name: str, command: str, ask: CallAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> RunView:
        run_id = await self._control.call(name, command, ask, asker, idempotency_key=idempotency_key)
        return await self._runs.view(run_id)

    async def reset(self, name: str, ask: CircuitAsk, asker: Asker) -> CircuitsView:
        """Close the circuit of a command, or of all; UnknownCommand for one that nobody lists and nobody calls."""
        record = self._sets.record(name)
        calls = self._circuits.calls_of(name)
        if ask.command is not None:
            calls = [call for call in calls if record.verb_of(call) == ask.command]
            if not calls:
                check_listed(record, ask.command)
        closed = await self._circuits.reset(name, calls, actor=asker.actor)
        return CircuitsView(commands=tuple(dict.fromkeys(map(record.verb_of, closed))))
