"""Every ledger that the contract suite is run on."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cronsole.store.base import Ledger
from cronsole.store.sqlite import SqliteLedger


class Shelf:
    """One database, and the ledger that is open on it."""

    def __init__(self, make: Callable[[], Ledger]) -> None:
        self._make = make
        self.ledger: Ledger

    async def open(self) -> Ledger:
        self.ledger = self._make()
        await self.ledger.open()
        return self.ledger

    async def reopen(self) -> Ledger:
        await self.ledger.close()
        return await self.open()


def _sqlite(folder: Path) -> Callable[[], Ledger]:
    return lambda: SqliteLedger(folder / "ledger.db")


SHELVES = {"sqlite": _sqlite}


@pytest.fixture(params=SHELVES)
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    shelf = Shelf(SHELVES[request.param](tmp_path))
    await shelf.open()
    yield shelf
    await shelf.ledger.close()


@pytest.fixture
def ledger(shelf: Shelf) -> Ledger:
    return shelf.ledger
