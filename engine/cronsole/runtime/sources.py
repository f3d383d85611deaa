"""Whole sources of the catalog, the files and each plugin, brought into force together: all of them, or nothing."""

from collections.abc import Callable, Iterable

from cronsole.catalog import Catalog, SourceSet
from cronsole.config.diff import Diff
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.enactment import Enactment
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import AuditEntry, Ledger


class Sources:
    """Fulfils runtime.plugins.Enacts."""

    def __init__(
        self, *, catalog: Catalog, ledger: Ledger, claimer: Claimer, ticker: Ticker, enactment: Enactment
    ) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._claimer = claimer
        self._ticker = ticker
        self._enactment = enactment

    async def enact(
        self,
        sets: Iterable[SourceSet],
        /,
        *,
        audit: Iterable[AuditEntry] = (),
        settled: Callable[[], None] = lambda: None,
    ) -> Diff:
        """Put sets in the place of what their sources had; `settled` is called before others may look."""
        archive = await self._ledger.schedule_states()
        async with self._claimer.lock:
            before = self._catalog.copy()
            change = self._catalog.apply_all(sets)
            try:
                lanes = await self._enactment.change(change, archive, audit=audit)
            except BaseException:
                self._catalog.become(before)
                raise
            settled()
            for lane in lanes:
                self._ticker.schedule(lane)
        return change
