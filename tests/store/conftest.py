"""A ledger file that the tests of the store may harm."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cronsole.store.sqlite import SqliteLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqliteLedger]:
    ledger = SqliteLedger(path, busy_timeout_ms=50)
    await ledger.open()
    yield ledger
    await ledger.close()
