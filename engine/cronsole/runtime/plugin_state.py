"""What plugins remember between two calls: the ledger's word, with what is still on its way there."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cronsole.clock import Clock
from cronsole.executors.base import Outcome
from cronsole.model.run import Finished
from cronsole.runtime.journal import Journal
from cronsole.store.base import Ledger, PluginRemembered


def remembered_of(ended: Finished, outcome: Outcome) -> PluginRemembered | None:
    """Return what a plugin remembers of an attempt that has ended."""
    found = outcome.remembered
    return None if found is None else PluginRemembered(found.plugin, found.updates, ended.at, ended.run_id)


class KeptState:
    """Reads from the ledger, and writes through its one writer."""

    def __init__(self, clock: Clock, ledger: Ledger, journal: Journal) -> None:
        self._clock = clock
        self._ledger = ledger
        self._journal = journal

    async def load(self, plugin: str) -> Mapping[str, Any]:
        """Return what the plugin remembers, the run that ended a moment ago included."""
        # Looked at before the ledger is: what is written in between is merged twice, which changes nothing.
        unwritten = [each for each in self._journal.unwritten if each.plugin == plugin]
        state: dict[str, Any] = msgspec.json.decode(await self._ledger.plugin_state(plugin))
        for each in unwritten:
            state.update(msgspec.json.decode(each.updates))
        return state

    async def merge(self, plugin: str, updates: Mapping[str, Any]) -> None:
        """Merge shallowly: a key replaces the key of that name. StoreUnavailable where it could not be written."""
        text = msgspec.json.encode(updates).decode()
        await self._journal.ask(remembered=[PluginRemembered(plugin, text, self._clock.now())])
